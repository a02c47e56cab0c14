/**
 * What rules mean, slowly and plainly: the tree is walked anew for each event. compile.ts must give the same, always.
 * For tests and arguments, not for the stream: shares the preparation of values with compile.ts, but none of its matching.
 */
import { RE2JS } from 're2js';
import type { Fields } from '../model/event.ts';
import { inNetwork, parseAddress } from './cidr.ts';
import { fold } from './fold.ts';
import type { Lens, Mapping } from './mapping.ts';
import {
  mostReferred,
  type Needle,
  type Place,
  type Placeholders,
  type Prepared,
  prepareItem,
  type Test,
} from './needles.ts';
import { canonicalText, compareNumbers, isScalar, parseNumber, timePart } from './number-text.ts';
import { anyRun, oneUnit, type Pattern } from './pattern.ts';
import type { Condition, DetectionItem, Selection, SigmaRule } from './rule.ts';
import { isSearchable } from './searchable.ts';

export interface LinearOptions {
  readonly placeholders?: Placeholders;
}

/** Rules that match, in the order of their ids. Rules whose values cannot be prepared never match. */
export function matchAll(
  rules: readonly SigmaRule[],
  event: Fields,
  mapping: Mapping,
  options: LinearOptions = {},
): readonly SigmaRule[] {
  const matched = rules.filter((rule) => {
    const lens = mapping.lens(rule.logsource, event);
    if (lens === undefined) return false;
    const reading: Reading = { event, lens, placeholders: options.placeholders ?? noPlaceholders };
    return isSound(rule, reading) && holds(rule.condition, rule, reading);
  });
  return matched.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}

interface Reading {
  readonly event: Fields;
  readonly lens: Lens;
  readonly placeholders: Placeholders;
}

const noPlaceholders: Placeholders = {};
/** Only values are remembered between events, never an outcome: preparing them takes longer than looking. */
const preparedFor = new WeakMap<Placeholders, WeakMap<DetectionItem, ReturnType<typeof prepareItem>>>();

function prepared(item: DetectionItem, placeholders: Placeholders): ReturnType<typeof prepareItem> {
  const known = preparedFor.get(placeholders) ?? new WeakMap<DetectionItem, ReturnType<typeof prepareItem>>();
  preparedFor.set(placeholders, known);
  const result = known.get(item) ?? prepareItem(item, placeholders);
  known.set(item, result);
  return result;
}

/** A rule with a value that cannot be prepared is no rule, even if its condition could do without it. */
function isSound(rule: SigmaRule, reading: Reading): boolean {
  const sound = (selection: Selection): boolean =>
    selection.kind === 'item'
      ? !('problem' in prepared(selection.item, reading.placeholders))
      : selection.of.every(sound);
  return Object.values(rule.selections).every(sound);
}

function holds(condition: Condition, rule: SigmaRule, reading: Reading): boolean {
  switch (condition.kind) {
    case 'and':
      return condition.of.every((part) => holds(part, rule, reading));
    case 'or':
      return condition.of.some((part) => holds(part, rule, reading));
    case 'not':
      return !holds(condition.of, rule, reading);
    default: {
      const selection = rule.selections[condition.name];
      return selection !== undefined && selectionHolds(selection, reading);
    }
  }
}

function selectionHolds(selection: Selection, reading: Reading): boolean {
  if (selection.kind !== 'item') {
    const part = (inner: Selection) => selectionHolds(inner, reading);
    return selection.kind === 'all' ? selection.of.every(part) : selection.of.some(part);
  }
  const item = prepared(selection.item, reading.placeholders);
  return !('problem' in item) && itemHolds(item, reading) !== item.negate;
}

function itemHolds(item: Prepared, reading: Reading): boolean {
  const values = item.field === undefined ? everyValue(reading.event) : valuesOf(item.field, reading);
  const { test } = item;
  if (test.kind === 'exists') return (values !== undefined) === test.present;
  const outcomes = outcomesOf(test, values, reading);
  return item.all ? outcomes.every((outcome) => outcome()) : outcomes.some((outcome) => outcome());
}

/** One question per value of the item. `values` undefined: the field is missing. */
function outcomesOf(
  test: Exclude<Test, { kind: 'exists' }>,
  values: readonly string[] | undefined,
  reading: Reading,
): (() => boolean)[] {
  const some = (ask: (text: string) => boolean) => () => values?.some(ask) ?? false;
  switch (test.kind) {
    case 'pattern':
      return test.groups.map((group) => () => group.some((needle) => needleHolds(needle, values, test.cased)));
    case 'regex':
      return test.sources.map((source) => some((text) => regex(source, test.flags).matcher(text).find()));
    case 'cidr':
      return test.networks.map((network) =>
        some((text) => {
          const address = parseAddress(text);
          return address !== undefined && inNetwork(address, network);
        }),
      );
    case 'compare':
      return test.numbers.map((number) =>
        some((text) => {
          const value = test.part === undefined ? parseNumber(text) : timePart(text, test.part);
          return value !== undefined && compareNumbers(value, test.op, number);
        }),
      );
    default:
      return test.fields.map((field) =>
        someReferred(values, valuesOf(field, reading), test.place, (text, other) =>
          standsIn(text, other, test.place, test.cased),
        ),
      );
  }
}

const regexes = new Map<string, RE2JS>();

function regex(source: string, flags: number): RE2JS {
  const key = `${flags} ${source}`;
  const known = regexes.get(key) ?? RE2JS.compile(source, flags);
  if (regexes.size > 10_000) regexes.clear();
  regexes.set(key, known);
  return known;
}

function someReferred(
  values: readonly string[] | undefined,
  others: readonly string[] | undefined,
  place: Place,
  fits: (text: string, other: string) => boolean,
): () => boolean {
  const most = place === 'equal' ? Number.POSITIVE_INFINITY : mostReferred;
  return () =>
    values?.slice(0, most).some((text) => others?.slice(0, most).some((other) => fits(text, other)) ?? false) ?? false;
}

function standsIn(text: string, other: string, place: Place, cased: boolean): boolean {
  const [left, right] = cased ? [text, other] : [fold(text), fold(other)];
  if (place === 'contains') return left.includes(right);
  if (place === 'startswith') return left.startsWith(right);
  return place === 'endswith' ? left.endsWith(right) : left === right;
}

/** Texts of the first place that is there; undefined when none is. */
function valuesOf(field: string, reading: Reading): readonly string[] | undefined {
  for (const name of reading.lens.names(field)) {
    if (!Object.hasOwn(reading.event, name)) continue;
    const value: unknown = reading.event[name];
    if (Array.isArray(value) || isScalar(value)) return textsOf(value);
  }
  return undefined;
}

/** Every value that keywords may look into. */
function everyValue(event: Fields): readonly string[] {
  const texts: string[] = [];
  for (const [name, value] of Object.entries(event)) {
    if (isSearchable(name)) texts.push(...textsOf(value));
  }
  return texts;
}

function textsOf(value: unknown): readonly string[] {
  return (Array.isArray(value) ? value : [value]).filter(isScalar).map(canonicalText);
}

function needleHolds(needle: Needle, values: readonly string[] | undefined, cased: boolean): boolean {
  if (needle === null) return values === undefined;
  const pattern = cased ? needle : needle.map((part) => (typeof part === 'string' ? fold(part) : part));
  return values?.some((text) => fits(pattern, cased ? text : fold(text))) ?? false;
}

/**
 * Part by part, all places where what was read so far may end: no way is tried twice, however many wildcards there are.
 * `ends` in order; with `open` every place from the first on is one.
 */
function fits(pattern: Pattern, text: string): boolean {
  let ends: readonly number[] = [0];
  let open = false;
  for (const part of pattern) {
    const [first] = ends;
    if (first === undefined) return false;
    if (part === anyRun) {
      ends = [first];
      open = true;
    } else if (part === oneUnit) ends = ends.map((end) => end + 1).filter((end) => end <= text.length);
    else {
      const starts = open ? occurrences(text, part, first) : ends.filter((end) => text.startsWith(part, end));
      ends = starts.map((start) => start + part.length);
      open = false;
    }
  }
  return open ? ends.length > 0 : ends.includes(text.length);
}

function occurrences(text: string, part: string, from: number): readonly number[] {
  const found: number[] = [];
  for (let at = text.indexOf(part, from); at >= 0; at = text.indexOf(part, at + 1)) found.push(at);
  return found;
}
