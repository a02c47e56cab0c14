/**
 * A stream of UTF-8 JSON -> its top-level values, or the elements of the one array that it is. Finds where values end and parses none:
 * what is no JSON inside stays a record for the connector to reject. Holds one value in memory and no more.
 */

/** A longer value is no log record, and would have to be held in memory. */
const MAX_VALUE_BYTES = 64 * 1024 * 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const NOTHING = Buffer.alloc(0);

const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
const endsWord = (byte: number): boolean =>
  isSpace(byte) || byte === COMMA || byte === CLOSE_ARRAY || byte === OPEN_OBJECT;

export interface JsonCutter {
  /** Values that became whole; they share memory with what was pushed. Throws for a fault that an earlier push came upon. */
  push(chunk: Buffer): readonly Buffer[];
  /** The last value. Throws when the brackets do not close: the rest is lost, and what came before was answered. */
  end(): readonly Buffer[];
}

/** `inArray`: the text is one array, and pushing begins behind its bracket. `offset`: of the first byte pushed, for messages. */
export function createJsonCutter({ inArray, offset }: { inArray: boolean; offset: number }): JsonCutter {
  /** The open value, from its first byte; empty between values. */
  let held: Buffer = NOTHING;
  let heldAt = offset;
  /** How far the open value has been looked at. */
  let seen = 0;
  let depth = 0;
  let inString = false;
  let isWord = false;
  let closed = false;
  let failure: Error | undefined;

  const open = (byte: number): void => {
    depth = byte === OPEN_OBJECT || byte === OPEN_ARRAY ? 1 : 0;
    inString = byte === QUOTE;
    isWord = depth === 0 && !inString;
  };

  /** Where the open value ends, or -1 when it goes on behind these bytes. */
  const endOf = (bytes: Buffer, from: number, seenTo: number): number => {
    let at = seenTo;
    if (isWord) {
      while (at < bytes.length && !endsWord(bytes[at] as number)) at++;
      return at < bytes.length ? at : -1;
    }
    while (at < bytes.length) {
      if (inString) {
        const quote = bytes.indexOf(QUOTE, at);
        if (quote < 0) return -1;
        let before = quote - 1;
        while (before > from && bytes[before] === BACKSLASH) before--;
        at = quote + 1;
        if ((quote - 1 - before) % 2 === 1) continue;
        inString = false;
        if (depth === 0) return at;
      }
      // Hot: every byte outside of strings comes by here.
      for (; at < bytes.length; at++) {
        const byte = bytes[at] as number;
        if (byte === QUOTE) {
          inString = true;
          at++;
          break;
        }
        if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth++;
        else if ((byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) && --depth === 0) return at + 1;
      }
    }
    return -1;
  };

  return {
    push(chunk) {
      if (failure !== undefined) throw failure;
      const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      const values: Buffer[] = [];
      let from = held.length === 0 ? -1 : 0;
      let at = seen;
      while (at < bytes.length) {
        if (from < 0) {
          const byte = bytes[at] as number;
          if (isSpace(byte) || (byte === COMMA && !closed)) {
            at++;
          } else if (closed) {
            failure = new Error(`byte ${heldAt + at}: something follows the end of the JSON array`);
            break;
          } else if (inArray && byte === CLOSE_ARRAY) {
            closed = true;
            at++;
          } else {
            from = at;
            open(byte);
            at++;
          }
          continue;
        }
        const end = endOf(bytes, from, at);
        if (end < 0) {
          at = bytes.length;
        } else {
          values.push(bytes.subarray(from, end));
          at = end;
          from = -1;
        }
      }
      heldAt += from < 0 ? bytes.length : from;
      held = from < 0 ? NOTHING : bytes.subarray(from);
      seen = held.length;
      if (held.length > MAX_VALUE_BYTES) {
        failure = new Error(
          `byte ${heldAt}: the JSON value that begins here is longer than 64 MiB, or is never closed`,
        );
        held = NOTHING;
      }
      return values;
    },
    end() {
      if (failure !== undefined) throw failure;
      if (held.length > 0 && !isWord) {
        throw new Error(`byte ${heldAt}: the JSON value that begins here does not end; is the file whole?`);
      }
      if (inArray && !closed)
        throw new Error('the JSON array that the file begins with is not closed; is the file whole?');
      return held.length > 0 ? [held] : [];
    },
  };
}
