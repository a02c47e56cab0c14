/**
 * A detection item's values and modifiers -> what is looked for: patterns, regular expressions, networks, numbers.
 * The one place where modifiers change values (windash, encodings, placeholders). Does not look at events.
 */
import { RE2JS } from 're2js';
import { type Network, parseNetwork } from './cidr.ts';
import type { Comparison, TimePart } from './number-text.ts';
import { canonicalText } from './number-text.ts';
import {
  anyRun,
  hasWildcard,
  joinPatterns,
  literalPattern,
  mapLiterals,
  type Pattern,
  type PatternPart,
  parsePattern,
  surround,
} from './pattern.ts';
import type { DetectionItem, Value } from './rule.ts';
import { quoted } from './suggestion.ts';

/** Values for `%name%` of the modifier "expand". Read as Sigma strings: wildcards count. */
export type Placeholders = Readonly<Record<string, readonly string[]>>;

/** A pattern, or null: the field is missing. */
export type Needle = Pattern | null;

export type Test =
  /** Groups are joined by `or`, or by `and` where `all`; the needles of one group always by `or`. */
  | { readonly kind: 'pattern'; readonly cased: boolean; readonly groups: readonly (readonly Needle[])[] }
  | { readonly kind: 'regex'; readonly sources: readonly string[]; readonly flags: number }
  | { readonly kind: 'cidr'; readonly networks: readonly Network[] }
  | {
      readonly kind: 'compare';
      readonly op: Comparison;
      readonly part: TimePart | undefined;
      readonly numbers: readonly (number | bigint)[];
    }
  | { readonly kind: 'exists'; readonly present: boolean }
  | { readonly kind: 'fieldref'; readonly fields: readonly string[]; readonly place: Place; readonly cased: boolean };

/** Where one field's values are to stand inside another's, so many of each are compared: lists on both sides make a square. */
export const mostReferred = 256;

export type Place = 'contains' | 'startswith' | 'endswith' | 'equal';

export interface Prepared {
  /** Sigma's name; undefined for keywords, whose patterns already have wildcards at both ends. */
  readonly field: string | undefined;
  readonly test: Test;
  readonly all: boolean;
  /** neq: the opposite of everything else. */
  readonly negate: boolean;
}

const maxNeedles = 100_000;
const maxPattern = 4096;
/** Of all variants of a value together: few dashes in a long value become as much as many in a short one. */
const maxUnits = 4 * 1024 * 1024;
/** A piece that may stand anywhere: hostile text makes a search compare all of it at each place. */
const maxLoosePiece = 1024;

class Wrong extends Error {}

/** Never throws: says what is wrong instead. */
export function prepareItem(item: DetectionItem, placeholders: Placeholders = {}): Prepared | { problem: string } {
  const has = (modifier: string) => item.modifiers.includes(modifier);
  try {
    return { field: item.field, test: prepareTest(item, has, placeholders), all: has('all'), negate: has('neq') };
  } catch (error) {
    if (error instanceof Wrong) return { problem: error.message };
    throw error;
  }
}

const compares = ['lt', 'lte', 'gt', 'gte'] as const;
const timeParts = ['minute', 'hour', 'day', 'week', 'month', 'year'] as const;
const places = ['contains', 'startswith', 'endswith'] as const;

function prepareTest(item: DetectionItem, has: (modifier: string) => boolean, placeholders: Placeholders): Test {
  const { values } = item;
  if (has('exists')) return { kind: 'exists', present: values[0] === true };
  if (has('re')) return { kind: 'regex', ...prepareRegexes(values, has) };
  if (has('cidr')) return { kind: 'cidr', networks: values.map(prepareNetwork) };
  const place = places.find(has) ?? 'equal';
  if (has('fieldref')) return { kind: 'fieldref', fields: values.map(String), place, cased: has('cased') };
  const op = compares.find(has);
  const part = timeParts.find(has);
  if (op !== undefined || part !== undefined) {
    const numbers = values.filter((value) => typeof value === 'number' || typeof value === 'bigint');
    return { kind: 'compare', op: op ?? 'eq', part, numbers };
  }
  let needles = 0;
  let units = 0;
  const groups = values.map((value) => {
    const group = prepareValue(value, item, place, placeholders);
    needles += group.length;
    units += unitsOf(group);
    if (needles > maxNeedles || units > maxUnits)
      throw new Wrong(
        `the values become more than ${maxNeedles}, or longer than ${maxUnits} characters, after windash, base64offset and placeholders; split the rule`,
      );
    return group;
  });
  return { kind: 'pattern', cased: has('cased'), groups };
}

function prepareValue(value: Value, item: DetectionItem, place: Place, placeholders: Placeholders): readonly Needle[] {
  if (value === null) return [null];
  const text = canonicalText(value);
  if (text.length > maxPattern) throw new Wrong(`a value is longer than ${maxPattern} characters`);
  let patterns: readonly Pattern[] = [typeof value === 'string' ? parsePattern(text) : literalPattern(text)];
  for (const [at, modifier] of item.modifiers.entries()) {
    if (modifier === 'expand') {
      // Modifiers work in the order written: dashes of the placeholders' values only vary with a windash behind expand.
      const dashed = item.modifiers.slice(0, at).includes('windash');
      patterns = expandPlaceholders(text, placeholders, dashed ? dashVariants : (pattern) => [pattern]);
    } else if (modifier === 'windash') patterns = patterns.flatMap(dashVariants);
    else if (
      modifier === 'base64' ||
      modifier === 'base64offset' ||
      modifier.startsWith('utf16') ||
      modifier === 'wide'
    ) {
      patterns = encode(patterns, modifier, item.modifiers);
    }
    if (patterns.length > maxNeedles || unitsOf(patterns) > maxUnits) throw tooMany(`the value ${quoted(text)}`);
  }
  const keyword = item.field === undefined;
  const before = keyword || place === 'contains' || place === 'endswith';
  const after = keyword || place === 'contains' || place === 'startswith';
  const surrounded = patterns.map((pattern) => surround(pattern, before, after));
  if (surrounded.some((pattern) => longestLoosePiece(pattern) > maxLoosePiece))
    throw new Wrong(
      `a part of a value that may stand anywhere is longer than ${maxLoosePiece} characters; shorten it, or look for its start`,
    );
  return surrounded;
}

function tooMany(what: string): Wrong {
  return new Wrong(`${what} becomes more than ${maxNeedles} variants, or ${maxUnits} characters with all of them`);
}

function unitsOf(patterns: readonly Needle[]): number {
  let units = 0;
  for (const pattern of patterns) for (const part of pattern ?? []) units += typeof part === 'string' ? part.length : 1;
  return units;
}

/** Of the pieces between two runs. */
function longestLoosePiece(pattern: Pattern): number {
  let longest = 0;
  let length = Number.NEGATIVE_INFINITY;
  for (const part of pattern) {
    if (part === anyRun) {
      longest = Math.max(longest, length);
      length = 0;
    } else length += typeof part === 'string' ? part.length : 1;
  }
  return longest;
}

function prepareRegexes(
  values: readonly Value[],
  has: (modifier: string) => boolean,
): { sources: string[]; flags: number } {
  const flags =
    (has('i') ? RE2JS.CASE_INSENSITIVE : 0) | (has('m') ? RE2JS.MULTILINE : 0) | (has('s') ? RE2JS.DOTALL : 0);
  const sources = values.map((value) => canonicalText(value ?? ''));
  for (const source of sources) {
    if (source.length > 10_000) throw new Wrong('a regular expression is longer than 10,000 characters');
    try {
      RE2JS.compile(source, flags);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Wrong(
        `the regular expression ${quoted(source)} cannot be used: ${reason}; look-around and back-references do not exist here`,
      );
    }
  }
  return { sources, flags };
}

function prepareNetwork(value: Value): Network {
  const text = canonicalText(value ?? '');
  const network = parseNetwork(text);
  if (network !== undefined) return network;
  const hint = /[*?]/.test(text) ? 'networks have no wildcards; ' : '';
  throw new Wrong(`${quoted(text)} is no network: ${hint}write it as 10.0.0.0/8 or fe80::/10`);
}

const dashes = ['-', '/', '\u2013', '\u2014', '\u2015'];
const wordDash = /(?<![\p{L}\p{N}_])[-/\u2013\u2014\u2015](?=[\p{L}\p{N}_])/u;

/** Every dash or slash that begins a word becomes each of five dashes, each on its own. */
function dashVariants(pattern: Pattern): readonly Pattern[] {
  let variants: Pattern[] = [[]];
  for (const part of pattern) {
    const alternatives: readonly PatternPart[] = typeof part === 'string' ? literalVariants(part) : [part];
    checkDashes(variants.length * alternatives.length, pattern);
    variants = variants.flatMap((before) => alternatives.map((alternative): Pattern => [...before, alternative]));
  }
  return variants;
}

function literalVariants(literal: string): readonly string[] {
  const pieces = literal.split(wordDash);
  let variants = [pieces[0] as string];
  for (const piece of pieces.slice(1)) {
    checkDashes(variants.length * dashes.length, [literal]);
    variants = variants.flatMap((before) => dashes.map((dash) => before + dash + piece));
  }
  return variants;
}

/** Before they are made: what is refused must not have taken the memory first. */
function checkDashes(count: number, pattern: Pattern): void {
  if (count > maxNeedles || count * unitsOf([pattern]) > maxUnits)
    throw new Wrong('too many dashes for windash in one value');
}

/**
 * `%name%` -> each of its values; `\%` is a percent sign, `\\` before a placeholder a backslash. Several placeholders give every
 * combination. `vary` is what was done to the value before its placeholders get theirs.
 */
function expandPlaceholders(
  text: string,
  placeholders: Placeholders,
  vary: (pattern: Pattern) => readonly Pattern[],
): readonly Pattern[] {
  let variants: readonly Pattern[] = [[]];
  const append = (alternatives: readonly Pattern[]) => {
    const count = variants.length * alternatives.length;
    const units = unitsOf(variants) * alternatives.length + unitsOf(alternatives) * variants.length;
    if (count > maxNeedles || units > maxUnits) throw tooMany(`the value ${quoted(text)} with its placeholders`);
    variants = variants.flatMap((before) => alternatives.map((alternative) => joinPatterns(before, alternative)));
  };
  for (const piece of text.split(/(\\\\|\\%|%[^%\s]{1,200}%)/)) {
    if (piece === '') continue;
    if (piece === '\\%') append([literalPattern('%')]);
    else if (/^%[^%\s]+%$/.test(piece)) append(valuesFor(piece.slice(1, -1), placeholders));
    else append(vary(parsePattern(piece)));
  }
  return variants;
}

function valuesFor(name: string, placeholders: Placeholders): readonly Pattern[] {
  const values = Object.hasOwn(placeholders, name) ? placeholders[name] : undefined;
  if (values === undefined || values.length === 0)
    throw new Wrong(`the placeholder %${name}% has no values here; the rule is left out until it is given some`);
  return values.map(parsePattern);
}

/** Bytes stand between utf16 and base64 as a text of units 0 to 255. */
function encode(patterns: readonly Pattern[], modifier: string, modifiers: readonly string[]): readonly Pattern[] {
  const wide = modifiers.some((name) => name.startsWith('utf16') || name === 'wide');
  return patterns.flatMap((pattern): readonly Pattern[] => {
    if (hasWildcard(pattern))
      throw new Wrong(`the modifier "${modifier}" cannot encode wildcards; escape them or take them out`);
    const text = (pattern[0] as string | undefined) ?? '';
    if (modifier === 'base64' || modifier === 'base64offset') {
      const bytes = Buffer.from(text, wide ? 'latin1' : 'utf8');
      return modifier === 'base64' ? [literalPattern(bytes.toString('base64'))] : offsetVariants(bytes);
    }
    return [mapLiterals(pattern, (literal) => toUtf16(literal, modifier).toString('latin1'))];
  });
}

function toUtf16(text: string, modifier: string): Buffer {
  const bytes = Buffer.from(text, 'utf16le');
  if (modifier === 'utf16be') return bytes.swap16();
  return modifier === 'utf16' ? Buffer.concat([Buffer.from([0xff, 0xfe]), bytes]) : bytes;
}

/** The middle of the base64 text of these bytes at each of three alignments: what does not depend on the neighbours. */
function offsetVariants(bytes: Buffer): readonly Pattern[] {
  const variants = [0, 1, 2].map((offset) => {
    const base64 = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    const bits = (offset + bytes.length) * 8;
    const from = Math.ceil((offset * 8) / 6);
    return base64.slice(from, Math.floor(bits / 6));
  });
  if (variants.some((variant) => variant === '')) throw new Wrong('the value is too short for base64offset');
  return variants.map(literalPattern);
}
