/**
 * The rules of one log source as one lens reads them, and what proposes them. Which witness does may change as events come; that a rule
 * which holds is proposed does not.
 */
import { type CandidateIndex, createCandidateIndex } from './candidate-index.ts';
import type { Lens } from './mapping.ts';
import type { SigmaRule } from './rule.ts';
import type { ValueMemory } from './value-memory.ts';
import type { Witness } from './witness.ts';

export interface Lot {
  readonly lens: Lens;
  /** The number of its first rule; those of the others follow. */
  readonly first: number;
  readonly rules: readonly SigmaRule[];
  indexes(): readonly CandidateIndex[];
  /** By number: what proposes these rules from now on. Whoever holds the indexes, or what they gave, must ask for them again. */
  move(witnesses: ReadonlyMap<number, Witness>): void;
}

/** `witnesses`: of each rule. */
export function createLot(
  rules: readonly SigmaRule[],
  witnesses: readonly (Witness | undefined)[],
  first: number,
  lens: Lens,
  memory: ValueMemory,
): Lot {
  const base = createCandidateIndex(
    witnesses.map((witness, at) => [first + at, witness] as const),
    lens,
    memory,
  );
  const moved = new Map<number, Witness>();
  let indexes: readonly CandidateIndex[] = [base];
  return {
    lens,
    first,
    rules,
    indexes: () => indexes,
    move(others) {
      for (const [rule, witness] of others) moved.set(rule, witness);
      base.drop(new Set(others.keys()));
      indexes = [base, createCandidateIndex(moved, lens, memory)];
      // What values led to names rules that are proposed otherwise now.
      memory.forget();
    },
  };
}
