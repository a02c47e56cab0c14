/**
 * The rules worth asking about an event: one walk over its values, which passes over those that led to nothing new since the last
 * event of the same shape. Proposes, never decides, whatever is remembered.
 */

import { ownCopy } from '../own-copy.ts';
import type { CandidateIndex, KeywordLookup, Lookup } from './candidate-index.ts';
import { createCoreGate } from './core-gate.ts';
import { createNearScan } from './near-scan.ts';
import { canonicalText, isScalar } from './number-text.ts';
import { isSearchable } from './searchable.ts';

/** What is to be done with the values of events of one shape and one class. */
export interface Plan {
  readonly always: readonly number[];
  /** The fields that some rule looks into, and which of the event's values stand in them. */
  readonly places: readonly Place[];
  readonly at: readonly number[];
}

/** One field of the events of one class. */
interface Place {
  readonly lookups: readonly Lookup[];
  /** Rules that any value will do for. */
  readonly present: readonly number[];
  /** Rules for the keywords in a text; undefined where none are looked for. */
  readonly keywords: Find | undefined;
  /** Whether keywords are also looked for in numbers and truth values. */
  readonly inNumbers: boolean;
  /** Whether numbers and truth values need no look. */
  readonly passesNumbers: boolean;
  /** Hot: most values are those of the event before, and this is all that they cost; texts apart, which V8 compares faster so. */
  lastText: string;
  /** Whether `lastText` is what was looked at last. */
  isText: boolean;
  /** Otherwise a number or a truth value. Never an object, which may change. */
  last: unknown;
  /** Rules that the value looked at last is worth. */
  found: readonly number[];
  /** Hot: a copy is made of a text that looks like the one before, as most that never repeat do not. */
  print: number;
  /** How many before it did: long texts often come twice, and a copy would be for nothing. */
  alike: number;
}

type Find = (text: string) => readonly number[];

/** What is known of the fields of the events of one class. */
export interface Places {
  plan(names: readonly string[]): Plan;
  /** Names of fields that are known. */
  size(): number;
}

/** `indexes`: of the log sources that events of the class are of. */
export function createPlaces(indexes: readonly CandidateIndex[], gates: Gates): Places {
  const always = indexes.flatMap((index) => index.always);
  const keywords = indexes.map((index) => index.keywords).filter((lookup) => lookup !== undefined);
  const inNumbers = keywords.some((lookup) => lookup.inNumbers);
  const findKeywords = keywords.length === 0 ? undefined : createKeywordFind(keywords, gates);
  const byName = new Map<string, Place | undefined>();
  const create = (name: string): Place | undefined => {
    const lookups = indexes.flatMap((index) => index.lookups(name) ?? []);
    const searched = findKeywords !== undefined && isSearchable(name);
    if (lookups.length === 0 && !searched) return undefined;
    return {
      lookups,
      present: lookups.flatMap(({ present }) => present),
      keywords:
        searched && byName.size < mostNear ? keepNear(findKeywords, keywords) : searched ? findKeywords : undefined,
      inNumbers,
      passesNumbers: lookups.length === 0 && !inNumbers,
      lastText: '',
      isText: false,
      last: undefined,
      found: none,
      print: -1,
      alike: 0,
    };
  };
  return {
    plan(names) {
      const places: Place[] = [];
      const at: number[] = [];
      for (let index = 0; index < names.length; index++) {
        const name = names[index] as string;
        let place = byName.get(name);
        if (place === undefined && !byName.has(name)) {
          place = create(name);
          byName.set(name, place);
        }
        if (place === undefined) continue;
        places.push(place);
        at.push(index);
      }
      return { always, places, at };
    },
    size: () => byName.size,
  };
}

const none: readonly number[] = [];

/** Fields of a class whose long texts are kept to compare others with. */
const mostNear = 64;
/** From here on it takes longer to ask whether keywords may be in a text than where it differs from another. */
const longForGate = 2048;

/** Whether any of some keywords may be in a text, by the keywords: many classes of events have the same. */
export type Gates = Map<string, (text: string) => boolean>;

function createKeywordFind(lookups: readonly KeywordLookup[], gates: Gates): Find {
  const texts = [...new Set(lookups.flatMap((lookup) => lookup.texts))].sort();
  const shortest = texts.reduce((least, { length }) => Math.min(least, length), Number.POSITIVE_INFINITY);
  // Hot: one look for all keywords of all log sources; most texts hold none.
  const key = JSON.stringify(texts);
  const gate = gates.get(key) ?? createCoreGate(texts);
  gates.set(key, gate);
  return (text) => {
    if (text.length < shortest || !gate(text)) return none;
    let found = none;
    for (let index = 0; index < lookups.length; index++)
      found = joined(found, (lookups[index] as KeywordLookup).rulesFor(text));
    return found;
  };
}

/** The same, for a field whose long texts are alike. */
function keepNear(find: Find, lookups: readonly KeywordLookup[]): Find {
  const longest = lookups.reduce((most, { texts }) => texts.reduce((m, { length }) => Math.max(m, length), most), 0);
  const push = (text: string, found: number[]) => {
    for (const rule of find(text)) found.push(rule);
  };
  const scan = createNearScan(push, longest, longForGate);
  return (text) => {
    if (text.length < longForGate) return find(text);
    const found: number[] = [];
    scan(text, found);
    return found;
  };
}

function joined(some: readonly number[], more: readonly number[]): readonly number[] {
  if (more.length === 0) return some;
  return some.length === 0 ? more : [...some, ...more];
}

export interface Proposer {
  /** How many rules are worth asking: the first so many of `rules`, once each, in no order. */
  propose(plan: Plan, values: readonly unknown[]): number;
  readonly rules: readonly number[];
  /** Before rules below this number are proposed. */
  reserve(rules: number): void;
}

export function createProposer(): Proposer {
  // Hot: stamps need no clearing between events; the list grows once and is filled anew.
  let stamps = new Uint32Array(1024);
  let generation = 0;
  const rules: number[] = [];
  return {
    rules,
    reserve(count) {
      if (count <= stamps.length) return;
      const grown = new Uint32Array(Math.max(count, stamps.length * 2));
      grown.set(stamps);
      stamps = grown;
    },
    propose({ always, places, at }, values) {
      let count = 0;
      if (++generation > 0xffff_fff0) {
        stamps.fill(0);
        generation = 1;
      }
      for (let index = 0; index < always.length; index++) rules[count++] = always[index] as number;
      for (let index = 0; index < places.length; index++) {
        const place = places[index] as Place;
        const value = values[at[index] as number];
        if (typeof value === 'string') {
          if (!place.isText || value !== place.lastText) lookAtText(place, value);
        } else if (value !== place.last || value === undefined) lookAt(place, value);
        const { found } = place;
        for (let each = 0; each < found.length; each++) {
          const rule = found[each] as number;
          if (stamps[rule] === generation) continue;
          stamps[rule] = generation;
          rules[count++] = rule;
        }
      }
      return count;
    },
  };
}

/** Longer texts seldom repeat, and a copy of each is kept. */
const longestKept = 1024;

function lookAtText(place: Place, value: string): void {
  place.found = rulesFor(place, value, place.present);
  place.last = undefined;
  const print = value.length > longestKept ? -1 : printOf(value);
  place.alike = print === place.print && print !== -1 ? place.alike + 1 : 0;
  place.print = print;
  place.isText = place.alike >= (value.length > longPrint ? 2 : 1);
  if (place.isText) place.lastText = ownCopy(value);
}

function lookAt(place: Place, value: unknown): void {
  place.isText = false;
  place.alike = 0;
  place.last = undefined;
  if (Array.isArray(value)) {
    const found = [...place.present];
    for (const part of value) {
      if (!isScalar(part)) continue;
      const rules = rulesFor(place, canonicalText(part), none);
      for (let index = 0; index < rules.length; index++) found.push(rules[index] as number);
    }
    place.found = found.length === 0 ? none : found;
    return;
  }
  if (!isScalar(value)) {
    place.found = none;
    return;
  }
  place.last = value;
  if (place.passesNumbers) {
    place.found = none;
    return;
  }
  const text = canonicalText(value);
  let found = place.present;
  for (const lookup of place.lookups) found = joined(found, lookup.rulesFor(text));
  place.found = place.inNumbers && place.keywords !== undefined ? joined(found, place.keywords(text)) : found;
}

function rulesFor({ lookups, keywords }: Place, text: string, present: readonly number[]): readonly number[] {
  let found = present;
  for (let index = 0; index < lookups.length; index++) found = joined(found, (lookups[index] as Lookup).rulesFor(text));
  return keywords === undefined ? found : joined(found, keywords(text));
}

/** Texts that are alike at a few places, where numbers and ids change, have the same. Never -1. */
function printOf(text: string): number {
  const { length } = text;
  if (length < 8) return length;
  let print = length ^ (text.charCodeAt(length - 1) << 8) ^ (text.charCodeAt(length - 2) << 14);
  print ^=
    (text.charCodeAt(length - 4) << 17) ^ (text.charCodeAt(length - 6) << 20) ^ (text.charCodeAt(length >> 1) << 3);
  if (length > longPrint)
    for (let step = 1; step < 8; step++) print = (print << 3) ^ (print >>> 25) ^ text.charCodeAt((length * step) >> 3);
  return print & 0x7fff_ffff;
}

const longPrint = 64;
