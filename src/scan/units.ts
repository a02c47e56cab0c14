/**
 * Files -> units of work for several threads, in the order of files. A large file of lines or of EVTX chunks becomes several parts, each
 * a range of bytes that can be read by itself; whatever is packed, or one text, stays whole.
 */
import { closeSync, openSync } from 'node:fs';
import { EVTX_CHUNK_BYTES, EVTX_HEADER_BYTES, isEvtx } from '../evtx/reader.ts';
import { detectShape } from '../send/cut.ts';
import { type InputFile, readerOf } from './files.ts';
import { type LaterPart, linesOf, type RecordReading } from './records.ts';

export interface Unit extends InputFile {
  /** A range of the file's bytes; undefined where the unit is the whole file. `to` is behind the last one. */
  readonly range?: { readonly from: number; readonly to: number };
  /** Of every part but a file's first. */
  readonly part?: LaterPart;
}

/** Large enough that starting costs nothing beside it, small enough that no thread waits long for the last. */
const PART_BYTES = 4 * 1024 * 1024;
const HEAD_BYTES = 1024 * 1024;
/** A line that is longer is not looked for: the parts it lies between become one. */
const MAX_SEARCH_BYTES = 1024 * 1024;
const SEARCH_BYTES = 64 * 1024;
const LF = 0x0a;

/** `partBytes` is set by tests. */
export function splitFiles(
  files: readonly InputFile[],
  reading: RecordReading,
  partBytes: number = PART_BYTES,
): readonly Unit[] {
  return files.flatMap((file) =>
    file.member !== undefined || file.problem !== undefined || file.size < 2 * partBytes
      ? [file]
      : splitFile(file, reading, partBytes),
  );
}

function splitFile(input: InputFile, reading: RecordReading, partBytes: number): readonly Unit[] {
  let handle: number | undefined;
  try {
    const open = openSync(input.path, 'r');
    handle = open;
    const readAt = readerOf(open);
    const head = Buffer.from(readAt(0, HEAD_BYTES));
    const form = partForm(head, reading);
    if (form === undefined) return [input];
    const starts = [0];
    for (let wanted = partBytes; wanted < input.size; wanted += partBytes) {
      const found = form.form === 'evtx' ? chunkStart(wanted) : lineStart(wanted, readAt);
      if (found !== undefined && found < input.size && found > (starts.at(-1) as number)) starts.push(found);
    }
    return starts.map((from, index): Unit => {
      const to = starts[index + 1] ?? input.size;
      return { ...input, size: to - from, range: { from, to }, ...(from > 0 && { part: { ...form, from } }) };
    });
  } catch {
    // Whoever scans the file will meet the reason again, and tell it.
    return [input];
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

function partForm(head: Buffer, reading: RecordReading): Pick<LaterPart, 'form' | 'encoding'> | undefined {
  if (isEvtx(head)) return { form: 'evtx', encoding: 'utf-8' };
  const isPacked = (head[0] === 0x1f && head[1] === 0x8b) || (head.length > 3 && isZstd(head.readUInt32LE(0)));
  if (isPacked || detectShape(head).wide !== undefined) return undefined;
  const encoding = linesOf(head, reading);
  return encoding === undefined || encoding.startsWith('utf-16') ? undefined : { form: 'lines', encoding };
}

const isZstd = (magic: number): boolean => magic === 0xfd2fb528 || magic >>> 4 === 0x184d2a5;

const chunkStart = (wanted: number): number =>
  EVTX_HEADER_BYTES + Math.ceil((wanted - EVTX_HEADER_BYTES) / EVTX_CHUNK_BYTES) * EVTX_CHUNK_BYTES;

function lineStart(wanted: number, readAt: (offset: number, length: number) => Uint8Array): number | undefined {
  for (let from = wanted; from < wanted + MAX_SEARCH_BYTES; from += SEARCH_BYTES) {
    const newline = readAt(from, SEARCH_BYTES).indexOf(LF);
    if (newline >= 0) return from + newline + 1;
  }
  return undefined;
}
