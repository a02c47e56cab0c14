/**
 * Body -> records, without parsing them. Lines are cut at line feeds; JSON bodies (an array, one object, or objects one after
 * another) at the ends of their top-level values. Never decodes: records stay the bytes that came.
 */

import { Refusal } from '../errors.ts';
import type { Encoding } from '../model/member.ts';
import type { Spans } from '../pipeline/frame.ts';

export interface Split {
  readonly spans: Spans;
  readonly encoding: Encoding;
}

const LF = 0x0a;
const CR = 0x0d;

/** A byte order mark overrules the declared encoding: it is the file's own word. Answers where the text begins. */
function readMark(body: Uint8Array, declared: Encoding): { start: number; encoding: Encoding } {
  if (body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf) return { start: 3, encoding: 'utf-8' };
  if (body[0] === 0xff && body[1] === 0xfe) return { start: 2, encoding: 'utf-16le' };
  if (body[0] === 0xfe && body[1] === 0xff) return { start: 2, encoding: 'utf-16be' };
  return { start: 0, encoding: declared };
}

/**
 * In Shift_JIS, EUC-JP and ISO-2022-JP no second byte of a character is a line feed, so cutting at the byte is safe before
 * decoding; UTF-16 is cut at the aligned code unit. Empty lines are no records. A line ends before CR LF as before LF.
 */
export function splitLines(body: Uint8Array, declared: Encoding): Split {
  const { start, encoding } = readMark(body, declared);
  return {
    spans: encoding.startsWith('utf-16') ? wideLines(body, start, encoding === 'utf-16le') : byteLines(body, start),
    encoding,
  };
}

function byteLines(body: Uint8Array, start: number): number[] {
  const spans: number[] = [];
  for (let from = start; from < body.length; ) {
    let to = body.indexOf(LF, from);
    if (to < 0) to = body.length;
    let end = to;
    if (end > from && body[end - 1] === CR) end--;
    if (!isBlank(body, from, end)) spans.push(from, end - from);
    from = to + 1;
  }
  return spans;
}

function isBlank(body: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (body[at] !== 0x20 && body[at] !== 0x09) return false;
  return true;
}

function wideLines(body: Uint8Array, start: number, little: boolean): number[] {
  const spans: number[] = [];
  const unit = (at: number): number =>
    little
      ? (body[at] as number) | ((body[at + 1] as number) << 8)
      : ((body[at] as number) << 8) | (body[at + 1] as number);
  let from = start;
  // An odd byte at the end belongs to the last record: its decoding fails there, and says so.
  for (let at = start; ; at += 2) {
    const ended = at + 1 >= body.length;
    if (!ended && unit(at) !== LF) continue;
    let end = ended ? body.length : at;
    if (end - from >= 2 && unit(end - 2) === CR) end -= 2;
    if (end > from) spans.push(from, end - from);
    if (ended) return spans;
    from = at + 2;
  }
}

const isSpace = (byte: number): boolean => byte === 0x20 || byte === LF || byte === CR || byte === 0x09;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const OPEN_OBJECT = 0x7b;

/**
 * Top-level JSON values of a UTF-8 body; the elements where the body is one array. A value that is no JSON inside stays a record
 * for the connector to reject. Throws Refusal where the body's own brackets do not close: the rest of it would be lost.
 */
export function splitJson(body: Uint8Array, declared: Encoding): Split {
  const { start, encoding } = readMark(body, declared);
  if (encoding !== 'utf-8') {
    throw new Refusal(
      'unsupported-media-type',
      `JSON is UTF-8 (RFC 8259); this source declares ${encoding}. Send lines instead, or change the source`,
    );
  }
  const spans: number[] = [];
  let at = start;
  while (at < body.length && isSpace(body[at] as number)) at++;
  const inArray = body[at] === OPEN_ARRAY;
  if (inArray) at++;
  let closed = !inArray;
  while (at < body.length) {
    const byte = body[at] as number;
    if (isSpace(byte) || byte === COMMA) at++;
    else if (inArray && byte === 0x5d) {
      closed = true;
      at++;
      while (at < body.length && isSpace(body[at] as number)) at++;
      if (at < body.length)
        throw new Refusal('invalid-request', `byte ${at}: something follows the end of the JSON array`);
    } else {
      const end = valueEnd(body, at);
      spans.push(at, end - at);
      at = end;
    }
  }
  if (!closed)
    throw new Refusal(
      'invalid-request',
      `the JSON array that the body begins with is not closed (${body.length} bytes); send it whole`,
    );
  return { spans, encoding };
}

function valueEnd(body: Uint8Array, start: number): number {
  const first = body[start] as number;
  if (first === QUOTE) return stringEnd(body, start);
  if (first !== OPEN_OBJECT && first !== OPEN_ARRAY) {
    let at = start + 1;
    while (
      at < body.length &&
      !isSpace(body[at] as number) &&
      body[at] !== COMMA &&
      body[at] !== 0x5d &&
      body[at] !== OPEN_OBJECT
    )
      at++;
    return at;
  }
  let depth = 0;
  for (let at = start; at < body.length; at++) {
    const byte = body[at] as number;
    if (byte === QUOTE) at = stringEnd(body, at) - 1;
    else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth++;
    else if ((byte === 0x7d || byte === 0x5d) && --depth === 0) return at + 1;
  }
  throw new Refusal('invalid-request', `byte ${start}: the JSON value that begins here does not end`);
}

function stringEnd(body: Uint8Array, start: number): number {
  let from = start + 1;
  for (;;) {
    const quote = body.indexOf(QUOTE, from);
    if (quote < 0) throw new Refusal('invalid-request', `byte ${start}: the JSON string that begins here does not end`);
    let slashes = 0;
    while (body[quote - 1 - slashes] === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return quote + 1;
    from = quote + 1;
  }
}
