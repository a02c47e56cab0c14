/**
 * An event while it is being filled: every value gets in once and none gets lost. A name that is taken by another value gives
 * way to the spare name, and there the values gather in an array.
 */
import { RecordError } from '../../src/connector.ts';
import type { Scalar } from '../../src/model/event.ts';
import { isObject, type Json } from './json.ts';

export type Draft = Record<string, Scalar | Scalar[]>;

const MAX_NAME_LENGTH = 320;

/** Puts a value at `name`; where another value stands there, at `spare`. The same value at the same name is stored once. */
export function put(draft: Draft, name: string, value: Scalar | readonly Scalar[], spare: string = name): void {
  if (name.length > MAX_NAME_LENGTH) {
    throw new RecordError(`a field name of ${name.length} characters; ${MAX_NAME_LENGTH} are allowed`);
  }
  const there = Object.hasOwn(draft, name) ? draft[name] : undefined;
  if (there === undefined) {
    draft[name] = typeof value === 'object' ? [...value] : value;
  } else if (!isSame(there, value)) {
    if (spare !== name) {
      put(draft, spare, value);
      return;
    }
    const gathered = Array.isArray(there) ? there : [there];
    for (const item of typeof value === 'object' ? value : [value]) gathered.push(item);
    draft[name] = gathered;
  }
}

function isSame(a: Scalar | readonly Scalar[], b: Scalar | readonly Scalar[]): boolean {
  if (typeof a !== 'object' || typeof b !== 'object') return a === b;
  return a.length === b.length && a.every((item, index) => item === b[index]);
}

/**
 * Calls `each` for every scalar and every array below `value`, with its dotted path. null and empty containers say nothing and
 * are left out; what is nested inside an array becomes its JSON text.
 */
export function leaves(
  path: string,
  value: Json,
  each: (path: string, value: Scalar | readonly Scalar[]) => void,
): void {
  if (value === null) return;
  if (Array.isArray(value)) {
    const items: Scalar[] = [];
    for (const item of value as readonly Json[]) {
      if (item !== null) items.push(typeof item === 'object' ? JSON.stringify(item) : item);
    }
    if (items.length > 0) each(path, items);
  } else if (isObject(value)) {
    for (const key of Object.keys(value)) {
      leaves(path === '' ? fieldName(key) : `${path}.${fieldName(key)}`, value[key] as Json, each);
    }
  } else {
    // JSON has a negative zero, but no writer of JSON gives it back.
    each(path, value === 0 ? 0 : (value as Scalar));
  }
}

const unwelcome = /[\s\p{Cc}]+/gu;
const perhapsUnwelcome = /[\s.\p{Cc}]/u;

/** A product's name -> a part of a field's name: without blanks and control characters, without empty parts between dots. */
export function fieldName(key: string): string {
  if (key !== '' && !perhapsUnwelcome.test(key)) return key;
  const name = key.replace(unwelcome, '');
  if (name === '') return '_';
  return /^\.|\.\.|\.$/.test(name) ? name.replaceAll('.', '_') : name;
}
