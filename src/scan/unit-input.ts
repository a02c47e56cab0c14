/** A unit of work -> the stream of its unpacked bytes: a file, a range of one, or a member of a zip archive. */
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { crc32, createInflateRaw } from 'node:zlib';
import { checkMember, locateMember, type ZipMember } from '../archive/zip.ts';
import { type Input, openFile, openStream } from '../input.ts';
import { readerOf } from './files.ts';
import type { Unit } from './units.ts';

const CHUNK_BYTES = 256 * 1024;

/** `onRead` is told of bytes as they are read from disk. Throws where it cannot be opened. */
export async function openUnit(unit: Unit, onRead: (bytes: number) => void): Promise<Input> {
  const { path, range, member, problem } = unit;
  if (problem !== undefined) throw new Error(problem);
  if (member !== undefined) return openMember(path, member, onRead);
  return range === undefined ? openFile(path, onRead) : openRange(path, range, onRead);
}

async function openRange(path: string, { from, to }: { from: number; to: number }, onRead: (bytes: number) => void) {
  const file = await open(path, 'r');
  const raw = file.createReadStream({ start: from, end: to - 1, highWaterMark: CHUNK_BYTES, autoClose: false });
  return {
    chunks: counted(raw, onRead)[Symbol.asyncIterator](),
    size: to - from,
    async close() {
      raw.destroy();
      await file.close();
    },
  };
}

async function openMember(path: string, member: ZipMember, onRead: (bytes: number) => void): Promise<Input> {
  const file = await open(path, 'r');
  let raw: Readable | undefined;
  try {
    const start = locateMember(member, readerOf(file.fd));
    const end = start + member.packedSize - 1;
    // A stream of no bytes cannot be asked for.
    const packed =
      member.packedSize === 0
        ? Readable.from([])
        : file.createReadStream({ start, end, highWaterMark: CHUNK_BYTES, autoClose: false });
    raw = packed;
    const source = Readable.from(counted(packed, onRead));
    const unpacked = member.method === 0 ? source : source.pipe(createInflateRaw({ chunkSize: CHUNK_BYTES }));
    source.once('error', (error) => unpacked.destroy(error));
    const input = await openStream(Readable.from(checked(unpacked, member)), () => undefined);
    return {
      ...input,
      size: member.packedSize,
      async close() {
        packed.destroy();
        await input.close();
        await file.close();
      },
    };
  } catch (error) {
    raw?.destroy();
    await file.close();
    throw error;
  }
}

async function* counted(chunks: AsyncIterable<Buffer>, onRead: (bytes: number) => void): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    onRead(chunk.length);
    yield chunk;
  }
}

/** Throws, after the bytes before, where they are not what was packed: a member never unpacks to more than it says. */
async function* checked(chunks: AsyncIterable<Buffer>, member: ZipMember): AsyncGenerator<Buffer> {
  let size = 0;
  let crc = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > member.size) break;
    crc = crc32(chunk, crc);
    yield chunk;
  }
  checkMember(member, size, crc);
}
