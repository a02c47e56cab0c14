/**
 * How the records of a batch travel through the queue: one zstd frame over
 * u32 count, count x (u32 start, u32 length), then the body's bytes as they came. Little endian.
 * Keeping the body whole keeps the evidence: a record is a view into what the sender wrote.
 */
import { promisify } from 'node:util';
import { constants, zstdCompress } from 'node:zlib';
import { unpack } from '../unpack.ts';

const compress = promisify(zstdCompress);

/** Where the records are in a body: start and length in turns, in bytes. */
export type Spans = readonly number[];

/** Level 1: the queue is read once and soon; what it saves is writing. */
export async function packFrame(body: Uint8Array, spans: Spans): Promise<Uint8Array> {
  const head = new Uint32Array(1 + spans.length);
  head[0] = spans.length / 2;
  head.set(spans, 1);
  return compress(Buffer.concat([new Uint8Array(head.buffer), body]), {
    params: { [constants.ZSTD_c_compressionLevel]: 1 },
  });
}

/** The records' bytes, in the order they came. Throws when the frame is not what packFrame wrote. */
export async function unpackFrame(frame: Uint8Array, maxBytes: number): Promise<readonly Uint8Array[]> {
  const bytes = await unpack('zstd', frame, maxBytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = view.getUint32(0, true);
  const bodyAt = 4 + 8 * count;
  return Array.from({ length: count }, (_, index) => {
    const start = bodyAt + view.getUint32(4 + 8 * index, true);
    return bytes.subarray(start, start + view.getUint32(8 + 8 * index, true));
  });
}
