/**
 * JSON text -> a document within limits; a number that a double cannot hold becomes the text that stood there. Refuses what is no object, too
 * deep, or too wide: a Windows event is none of these, and everything behind here may recurse over the document.
 */
import { RecordError } from '../../src/connector.ts';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json };

const MAX_DEPTH = 16;
const MAX_FIELDS = 1_000;
const MAX_KEY_LENGTH = 256;

// Hot: a reviver makes JSON.parse several times slower, so it is used only where a long or an exponent number may stand, and is no
// plain member of an object: those (Keywords is one in every event) get their quotes beforehand.
const perhapsInexact = /[:[,]\s*-?(?:\d[\d.]{15}|\d[\d.]*[eE])/g;
const longMember = /:\s*(-?[1-9]\d{15,})(?=\s*[,}])/y;

/** Throws RecordError. */
export function parseDocument(text: string): JsonObject {
  let value: Json;
  try {
    const exact = quoteLongMembers(text);
    value = (exact === undefined ? JSON.parse(text, keepDigits) : JSON.parse(exact)) as Json;
  } catch (error) {
    // A reviver recurses, and a document deep enough exhausts the stack.
    if (error instanceof RangeError) throw tooDeep();
    throw new RecordError(`not JSON: ${(error as Error).message.replace(/\p{C}/gu, '?').slice(0, 120)}`);
  }
  if (!isObject(value)) throw new RecordError(`expected a JSON object, found ${kindOf(value)}`);
  checkLimits(value, 1, { fields: 0 });
  return value;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value of an own property. A document's "constructor" is a key like any other; JavaScript's is not there. */
export function own(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

function kindOf(value: Json): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`;
}

/**
 * The text with quotes around long whole numbers that are members of objects; undefined where some other number may be inexact. A
 * quote after a word's letter closes a string, in valid JSON; before a colon it closes a key.
 */
function quoteLongMembers(text: string): string | undefined {
  let quoted = '';
  let from = 0;
  perhapsInexact.lastIndex = 0;
  for (let found = perhapsInexact.exec(text); found !== null; found = perhapsInexact.exec(text)) {
    const colon = found.index;
    longMember.lastIndex = colon;
    const digits = longMember.exec(text)?.[1];
    if (digits === undefined || text[colon - 1] !== '"' || !/\w/.test(text[colon - 2] ?? '')) return undefined;
    quoted += text.slice(from, colon);
    quoted += Number.isSafeInteger(Number(digits)) ? `:${digits}` : `:"${digits}"`;
    from = longMember.lastIndex;
    perhapsInexact.lastIndex = from;
  }
  return from === 0 ? text : quoted + text.slice(from);
}

function keepDigits(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source;
  if (typeof value !== 'number' || source === undefined) return value;
  if (/^-?\d+$/.test(source)) return Number.isSafeInteger(value) ? value : source;
  const digits = source
    .replace(/[eE].*$/, '')
    .replace(/[-.]/g, '')
    .replace(/^0+/, '');
  return Number.isFinite(value) && digits.length <= 15 && (value !== 0 || digits === '') ? value : source;
}

function tooDeep(): RecordError {
  return new RecordError(`nested deeper than ${MAX_DEPTH} levels`);
}

function checkLimits(value: JsonObject | readonly Json[], depth: number, count: { fields: number }): void {
  if (depth > MAX_DEPTH) throw tooDeep();
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object' && item !== null) checkLimits(item, depth + 1, count);
    return;
  }
  for (const key in value) {
    count.fields++;
    if (count.fields > MAX_FIELDS) throw new RecordError(`more than ${MAX_FIELDS} fields`);
    if (key.length > MAX_KEY_LENGTH) {
      throw new RecordError(`a field name of ${key.length} characters; ${MAX_KEY_LENGTH} are allowed`);
    }
    const child = (value as JsonObject)[key];
    if (typeof child === 'object' && child !== null) checkLimits(child as JsonObject, depth + 1, count);
  }
}
