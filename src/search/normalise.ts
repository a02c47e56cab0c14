/**
 * How text becomes comparable, and where its words begin and end: one way for queries, events and the index.
 * Japanese is not cut into words: a run of Han, kana or Hangul stays one token, and is searched by what it contains.
 */

/** Characters of a value that search looks at; what a longer value holds behind them is not found. */
export const SEARCHED_CHARS = 65_536;

// biome-ignore lint/suspicious/noControlCharactersInRegex: the whole of ASCII is meant
const onlyAscii = /^[\u0000-\u007f]*$/;

/** NFKC (half-width kana become full-width, full-width letters narrow), lower case, well-formed UTF-16. */
export function normalise(text: string): string {
  // Hot: nearly every value is ASCII.
  if (onlyAscii.test(text)) return text.toLowerCase();
  return text.toWellFormed().normalize('NFKC').toLowerCase().replaceAll('ς', 'σ');
}

export const SEPARATOR = 0;
/** A letter, digit or mark of a script that is written with spaces. */
export const WORD = 1;
/** Han, Hiragana, Katakana, Hangul. */
export const CJK = 2;
const HIGH = 3;
const LOW = 4;
export type CharClass = typeof SEPARATOR | typeof WORD | typeof CJK;

const wordLike = /[\p{L}\p{N}\p{M}]/u;
const cjkRanges: readonly (readonly [number, number])[] = [
  [0x1100, 0x11ff], // Hangul Jamo
  [0x3005, 0x3007], // 々〆〇
  [0x3041, 0x3096], // Hiragana
  [0x3099, 0x309a], // voiced sound marks
  [0x309d, 0x309f],
  [0x30a1, 0x30fa], // Katakana
  [0x30fc, 0x30ff], // ー and iteration marks
  [0x3131, 0x318e], // Hangul compatibility Jamo
  [0x31f0, 0x31ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
];

/** Class of a unit; beyond CJK it is half of a pair, and classAt has to be asked. */
export const classOfUnit: Readonly<Uint8Array> = classesOfUnits();

function classesOfUnits(): Uint8Array {
  const classes = new Uint8Array(65_536);
  for (let unit = 0; unit < classes.length; unit++) {
    if (unit >= 0xd800 && unit <= 0xdfff) classes[unit] = unit < 0xdc00 ? HIGH : LOW;
    else if (wordLike.test(String.fromCharCode(unit))) classes[unit] = WORD;
  }
  for (const [from, to] of cjkRanges) classes.fill(CJK, from, to + 1);
  return classes;
}

function pairClass(text: string, high: number): CharClass {
  const code = text.codePointAt(high) as number;
  if (code >= 0x20000 && code <= 0x3ffff) return CJK;
  return wordLike.test(String.fromCodePoint(code)) ? WORD : SEPARATOR;
}

/** Class of the character that the unit at `index` belongs to; outside the text, a separator. Text must be normalised. */
export function classAt(text: string, index: number): CharClass {
  if (index < 0 || index >= text.length) return SEPARATOR;
  const found = classOfUnit[text.charCodeAt(index)] as number;
  if (found < HIGH) return found as CharClass;
  return pairClass(text, found === HIGH ? index : index - 1);
}

/** Whether a word may begin or end between `index - 1` and `index`: everywhere but inside a run of word characters. */
export const isBorder = (text: string, index: number): boolean =>
  classAt(text, index) !== WORD || classAt(text, index - 1) !== WORD;

/** Calls `take` for each token in order: a run of one class, words and CJK alike. Text must be normalised. */
export function eachToken(
  text: string,
  take: (start: number, end: number, kind: typeof WORD | typeof CJK) => void,
): void {
  const length = text.length;
  let start = 0;
  let open: CharClass = SEPARATOR;
  // Hot: one table look-up a unit.
  for (let at = 0; at < length; at++) {
    let found = classOfUnit[text.charCodeAt(at)] as number;
    if (found >= HIGH) found = classAt(text, at);
    if (found === open) continue;
    if (open !== SEPARATOR) take(start, at, open);
    start = at;
    open = found as CharClass;
  }
  if (open !== SEPARATOR) take(start, length, open);
}

export interface Token {
  readonly text: string;
  readonly kind: typeof WORD | typeof CJK;
}

/** Tokens of normalised text, in order. */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  eachToken(text, (start, end, kind) => tokens.push({ text: text.slice(start, end), kind }));
  return tokens;
}
