/**
 * A stream of a file's unpacked bytes -> its records, as bytes, in lots. Knows lines and JSON by their content, never by the file's
 * name. Holds a lot and one record; parses nothing.
 */
import { splitLines } from '../intake/split.ts';
import type { Encoding } from '../model/member.ts';
import { createCutter, detectShape, type TextShape } from '../send/cut.ts';
import { detectJsonForm } from './form.ts';
import { createJsonCutter } from './json-cut.ts';

export interface RecordLot {
  readonly records: readonly Uint8Array[];
  readonly encoding: Encoding;
  /** Unpacked, that were read since the last lot. */
  readonly bytes: number;
}

export interface RecordReading {
  /** What the connector reads: documents, or lines. */
  readonly records: 'lines' | 'json';
  /** Of lines; a byte order mark overrules it. JSON is UTF-8, or UTF-16 by its mark. */
  readonly encoding: Encoding;
}

const HEAD_BYTES = 1024 * 1024;
const LOT_BYTES = 256 * 1024;

/** Throws, after the records before, where the text ends too early or is none. Empty lines are no records. */
export async function* readRecords(
  chunks: AsyncIterator<Buffer>,
  reading: RecordReading,
): AsyncGenerator<RecordLot, undefined> {
  const { head, rest } = await readHead(chunks);
  if (head.length === 0) {
    for await (const _ of rest);
    return;
  }
  const shape = detectShape(head);
  const zero = shape.wide === undefined ? head.subarray(0, 4096).indexOf(0) : -1;
  if (zero >= 0) throw new Error(`this is not text (byte ${zero} is zero), so there are no records to read`);
  if (reading.records === 'lines') yield* readLines(head, rest, shape, reading.encoding);
  else if (shape.wide !== undefined) yield* readWideJson(head, rest, shape);
  else yield* readJson(head, rest);
}

async function* readWideJson(head: Buffer, rest: Rest, { mark, wide }: TextShape): AsyncGenerator<RecordLot> {
  const recoded = recode(head.subarray(mark.length), rest, wide === 'be' ? 'utf-16be' : 'utf-16le');
  const whole = await readHead(recoded);
  yield* readJson(whole.head, whole.rest);
}

async function* readJson(head: Buffer, rest: Rest): AsyncGenerator<RecordLot> {
  const { kind, start } = detectJsonForm(head);
  if (kind === 'lines') {
    yield* readLines(head, rest, { mark: head.subarray(0, start), wide: undefined }, 'utf-8');
    return;
  }
  const cutter = createJsonCutter({ inArray: kind === 'array', offset: start });
  yield { records: cutter.push(head.subarray(start)), encoding: 'utf-8', bytes: head.length };
  for await (const chunk of rest) yield { records: cutter.push(chunk), encoding: 'utf-8', bytes: chunk.length };
  yield { records: cutter.end(), encoding: 'utf-8', bytes: 0 };
}

async function* readLines(head: Buffer, rest: Rest, shape: TextShape, declared: Encoding): AsyncGenerator<RecordLot> {
  const wide = shape.wide === undefined ? undefined : shape.wide === 'le' ? 'utf-16le' : 'utf-16be';
  const encoding = wide ?? (shape.mark.length === 3 ? 'utf-8' : declared);
  const cutter = createCutter({ maxRecords: Number.POSITIVE_INFINITY, maxBytes: LOT_BYTES, shape, offset: 0 });
  const lot = (bytes: Buffer): RecordLot => {
    const { spans } = splitLines(bytes, encoding);
    const records: Uint8Array[] = [];
    for (let at = 0; at < spans.length; at += 2) {
      const from = spans[at] as number;
      records.push(bytes.subarray(from, from + (spans[at + 1] as number)));
    }
    return { records, encoding, bytes: bytes.length };
  };
  let failure: { readonly error: unknown } | undefined;
  try {
    for (const batch of cutter.push(head)) yield lot(batch.bytes);
    for await (const chunk of rest) for (const batch of cutter.push(chunk)) yield lot(batch.bytes);
  } catch (error) {
    failure = { error };
  }
  for (const { bytes } of cutter.end()) {
    // Where the text breaks off, its last line is only a part of one.
    if (failure === undefined) yield lot(bytes);
    else if (wide === undefined) yield lot(bytes.subarray(0, bytes.lastIndexOf(0x0a) + 1));
  }
  if (failure !== undefined) throw failure.error;
}

type Rest = AsyncGenerator<Buffer, undefined>;

/** Enough to decide by, or everything. Where reading fails, `rest` throws: what came before is still to be looked at. */
async function readHead(chunks: AsyncIterator<Buffer>): Promise<{ head: Buffer; rest: Rest }> {
  const parts: Buffer[] = [];
  let length = 0;
  let failure: { readonly error: unknown } | undefined;
  while (length < HEAD_BYTES && failure === undefined) {
    try {
      const next = await chunks.next();
      if (next.done === true) break;
      parts.push(next.value);
      length += next.value.length;
    } catch (error) {
      failure = { error };
    }
  }
  async function* others(): Rest {
    if (failure !== undefined) throw failure.error;
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield next.value;
  }
  return { head: Buffer.concat(parts), rest: others() };
}

/** Throws where the text is not of this encoding. */
async function* recode(head: Buffer, rest: Rest, encoding: 'utf-16le' | 'utf-16be'): Rest {
  const decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
  const decode = (bytes: Buffer | undefined): Buffer => {
    try {
      return Buffer.from(decoder.decode(bytes, { stream: bytes !== undefined }));
    } catch {
      throw new Error(`the file begins as ${encoding}, and goes on as something else`);
    }
  };
  yield decode(head);
  for await (const chunk of rest) yield decode(chunk);
  yield decode(undefined);
}
