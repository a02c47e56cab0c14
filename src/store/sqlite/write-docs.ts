/** The writer's statements on state.db. Each works inside a transaction that its caller opened. */

import { batchesOf, knownBefore } from '../cause.ts';
import { idFloor } from '../event-place.ts';
import { HOUR_MS } from '../event-reads.ts';
import { type DocHead, kinds } from '../kinds.ts';
import { type Cause, Deposed, type Kind, VersionConflict } from '../store.ts';
import type { SqliteFile } from './file.ts';
import { column } from './format.ts';

/** A change as it travels to the writer. */
export interface DocPut {
  /** Its text normalised, as the words are that will be looked for in it. */
  readonly head: DocHead;
  readonly body: string;
  readonly ifAbsent: boolean;
  readonly remove: boolean;
}

export interface SavePut {
  readonly changes: readonly DocPut[];
  /** Undefined for what is none of the correlator's. */
  readonly cause: Cause | undefined;
}

/** A new term, greater than all before. */
export function beginTerm(file: SqliteFile): number {
  const row = file.sql('UPDATE progress SET term = term + 1 RETURNING term').get() as { term: number };
  return row.term;
}

/** False when the batches were applied before: then nothing is written. Throws as Store.save does, and the caller rolls back. */
export function saveDocs(file: SqliteFile, { changes, cause }: SavePut): boolean {
  if (cause !== undefined) {
    const { term: current } = file.sql('SELECT term FROM progress').get() as { term: number };
    if (cause.term !== current) throw new Deposed(cause.term, current);
    let marked = 0;
    for (const { batchId, alerts, newestMs } of batchesOf(cause)) {
      const { changes: added } = file
        .sql('INSERT INTO applied(batch, alerts) VALUES(?, ?) ON CONFLICT DO NOTHING')
        .run(batchId, alerts);
      if (Number(added) === 0) marked++;
      else if (newestMs !== undefined) raise(file, 'applied_ms', newestMs);
    }
    if (knownBefore(cause, marked)) return false;
    if ('advancedMs' in cause) raise(file, 'advanced_ms', cause.advancedMs);
  }
  for (const change of changes) saveDoc(file, change);
  return true;
}

export function raise(file: SqliteFile, name: 'applied_ms' | 'advanced_ms', ms: number): void {
  file.sql(`UPDATE progress SET ${name} = max(ifnull(${name}, ?1), ?1)`).run(ms);
}

function saveDoc(file: SqliteFile, { head, body, ifAbsent, remove }: DocPut): void {
  const { kind, id, version } = head;
  const stored = (file.sql(`SELECT version FROM "${kind}" WHERE id = ?`).get(id) as { version: number } | undefined)
    ?.version;
  if (ifAbsent && stored !== undefined) return;
  if (kinds[kind].appendOnly && (remove || stored !== undefined)) {
    throw new Error(`${kind} ${id}: entries are only added, never changed or removed`);
  }
  if (version !== (stored ?? 0) + 1) throw new VersionConflict(kind, id);
  if (remove) {
    file.sql(`DELETE FROM "${kind}" WHERE id = ?`).run(id);
    return;
  }
  putDoc(file, head, body);
}

/** Whatever was there under its id. */
export function putDoc(file: SqliteFile, head: DocHead, body: string): void {
  const { kind, id, version, sort, member, members, where, text } = head;
  file
    .sql(upsert(kind))
    .run(id, version, sort, member, members === null ? null : JSON.stringify(members), ...where, text, body);
}

const upserts = new Map<Kind, string>();

function upsert(kind: Kind): string {
  let text = upserts.get(kind);
  if (text === undefined) {
    const filters = Object.keys(kinds[kind].where).map(column);
    const columns = ['id', 'version', 'sort', 'member', 'members', ...filters, 'text', 'body'];
    const sets = columns.slice(1).map((name) => `${name} = excluded.${name}`);
    text = `INSERT INTO "${kind}"(${columns.join(', ')}) VALUES(${columns.map(() => '?').join(', ')})
      ON CONFLICT(id) DO UPDATE SET ${sets.join(', ')}`;
    upserts.set(kind, text);
  }
  return text;
}

export interface RefusedPut {
  readonly memberId: string;
  readonly sourceId: string;
  readonly hour: string;
  readonly records: number;
}

export function addRefused(file: SqliteFile, rows: readonly RefusedPut[]): void {
  const add = file.sql(
    `INSERT INTO refused(hour, source, member, records) VALUES(?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET records = records + excluded.records`,
  );
  for (const { hour, sourceId, memberId, records } of rows) {
    add.run(Math.floor(Date.parse(hour) / HOUR_MS), sourceId, memberId, records);
  }
}

/**
 * Makes the catalogue say that events between these times may be in that day's file. Whole hours, so that a busy day is written
 * here once an hour and not with each commit.
 */
export function widenDay(file: SqliteFile, day: string, minMs: number, maxMs: number): void {
  file
    .sql(
      `INSERT INTO days(day, min_ms, max_ms) VALUES(?, ?, ?)
       ON CONFLICT DO UPDATE SET min_ms = min(min_ms, excluded.min_ms), max_ms = max(max_ms, excluded.max_ms)`,
    )
    .run(day, floorHour(minMs), ceilHour(maxMs));
}

const floorHour = (ms: number): number => Math.floor(ms / HOUR_MS) * HOUR_MS;
const ceilHour = (ms: number): number => Math.floor(ms / HOUR_MS) * HOUR_MS + HOUR_MS - 1;

/** Whether the catalogue says so already. */
export function coversDay(file: SqliteFile, day: string, minMs: number, maxMs: number): boolean {
  const known = file.sql('SELECT min_ms, max_ms FROM days WHERE day = ?').get(day) as
    | { min_ms: number; max_ms: number }
    | undefined;
  return known !== undefined && known.min_ms <= minMs && known.max_ms >= maxMs;
}

export interface LedgerSum {
  readonly hour: number;
  readonly source: string;
  readonly member: string;
  readonly records: number;
  readonly parsed: number;
  readonly rejects: number;
}

/** Takes a day out of the catalogue and keeps its sums. Its file may be removed afterwards. */
export function forgetDay(file: SqliteFile, day: string, sums: readonly LedgerSum[]): void {
  file.sql('DELETE FROM days WHERE day = ?').run(day);
  file.sql('INSERT OR IGNORE INTO pruning(day) VALUES(?)').run(day);
  const add = file.sql(
    `INSERT INTO ledger(hour, source, member, records, parsed, rejects) VALUES(?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET records = records + excluded.records, parsed = parsed + excluded.parsed,
       rejects = rejects + excluded.rejects`,
  );
  for (const { hour, source, member, records, parsed, rejects } of sums) {
    add.run(hour, source, member, records, parsed, rejects);
  }
}

/** Forgets which batches received before that day were applied: their matches are gone. */
export function forgetApplied(file: SqliteFile, beforeDay: string): void {
  file.sql('DELETE FROM applied WHERE batch < ?').run(idFloor(beforeDay));
}
