/**
 * The rules worth asking about an event: one walk over its values, which passes over those that led to nothing new since the last
 * event of the same shape. Proposes, never decides, whatever is remembered.
 */
import type { Scan } from './automaton.ts';
import type { CandidateIndex, KeywordLookup, Lookup } from './candidate-index.ts';
import { toTexts } from './cursor.ts';
import { createNearScan } from './near-scan.ts';
import { ownCopy } from './own-copy.ts';
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
  /** Rules for the keywords in a text; undefined where none are looked for. */
  readonly keywords: Scan | undefined;
  /** Whether they are also looked for in numbers and truth values. */
  readonly inNumbers: boolean;
  /** Hot: half of all values are those of the event before, and this is all that they cost. Never an object, which may change. */
  last: unknown;
  /** Rules that the value looked at last is worth. */
  readonly found: number[];
  /** Hot: a copy is made of a text that looks like the one before, as most that never repeat do not. */
  print: number;
}

/** What is known of the fields of the events of one class. */
export interface Places {
  plan(names: readonly string[]): Plan;
  /** Names of fields that are known. */
  size(): number;
}

/** `indexes`: of the log sources that events of the class are of. */
/** Fields of a class whose long texts are kept to compare others with. */
const mostNear = 64;
/** From here on it takes longer to ask whether keywords may be in a text than where it differs from another. */
const longForGate = 2048;

export function createPlaces(indexes: readonly CandidateIndex[]): Places {
  const always = indexes.flatMap((index) => index.always);
  const keywords = indexes.map((index) => index.keywords).filter((lookup) => lookup !== undefined);
  const inNumbers = keywords.some((lookup) => lookup.inNumbers);
  const longest = keywords.reduce((most, lookup) => Math.max(most, lookup.longest), 0);
  const scan: Scan = (text, found) => {
    for (let index = 0; index < keywords.length; index++) {
      const lookup = keywords[index] as KeywordLookup;
      if (lookup.mayBeIn(text)) append(lookup.rulesFor(text), found);
    }
  };
  const byName = new Map<string, Place | undefined>();
  const create = (name: string): Place | undefined => {
    const lookups = indexes.flatMap((index) => index.lookups(name) ?? []);
    const searched = keywords.length > 0 && isSearchable(name);
    if (lookups.length === 0 && !searched) return undefined;
    const isFew = byName.size < mostNear;
    const look = searched ? (isFew ? createNearScan(scan, longest, longForGate) : scan) : undefined;
    return { lookups, keywords: look, inNumbers, last: undefined, found: [], print: -1 };
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

export interface Proposer {
  /** Numbers of the rules worth asking, once each, in no order; the array is reused by the next call. */
  propose(plan: Plan, values: readonly unknown[]): readonly number[];
  /** Before rules below this number are proposed. */
  reserve(rules: number): void;
}

export function createProposer(): Proposer {
  // Hot: stamps need no clearing between events; the list grows once and is filled anew.
  let stamps = new Uint32Array(1024);
  let generation = 0;
  const proposed: number[] = [];
  return {
    reserve(rules) {
      if (rules <= stamps.length) return;
      const grown = new Uint32Array(Math.max(rules, stamps.length * 2));
      grown.set(stamps);
      stamps = grown;
    },
    propose({ always, places, at }, values) {
      proposed.length = 0;
      if (++generation > 0xffff_fff0) {
        stamps.fill(0);
        generation = 1;
      }
      for (let index = 0; index < always.length; index++) proposed.push(always[index] as number);
      for (let index = 0; index < places.length; index++) {
        const place = places[index] as Place;
        const value = values[at[index] as number];
        if (value !== place.last || value === undefined) lookAt(place, value);
        const { found } = place;
        for (let each = 0; each < found.length; each++) {
          const rule = found[each] as number;
          if (stamps[rule] === generation) continue;
          stamps[rule] = generation;
          proposed.push(rule);
        }
      }
      return proposed;
    },
  };
}

/** Longer texts seldom repeat, and a copy of each is kept. */
const longestKept = 1024;

function lookAt(place: Place, value: unknown): void {
  const { lookups, keywords, found } = place;
  found.length = 0;
  place.last = undefined;
  if (typeof value === 'string') {
    addRules(place, value);
    for (let index = 0; index < lookups.length; index++) append((lookups[index] as Lookup).present, found);
    if (value.length > longestKept) return;
    const print = printOf(value);
    if (print === place.print) place.last = ownCopy(value);
    place.print = print;
    return;
  }
  const texts = toTexts(value);
  if (texts === undefined) return;
  for (const { present } of lookups) append(present, found);
  if (typeof texts !== 'string') for (const text of texts) addRules(place, text);
  else {
    for (const lookup of lookups) append(lookup.rulesFor(texts), found);
    if (place.inNumbers) keywords?.(texts, found);
    place.last = value;
  }
}

function addRules({ lookups, keywords, found }: Place, text: string): void {
  for (let index = 0; index < lookups.length; index++) append((lookups[index] as Lookup).rulesFor(text), found);
  keywords?.(text, found);
}

function append(rules: readonly number[], found: number[]): void {
  for (let index = 0; index < rules.length; index++) found.push(rules[index] as number);
}

/** Texts that are alike at a few places, where numbers and ids change, have the same. */
function printOf(text: string): number {
  const { length } = text;
  if (length < 4) return length;
  const ends = text.charCodeAt(length - 1) ^ (text.charCodeAt(length - 2) << 3);
  return (length << 20) ^ ends ^ (text.charCodeAt((length >> 1) - 1) << 6) ^ (text.charCodeAt(length >> 2) << 9);
}
