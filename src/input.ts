/** Files and standard input as streams of unpacked bytes. What is packed is told by its first bytes, not by its name. */
import { open } from 'node:fs/promises';
import { pipeline, type Readable } from 'node:stream';
import { constants, createGunzip, createZstdDecompress } from 'node:zlib';

export interface Input {
  /** Unpacked. Throws where the file is damaged or ends too early. */
  readonly chunks: AsyncIterator<Buffer>;
  /** On disk, packed as it is; undefined for a stream. */
  readonly size: number | undefined;
  /** A read that waits then fails. May be called again. */
  close(): Promise<void>;
}

const CHUNK_BYTES = 256 * 1024;
/** Of a zstd frame, as 2^n bytes: `zstd --long=27` is read, more would let a file ask for gigabytes of memory. */
const MAX_WINDOW_LOG = 27;

/** `onRead` is told of bytes as they are read, before unpacking. */
export async function openFile(path: string, onRead: (bytes: number) => void): Promise<Input> {
  const file = await open(path, 'r');
  const raw = file.createReadStream({ start: 0, highWaterMark: CHUNK_BYTES, autoClose: false });
  const close = async (): Promise<void> => {
    raw.destroy();
    await file.close();
  };
  try {
    const { size } = await file.stat();
    return { chunks: await unpack(raw, onRead), size, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Standard input, or any other stream. Resolves when its first bytes are there. */
export async function openStream(stream: Readable, onRead: (bytes: number) => void): Promise<Input> {
  return {
    chunks: await unpack(stream, onRead),
    size: undefined,
    async close() {
      stream.destroy();
    },
  };
}

async function unpack(raw: Readable, onRead: (bytes: number) => void): Promise<AsyncIterator<Buffer>> {
  const chunks = raw[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let head: Buffer = Buffer.alloc(0);
  while (head.length < 4) {
    const next = await chunks.next();
    if (next.done === true) break;
    head = Buffer.concat([head, next.value]);
  }
  async function* whole(): AsyncGenerator<Buffer, undefined> {
    onRead(head.length);
    if (head.length > 0) yield head;
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) {
      onRead(next.value.length);
      yield next.value;
    }
  }
  const unpacker =
    head[0] === 0x1f && head[1] === 0x8b
      ? createGunzip({ chunkSize: CHUNK_BYTES })
      : isZstd(head)
        ? createZstdDecompress({
            chunkSize: CHUNK_BYTES,
            params: { [constants.ZSTD_d_windowLogMax]: MAX_WINDOW_LOG },
          })
        : undefined;
  if (unpacker === undefined) return whole();
  // An error of the source reaches whoever reads the unpacker.
  pipeline(whole(), unpacker, () => undefined);
  return unpacker[Symbol.asyncIterator]();
}

/** A frame, or a skippable frame before it (RFC 8878). */
const isZstd = (head: Buffer): boolean =>
  head.length >= 4 && (head.readUInt32LE(0) === 0xfd2fb528 || head.readUInt32LE(0) >>> 4 === 0x184d2a5);
