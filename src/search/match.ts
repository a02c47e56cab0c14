/**
 * Query -> test on one event: the meaning of record of the search language. An index may propose events, this decides.
 * Pure; never throws, whatever the event holds. NOT is two-valued: an event without the field is not the field's value.
 */
import type { Fields, Scalar } from '../model/event.ts';
import { comparesAsText, notFreeText } from './fields.ts';
import { CJK, classAt, isBorder, normalise, SEARCHED_CHARS, SEPARATOR, type Token, tokensOf } from './normalise.ts';
import type { Query } from './query.ts';
import { isWhole, occursIn, parseWildcard } from './wildcard.ts';

/** Texts of the event at hand, made once for all words of the query. */
type Test = (event: Fields, texts: () => readonly string[]) => boolean;

/** Compiles once, tests many. */
export function compileQuery(query: Query): (event: Fields) => boolean {
  const test = compileNode(query);
  return (event) => {
    let texts: string[] | undefined;
    return test(event, () => {
      texts ??= freeTexts(event);
      return texts;
    });
  };
}

/** Whether the event is one of those the query asks for. */
export const matchesQuery = (query: Query, event: Fields): boolean => compileQuery(query)(event);

function compileNode(query: Query): Test {
  switch (query.op) {
    case 'and': {
      const tests = query.of.map(compileNode);
      return (event, texts) => tests.every((test) => test(event, texts));
    }
    case 'or': {
      const tests = query.of.map(compileNode);
      return (event, texts) => tests.some((test) => test(event, texts));
    }
    case 'not': {
      const test = compileNode(query.of);
      return (event, texts) => !test(event, texts);
    }
    case 'text': {
      const occurs = compileText(query.text, query.wildcard);
      return (_, texts) => texts().some(occurs);
    }
    case 'field': {
      const test = compileField(query.field, query.text, query.wildcard);
      return (event) => someValue(event, query.field, test);
    }
    case 'range': {
      const test = compileRange(query.compare, query.value);
      return (event) => someValue(event, query.field, test);
    }
  }
}

function freeTexts(event: Fields): string[] {
  const texts: string[] = [];
  for (const field of Object.keys(event)) {
    if (notFreeText.has(field)) continue;
    const value = event[field];
    if (Array.isArray(value)) for (const one of value) texts.push(freeText(one));
    else texts.push(freeText(value as Scalar));
  }
  return texts;
}

/** A value as every comparison but ranges sees it. */
export const freeText = (value: Scalar): string => normalise(String(value).slice(0, SEARCHED_CHARS));

function someValue(event: Fields, field: string, test: (value: Scalar) => boolean): boolean {
  if (!Object.hasOwn(event, field)) return false;
  const value = event[field];
  if (Array.isArray(value)) return value.some(test);
  return value !== undefined && test(value as Scalar);
}

/** Test on normalised text. Words without a letter or digit are nowhere. */
function compileText(text: string, wildcard: boolean): (text: string) => boolean {
  if (wildcard) {
    const pattern = parseWildcard(text);
    return (value) => occursIn(pattern, value);
  }
  const tokens = tokensOf(normalise(text));
  return (value) => holdsTokens(value, tokens);
}

/**
 * Whether the tokens follow one another in the text. Words are whole words. Of CJK runs the first of several may be the end of a
 * run in the text, the last the beginning of one, a single one any part of one.
 */
export function holdsTokens(text: string, tokens: readonly Token[]): boolean {
  const first = tokens[0];
  if (first === undefined) return false;
  // Hot: native search for the first token, the rest only where it stands.
  for (let at = text.indexOf(first.text); at >= 0; at = text.indexOf(first.text, at + 1)) {
    if ((first.kind === CJK || isBorder(text, at)) && holdsTokensFrom(text, at, tokens)) return true;
  }
  return false;
}

function holdsTokensFrom(text: string, start: number, tokens: readonly Token[]): boolean {
  let at = start;
  for (let index = 0; index < tokens.length; index++) {
    const { text: wanted, kind } = tokens[index] as Token;
    if (!text.startsWith(wanted, at)) return false;
    at += wanted.length;
    const last = index === tokens.length - 1;
    if (kind === CJK) {
      if (!last && classAt(text, at) === CJK) return false;
    } else if (!isBorder(text, at)) return false;
    if (!last) while (at < text.length && classAt(text, at) === SEPARATOR) at++;
  }
  return true;
}

const decimal = /^[+-]?\d{1,30}(?:\.\d{1,30})?$/;

/** Texts that a value may have to equal "text": itself, and for numbers ("0443", "5.0") the way they are stored. */
export function wholeForms(text: string): { readonly text: string; readonly number: string | undefined } {
  return { text: normalise(text), number: decimal.test(text) ? String(Number(text)) : undefined };
}

function compileField(field: string, text: string, wildcard: boolean): (value: Scalar) => boolean {
  if (wildcard) {
    if (text === '*') return () => true;
    const pattern = parseWildcard(text);
    return (value) =>
      comparesAsText(field, String(value)) ? occursIn(pattern, freeText(value)) : isWhole(pattern, freeText(value));
  }
  const whole = wholeForms(text);
  const tokens = tokensOf(whole.text);
  return (value) => {
    if (typeof value === 'number') return String(value) === whole.number || String(value) === whole.text;
    if (typeof value === 'boolean') return String(value) === whole.text;
    const known = freeText(value);
    return known === whole.text || (comparesAsText(field, value) && holdsTokens(known, tokens));
  };
}

function compileRange(compare: '<' | '<=' | '>' | '>=', bound: string): (value: Scalar) => boolean {
  const number = decimal.test(bound) ? Number(bound) : undefined;
  const holds = <T extends string | number>(value: T, limit: T): boolean => {
    if (compare === '<') return value < limit;
    if (compare === '<=') return value <= limit;
    return compare === '>' ? value > limit : value >= limit;
  };
  return (value) => {
    if (number !== undefined) {
      if (typeof value === 'number') return holds(value, number);
      if (typeof value === 'string' && decimal.test(value)) return holds(Number(value), number);
    }
    return typeof value !== 'boolean' && holds(String(value), bound);
  };
}
