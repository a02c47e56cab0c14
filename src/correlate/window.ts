/**
 * The events of one group in order of event time, and a cursor over a stretch of them that keeps a tally and the members in it
 * while it moves. Keeping it costs what the cursor travels: one step for events in order, a few for slightly late ones.
 */
import type { Arrivals } from './arrivals.ts';
import { type Coverage, uncoverBefore } from './coverage.ts';
import { type Tally, tallyOne } from './measure.ts';
import type { Seen } from './seen.ts';

/** What a match gives to the count. */
export interface Contribution {
  /** Values, ids of the rules that it matched, or the field that its numbers are from. Each once. */
  readonly tokens: readonly string[];
  readonly numbers: readonly number[];
}

export interface Entry {
  readonly event: Seen;
  tokens: readonly string[];
  numbers: readonly number[];
  /** temporal_ordered: by alternative, how far the chains have come with this moment; see chain.ts. */
  chains: readonly (readonly number[])[] | undefined;
  /** Its moment was judged, and held. */
  held: boolean;
}

export interface Group {
  /** Sorted by (atMs, id). */
  readonly entries: Entry[];
  /** Event time of the newest that was ever in it. */
  newestMs: number;
  /** Satisfied windows, by the start of the alert's period. */
  covered: Map<number, Coverage> | undefined;
  /** By period. */
  arrivals: Map<number, Arrivals> | undefined;
  /** The cursor: entries[from] to entries[to - 1] are counted in. */
  from: number;
  to: number;
  readonly tally: Tally | undefined;
  readonly members: Map<string, number> | undefined;
}

/** Index of the first entry at or after (atMs, id); without id, of the first at or after that time. */
export function indexFrom(entries: readonly Entry[], atMs: number, id = ''): number {
  // Hot: it is mostly the newest, or near; so in growing strides from that end.
  let high = entries.length;
  let low = high - 1;
  for (let stride = 1; low >= 0 && !isBefore(entries[low] as Entry, atMs, id); stride *= 2) {
    high = low;
    low -= stride;
  }
  low = Math.max(0, low + 1);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(entries[middle] as Entry, atMs, id)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isBefore({ event }: Entry, atMs: number, id: string): boolean {
  return event.atMs < atMs || (event.atMs === atMs && event.id < id);
}

/** Index of the last entry of the same time as the one at `index`. */
export function lastOfMoment(entries: readonly Entry[], index: number): number {
  const { atMs } = (entries[index] as Entry).event;
  // Hot: mostly it stands alone; logs that know whole seconds have thousands of one time.
  return entries[index + 1]?.event.atMs === atMs ? indexFrom(entries, atMs + 1) - 1 : index;
}

/** Puts an event into its place. `known`: it was there; `changed`: it, or a token of it, is new. */
export function insert(
  group: Group,
  event: Seen,
  { tokens, numbers }: Contribution,
): { readonly index: number; readonly known: boolean; readonly changed: boolean } {
  const { entries } = group;
  const index = indexFrom(entries, event.atMs, event.id);
  const there = entries[index];
  if (there !== undefined && there.event.atMs === event.atMs && there.event.id === event.id) {
    const fresh = tokens.filter((token) => !there.tokens.includes(token));
    if (fresh.length === 0) return { index, known: true, changed: false };
    there.tokens = [...there.tokens, ...fresh];
    if (numbers.length > 0) there.numbers = [...there.numbers, ...numbers];
    if (index >= group.from && index < group.to) group.tally?.change(fresh, numbers, 1);
    return { index, known: true, changed: true };
  }
  const entry: Entry = { event, tokens, numbers, chains: undefined, held: false };
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
  if (group.covered === undefined) return number;
  for (const [period, coverage] of group.covered) {
    uncoverBefore(coverage, horizonMs);
    if (coverage.length > 0) continue;
    group.covered.delete(period);
    group.arrivals?.delete(period);
  }
  return number;
}

function count(group: Group, entry: Entry, by: 1 | -1): void {
  group.tally?.change(entry.tokens, entry.numbers, by);
  if (group.members !== undefined) tallyOne(group.members, entry.event.memberId, by);
}
