/**
 * The events of one group in order of event time, and a cursor over a stretch of them that counts distinct values and members
 * while it moves. Counting costs what the cursor travels: one step for events in order, a few for slightly late ones.
 */
import type { Entity } from '../model/alert.ts';
import { type Coverage, uncoverBefore } from './coverage.ts';

/** What is kept of a match; one object for all correlations that see it. */
export interface Seen {
  readonly id: string;
  /** Whole milliseconds. */
  readonly atMs: number;
  readonly sourceId: string;
  readonly memberId: string;
  readonly entities: readonly Entity[];
}

export interface Entry {
  readonly event: Seen;
  /** What it contributes to the count: values, or ids of the rules that it matched. */
  tokens: readonly string[];
  /** temporal_ordered: how far the chains have come with this moment; see chain.ts. */
  chain: readonly number[] | undefined;
}

/** Orders across members: who saw the end of one; see arrivals.ts. */
export interface Arrivals {
  /** Members that saw the last step. */
  readonly arrived: Set<string>;
  /** Events of members that have not, in case they will. */
  readonly held: Map<string, Seen[]>;
}

export interface Group {
  /** Sorted by (atMs, id). */
  readonly entries: Entry[];
  /** Event time of the newest that was ever in it. */
  newestMs: number;
  /** Sweep of the memory before which it was last used. */
  touched: number;
  /** Satisfied windows, by the start of the alert's period. */
  readonly covered: Map<number, Coverage>;
  /** By period. */
  readonly arrivals: Map<number, Arrivals>;
  /** The cursor: entries[from] to entries[to - 1] are counted in. */
  from: number;
  to: number;
  readonly tokens: Map<string, number> | undefined;
  readonly members: Map<string, number> | undefined;
}

export function newGroup(counts: { tokens: boolean; members: boolean }): Group {
  return {
    entries: [],
    newestMs: Number.NEGATIVE_INFINITY,
    touched: 0,
    covered: new Map(),
    arrivals: new Map(),
    from: 0,
    to: 0,
    tokens: counts.tokens ? new Map() : undefined,
    members: counts.members ? new Map() : undefined,
  };
}

/** Index of the first entry at or after (atMs, id); without id, of the first at or after that time. */
export function indexFrom(entries: readonly Entry[], atMs: number, id = ''): number {
  let low = 0;
  let high = entries.length;
  // Hot: a new event is mostly the newest.
  const last = entries[high - 1];
  if (last === undefined || last.event.atMs < atMs || (last.event.atMs === atMs && last.event.id < id)) return high;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const { event } = entries[middle] as Entry;
    if (event.atMs < atMs || (event.atMs === atMs && event.id < id)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index of the last entry of the same time as the one at `index`. */
export function lastOfMoment(entries: readonly Entry[], index: number): number {
  const { atMs } = (entries[index] as Entry).event;
  let last = index;
  while (last + 1 < entries.length && (entries[last + 1] as Entry).event.atMs === atMs) last++;
  return last;
}

/** Puts an event into its place. `known`: it was there; `changed`: it, or a token of it, is new. */
export function insert(
  group: Group,
  event: Seen,
  tokens: readonly string[],
): { index: number; known: boolean; changed: boolean } {
  const { entries } = group;
  const index = indexFrom(entries, event.atMs, event.id);
  const there = entries[index];
  if (there !== undefined && there.event.atMs === event.atMs && there.event.id === event.id) {
    const fresh = tokens.filter((token) => !there.tokens.includes(token));
    if (fresh.length === 0) return { index, known: true, changed: false };
    there.tokens = [...there.tokens, ...fresh];
    if (index >= group.from && index < group.to) tally(group.tokens, fresh, 1);
    return { index, known: true, changed: true };
  }
  const entry: Entry = { event, tokens, chain: undefined };
  if (index === entries.length) entries.push(entry);
  else entries.splice(index, 0, entry);
  if (event.atMs > group.newestMs) group.newestMs = event.atMs;
  if (index <= group.from && group.to > index) {
    group.from++;
    group.to++;
  } else if (index < group.to) {
    group.to++;
    count(group, entry, 1);
  }
  return { index, known: false, changed: true };
}

/** Moves the cursor onto the window that ends with entries[last] and begins at `startMs`. */
export function moveTo(group: Group, last: number, startMs: number): void {
  const { entries } = group;
  const to = last + 1;
  while (group.to > to && group.to > group.from) count(group, entries[--group.to] as Entry, -1);
  while (group.from < group.to && (entries[group.from] as Entry).event.atMs < startMs)
    count(group, entries[group.from++] as Entry, -1);
  if (group.from === group.to) group.from = group.to = group.to < to ? indexFrom(entries, startMs) : to;
  while (group.to < to) count(group, entries[group.to++] as Entry, 1);
  while (group.from > 0 && (entries[group.from - 1] as Entry).event.atMs >= startMs)
    count(group, entries[--group.from] as Entry, 1);
}

/** Forgets the oldest `number` entries. */
export function dropOldest(group: Group, number: number): void {
  while (group.from < number && group.from < group.to) count(group, group.entries[group.from++] as Entry, -1);
  group.entries.splice(0, number);
  group.from = Math.max(0, group.from - number);
  group.to = Math.max(0, group.to - number);
}

/** Forgets what is older than `horizonMs`; answers how many entries. */
export function forgetBefore(group: Group, horizonMs: number): number {
  const number = indexFrom(group.entries, horizonMs);
  if (number > 0) dropOldest(group, number);
  for (const [period, coverage] of group.covered) {
    uncoverBefore(coverage, horizonMs);
    if (coverage.length > 0) continue;
    group.covered.delete(period);
    group.arrivals.delete(period);
  }
  return number;
}

function count(group: Group, entry: Entry, by: 1 | -1): void {
  if (group.tokens !== undefined) tally(group.tokens, entry.tokens, by);
  if (group.members !== undefined) tallyOne(group.members, entry.event.memberId, by);
}

function tally(counts: Map<string, number> | undefined, keys: readonly string[], by: 1 | -1): void {
  if (counts !== undefined) for (const key of keys) tallyOne(counts, key, by);
}

function tallyOne(counts: Map<string, number>, key: string, by: 1 | -1): void {
  const sum = (counts.get(key) ?? 0) + by;
  if (sum === 0) counts.delete(key);
  else counts.set(key, sum);
}
