/**
 * Which rules of a log source are worth asking about an event: one look at each field that some rule's witness names.
 * Proposes, never decides: every rule that holds is among the candidates, others may be.
 */
import type { Fields } from '../model/event.ts';
import { createAffixScan } from './affix-trie.ts';
import type { Marked, Scan } from './automaton.ts';
import { createCoreGate } from './core-gate.ts';
import type { Cursor, Slot } from './cursor.ts';
import { fold } from './fold.ts';
import type { Lens } from './mapping.ts';
import { createNearScan } from './near-scan.ts';
import { canonicalText, isScalar } from './number-text.ts';
import { createPartScan } from './part-scan.ts';
import type { ValueMemory } from './value-memory.ts';
import type { Clue, Witness } from './witness.ts';

export interface CandidateIndex {
  /** Numbers of the rules worth asking, once each, in no order; the array is reused by the next call. */
  candidates(event: Fields): readonly number[];
}

/**
 * `witnesses`: one for each rule, by number; a rule without one is always proposed. The cursor must stand on the event that
 * `candidates` is asked about.
 */
export function createCandidateIndex(
  witnesses: readonly (Witness | undefined)[],
  lens: Lens,
  cursor: Cursor,
  memory: ValueMemory,
): CandidateIndex {
  const always: number[] = [];
  const everything: RuleClue[] = [];
  // Several names of Sigma may mean one place.
  const fields = new Map<string, { readonly names: readonly string[]; readonly clues: RuleClue[] }>();
  witnesses.forEach((witness, rule) => {
    if (witness === undefined) always.push(rule);
    else
      for (const clue of witness) {
        if (clue.field === undefined) {
          everything.push({ clue, rule });
          continue;
        }
        const names = lens.names(clue.field);
        const key = JSON.stringify(names);
        const field = fields.get(key) ?? { names, clues: [] };
        fields.set(key, field);
        field.clues.push({ clue, rule });
      }
  });
  const lookups = [...fields.values()].map(({ names, clues }) => createLookup(names, clues, cursor, memory));
  const keywords = everything.length === 0 ? undefined : createKeywordLookup(everything);

  // Hot: stamps need no clearing between events; the list grows once and is filled anew.
  const stamps = new Uint32Array(witnesses.length);
  let generation = 0;
  const proposed: number[] = [];
  const propose = (found: readonly number[]): void => {
    for (let index = 0; index < found.length; index++) {
      const rule = found[index] as number;
      if (stamps[rule] === generation) continue;
      stamps[rule] = generation;
      proposed.push(rule);
    }
  };
  return {
    candidates(event) {
      proposed.length = 0;
      if (++generation > 0xffff_fff0) {
        stamps.fill(0);
        generation = 1;
      }
      for (let index = 0; index < always.length; index++) proposed.push(always[index] as number);
      for (let index = 0; index < lookups.length; index++) {
        const lookup = lookups[index] as Lookup;
        // Hot: one name and a text is the usual case. That a prototype might hold it only proposes too much.
        const value = lookup.name === undefined ? undefined : event[lookup.name];
        if (value === undefined && lookup.name !== undefined) continue;
        const texts = typeof value === 'string' ? value : lookup.slot.texts();
        if (texts === undefined) continue;
        if (lookup.present.length > 0) propose(lookup.present);
        if (typeof texts === 'string') propose(lookup.rulesFor(texts));
        else for (let at = 0; at < texts.length; at++) propose(lookup.rulesFor(texts[at] as string));
      }
      if (keywords !== undefined) keywords(event, propose);
      return proposed;
    },
  };
}

interface Lookup {
  /** Where only this field may hold it. */
  readonly name: string | undefined;
  readonly slot: Slot;
  /** Rules that any value will do for. */
  readonly present: readonly number[];
  readonly rulesFor: (text: string) => readonly number[];
}

interface RuleClue {
  readonly clue: Clue;
  readonly rule: number;
}

function createLookup(
  names: readonly string[],
  clues: readonly RuleClue[],
  cursor: Cursor,
  memory: ValueMemory,
): Lookup {
  const present = clues.filter(({ clue }) => clue.kind === 'present').map(({ rule }) => rule);
  const find = createFind(clues);
  return {
    name: names.length === 1 ? names[0] : undefined,
    slot: cursor.slot(names),
    present: [...new Set(present)],
    rulesFor: find === undefined ? () => none : filterByLength(clues, memory.remember(find)),
  };
}

const none: readonly number[] = [];

/** Hot: where only whole values are looked for, most other values already have another length. */
function filterByLength(
  clues: readonly RuleClue[],
  find: (text: string) => readonly number[],
): (text: string) => readonly number[] {
  const wanted = clues.filter(({ clue }) => clue.kind !== 'present');
  if (wanted.some(({ clue }) => clue.kind !== 'whole')) return find;
  const lengths = new Set(wanted.map(({ clue }) => clue.text.length));
  const longest = wanted.reduce((most, { clue }) => Math.max(most, clue.text.length), 0);
  const fits = Uint8Array.from({ length: longest + 1 }, (_, length) => (lengths.has(length) ? 1 : 0));
  return (text) => (fits[text.length] === 1 ? find(text) : none);
}

/** Rules for a text, perhaps repeated; undefined where there is nothing to look for. The array is the caller's to keep. */
function createFind(clues: readonly RuleClue[]): ((text: string) => readonly number[]) | undefined {
  const rulesOf: number[][] = [];
  const byKind = { whole: new Map<string, number>(), start: new Map(), end: new Map(), part: new Map() };
  for (const { clue, rule } of clues) {
    if (clue.kind === 'present') continue;
    const marks: Map<string, number> = byKind[clue.kind];
    const mark = marks.get(clue.text) ?? rulesOf.push([]) - 1;
    marks.set(clue.text, mark);
    (rulesOf[mark] as number[]).push(rule);
  }
  if (rulesOf.length === 0) return undefined;
  const marked = (marks: ReadonlyMap<string, number>): Marked[] => [...marks].map(([text, mark]) => ({ text, mark }));
  const scans: Scan[] = [];
  if (byKind.start.size > 0) scans.push(createAffixScan(marked(byKind.start), 'start'));
  if (byKind.end.size > 0) scans.push(createAffixScan(marked(byKind.end), 'end'));
  if (byKind.part.size > 0) {
    const longestPart = [...byKind.part.keys()].reduce((most, text) => Math.max(most, text.length), 0);
    scans.push(createNearScan(createPartScan(marked(byKind.part)), longestPart));
  }
  const { whole } = byKind;
  const longest = [...whole.keys()].reduce((most, text) => Math.max(most, text.length), 0);
  const found: number[] = [];
  return (text) => {
    found.length = 0;
    if (whole.size > 0 && text.length <= longest) {
      const mark = whole.get(fold(text));
      if (mark !== undefined) found.push(mark);
    }
    for (let index = 0; index < scans.length; index++) (scans[index] as Scan)(text, found);
    if (found.length === 0) return none;
    const [first] = found;
    // Most often there is one, and its list will do as it is.
    return found.length === 1
      ? (rulesOf[first as number] as number[])
      : found.flatMap((mark) => rulesOf[mark] as number[]);
  };
}

/**
 * Keywords may stand in any value. Looks at every value of the event, also at those that keywords pass over; only texts that could
 * hold the shortest keyword, and numbers only where some keyword could be part of one.
 */
function createKeywordLookup(clues: readonly RuleClue[]) {
  const find = createFind(clues) ?? (() => none);
  const texts = [...new Set(clues.map(({ clue }) => clue.text))];
  const gate = createCoreGate(texts);
  const shortest = clues.reduce((least, { clue }) => Math.min(least, clue.text.length), Number.POSITIVE_INFINITY);
  const inNumbers = clues.some(({ clue }) => /^[-+.0-9a-z]*$/.test(clue.text));
  // Hot: events of one log source have the same fields in the same order, and half of their values are those of the event before.
  // What stood at a place and held no keyword need not be read again, whatever the place is called.
  const innocent: unknown[] = [];
  return (event: Fields, propose: (rules: readonly number[]) => void): void => {
    const values: readonly unknown[] = Object.values(event);
    for (let place = 0; place < values.length; place++) {
      const value = values[place];
      if (typeof value === 'string') {
        if (value.length < shortest || value === innocent[place]) continue;
        if (gate(value)) propose(find(value));
        else if (place < mostPlaces && value.length <= longestInnocent) innocent[place] = value;
      } else if (typeof value === 'object') {
        if (Array.isArray(value)) for (const part of value) if (isScalar(part)) propose(find(canonicalText(part)));
      } else if (inNumbers && isScalar(value)) propose(find(canonicalText(value)));
    }
  };
}

const mostPlaces = 256;
const longestInnocent = 1024;
