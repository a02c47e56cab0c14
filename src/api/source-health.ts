/**
 * How a source is doing, from the ledger: sums of the last 24 hours, when it last sent, and one word for it. The ledger counts
 * by hours of receipt, so "last received" is exact to the minute only where events of that hour bear current times.
 */
import type { LedgerRow } from '../model/batch.ts';
import type { Source } from '../model/member.ts';
import type { Scope } from '../model/scope.ts';
import type { Depth } from '../queue/queue.ts';
import type { Store } from '../store/store.ts';

/** never: nothing yet. silent: sent once, nothing for an hour. failing: over a tenth of the last hour's records are rejects. */
export type Health = 'ok' | 'silent' | 'failing' | 'never';

export interface SourceState {
  readonly counters: {
    readonly received: number;
    readonly events: number;
    readonly rejects: number;
    readonly refused: number;
    readonly pending: number;
  };
  readonly lastReceivedAt: string | null;
  readonly health: Health;
}

type Row = Omit<LedgerRow, 'pending'>;

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const iso = (ms: number): string => new Date(ms).toISOString();
const hourOf = (ms: number): number => Math.floor(ms / HOUR_MS) * HOUR_MS;

const taken = (row: Row): number => row.events + row.rejects;

/** The word, from the rows of the last hours and the time something last came. Pure. */
export function judgeHealth(rows: readonly Row[], lastReceivedMs: number | undefined, nowMs: number): Health {
  if (lastReceivedMs === undefined) return 'never';
  if (nowMs - lastReceivedMs > HOUR_MS) return 'silent';
  const recent = rows.filter((row) => Date.parse(row.hour) >= hourOf(nowMs - HOUR_MS));
  const rejects = recent.reduce((sum, row) => sum + row.rejects, 0);
  const all = recent.reduce((sum, row) => sum + taken(row), 0);
  return all > 0 && rejects / all > 0.1 ? 'failing' : 'ok';
}

/** Milliseconds when the source last sent something, as well as the ledger and the minute counts know. */
async function lastReceived(
  store: Store,
  scope: Scope,
  source: Source,
  rows: readonly Row[],
  pendingHours: readonly string[],
  nowMs: number,
): Promise<number | undefined> {
  const hours = [...rows.filter((row) => taken(row) > 0).map((row) => row.hour), ...pendingHours];
  const newest = hours.reduce((max, hour) => Math.max(max, Date.parse(hour)), 0);
  if (newest === 0) {
    const earlier = await store.ledger(scope, {
      since: iso(Math.min(Date.parse(source.createdAt), nowMs - DAY_MS)),
      until: iso(hourOf(nowMs - DAY_MS)),
      sourceId: source.id,
    });
    const last = earlier.filter((row) => taken(row) > 0).reduce((max, row) => Math.max(max, Date.parse(row.hour)), 0);
    return last === 0 ? undefined : last;
  }
  const end = Math.min(Math.floor(nowMs / MINUTE_MS) * MINUTE_MS, newest + HOUR_MS);
  const minutes = await store.countEvents(scope, {
    since: iso(newest),
    until: iso(newest + HOUR_MS),
    stepMs: MINUTE_MS,
    sourceId: source.id,
  });
  const minute = minutes.findLast((bucket) => bucket.events > 0);
  return minute === undefined ? end : Math.min(end, Date.parse(minute.at) + MINUTE_MS);
}

/** Sources that the reader may see, each with its state, in their order. */
export async function readSourceStates(
  store: Store,
  scope: Scope,
  sources: readonly Source[],
  depth: Depth,
  nowMs: number = Date.now(),
): Promise<readonly (Source & SourceState)[]> {
  const only = sources.length === 1 && sources[0] !== undefined ? { sourceId: sources[0].id } : {};
  const ledger = await store.ledger(scope, {
    since: iso(hourOf(nowMs - DAY_MS)),
    until: iso(nowMs + HOUR_MS),
    ...only,
  });
  const bySource = Map.groupBy(ledger, (row) => row.sourceId);
  const waiting = Map.groupBy(depth.bySource, (row) => row.sourceId);
  return Promise.all(
    sources.map(async (source) => {
      const rows = bySource.get(source.id) ?? [];
      const queued = waiting.get(source.id) ?? [];
      const sum = (of: (row: Row) => number): number => rows.reduce((total, row) => total + of(row), 0);
      const pending = queued.reduce((total, row) => total + row.records, 0);
      const hours = queued.map((row) => row.receivedHour);
      const lastMs = await lastReceived(store, scope, source, rows, hours, nowMs);
      return {
        ...source,
        counters: {
          received: sum((row) => row.received) + pending,
          events: sum((row) => row.events),
          rejects: sum((row) => row.rejects),
          refused: sum((row) => row.refused),
          pending,
        },
        lastReceivedAt: lastMs === undefined ? null : iso(lastMs),
        health: judgeHealth(rows, lastMs, nowMs),
      };
    }),
  );
}
