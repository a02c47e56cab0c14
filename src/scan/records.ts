/**
 * A stream of a file's unpacked bytes -> its records, as bytes, in lots. Knows lines, JSON, CSV and EVTX by their content, never by
 * the file's name. Holds a lot and one record.
 */
import { isZip } from '../archive/zip.ts';
import { createEvtxReader, type EvtxLot, isEvtx } from '../evtx/reader.ts';
import { splitLines } from '../intake/split.ts';
import type { Encoding } from '../model/member.ts';
import { createCutter, detectShape, type TextShape } from '../send/cut.ts';
import { type CsvForm, detectCsv, readCsv } from './csv.ts';
import { detectJsonForm } from './form.ts';
import { createJsonCutter } from './json-cut.ts';
import type { RecordLot } from './record-lot.ts';

/** A file from the middle: at the beginning of a line, or of a chunk. */
export interface LaterPart {
  readonly form: 'lines' | 'evtx';
  readonly encoding: Encoding;
  /** Where in the file it begins. */
  readonly from: number;
}

export interface RecordReading {
  /** What the connector reads: documents, or lines. */
  readonly records: 'lines' | 'json';
  /** Of lines; a byte order mark overrules it. JSON is UTF-8, or UTF-16 by its mark. */
  readonly encoding: Encoding;
}

const HEAD_BYTES = 1024 * 1024;
const LOT_BYTES = 256 * 1024;
const LF = 0x0a;
const LINE_END = Buffer.from([LF]);

/**
 * Throws, after the records before, where the text ends too early or is none. Empty lines are no records. With `part` the bytes are not
 * looked at to tell what they are.
 */
export async function* readRecords(
  chunks: AsyncIterator<Buffer>,
  reading: RecordReading,
  part?: LaterPart,
): AsyncGenerator<RecordLot, undefined> {
  const { head, rest } = await readHead(chunks);
  if (part?.form === 'lines') {
    yield* readLines(head, rest, { mark: head.subarray(0, 0), wide: undefined }, part.encoding, part.from);
    return;
  }
  if (part?.form === 'evtx' || isEvtx(head)) {
    if (reading.records !== 'json')
      throw new Error('this is a Windows event log (EVTX): --connector windows-event reads it');
    yield* readEvtx(head, rest, part?.from ?? 0);
    return;
  }
  if (head.length === 0) {
    for await (const _ of rest);
    return;
  }
  const shape = detectShape(head);
  if (isZip(head)) throw new Error('a zip archive inside of a packed file is not opened; unpack it, then scan it');
  const zero = shape.wide === undefined ? head.subarray(0, 4096).indexOf(0) : -1;
  if (zero >= 0) throw new Error(`this is not text (byte ${zero} is zero), so there are no records to read`);
  if (reading.records === 'lines') yield* readLines(head, rest, shape, reading.encoding);
  else if (shape.wide !== undefined) yield* readWideJson(head, rest, shape);
  else yield* readJson(head, rest, reading.encoding);
}

/** The encoding of a text of which each line is read by itself, told by its head; undefined where it is anything else. */
export function linesOf(head: Buffer, { records, encoding }: RecordReading): Encoding | undefined {
  const isMarked = head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf;
  if (head.subarray(0, 4096).includes(0)) return undefined;
  if (records === 'lines') return isMarked ? 'utf-8' : encoding;
  const { kind, start } = detectJsonForm(head);
  return kind === 'lines' && csvForm(head.subarray(start), encoding) === undefined ? 'utf-8' : undefined;
}

async function* readEvtx(head: Buffer, rest: Rest, from: number): AsyncGenerator<RecordLot> {
  const reader = createEvtxReader(from);
  const lot = ({ records, problems }: EvtxLot, bytes: number): RecordLot => ({
    records: records.map((one) => ('damage' in one ? { reason: one.damage } : Buffer.from(one.json))),
    encoding: 'utf-8',
    bytes,
    problems,
  });
  // In small steps: a step's records are held together.
  for (let at = 0; at < head.length; at += LOT_BYTES) {
    const step = head.subarray(at, at + LOT_BYTES);
    yield lot(reader.push(step), step.length);
  }
  let failure: { readonly error: unknown } | undefined;
  try {
    for await (const chunk of rest) yield lot(reader.push(chunk), chunk.length);
  } catch (error) {
    failure = { error };
  }
  yield lot(reader.end(), 0);
  if (failure !== undefined) throw failure.error;
}

async function* readWideJson(head: Buffer, rest: Rest, { mark, wide }: TextShape): AsyncGenerator<RecordLot> {
  const recoded = recode(head.subarray(mark.length), rest, wide === 'be' ? 'utf-16be' : 'utf-16le');
  const whole = await readHead(recoded);
  yield* readJson(whole.head, whole.rest, 'utf-8');
}

/** `encoding`: of CSV; JSON is UTF-8. */
async function* readJson(head: Buffer, rest: Rest, encoding: Encoding): AsyncGenerator<RecordLot> {
  const { kind, start } = detectJsonForm(head);
  const csv = kind === 'lines' ? csvForm(head.subarray(start), encoding) : undefined;
  if (csv !== undefined) {
    yield* readCsv(recode(head.subarray(start), rest, start > 0 ? 'utf-8' : encoding), csv);
    return;
  }
  if (kind === 'lines') {
    yield* readLines(head, rest, { mark: head.subarray(0, start), wide: undefined }, 'utf-8');
    return;
  }
  const cutter = createJsonCutter({ inArray: kind === 'array', offset: start });
  yield { records: cutter.push(head.subarray(start)), encoding: 'utf-8', bytes: head.length };
  for await (const chunk of rest) yield { records: cutter.push(chunk), encoding: 'utf-8', bytes: chunk.length };
  yield { records: cutter.end(), encoding: 'utf-8', bytes: 0 };
}

/** undefined too where the head begins with JSON that is torn. */
function csvForm(head: Buffer, encoding: Encoding): CsvForm | undefined {
  const line = head.subarray(0, head.indexOf(LF) < 0 ? head.length : head.indexOf(LF));
  return detectCsv(encoding === 'utf-8' ? line : Buffer.from(new TextDecoder(encoding).decode(line)));
}

async function* readLines(
  head: Buffer,
  rest: Rest,
  shape: TextShape,
  declared: Encoding,
  offset = 0,
): AsyncGenerator<RecordLot> {
  const wide = shape.wide === undefined ? undefined : shape.wide === 'le' ? 'utf-16le' : 'utf-16be';
  const encoding = wide ?? (shape.mark.length === 3 ? 'utf-8' : declared);
  const cutter = createCutter({ maxRecords: Number.POSITIVE_INFINITY, maxBytes: LOT_BYTES, shape, offset });
  let isFirst = offset === 0;
  const lot = (read: Buffer): RecordLot => {
    // A mark is one at the file's beginning only; where lots happen to begin must not matter.
    const isBare = isFirst || wide !== undefined || (read[0] as number) < 0xef;
    const bytes = isBare ? read : Buffer.concat([LINE_END, read]);
    isFirst = false;
    const { spans } = splitLines(bytes, encoding);
    const records: Uint8Array[] = [];
    for (let at = 0; at < spans.length; at += 2) {
      const from = spans[at] as number;
      records.push(bytes.subarray(from, from + (spans[at + 1] as number)));
    }
    return { records, encoding, bytes: read.length };
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

/** Into UTF-8. Throws where the text is not of this encoding. */
async function* recode(head: Buffer, rest: Rest, encoding: Encoding): Rest {
  const decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
  const decode = (bytes: Buffer | undefined): Buffer => {
    try {
      return Buffer.from(decoder.decode(bytes, { stream: bytes !== undefined }));
    } catch {
      throw new Error(`the text is not ${encoding} throughout; is it whole, and is that its encoding?`);
    }
  };
  yield decode(head);
  for await (const chunk of rest) yield decode(chunk);
  yield decode(undefined);
}
