/**
 * The scalars of plain YAML: quoted, plain and block text, and what plain text stands for in the core schema of YAML 1.2.2
 * (chapters 7, 8 and 10.3). Knows no structure. Throws NotPlain at whatever it does not know for certain.
 */
import type { Value } from './rule.ts';
import { dash, hash, isGap, NotPlain, newline, restOfLine, type Scan, skipSpaces, space } from './yaml-lines.ts';

export const doubleQuote = 34;
export const singleQuote = 39;
const plus = 43;
export const colon = 58;
export const question = 63;
const backslash = 92;
export const literal = 124;
export const folded = 62;

const indicators = new Set([...',[]{}#&*!|>\'"%@`'].map((character) => character.charCodeAt(0)));

/** Demands that plain text, not an indicator, begins here. */
export function expectPlain(text: string, at: number): void {
  const code = text.charCodeAt(at);
  if (indicators.has(code)) throw new NotPlain('an indicator');
  if ((code === dash || code === question || code === colon) && isGap(text.charCodeAt(at + 1)))
    throw new NotPlain('an indicator');
}

/** Where the plain text that begins here ends on this line, spaces left out: before ` #`, before `:` and a gap, or at the line's end. */
export function plainEnd(text: string, from: number): number {
  let end = from;
  // Hot: most characters of a rule pass here.
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code <= colon) {
      if (code === newline) break;
      if (code === space) {
        if (text.charCodeAt(at + 1) === hash) break;
        continue;
      }
      if (code === colon && isGap(text.charCodeAt(at + 1))) break;
    }
    end = at + 1;
  }
  return end;
}

/**
 * Plain text that goes on after a line that ended at `stop`, a newline: the lines below that are indented by `indent` at least.
 * Moves behind the last of them and gives all of the text; undefined, and moves nowhere, where there are none.
 */
export function continuePlain(scan: Scan, stop: number, first: string, indent: number): string | undefined {
  const { text } = scan;
  let value: string | undefined;
  for (let end = stop; text.charCodeAt(end) === newline; ) {
    let lineStart = end + 1;
    let from = skipSpaces(text, lineStart);
    let lines = 1;
    for (; text.charCodeAt(from) === newline; lines++) {
      lineStart = from + 1;
      from = skipSpaces(text, lineStart);
    }
    if (from - lineStart < indent || from >= text.length || text.charCodeAt(from) === hash) break;
    const to = plainEnd(text, from);
    value = `${value ?? first}${folding(lines)}${text.slice(from, to)}`;
    scan.line += lines;
    scan.lineStart = lineStart;
    scan.at = to;
    end = skipSpaces(text, to);
  }
  return value;
}

/** What so many line ends become when text is folded. */
function folding(lines: number): string {
  return lines === 1 ? ' ' : '\n'.repeat(lines - 1);
}

/** The quoted text that begins here; moves behind its end. Lines after the first must be indented by `indent`; 0: one line only. */
export function quotedText(scan: Scan, indent: number): string {
  const { text } = scan;
  const quote = text.charCodeAt(scan.at);
  let value = '';
  let from = scan.at + 1;
  let at = from;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code === quote) {
      if (quote === doubleQuote || text.charCodeAt(at + 1) !== singleQuote) break;
      value += text.slice(from, at + 1);
      at += 2;
      from = at;
    } else if (code === backslash && quote === doubleQuote) {
      value += text.slice(from, at);
      const [character, length] = escaped(text, at + 1);
      value += character;
      at += 1 + length;
      from = at;
    } else if (code === newline) {
      if (indent === 0) throw new NotPlain('quoted text of several lines');
      let end = at;
      while (end > from && text.charCodeAt(end - 1) === space) end--;
      value += text.slice(from, end);
      let lines = 0;
      for (; text.charCodeAt(at) === newline; lines++) {
        scan.lineStart = at + 1;
        at = skipSpaces(text, scan.lineStart);
      }
      if (at - scan.lineStart < indent) throw new NotPlain('quoted text that is not indented');
      scan.line += lines;
      value += folding(lines);
      from = at;
    } else if (Number.isNaN(code)) throw new NotPlain('quoted text without an end');
    else at++;
  }
  scan.at = at + 1;
  return value === '' ? text.slice(from, at) : value + text.slice(from, at);
}

const escapes: Readonly<Record<string, string>> = {
  '0': '\0',
  a: '\x07',
  b: '\b',
  e: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  N: '\u0085',
  _: '\u00a0',
  L: '\u2028',
  P: '\u2029',
  ' ': ' ',
  '"': '"',
  '/': '/',
  '\\': '\\',
};
const escapedDigits: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/** What the escape with its letter here stands for, and its length without the backslash. */
function escaped(text: string, at: number): readonly [string, number] {
  const letter = text.charAt(at);
  const digits = escapedDigits[letter];
  if (digits === undefined) {
    const character = escapes[letter];
    if (character === undefined) throw new NotPlain('an unknown escape');
    return [character, 1];
  }
  const hex = text.slice(at + 1, at + 1 + digits);
  const code = hex.length === digits && /^[0-9a-fA-F]+$/.test(hex) ? Number.parseInt(hex, 16) : Number.NaN;
  if (!(code <= 0x10ffff)) throw new NotPlain('an unknown escape');
  return [String.fromCodePoint(code), 1 + digits];
}

/**
 * The block text whose header, `|` or `>`, stands here; moves to the beginning of the line behind it. Its lines must be indented
 * by `indent` at least. Takes no indentation indicator, no empty text, no line of spaces longer than the indentation, no folded
 * line indented further than the first.
 */
export function blockText(scan: Scan, indent: number): string {
  const { text } = scan;
  const isFolded = text.charCodeAt(scan.at) === folded;
  const chomp = text.charCodeAt(scan.at + 1);
  const header = scan.at + (chomp === dash || chomp === plus ? 2 : 1);
  let at = restOfLine(text, header);
  let own = -1;
  let widestBlank = 0;
  let blankLines = 0;
  let value = '';
  let stopped = false;
  // `at` is where a line ended.
  while (at < text.length) {
    const lineStart = at + 1;
    const from = skipSpaces(text, lineStart);
    const width = from - lineStart;
    const isBlank = from >= text.length || text.charCodeAt(from) === newline;
    stopped = !isBlank && width < (own < 0 ? indent : own);
    if (stopped) break;
    at = text.indexOf('\n', from);
    if (at < 0) at = text.length;
    scan.line++;
    scan.lineStart = lineStart;
    if (isBlank) {
      widestBlank = Math.max(widestBlank, width);
      blankLines++;
      continue;
    }
    if (own < 0) {
      own = width;
      value = '\n'.repeat(blankLines);
    } else if (!isFolded) value += '\n'.repeat(blankLines + 1);
    else if (width === own) value += folding(blankLines + 1);
    else throw new NotPlain('a folded line that is indented further');
    value += text.slice(lineStart + own, at);
    blankLines = 0;
  }
  if (own < 0 || widestBlank > own) throw new NotPlain('block text with unusual blank lines');
  scan.at = at;
  if (stopped) {
    scan.at = at + 1;
    scan.line++;
    scan.lineStart = at + 1;
  }
  if (chomp === dash) return value;
  // At the end of the text, what follows the last line end was counted as a blank line.
  return `${value}${chomp === plus ? '\n'.repeat(Math.max(1, stopped ? blankLines + 1 : blankLines)) : '\n'}`;
}

/** Does this plain text, as a key, mean nothing but itself? */
export function isKeyPlain(text: string): boolean {
  return text !== '<<' && !isNullText(text);
}

function isNullText(text: string): boolean {
  return text === '~' || text === 'null' || text === 'Null' || text === 'NULL' || text === '';
}

/** What plain text of one line stands for. */
export function plainValue(text: string): Value {
  const code = text.charCodeAt(0);
  // Numbers begin with a digit, + - or a point.
  if (code >= 43 && code <= 57) return numberValue(text);
  if (text.length > 5) return text;
  if (isNullText(text)) return null;
  if (text === 'true' || text === 'True' || text === 'TRUE') return true;
  if (text === 'false' || text === 'False' || text === 'FALSE') return false;
  return text;
}

const integer = /^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$/;
const decimal = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const notFinite = /^(?:[-+]?\.(?:inf|Inf|INF)|\.nan|\.NaN|\.NAN)$/;

function numberValue(text: string): Value {
  if (text.length > 100) {
    if (/^[-+.0-9a-fA-FxoX]+$/.test(text)) throw new NotPlain('perhaps a very long number');
    return text;
  }
  if (integer.test(text)) {
    const exact = BigInt(text);
    const number = Number(exact);
    return Number.isSafeInteger(number) ? number : exact;
  }
  if (decimal.test(text)) {
    const number = Number.parseFloat(text);
    if (!Number.isFinite(number)) throw new NotPlain('not a finite number');
    return number;
  }
  if (notFinite.test(text)) throw new NotPlain('not a finite number');
  return text;
}
