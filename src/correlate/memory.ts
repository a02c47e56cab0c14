/**
 * What a rule remembers, by group: bounded in number, the least recently used go first, and old groups are forgotten as event
 * time goes on. Knows nothing of what a group holds but its size.
 */

export interface Remembered {
  /** Event time of the newest in it. */
  newestMs: number;
  /** Sweep before which it was last used; kept by the memory. */
  touched: number;
}

/** What can be asked of a memory without knowing what its groups hold. */
export interface Memory {
  /** To be told of every entry that comes into a group or leaves it. */
  resize(by: number): void;
  /** As resize, for entries that left a group because it was full. */
  evict(number: number): void;
  /** Forgets what is older than `horizonMs` before `newestMs`, now and then. Groups in use since the last time are left alone. */
  sweep(newestMs: number): void;
  /** Forgets the least recently used groups until at most that many entries are left; answers how many entries went. */
  shrink(toEntries: number): number;
  stats(): { groups: number; entries: number; evicted: number };
}

export interface GroupMemory<G extends Remembered> extends Memory {
  /** Marks it as just used. */
  get(key: string): G | undefined;
  add(key: string, group: G): void;
}

export function createMemory<G extends Remembered>(options: {
  readonly maxGroups: number;
  readonly horizonMs: number;
  readonly sizeOf: (group: G) => number;
  /** Forgets the entries of a group older than that; answers how many. */
  readonly forget: (group: G, beforeMs: number) => number;
}): GroupMemory<G> {
  // A Map keeps the order of insertion: taking out and putting in again moves a group to the young end.
  const groups = new Map<string, G>();
  const { maxGroups, horizonMs, sizeOf, forget } = options;
  const sweepEveryMs = Math.max(60_000, horizonMs / 8);
  let entries = 0;
  let evicted = 0;
  let sweeps = 0;
  let nextSweepMs = Number.NEGATIVE_INFINITY;
  let lastKey: string | undefined;

  function evictOldest(): number {
    const [oldest] = groups;
    if (oldest === undefined) return 0;
    const size = sizeOf(oldest[1]);
    groups.delete(oldest[0]);
    entries -= size;
    evicted += size;
    return size;
  }

  return {
    get(key) {
      const group = groups.get(key);
      if (group === undefined) return undefined;
      group.touched = sweeps;
      if (key !== lastKey) {
        groups.delete(key);
        groups.set(key, group);
        lastKey = key;
      }
      return group;
    },
    add(key, group) {
      if (groups.size >= maxGroups) evictOldest();
      group.touched = sweeps;
      groups.set(key, group);
      entries += sizeOf(group);
      lastKey = key;
    },
    resize(by) {
      entries += by;
    },
    evict(number) {
      entries -= number;
      evicted += number;
    },
    sweep(newestMs) {
      if (newestMs < nextSweepMs) return;
      nextSweepMs = newestMs + sweepEveryMs;
      for (const [key, group] of groups) {
        if (group.touched === sweeps) break;
        entries -= forget(group, newestMs - horizonMs);
        if (sizeOf(group) === 0) groups.delete(key);
      }
      sweeps++;
    },
    shrink(toEntries) {
      let gone = 0;
      while (entries > toEntries && groups.size > 0) gone += evictOldest();
      return gone;
    },
    stats: () => ({ groups: groups.size, entries, evicted }),
  };
}
