/**
 * Looks back at a few events and gives rules that were proposed in vain another witness: that a call goes through ntdll.dll says
 * nothing where all do. Changes what is proposed, never what matches.
 */
import type { Fields } from '../model/event.ts';
import type { Atom } from './compile-rule.ts';
import type { Lot } from './lot.ts';
import type { DetectionItem } from './rule.ts';
import { createSampleRates, worst } from './sample.ts';
import { createWitnessChooser, guessedCost, type Witness } from './witness.ts';

/** An event, and the rules that were proposed for it. */
export interface Sample {
  readonly event: Fields;
  readonly proposed: readonly number[];
}

/** Rules proposed for fewer of the events, by part, stay as they are. */
const often = 0.25;
/** So much rarer another witness must be to be worth a search of its own. */
const worthMoving = 0.4;

/** To read more than this for it takes longer than what it spares. */
const longParts = 512;

/** Samples of all events that the lot's rules see. True: some rules have another witness now. */
export function reviewLot(lot: Lot, samples: readonly Sample[], atoms: ReadonlyMap<DetectionItem, Atom>): boolean {
  const counts = new Map<number, number>();
  for (const { proposed } of samples)
    for (const rule of proposed)
      if (rule >= lot.first && rule < lot.first + lot.rules.length) counts.set(rule, (counts.get(rule) ?? 0) + 1);

  const { choose } = createWitnessChooser(atoms);
  const { rate: rateOf, units: unitsOf } = createSampleRates(
    samples.map(({ event }) => event),
    lot.lens,
  );
  const isLong = (witness: Witness): boolean => unitsOf(witness) > longParts;
  const costs = new Map<Witness, number>();
  const costOf = (witness: Witness): number => {
    const cost = costs.get(witness) ?? rateOf(witness) * 1_000 + guessedCost(witness) + (isLong(witness) ? 500 : 0);
    costs.set(witness, cost);
    return cost;
  };
  const moved = new Map<number, Witness>();
  for (const [rule, count] of counts) {
    const rate = count / samples.length;
    if (rate < often) continue;
    const better = choose(lot.rules[rule - lot.first] as (typeof lot.rules)[number], costOf);
    if (better === undefined) continue;
    const betterRate = rateOf(better);
    if (betterRate < worst && betterRate <= rate * worthMoving && !isLong(better)) moved.set(rule, better);
  }
  if (moved.size === 0) return false;
  lot.move(moved);
  return true;
}
