/** Chance that repeats: the same seed gives the same numbers on every machine. Not for secrets. */

export interface Random {
  /** From 0 up to 1. */
  next(): number;
  /** Whole number, both ends included. */
  int(from: number, to: number): number;
  pick<T>(of: readonly T[]): T;
  chance(probability: number): boolean;
}

/** FNV-1a over the parts' UTF-16 units. */
function seedOf(parts: readonly (string | number)[]): number {
  let hash = 0x811c9dc5;
  for (const unit of parts.join('\0')) {
    hash = Math.imul(hash ^ (unit.codePointAt(0) as number), 0x01000193);
  }
  return hash >>> 0;
}

/** A stream of its own for each tuple of parts, so that one more draw here changes nothing there (mulberry32). */
export function createRandom(...parts: readonly (string | number)[]): Random {
  let state = seedOf(parts);
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const int = (from: number, to: number): number => from + Math.floor(next() * (to - from + 1));
  return {
    next,
    int,
    pick: <T>(of: readonly T[]): T => of[int(0, of.length - 1)] as T,
    chance: (probability) => next() < probability,
  };
}
