/** Files and standard input as streams of unpacked bytes. What is packed is told by its first bytes, not by its name. */
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';

export interface Input {
  /** Unpacked. Throws where the file is damaged or ends too early. */
  readonly chunks: AsyncIterator<Buffer>;
  /** On disk, packed as it is; undefined for a stream. */
  readonly size: number | undefined;
  /** A read that waits then fails. May be called again. */
  close(): Promise<void>;
}

const CHUNK_BYTES = 256 * 1024;

/** `onRead` is told of bytes as they are read, before unpacking. */
export async function openFile(path: string, onRead: (bytes: number) => void): Promise<Input> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const head = Buffer.alloc(4);
    const { bytesRead } = await file.read(head, 0, 4, 0);
    const raw = file.createReadStream({ start: 0, highWaterMark: CHUNK_BYTES, autoClose: false });
    raw.on('data', (chunk) => onRead(chunk.length));
    raw.pause();
    const unpacked = unpack(raw, head.subarray(0, bytesRead));
    return {
      chunks: unpacked[Symbol.asyncIterator](),
      size,
      async close() {
        unpacked.destroy();
        raw.destroy();
        await file.close();
      },
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Standard input, or any other stream. */
export async function openStream(stream: Readable, onRead: (bytes: number) => void): Promise<Input> {
  const head = await readHead(stream);
  stream.on('data', (chunk: Buffer) => onRead(chunk.length));
  stream.pause();
  const unpacked = unpack(stream, head);
  return {
    chunks: unpacked[Symbol.asyncIterator](),
    size: undefined,
    async close() {
      unpacked.destroy();
    },
  };
}

/** The first bytes, put back into the stream. */
async function readHead(stream: Readable): Promise<Buffer> {
  for (;;) {
    const head = stream.read() as Buffer | null;
    if (head !== null) {
      stream.unshift(head);
      return head.subarray(0, 4);
    }
    if (stream.readableEnded) return Buffer.alloc(0);
    await new Promise<void>((resolve, reject) => {
      const done = (error?: Error): void => {
        stream.off('readable', done).off('end', done).off('error', done);
        if (error instanceof Error) reject(error);
        else resolve();
      };
      stream.on('readable', done).on('end', done).on('error', done);
    });
  }
}

function unpack(raw: Readable, head: Buffer): Readable {
  const unpacker =
    head[0] === 0x1f && head[1] === 0x8b
      ? createGunzip({ chunkSize: CHUNK_BYTES })
      : isZstd(head)
        ? createZstdDecompress({ chunkSize: CHUNK_BYTES })
        : undefined;
  if (unpacker === undefined) return raw;
  raw.on('error', (error) => unpacker.destroy(error));
  return raw.pipe(unpacker);
}

/** A frame, or a skippable frame before it (RFC 8878). */
const isZstd = (head: Buffer): boolean =>
  head.length >= 4 && (head.readUInt32LE(0) === 0xfd2fb528 || head.readUInt32LE(0) >>> 4 === 0x184d2a5);
