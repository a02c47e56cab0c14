/**
 * Zip archives (APPNOTE 6.3): the list of members, and each unpacked in memory. Stored and deflated members, zip64. Refuses encryption,
 * other packings, several disks, members that overlap, and sizes beyond the limits, all before unpacking. Names are told as they stand.
 */
import { crc32, inflateRawSync } from 'node:zlib';

/** Reads `length` bytes at `offset` of the archive; fewer only at its end. */
export type ReadAt = (offset: number, length: number) => Uint8Array;

export interface ZipMember {
  /** As the archive has it: may be absolute or hold "..". Whoever writes files by it has to look. */
  readonly name: string;
  /** 0 stored, 8 deflated; others cannot be read. */
  readonly method: number;
  readonly encrypted: boolean;
  readonly packedSize: number;
  /** Unpacked. */
  readonly size: number;
  readonly crc: number;
  /** Of the member's own header in the archive. */
  readonly offset: number;
}

export interface ZipLimits {
  readonly maxMembers: number;
  /** Unpacked. */
  readonly maxMemberBytes: number;
  /** Unpacked, all members together. */
  readonly maxTotalBytes: number;
}

const MB = 1024 * 1024;
const defaults: ZipLimits = { maxMembers: 200_000, maxMemberBytes: 256 * MB, maxTotalBytes: 4096 * MB };

const MEMBER = 0x02014b50;
const LOCAL = 0x04034b50;
const END = 0x06054b50;
const LOCATOR64 = 0x07064b50;
const END64 = 0x06064b50;
const MAX_COMMENT = 0xffff;
const MAX_DIRECTORY = 64 * MB;
const FULL = 0xffffffff;
const STORED = 0;
const DEFLATED = 8;
/** Of Unix modes. */
const KIND = 0xf000;
const LINK = 0xa000;

/** Whether the bytes begin as a zip archive does, an empty one too. */
export const isZip = (head: Uint8Array): boolean =>
  head[0] === 0x50 && head[1] === 0x4b && ((head[2] === 3 && head[3] === 4) || (head[2] === 5 && head[3] === 6));

/**
 * Members in the archive's order, folders and links left out. Throws where the archive as a whole cannot be read; `read` throws for one
 * member: "name: what". Nothing is unpacked before `read`.
 */
export function* readZip(
  bytes: Uint8Array,
  limits: Partial<ZipLimits> = {},
): Generator<{ readonly name: string; read(): Uint8Array }, undefined> {
  const readAt: ReadAt = (offset, length) => bytes.subarray(offset, offset + length);
  for (const member of listMembers(bytes.length, readAt, limits)) {
    yield { name: member.name, read: () => unpack(member, readAt) };
  }
}

/** The archive's directory, checked against the limits and against itself. */
export function listMembers(size: number, readAt: ReadAt, limits: Partial<ZipLimits> = {}): readonly ZipMember[] {
  const { maxMembers, maxMemberBytes, maxTotalBytes } = { ...defaults, ...limits };
  const directory = findDirectory(size, readAt);
  if (directory.count > maxMembers) {
    throw new Error(`the zip archive has ${directory.count} members; ${maxMembers} are allowed`);
  }
  const bytes = viewOf(readAt(directory.offset, directory.length));
  const members: ZipMember[] = [];
  let total = 0;
  for (let at = 0, index = 0; index < directory.count; index++) {
    if (at + 46 > bytes.length || bytes.readUInt32LE(at) !== MEMBER) throw damaged(`entry ${index} of its directory`);
    const end = at + 46 + bytes.readUInt16LE(at + 28) + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
    if (end > bytes.length) throw damaged(`entry ${index} of its directory`);
    const member = readMember(bytes.subarray(at, end));
    const isLink = ((bytes.readUInt32LE(at + 38) >>> 16) & KIND) === LINK;
    at = end;
    if (member.name.endsWith('/') || isLink) continue;
    total += member.size;
    if (member.size > maxMemberBytes || total > maxTotalBytes) {
      throw new Error(
        `the zip archive is too large unpacked, at ${shown(member.name)} (${member.size} bytes): ` +
          `${maxMemberBytes} bytes a member and ${maxTotalBytes} in all are allowed; unpack it with another tool`,
      );
    }
    members.push(member);
  }
  refuseOverlaps(members, directory.offset);
  return members;
}

/** Where a member's packed bytes begin. Throws for a member that cannot be unpacked here: "name: what". */
export function locateMember(member: ZipMember, readAt: ReadAt): number {
  const { name, method, encrypted, packedSize, size, offset } = member;
  if (encrypted) throw new Error(`${shown(name)}: it is encrypted; unpack it with another tool, and its password`);
  if (method !== STORED && method !== DEFLATED) {
    throw new Error(
      `${shown(name)}: it is packed with method ${method}, which is not read here; unpack it with another tool`,
    );
  }
  const head = viewOf(readAt(offset, 30));
  if (head.length < 30 || head.readUInt32LE(0) !== LOCAL || (method === STORED && packedSize !== size)) {
    throw new Error(`${shown(name)}: ${damaged('its header').message}`);
  }
  return offset + 30 + head.readUInt16LE(26) + head.readUInt16LE(28);
}

/** Throws where the unpacked bytes are not those that were packed. */
export function checkMember(member: ZipMember, size: number, crc: number): void {
  if (size !== member.size) throw new Error(`${shown(member.name)}: it unpacks to another size than its entry says`);
  if (crc !== member.crc) throw new Error(`${shown(member.name)}: its check sum is wrong, so it is damaged`);
}

function unpack(member: ZipMember, readAt: ReadAt): Uint8Array {
  const from = locateMember(member, readAt);
  const packed = readAt(from, member.packedSize);
  let bytes = packed;
  if (packed.length < member.packedSize) throw new Error(`${shown(member.name)}: ${damaged('its data').message}`);
  if (member.method === DEFLATED) {
    try {
      bytes = inflateRawSync(packed, { maxOutputLength: Math.max(1, member.size) });
    } catch (error) {
      throw new Error(`${shown(member.name)}: it cannot be unpacked: ${(error as Error).message}`);
    }
  }
  checkMember(member, bytes.length, crc32(bytes));
  return bytes;
}

interface Directory {
  readonly offset: number;
  readonly length: number;
  readonly count: number;
}

/** Found from the end, where a comment of any length may stand behind it. */
function findDirectory(size: number, readAt: ReadAt): Directory {
  const from = Math.max(0, size - 22 - MAX_COMMENT);
  const tail = viewOf(readAt(from, size - from));
  for (let at = tail.length - 22; at >= 0; at--) {
    if (tail.readUInt32LE(at) !== END || at + 22 + tail.readUInt16LE(at + 20) !== tail.length) continue;
    if (tail.readUInt16LE(at + 4) !== 0 && tail.readUInt16LE(at + 4) !== 0xffff) {
      throw new Error('the zip archive lies on several disks; join it with another tool');
    }
    let [count, length, offset] = [tail.readUInt16LE(at + 10), tail.readUInt32LE(at + 12), tail.readUInt32LE(at + 16)];
    if (count === 0xffff || length === FULL || offset === FULL) {
      ({ count, length, offset } = readEnd64(from + at, readAt) ?? { count, length, offset });
    }
    if (offset + length > from + at) throw damaged('its directory');
    if (length > MAX_DIRECTORY) throw new Error(`the zip archive's directory has ${length} bytes; is this an archive?`);
    return { count, length, offset };
  }
  throw new Error('the zip archive has no directory at its end; is it whole?');
}

function readEnd64(end: number, readAt: ReadAt): Directory | undefined {
  const locator = viewOf(readAt(Math.max(0, end - 20), 20));
  if (end < 20 || locator.readUInt32LE(0) !== LOCATOR64) return undefined;
  const at = readNumber64(locator, 8);
  const bytes = viewOf(readAt(at, 56));
  if (bytes.length < 56 || bytes.readUInt32LE(0) !== END64) throw damaged('the end of its directory');
  return { count: readNumber64(bytes, 32), length: readNumber64(bytes, 40), offset: readNumber64(bytes, 48) };
}

function readMember(entry: Buffer): ZipMember {
  const flags = entry.readUInt16LE(8);
  const nameEnd = 46 + entry.readUInt16LE(28);
  const extraEnd = nameEnd + entry.readUInt16LE(30);
  const name = decodeName(entry.subarray(46, nameEnd), (flags & 0x800) !== 0);
  let size = entry.readUInt32LE(24);
  let packedSize = entry.readUInt32LE(20);
  let offset = entry.readUInt32LE(42);
  for (let at = nameEnd; at + 4 <= extraEnd; at += 4 + entry.readUInt16LE(at + 2)) {
    if (entry.readUInt16LE(at) !== 1) continue;
    // Only the values that did not fit stand here, in this order.
    const wide = entry.subarray(at + 4, Math.min(extraEnd, at + 4 + entry.readUInt16LE(at + 2)));
    let next = 0;
    const take = (narrow: number): number => {
      if (narrow !== FULL) return narrow;
      if (next + 8 > wide.length) throw damaged(`the entry of ${shown(name)}`);
      next += 8;
      return readNumber64(wide, next - 8);
    };
    size = take(size);
    packedSize = take(packedSize);
    offset = take(offset);
    break;
  }
  const crc = entry.readUInt32LE(16);
  return { name, method: entry.readUInt16LE(10), encrypted: (flags & 1) !== 0, packedSize, size, crc, offset };
}

/** Members that share bytes make a small archive unpack to any size. */
function refuseOverlaps(members: readonly ZipMember[], end: number): void {
  let free = 0;
  for (const { name, offset, packedSize } of members.toSorted((a, b) => a.offset - b.offset)) {
    if (offset < free || offset + 30 + packedSize > end) {
      throw new Error(`the zip archive's members overlap, at ${shown(name)}; it is damaged or made to do harm`);
    }
    free = offset + 30 + packedSize;
  }
}

/** UTF-8 where it says so or is; else what Windows writes here, Shift_JIS; else byte for character. */
function decodeName(bytes: Uint8Array, isUtf8: boolean): string {
  for (const encoding of isUtf8 ? ['utf-8'] : ['utf-8', 'shift_jis']) {
    try {
      return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {}
  }
  return Buffer.from(bytes).toString('latin1');
}

function readNumber64(bytes: Buffer, at: number): number {
  const value = bytes.readBigUInt64LE(at);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw damaged('its directory');
  return Number(value);
}

const viewOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const shown = (name: string): string => (name.length > 200 ? `${name.slice(0, 200)}…` : name).replace(/\p{C}/gu, '?');
const damaged = (what: string): Error => new Error(`the zip archive is damaged: ${what} cannot be read`);
