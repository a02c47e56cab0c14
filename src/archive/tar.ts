/**
 * A tar archive in memory -> its files: ustar (POSIX.1-1988), the extended headers of pax (POSIX.1-2001) and GNU's long names.
 * Refuses what it does not know; passes over folders and links, so that nothing outside the archive is ever named by one.
 */

export interface ArchiveFile {
  /** As the archive says it: not trusted, it may be absolute or lead upwards. */
  readonly name: string;
  read(): Uint8Array;
}

const BLOCK = 512;
/** An extended header is a name and a few times; more is an attack on memory. */
const MAX_EXTENDED_BYTES = 65_536;

const text = new TextDecoder('utf-8', { fatal: true });

/** In the archive's order. Throws where it is damaged, cut short, or of a kind that is not known. */
export function* readTar(bytes: Uint8Array): Generator<ArchiveFile> {
  let extended: Extended = {};
  for (let at = 0; ; ) {
    if (at + BLOCK > bytes.length) throw broken(at, 'the archive ends without its closing block');
    if (isZero(bytes, at)) return;
    const kind = String.fromCharCode(bytes[at + 156] as number);
    if (checksumOf(bytes, at) !== octal(bytes, at + 148, 8)) throw broken(at, 'the checksum of a header is wrong');
    // A size in an extended header speaks of the file after it, not of the header itself.
    const ofFile = !'xgLK'.includes(kind);
    const size = (ofFile ? extended.size : undefined) ?? octal(bytes, at + 124, 12);
    const from = at + BLOCK;
    const end = from + size;
    if (end > bytes.length) throw broken(at, 'the archive ends within a file');
    const next = from + Math.ceil(size / BLOCK) * BLOCK;
    if (!ofFile) {
      if (size > MAX_EXTENDED_BYTES) throw broken(at, `an extended header of ${size} bytes`);
      const body = bytes.subarray(from, end);
      if (kind === 'x') extended = { ...extended, ...readExtended(body, at) };
      else if (kind === 'L') extended = { ...extended, path: cString(body, at) };
    } else {
      if (kind === '0' || kind === '\0' || kind === '7') {
        const name = extended.path ?? nameOf(bytes, at);
        if (name === '') throw broken(at, 'a file without a name');
        // In the first tar of all a folder is a file whose name ends so.
        if (!name.endsWith('/')) yield { name, read: () => bytes.subarray(from, end) };
      } else if (!'125'.includes(kind)) {
        throw broken(at, `an entry of the unknown kind ${JSON.stringify(kind)}; pack the files with plain tar`);
      }
      extended = {};
    }
    at = next;
  }
}

interface Extended {
  readonly path?: string;
  readonly size?: number;
}

function broken(at: number, what: string): Error {
  return new Error(`no good tar archive: at byte ${at}: ${what}`);
}

function isZero(bytes: Uint8Array, at: number): boolean {
  for (let index = at; index < at + BLOCK; index++) if (bytes[index] !== 0) return false;
  return true;
}

/** Of the header, its own field counted as blanks. */
function checksumOf(bytes: Uint8Array, at: number): number {
  let sum = 0;
  for (let index = 0; index < BLOCK; index++) {
    sum += index >= 148 && index < 156 ? 32 : (bytes[at + index] as number);
  }
  return sum;
}

function octal(bytes: Uint8Array, at: number, length: number): number {
  const digits = cString(bytes.subarray(at, at + length), at).trim();
  if (!/^[0-7]{1,12}$/.test(digits)) throw broken(at, 'a number that is not octal (files of 8 GiB are not read)');
  return Number.parseInt(digits, 8);
}

function nameOf(bytes: Uint8Array, at: number): string {
  const name = cString(bytes.subarray(at, at + 100), at);
  const ustar = cString(bytes.subarray(at + 257, at + 263), at).startsWith('ustar');
  // GNU's own header keeps times where ustar keeps the prefix; it says "ustar " with a blank.
  const gnu = bytes[at + 262] === 0x20;
  const prefix = ustar && !gnu ? cString(bytes.subarray(at + 345, at + 500), at) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

function cString(bytes: Uint8Array, at: number): string {
  const end = bytes.indexOf(0);
  try {
    return text.decode(end < 0 ? bytes : bytes.subarray(0, end));
  } catch {
    throw broken(at, 'a name that is not UTF-8');
  }
}

/** Records `<length> <key>=<value>\n`, the length counting itself. */
function readExtended(body: Uint8Array, at: number): Extended {
  let found: Extended = {};
  for (let from = 0; from < body.length; ) {
    const blank = body.indexOf(0x20, from);
    const length = blank < 0 ? Number.NaN : Number(cString(body.subarray(from, blank), at));
    const end = from + length;
    if (!Number.isInteger(length) || end <= blank || end > body.length || body[end - 1] !== 0x0a) {
      throw broken(at, 'an extended header that cannot be read');
    }
    const record = cString(body.subarray(blank + 1, end - 1), at);
    const equals = record.indexOf('=');
    const key = record.slice(0, equals);
    const value = record.slice(equals + 1);
    if (key === 'path') found = { ...found, path: value };
    else if (key === 'size') {
      if (!/^\d{1,15}$/.test(value)) throw broken(at, 'an extended header with a wrong size');
      found = { ...found, size: Number(value) };
    } else if (key.startsWith('GNU.sparse')) throw broken(at, 'a sparse file; pack the files with plain tar');
    from = end;
  }
  return found;
}
