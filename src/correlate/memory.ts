/**
 * What a rule remembers, by group: bounded in number, those not used for long go first, and old groups are forgotten as event
 * time goes on. Knows nothing of what a group holds but its size.
 *
 * Who goes is found by a hand that walks around the groups in the order of their coming, spares each that was used since it last
 * came by, and takes the first that was not. Exact order of use was tried: moving a group in a Map at every use costs more than
 * all the rest, and finding the first of a Map that has lost many is slow.
 */

export interface Remembered {
  /** Sweep before which it was last used; kept by the memory. */
  touched: number;
  /** Used since the hand came by; kept by the memory. */
  used: boolean;
}

/** Entries over all rules; shared by their memories. */
export interface Total {
  entries: number;
}

/** What can be asked of a memory without knowing what its groups hold. */
export interface Memory {
  /** To be told of every entry that comes into a group or leaves it. */
  resize(by: number): void;
  /** As resize, for entries that left a group because it was full. */
  evict(number: number): void;
  /** Forgets what is older than the horizon before `newestMs`, now and then. Groups in use since the last time are left alone. */
  sweep(newestMs: number): void;
  /** Forgets groups until at most that many entries are left; answers how many entries went. */
  shrink(toEntries: number): number;
  stats(): { readonly groups: number; readonly entries: number; readonly evicted: number };
}

export interface GroupMemory<G extends Remembered> extends Memory {
  /** Marks it as just used. */
  get(key: string): G | undefined;
  add(key: string, group: G): void;
  /** Another object for a group that is there; resize is up to the caller. */
  replace(key: string, group: G): void;
}

export function createMemory<G extends Remembered>(options: {
  readonly maxGroups: number;
  readonly horizonMs: number;
  readonly total: Total;
  readonly sizeOf: (group: G) => number;
  /** Forgets the entries of a group older than that; answers how many. */
  readonly forget: (group: G, beforeMs: number) => number;
  /** Told of a group that is remembered no longer. */
  readonly gone?: (group: G) => void;
}): GroupMemory<G> {
  const groups = new Map<string, G>();
  const { maxGroups, horizonMs, total, sizeOf, forget, gone } = options;
  const sweepEveryMs = Math.max(60_000, horizonMs / 8);
  let hand = groups.entries();
  let entries = 0;
  let evicted = 0;
  let sweeps = 0;
  let nextSweepMs = Number.NEGATIVE_INFINITY;

  function change(by: number): void {
    entries += by;
    total.entries += by;
  }

  function evictOne(): number {
    while (groups.size > 0) {
      let next = hand.next();
      if (next.done) {
        hand = groups.entries();
        next = hand.next();
      }
      const [key, group] = next.value as [string, G];
      if (group.used) {
        group.used = false;
        continue;
      }
      const size = sizeOf(group);
      groups.delete(key);
      gone?.(group);
      change(-size);
      evicted += size;
      return size;
    }
    return 0;
  }

  return {
    get(key) {
      const group = groups.get(key);
      if (group === undefined) return undefined;
      group.touched = sweeps;
      group.used = true;
      return group;
    },
    add(key, group) {
      if (groups.size >= maxGroups) evictOne();
      group.touched = sweeps;
      groups.set(key, group);
      change(sizeOf(group));
    },
    replace(key, group) {
      group.touched = sweeps;
      group.used = true;
      groups.set(key, group);
    },
    resize: change,
    evict(number) {
      change(-number);
      evicted += number;
    },
    sweep(newestMs) {
      if (newestMs < nextSweepMs) return;
      nextSweepMs = newestMs + sweepEveryMs;
      for (const [key, group] of groups) {
        if (group.touched === sweeps) continue;
        const size = sizeOf(group);
        const forgotten = forget(group, newestMs - horizonMs);
        change(-forgotten);
        if (forgotten < size) continue;
        groups.delete(key);
        gone?.(group);
      }
      sweeps++;
    },
    shrink(toEntries) {
      let went = 0;
      while (entries > toEntries && groups.size > 0) went += evictOne();
      return went;
    },
    stats: () => ({ groups: groups.size, entries, evicted }),
  };
}
