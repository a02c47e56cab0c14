/**
 * A stream of text bytes -> batches cut at ends of lines. Pure, and the same bytes give the same batches however they arrive, so that
 * a batch sent again has the same key. Decodes nothing; knows only where a line feed is.
 */

export interface TextShape {
  /** The byte order mark that the text begins with, or nothing. Each batch is a body of its own and needs it again. */
  readonly mark: Uint8Array;
  /** UTF-16: a line feed is a unit of two bytes. */
  readonly wide: 'le' | 'be' | undefined;
}

export interface TextBatch {
  /** Of the first byte, in the unpacked text. */
  readonly offset: number;
  readonly bytes: Buffer;
  /** Lines that are not blank. A batch without any moves the offset and is not to be sent. */
  readonly records: number;
}

export interface CutOptions {
  readonly maxRecords: number;
  /** A batch ends with the line that reaches it. */
  readonly maxBytes: number;
  readonly shape: TextShape;
  /** Where in the text the first byte pushed stands. */
  readonly offset: number;
}

const LF = 0x0a;
const CR = 0x0d;
/** A longer line is no log, and would have to be held in memory. */
const MAX_LINE_BYTES = 64 * 1024 * 1024;

/** Reads the shape off the first bytes of a text: its mark, or the form of its first line feed. */
export function detectShape(head: Uint8Array): TextShape {
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) return { mark: head.slice(0, 3), wide: undefined };
  if (head[0] === 0xff && head[1] === 0xfe) return { mark: head.slice(0, 2), wide: 'le' };
  if (head[0] === 0xfe && head[1] === 0xff) return { mark: head.slice(0, 2), wide: 'be' };
  const first = head.indexOf(LF);
  if (first >= 0 && first % 2 === 0 && head[first + 1] === 0) return { mark: new Uint8Array(), wide: 'le' };
  if (first >= 0 && first % 2 === 1 && head[first - 1] === 0) return { mark: new Uint8Array(), wide: 'be' };
  return { mark: new Uint8Array(), wide: undefined };
}

/** `push` answers the batches that became whole, `end` the rest. Both throw for a line of more than 64 MiB. */
export function createCutter({ maxRecords, maxBytes, shape, offset }: CutOptions): {
  push(chunk: Uint8Array): TextBatch[];
  end(): TextBatch[];
} {
  const { wide } = shape;
  let pending: Buffer = Buffer.alloc(0);
  let start = offset;
  let line = 0;
  let scanned = 0;
  let records = 0;

  /** Index behind the next line feed, or -1. */
  const lineEnd = (): number => {
    let found = pending.indexOf(LF, scanned);
    if (wide === undefined) return found < 0 ? -1 : found + 1;
    const [low, zero] = wide === 'le' ? [0, 1] : [1, -1];
    while (found >= 0 && (found % 2 !== low || pending[found + zero] !== 0)) {
      // The second half of the unit may not be here yet.
      if (found + 1 >= pending.length) return -1;
      found = pending.indexOf(LF, found + 1);
    }
    if (found < 0) return -1;
    return wide === 'le' ? found + 2 : found + 1;
  };

  const isBlank = (from: number, to: number): boolean => {
    if (wide !== undefined) {
      const [low, high] = wide === 'le' ? [0, 1] : [1, 0];
      for (let at = from; at < to; at += 2) {
        if (pending[at + high] !== 0 || (pending[at + low] !== LF && pending[at + low] !== CR)) return false;
      }
      return true;
    }
    for (let at = from; at < to; at++) {
      const byte = pending[at];
      if (byte !== LF && byte !== CR && byte !== 0x20 && byte !== 0x09) return false;
    }
    return true;
  };

  const take = (end: number): TextBatch => {
    const batch = { offset: start, bytes: pending.subarray(0, end), records };
    pending = pending.subarray(end);
    start += end;
    line = 0;
    scanned = 0;
    records = 0;
    return batch;
  };

  return {
    push(chunk) {
      pending = pending.length === 0 ? Buffer.from(chunk) : Buffer.concat([pending, chunk]);
      const batches: TextBatch[] = [];
      for (let end = lineEnd(); end >= 0; end = lineEnd()) {
        const afterMark = start === 0 && line === 0 ? shape.mark.length : 0;
        if (!isBlank(line + afterMark, end)) records++;
        line = end;
        scanned = end;
        if (records >= maxRecords || end >= maxBytes) batches.push(take(end));
      }
      // A wide line feed may begin with the last byte.
      scanned = Math.max(line, pending.length - 1);
      if (pending.length - line > MAX_LINE_BYTES) {
        throw new Error(`the line at byte ${start + line} is longer than 64 MiB; is this a log?`);
      }
      return batches;
    },
    end() {
      if (pending.length === 0) return [];
      const afterMark = start === 0 && line === 0 ? shape.mark.length : 0;
      if (!isBlank(line + afterMark, pending.length)) records++;
      return [take(pending.length)];
    },
  };
}
