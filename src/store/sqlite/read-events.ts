/** What a reader thread answers about events beside searches: single events, counts, rejects, the ledger, matches. */
import type { Scope } from '../../model/scope.ts';
import { dayOf, dayOfId, parsePlace } from '../event-place.ts';
import {
  createLedgerSums,
  HOUR_MS,
  type LedgerPart,
  ledgerHours,
  MINUTE_MS,
  planBuckets,
  rejectPage,
  rejectsAfter,
  toBuckets,
} from '../event-reads.ts';
import type { BatchOutcome, Bucket, Store } from '../store.ts';
import type { Blocks } from './block.ts';
import type { Days } from './days.ts';
import type { SqliteFile } from './file.ts';
import { inScope, scopeParameter } from './scope.ts';

export interface EventParts {
  readonly state: SqliteFile;
  readonly days: Days;
  readonly blocks: Blocks;
}

type Ledger = Awaited<ReturnType<Store['ledger']>>;

interface BatchRow {
  readonly id: string;
  readonly source: string;
  readonly received_ms: number;
  readonly records: number;
  readonly parsed: number;
  readonly rejects: number;
  readonly matches: number;
  readonly first_block: number;
  readonly pieces: string;
}

function findBatch(file: SqliteFile, scope: Scope, batchId: string): BatchRow | undefined {
  const row = file.sql(`SELECT * FROM batches WHERE id = ?2 AND ${inScope(scope)}`).get(scopeParameter(scope), batchId);
  return row as BatchRow | undefined;
}

export function outcome(
  parts: EventParts,
  scope: Scope,
  batchId: string,
  receivedAt: string,
): BatchOutcome | undefined {
  const receivedMs = Date.parse(receivedAt);
  const file = Number.isNaN(receivedMs) ? undefined : parts.days.open(dayOf(receivedMs));
  const row = file?.read(() => findBatch(file, scope, batchId));
  if (row === undefined) return undefined;
  const { id, source, received_ms, records, parsed, rejects, matches } = row;
  const at = new Date(received_ms).toISOString();
  return { batchId: id, sourceId: source, receivedAt: at, records, parsed, rejects, matches };
}

/** Events as JSON. */
export function getEvents(parts: EventParts, scope: Scope, ids: readonly string[]): string[] {
  return ids.flatMap((id) => getEvent(parts, scope, id) ?? []);
}

function getEvent({ days, blocks }: EventParts, scope: Scope, id: string): string | undefined {
  const day = dayOfId(id);
  const place = parsePlace(id);
  const file = day === undefined ? undefined : days.open(day);
  if (day === undefined || place === undefined || file === undefined) return undefined;
  return file.read(() => {
    const batch = findBatch(file, scope, place.batchId);
    if (batch === undefined) return undefined;
    // The line is looked for as text first: parsing a whole block for one event would be dear.
    const sought = JSON.stringify(id);
    for (const [block, first, last] of JSON.parse(batch.pieces) as [number, number, number][]) {
      if (place.offset < first || place.offset > last) continue;
      const line = blocks
        .open(file, day, batch.first_block + block)
        .lines.find((text) => text.includes(sought) && JSON.parse(text)['event.id'] === id);
      if (line !== undefined) return line;
    }
    return undefined;
  });
}

export function countEvents(parts: EventParts, scope: Scope, query: Parameters<Store['countEvents']>[1]): Bucket[] {
  const plan = planBuckets(query);
  const { from, to, step, length } = plan;
  const sums = new Array<number>(length).fill(0);
  for (const { day } of parts.days.overlapping(from * MINUTE_MS, to * MINUTE_MS)) {
    const file = parts.days.open(day);
    if (file === undefined) continue;
    const rows = file.read(() =>
      file
        .sql(
          `SELECT CAST(minute - ?2 AS INTEGER) / CAST(?4 AS INTEGER) AS bucket, sum(events) AS events FROM counts
           WHERE minute >= ?2 AND minute < ?3 AND (?5 IS NULL OR source = ?5) AND ${inScope(scope)} GROUP BY bucket`,
        )
        .all(scopeParameter(scope), from, to, step, query.sourceId ?? null),
    ) as { bucket: number; events: number }[];
    for (const { bucket, events } of rows) sums[bucket] = (sums[bucket] ?? 0) + events;
  }
  return toBuckets(plan, sums);
}

const BEHIND_ALL_IDS = '~';

/** Rejects as JSON, newest first by id. */
export function findRejects(
  parts: EventParts,
  scope: Scope,
  query: Parameters<Store['findRejects']>[1],
): { items: string[]; next?: string } {
  const { limit, sourceId } = query;
  const after = rejectsAfter(query) ?? BEHIND_ALL_IDS;
  const lastDay = dayOfId(after);
  const found: { id: string; body: string }[] = [];
  for (const day of parts.days.all()) {
    if (lastDay !== undefined && day > lastDay) continue;
    const file = parts.days.open(day);
    if (file === undefined) continue;
    const text = `SELECT id, body FROM rejects WHERE id < ?3 AND ${sourceId === undefined ? '' : 'source = ?4 AND'}
      ${inScope(scope)} ORDER BY id DESC LIMIT ?2`;
    const rest = sourceId === undefined ? [] : [sourceId];
    const rows = file.read(() => file.sql(text).all(scopeParameter(scope), limit + 1 - found.length, after, ...rest));
    found.push(...(rows as typeof found));
    if (found.length > limit) break;
  }
  const { items, ...next } = rejectPage(found, limit);
  return { items: items.map(({ body }) => body), ...next };
}

/** Rejects as JSON, in the order of the ids. */
export function getRejects({ days }: EventParts, scope: Scope, ids: readonly string[]): string[] {
  return ids.flatMap((id) => {
    const day = dayOfId(id);
    const file = day === undefined ? undefined : days.open(day);
    const row = file?.read(() =>
      file.sql(`SELECT body FROM rejects WHERE id = ?2 AND ${inScope(scope)}`).get(scopeParameter(scope), id),
    );
    return row === undefined ? [] : [row.body as string];
  });
}

/** By hour, then source. */
export function ledger(parts: EventParts, scope: Scope, query: Parameters<Store['ledger']>[1]): Ledger {
  const [from, to] = ledgerHours(query);
  const sums = createLedgerSums();
  const conditions = `hour >= ?2 AND hour < ?3 AND (?4 IS NULL OR source = ?4) AND ${inScope(scope)}`;
  const add = (file: SqliteFile, table: string, columns: string): void => {
    const rows = file.read(() =>
      file
        .sql(`SELECT hour, source, member, ${columns} FROM ${table} WHERE ${conditions}`)
        .all(scopeParameter(scope), from, to, query.sourceId ?? null),
    ) as unknown as LedgerPart[];
    for (const row of rows) sums.add(row);
  };
  const worked = 'parsed, rejects, 0 AS refused';
  add(parts.state, 'refused', '0 AS parsed, 0 AS rejects, records AS refused');
  add(parts.state, 'ledger', worked);
  add(parts.state, 'left_out', worked);
  for (const day of parts.days.all()) {
    const startMs = Date.parse(day);
    if (startMs >= to * HOUR_MS || startMs + 24 * HOUR_MS <= from * HOUR_MS) continue;
    const file = parts.days.open(day);
    if (file !== undefined) add(file, 'ledger', worked);
  }
  return sums.rows();
}
