/**
 * Which rules of a log source are worth asking because of what stands in one field of an event.
 * Proposes, never decides: every rule that holds is proposed by some field's value, others may be. proposal.ts walks over the fields.
 */
import { createAffixScan } from './affix-trie.ts';
import type { Marked, Scan } from './automaton.ts';
import { fold } from './fold.ts';
import type { Lens } from './mapping.ts';
import { createNearScan } from './near-scan.ts';
import { createPartScan } from './part-scan.ts';
import type { ValueMemory } from './value-memory.ts';
import type { Clue, Witness } from './witness.ts';

export interface CandidateIndex {
  /** Rules worth asking about every event. */
  readonly always: readonly number[];
  /** What the values of a field of this name are worth; undefined where no witness names it. */
  lookups(name: string): readonly Lookup[] | undefined;
  /** What any value may be worth that keywords look into. */
  readonly keywords: KeywordLookup | undefined;
  /** From now on these rules are not proposed. What was given before may still name them. */
  drop(rules: ReadonlySet<number>): void;
}

export interface Lookup {
  /** Rules that any value will do for. */
  readonly present: readonly number[];
  /** Rules for a text, perhaps repeated; not to be changed. */
  rulesFor(text: string): readonly number[];
}

/**
 * A rule without a witness is always proposed. Where several fields may hold what a witness names, each of them is worth looking at:
 * that only proposes too much.
 */
export function createCandidateIndex(
  rules: Iterable<readonly [rule: number, witness: Witness | undefined]>,
  lens: Lens,
  memory: ValueMemory,
): CandidateIndex {
  const always: number[] = [];
  const everything: RuleClue[] = [];
  // Several names of Sigma may mean one place.
  const fields = new Map<string, { readonly names: readonly string[]; readonly clues: RuleClue[] }>();
  for (const [rule, witness] of rules) {
    if (witness === undefined) always.push(rule);
    for (const clue of witness ?? []) {
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
  }
  const lists: number[][] = [always];
  const lookups = new Map<string, Lookup[]>();
  for (const { names, clues } of fields.values()) {
    const lookup = createLookup(clues, memory, lists);
    for (const name of names) lookups.set(name, [...(lookups.get(name) ?? []), lookup]);
  }
  return {
    always,
    lookups: (name) => lookups.get(name),
    keywords: everything.length === 0 ? undefined : createKeywordLookup(everything, lists),
    drop(dropped) {
      for (const list of lists) {
        const left = list.filter((rule) => !dropped.has(rule));
        if (left.length < list.length) list.splice(0, list.length, ...left);
      }
    },
  };
}

interface RuleClue {
  readonly clue: Clue;
  readonly rule: number;
}

/** `lists`: where the lists of rules that are given out are noted. */
function createLookup(clues: readonly RuleClue[], memory: ValueMemory, lists: number[][]): Lookup {
  const present = [...new Set(clues.filter(({ clue }) => clue.kind === 'present').map(({ rule }) => rule))];
  lists.push(present);
  const find = createFind(clues, lists);
  return {
    present,
    rulesFor: find === undefined ? () => none : filterByLength(clues, isQuick(clues) ? find : memory.remember(find)),
  };
}

/** Hot: a few starts and ends are compared as quickly as it is remembered what came of it. */
function isQuick(clues: readonly RuleClue[]): boolean {
  const affixes = clues.filter(({ clue }) => clue.kind === 'start' || clue.kind === 'end').length;
  return affixes <= fewAffixes && clues.every(({ clue }) => clue.kind !== 'part');
}

const fewAffixes = 12;

const none: readonly number[] = [];

/** From here on looking for parts takes longer than finding out where a text differs from another. */
const longForScan = 512;

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
function createFind(clues: readonly RuleClue[], lists: number[][]): ((text: string) => readonly number[]) | undefined {
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
  for (const list of rulesOf) lists.push(list);
  const marked = (marks: ReadonlyMap<string, number>): Marked[] => [...marks].map(([text, mark]) => ({ text, mark }));
  const scans: Scan[] = [];
  if (byKind.start.size > 0) scans.push(createAffixScan(marked(byKind.start), 'start'));
  if (byKind.end.size > 0) scans.push(createAffixScan(marked(byKind.end), 'end'));
  if (byKind.part.size > 0) {
    const longestPart = [...byKind.part.keys()].reduce((most, text) => Math.max(most, text.length), 0);
    scans.push(createNearScan(createPartScan(marked(byKind.part)), longestPart, longForScan));
  }
  const { whole } = byKind;
  const longest = [...whole.keys()].reduce((most, text) => Math.max(most, text.length), 0);
  const found: number[] = [];
  return (text) => {
    // Hot: V8 leaves its compiled code to make a list shorter.
    if (found.length > 0) found.length = 0;
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

/** Keywords may stand in any value. */
export interface KeywordLookup {
  /** The keywords, folded. */
  readonly texts: readonly string[];
  /** Whether a number or a truth value could hold one. */
  readonly inNumbers: boolean;
  /** Rules for a text, perhaps repeated; not to be changed. */
  rulesFor(text: string): readonly number[];
}

function createKeywordLookup(clues: readonly RuleClue[], lists: number[][]): KeywordLookup {
  const texts = [...new Set(clues.map(({ clue }) => clue.text))];
  return {
    texts,
    inNumbers: texts.some(
      (text) => /^[-+.0-9e]*$/.test(text) || unusualScalars.some((scalar) => scalar.includes(text)),
    ),
    rulesFor: createFind(clues, lists) ?? (() => none),
  };
}

/** What a scalar may be as text, folded, beside texts and the usual numbers. */
const unusualScalars = ['true', 'false', 'nan', '-infinity'];
