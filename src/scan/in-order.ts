/**
 * Lots of units that are scanned at the same time -> the same lots in the order of units, one at a time. Holds what comes too early, and
 * makes who brings it wait once that is much; the unit whose turn it is never waits, so nobody waits for ever.
 */

export interface InOrder<Lot> {
  /** Resolves when the next lot of this unit may come. `isLast`: of its unit. Rejects when handing on a lot has failed. */
  take(unit: number, lot: Lot, isLast: boolean): Promise<void>;
}

export interface InOrderOptions<Lot> {
  readonly handOn: (unit: number, lot: Lot) => Promise<void>;
  /** What holding a lot costs, and how much of it all may cost together. */
  readonly weigh: (lot: Lot) => number;
  readonly maxHeld: number;
}

export function createInOrder<Lot>({ handOn, weigh, maxHeld }: InOrderOptions<Lot>): InOrder<Lot> {
  const held = new Map<number, { lot: Lot; isLast: boolean }[]>();
  const waiting = new Map<number, () => void>();
  let due = 0;
  let heldWeight = 0;
  let turn: Promise<void> = Promise.resolve();

  const accept = async (unit: number, lot: Lot, isLast: boolean): Promise<void> => {
    if (unit > due) {
      const early = held.get(unit) ?? [];
      early.push({ lot, isLast });
      held.set(unit, early);
      heldWeight += weigh(lot);
      return;
    }
    await handOn(unit, lot);
    if (isLast) await advance();
  };

  const advance = async (): Promise<void> => {
    for (let ended = true; ended; ) {
      due++;
      const early = held.get(due) ?? [];
      held.delete(due);
      ended = false;
      for (const { lot, isLast } of early) {
        heldWeight -= weigh(lot);
        await handOn(due, lot);
        ended = isLast;
      }
      waiting.get(due)?.();
      waiting.delete(due);
    }
  };

  return {
    async take(unit, lot, isLast) {
      const mine = turn.then(() => accept(unit, lot, isLast));
      turn = mine.catch(() => undefined);
      await mine;
      if (unit > due && heldWeight > maxHeld && !isLast) {
        await new Promise<void>((resume) => waiting.set(unit, resume));
      }
    },
  };
}
