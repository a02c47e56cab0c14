/**
 * What reads of events mean, whatever store answers them: their limits, windows, cursors, buckets and sums. Every adapter uses these,
 * so that a page, a refusal and a cursor are the same everywhere. No I/O.
 */
import { formatCursor, parseCursor } from './cursor.ts';
import type { Bucket, EventQuery, Store } from './store.ts';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

const EVENTS = 'events';
const DEFAULT_BUDGET_MS = 2_000;
const LATEST_MS = 8.64e15;

export interface EventWindow {
  readonly sinceMs: number;
  /** Exclusive; where a cursor says so, earlier than asked. Nothing is left when it is not after `sinceMs`. */
  readonly untilMs: number;
  /** Position of the cursor: events come only from behind it, in the order of pages. */
  readonly before: { readonly ms: number; readonly id: string } | undefined;
  readonly budgetMs: number;
}

/** Throws RangeError for times and limits, BadCursor. */
export function eventWindow(query: EventQuery): EventWindow {
  const sinceMs = parseTime(query.since);
  const endMs = parseTime(query.until);
  checkLimit(query.limit, 'events');
  const budgetMs = query.budgetMs ?? DEFAULT_BUDGET_MS;
  if (query.cursor === undefined) return { sinceMs, untilMs: endMs, before: undefined, budgetMs };
  const [ms, id] = parseCursor(query.cursor, EVENTS, ['number', 'string']) as [number, string];
  // Events at the cursor's own time come only if their ids do; no id comes before the empty one.
  return { sinceMs, untilMs: Math.min(endMs, id === '' ? ms : ms + 1), before: { ms, id }, budgetMs };
}

/** Where the next page begins: behind this event, or before that time when the id is empty. */
export const eventPosition = (ms: number, id: string): { next: string; searchedTo: string } => ({
  next: formatCursor(EVENTS, [ms, id]),
  searchedTo: new Date(Math.min(id === '' ? ms : ms + 1, LATEST_MS)).toISOString(),
});

function parseTime(text: string): number {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new RangeError(`"${text.slice(0, 40)}" is no time; write it as 2026-11-03T00:00:00Z`);
  return ms;
}

function checkLimit(limit: number, what: string): void {
  if (!(Number.isInteger(limit) && limit >= 1 && limit <= 1_000)) {
    throw new RangeError(`limit ${limit}: ask for 1 to 1,000 ${what}`);
  }
}

const MOST_BUCKETS = 100_000;

/** Minutes since the epoch. Buckets begin at `since`, cut to its minute; a minute counts as a whole. */
export interface BucketPlan {
  readonly from: number;
  readonly to: number;
  readonly step: number;
  readonly length: number;
}

/** Throws RangeError. */
export function planBuckets(query: Parameters<Store['countEvents']>[1]): BucketPlan {
  const from = Math.floor(Date.parse(query.since) / MINUTE_MS);
  const to = Math.ceil(Date.parse(query.until) / MINUTE_MS);
  const step = query.stepMs / MINUTE_MS;
  const length = Math.max(0, Math.ceil((to - from) / step));
  if (!(Number.isInteger(step) && step >= 1 && length <= MOST_BUCKETS)) {
    throw new RangeError(`a step of ${query.stepMs} ms: use whole minutes, and at most ${MOST_BUCKETS} of them in all`);
  }
  return { from, to, step, length };
}

export const toBuckets = ({ from, step }: BucketPlan, sums: readonly number[]): Bucket[] =>
  sums.map((events, index) => ({ at: new Date((from + index * step) * MINUTE_MS).toISOString(), events }));

const REJECTS = 'rejects';

/** Id of the reject that the page begins behind, newest first; undefined: at the newest. Throws RangeError, BadCursor. */
export function rejectsAfter({ limit, cursor }: Parameters<Store['findRejects']>[1]): string | undefined {
  checkLimit(limit, 'rejects');
  return cursor === undefined ? undefined : (parseCursor(cursor, REJECTS, ['string'])[0] as string);
}

/** `found`: one more than asked where there are more. */
export function rejectPage<T extends { readonly id: string }>(
  found: readonly T[],
  limit: number,
): { items: readonly T[]; next?: string } {
  const items = found.slice(0, limit);
  return { items, ...(found.length > limit && { next: formatCursor(REJECTS, [items.at(-1)?.id ?? '']) }) };
}

type LedgerSum = Awaited<ReturnType<Store['ledger']>>[number];

/** Hours since the epoch, the second exclusive. */
export const ledgerHours = (query: Parameters<Store['ledger']>[1]): readonly [number, number] => [
  Math.ceil(Date.parse(query.since) / HOUR_MS),
  Math.ceil(Date.parse(query.until) / HOUR_MS),
];

export interface LedgerPart {
  /** Since the epoch. */
  readonly hour: number;
  readonly source: string;
  readonly member: string;
  readonly parsed: number;
  readonly rejects: number;
  readonly refused: number;
}

/** Adds up what the parts of a ledger say. */
export function createLedgerSums() {
  const sums = new Map<string, { -readonly [P in keyof LedgerSum]: LedgerSum[P] }>();
  return {
    add({ hour, source, member, parsed, rejects, refused }: LedgerPart): void {
      const key = `${String(hour).padStart(9, '0')} ${source} ${member}`;
      const at = new Date(hour * HOUR_MS).toISOString();
      const none = { received: 0, events: 0, rejects: 0, refused: 0 };
      const sum = sums.get(key) ?? { memberId: member, sourceId: source, hour: at, ...none };
      sum.events += parsed;
      sum.rejects += rejects;
      sum.refused += refused;
      sum.received = sum.events + sum.rejects + sum.refused;
      sums.set(key, sum);
    },
    /** By hour, then source. */
    rows: (): LedgerSum[] => [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, sum]) => sum),
  };
}
