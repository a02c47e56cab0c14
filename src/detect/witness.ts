/**
 * What an event must have for a rule to hold: the necessary part of a condition that is cheapest to look for and hits most rarely.
 * A witness may hold without the rule, never the rule without its witness. Decides nothing: the condition is asked afterwards.
 */

import type { Atom } from './compile-rule.ts';
import { fold } from './fold.ts';
import type { Needle, Prepared } from './needles.ts';
import { anyRun, type Pattern } from './pattern.ts';
import { requiredLiterals, tellingList } from './regex-literals.ts';
import type { Condition, DetectionItem, Selection, SigmaRule } from './rule.ts';

/** What stands in a field: its whole value, its start, its end, a part of it (folded texts), or anything at all. */
export interface Clue {
  /** Sigma's name; undefined: any value of the event (keywords). */
  readonly field: string | undefined;
  readonly kind: 'whole' | 'start' | 'end' | 'part' | 'present';
  /** Folded; '' with `present`. */
  readonly text: string;
}

/** Any one of them must hold. */
export type Witness = readonly Clue[];

/** What looking for a witness costs in the end; the lower, the better. */
export type WitnessCost = (witness: Witness) => number;

/**
 * A witness for each rule, or undefined where the rule could hold on an event that has nothing in particular.
 * A clue that many of these rules name is taken for one that many events have: `\powershell.exe` says less than `-enc`.
 */
export function chooseWitnesses(
  rules: readonly SigmaRule[],
  atoms: ReadonlyMap<DetectionItem, Atom>,
): readonly (Witness | undefined)[] {
  const chooser = createWitnessChooser(atoms);
  const uses = new Map<string, number>();
  for (const rule of rules) {
    const named = new Set<string>();
    for (const selection of Object.values(rule.selections))
      eachItem(selection, (item) => {
        for (const witness of chooser.witnessesOf(item)) for (const clue of witness) named.add(keyOf(clue));
      });
    for (const key of named) uses.set(key, (uses.get(key) ?? 0) + 1);
  }

  const costs = new Map<Witness, number>();
  const costOf = (witness: Witness): number => {
    let cost = costs.get(witness);
    if (cost === undefined) {
      cost = 0;
      for (const clue of witness) cost += likelihood(clue) * (uses.get(keyOf(clue)) ?? 1);
      costs.set(witness, cost);
    }
    return cost;
  };
  return rules.map((rule) => chooser.choose(rule, costOf));
}

export interface WitnessChooser {
  /** Each is a witness of the item by itself. */
  witnessesOf(item: DetectionItem): readonly Witness[];
  /** The one that costs least; undefined where the rule has none. */
  choose(rule: SigmaRule, costOf: WitnessCost): Witness | undefined;
}

export function createWitnessChooser(atoms: ReadonlyMap<DetectionItem, Atom>): WitnessChooser {
  const known = new Map<Atom, readonly Witness[]>();
  const witnessesOf = (item: DetectionItem): readonly Witness[] => {
    const atom = atoms.get(item) as Atom;
    let witnesses = known.get(atom);
    if (witnesses === undefined) {
      witnesses = itemWitnesses(atom.prepared);
      known.set(atom, witnesses);
    }
    return witnesses;
  };
  const union = (witnesses: readonly (Witness | undefined)[]): Witness | undefined => {
    const all: Clue[] = [];
    for (const witness of witnesses) {
      if (witness === undefined) return undefined;
      for (const clue of witness) all.push(clue);
    }
    return all;
  };
  return {
    witnessesOf,
    choose(rule, costOf) {
      const cheapest = (witnesses: readonly (Witness | undefined)[]): Witness | undefined => {
        let best: Witness | undefined;
        for (const witness of witnesses)
          if (witness !== undefined && (best === undefined || costOf(witness) < costOf(best))) best = witness;
        return best;
      };
      const ofSelection = (selection: Selection): Witness | undefined => {
        if (selection.kind === 'item') return cheapest(witnessesOf(selection.item));
        const parts = selection.of.map(ofSelection);
        return selection.kind === 'all' ? cheapest(parts) : union(parts);
      };
      const ofCondition = (condition: Condition): Witness | undefined => {
        switch (condition.kind) {
          case 'and':
            return cheapest(condition.of.map(ofCondition));
          case 'or':
            return union(condition.of.map(ofCondition));
          case 'not':
            return undefined;
          default:
            return ofSelection(rule.selections[condition.name] as Selection);
        }
      };
      return ofCondition(rule.condition);
    },
  };
}

const keyOf = (clue: Clue): string => `${clue.field ?? ''}\n${clue.kind}\n${clue.text}`;

function eachItem(selection: Selection, visit: (item: DetectionItem) => void): void {
  if (selection.kind === 'item') visit(selection.item);
  else for (const part of selection.of) eachItem(part, visit);
}

/** What a witness costs where nothing is known of the events. */
export function guessedCost(witness: Witness): number {
  return witness.reduce((sum, clue) => sum + likelihood(clue), 0);
}

/** A guess at how many of a thousand events have it, together with what looking for it costs. */
function likelihood({ field, kind, text }: Clue): number {
  if (kind === 'present') return 500;
  if (kind === 'whole') return 1;
  const rare =
    text.length >= 8 ? 16 / text.length : text.length >= 5 ? 6 : text.length >= 3 ? 20 : text.length === 2 ? 80 : 300;
  return field === undefined ? rare * 4 : rare;
}

/** Each is a witness of the item by itself: with `all` there are several to choose from. None: the item may hold on nothing. */
function itemWitnesses(item: Prepared): readonly Witness[] {
  const { field, test } = item;
  if (item.negate) return [];
  const present: Witness[] = field === undefined ? [] : [[{ field, kind: 'present', text: '' }]];
  switch (test.kind) {
    case 'exists':
      return test.present ? present : [];
    case 'pattern': {
      const groups = item.all ? test.groups : [test.groups.flat()];
      return groups.map((needles) => patternWitness(field, needles)).filter((witness) => witness !== undefined);
    }
    case 'regex': {
      const clues = (texts: readonly string[]) => texts.map((text): Clue => ({ field, kind: 'part', text }));
      const needed = test.sources.map(requiredLiterals);
      // Of one expression, and of several that all must hold, every list is a witness by itself.
      const lists = item.all || needed.length === 1 ? needed.flat() : [];
      if (lists.length > 0) return lists.map(clues);
      const telling = item.all ? [] : needed.map(tellingList);
      const known = telling.filter((texts) => texts !== undefined);
      return known.length === telling.length && known.length > 0 ? [clues(known.flat())] : present;
    }
    default:
      return present;
  }
}

/** Undefined when a missing field will do, or keywords that any event has. */
function patternWitness(field: string | undefined, needles: readonly Needle[]): Witness | undefined {
  if (needles.includes(null)) return undefined;
  const clues: Clue[] = [];
  for (const needle of needles) {
    const clue = patternClue(field, needle as Pattern);
    if (clue === undefined) return field === undefined ? undefined : [{ field, kind: 'present', text: '' }];
    clues.push(clue);
  }
  return clues;
}

function patternClue(field: string | undefined, pattern: Pattern): Clue | undefined {
  const [first, second, third] = pattern;
  if (first === undefined) return { field, kind: 'whole', text: '' };
  if (pattern.length === 1 && typeof first === 'string') return { field, kind: 'whole', text: fold(first) };
  if (pattern.length === 2 && typeof first === 'string' && second === anyRun)
    return { field, kind: 'start', text: fold(first) };
  if (pattern.length === 2 && first === anyRun && typeof second === 'string')
    return { field, kind: 'end', text: fold(second) };
  if (pattern.length === 3 && first === anyRun && typeof second === 'string' && third === anyRun)
    return { field, kind: 'part', text: fold(second) };
  let longest = '';
  for (const part of pattern) if (typeof part === 'string' && part.length > longest.length) longest = part;
  return longest === '' ? undefined : { field, kind: 'part', text: fold(longest) };
}
