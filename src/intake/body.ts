/** A request's body -> bytes: unpacks gzip and zstd within bounds. What is inside is none of its business. */
import { Refusal } from '../errors.ts';
import { unpack } from '../unpack.ts';

const formats = { gzip: 'gzip', 'x-gzip': 'gzip', zstd: 'zstd' } as const;

/** Throws Refusal: unknown encoding, damaged data, more than `maxBytes` inside. */
export async function unpackBody(body: Buffer, contentEncoding: string | undefined, maxBytes: number): Promise<Buffer> {
  const name = (contentEncoding ?? 'identity').trim().toLowerCase();
  if (name === 'identity' || name === '' || body.length === 0) {
    if (body.length > maxBytes) throw tooLarge(maxBytes);
    return body;
  }
  const format = Object.hasOwn(formats, name) ? formats[name as keyof typeof formats] : undefined;
  if (format === undefined) {
    throw new Refusal(
      'unsupported-media-type',
      `content-encoding "${name.slice(0, 40)}" is not taken; send gzip, zstd or none`,
    );
  }
  try {
    return await unpack(format, body, maxBytes);
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes);
    throw new Refusal('invalid-request', `the body is not whole ${name} data: ${(error as Error).message}`);
  }
}

const tooLarge = (maxBytes: number): Refusal =>
  new Refusal('too-large', `the body holds more than ${maxBytes} bytes unpacked; send it in smaller batches`);
