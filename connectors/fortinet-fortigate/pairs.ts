/**
 * Splits FortiOS key=value text: values bare or in double quotes, separated by blanks (or commas in the csv format).
 * Knows nothing of what the keys mean. One pass, linear in the length of the text.
 */
import { RecordError } from '../../src/connector.ts';

const MAX_PAIRS = 400;
const MAX_KEY_LENGTH = 64;
const refusedKeys: ReadonlySet<string> = new Set(['constructor', 'prototype']);

export interface Pairs {
  /** In the order of the line; a key may come more than once. `\"` inside quotes is undone, all else is as written. */
  readonly list: readonly (readonly [key: string, value: string])[];
  /** The line ends inside a quoted value or inside a key. */
  readonly truncated: boolean;
  /** Text that is no pair, or whose key cannot be a field name, was passed over. */
  readonly passedOver: boolean;
}

// Hot: one table look-up a character.
const keyChars = new Uint8Array(128);
for (const char of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.')
  keyChars[char.charCodeAt(0)] = 1;

const isKeyChar = (code: number): boolean => keyChars[code] === 1;

const BACKSLASH = 0x5c;
const QUOTE = 0x22;
const EQUALS = 0x3d;

/** Throws RecordError when there are more pairs than any FortiGate writes. */
export function scanPairs(text: string): Pairs {
  const csv = /^[a-z_]{1,64}=[^ ",]{0,64},[a-z_]{1,64}=/.test(text);
  const isGap = (code: number): boolean =>
    code === 0x20 || code === 0x09 || code === 0x0d || code === 0x0a || (csv && code === 0x2c);
  const afterGap = (from: number): number => {
    let at = from;
    while (at < text.length && isGap(text.charCodeAt(at))) at++;
    return at;
  };
  const list: [string, string][] = [];
  let truncated = false;
  let passedOver = false;
  let at = afterGap(0);
  while (at < text.length) {
    const start = at;
    while (at < text.length && isKeyChar(text.charCodeAt(at))) at++;
    if (at === start || text.charCodeAt(at) !== EQUALS) {
      if (at === text.length) truncated = true;
      else passedOver = true;
      while (at < text.length && !isGap(text.charCodeAt(at))) at++;
      at = afterGap(at);
      continue;
    }
    const key = text.slice(start, at);
    at++;
    let value: string;
    if (text.charCodeAt(at) === QUOTE) {
      const end = closingQuote(text, at + 1, isGap, afterGap);
      value = text.slice(at + 1, end).replaceAll('\\"', '"');
      truncated ||= end === text.length;
      at = end + 1;
    } else {
      const valueStart = at;
      while (at < text.length && !isGap(text.charCodeAt(at))) at++;
      value = text.slice(valueStart, at);
    }
    at = afterGap(at);
    if (key.length > MAX_KEY_LENGTH || !/^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(key) || refusedKeys.has(key)) {
      passedOver = true;
      continue;
    }
    if (list.length === MAX_PAIRS) throw new RecordError(`more than ${MAX_PAIRS} fields in one line`);
    list.push([key, value]);
  }
  return { list, truncated, passedOver };
}

/**
 * Index of the quote that ends a value, or the text's length. Some firmware leaves quotes inside a value bare: a quote ends the
 * value only before another key, or at the end.
 */
function closingQuote(
  text: string,
  from: number,
  isGap: (code: number) => boolean,
  afterGap: (from: number) => number,
): number {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at++;
    else if (code === QUOTE) {
      if (at + 1 === text.length) return at;
      if (!isGap(text.charCodeAt(at + 1))) continue;
      const start = afterGap(at + 1);
      let end = start;
      while (end < text.length && isKeyChar(text.charCodeAt(end))) end++;
      if (end === text.length || (end > start && text.charCodeAt(end) === EQUALS)) return at;
    }
  }
  return text.length;
}
