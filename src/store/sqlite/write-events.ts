/** The writer's statements on one day's file. Each works inside a transaction that its caller opened. */

import type { Scope } from '../../model/scope.ts';
import { HOUR_MS } from '../event-reads.ts';
import type { BatchPut, DayPut } from './encode.ts';
import type { SqliteFile } from './file.ts';
import { inScope, scopeParameter } from './scope.ts';

/** Batches of the put that the file has already. Nothing of the put may be written while there are any. */
export function knownBatches(file: SqliteFile, put: DayPut): string[] {
  const find = file.sql('SELECT 1 FROM batches WHERE id = ?');
  return put.batches.filter(({ id }) => find.get(id) !== undefined).map(({ id }) => id);
}

export function putDay(file: SqliteFile, put: DayPut): void {
  const base = nextBlock(file);
  const insertBlock = file.sql(
    'INSERT INTO blocks(id, member, source, min_ms, max_ms, events) VALUES(?, ?, ?, ?, ?, ?)',
  );
  const insertBody = file.sql('INSERT INTO bodies(id, body) VALUES(?, ?)');
  const insertTerms = file.sql('INSERT INTO terms(rowid, words) VALUES(?, ?)');
  for (const [index, block] of put.blocks.entries()) {
    const id = base + index;
    insertBlock.run(id, block.member, block.source, block.minMs, block.maxMs, block.events);
    insertBody.run(id, block.body);
    insertTerms.run(id, block.words);
  }
  for (const batch of put.batches) putBatch(file, batch, base);
  const addCount = file.sql(
    `INSERT INTO counts(minute, source, member, events) VALUES(?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET events = events + excluded.events`,
  );
  for (const count of put.counts) addCount.run(count.minute, count.source, count.member, count.events);
  if (put.events > 0) {
    file
      .sql(
        `UPDATE span SET min_ms = min(ifnull(min_ms, ?1), ?1), max_ms = max(ifnull(max_ms, ?2), ?2), events = events + ?3`,
      )
      .run(put.minMs, put.maxMs, put.events);
  }
}

const nextBlock = (file: SqliteFile): number =>
  (file.sql('SELECT ifnull(max(id), 0) + 1 AS id FROM blocks').get() as { id: number }).id;

function putBatch(file: SqliteFile, batch: BatchPut, base: number): void {
  const { id, member, source, receivedMs, records, parsed, events, rejects, rejected, matches, matched } = batch;
  const { lastInsertRowid } = file
    .sql(
      `INSERT INTO batches(id, member, source, received_ms, records, parsed, events, rejects, matches, first_block, pieces)
       VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      id,
      member,
      source,
      receivedMs,
      records,
      parsed,
      events,
      rejected,
      matched,
      base + batch.firstBlock,
      batch.pieces,
    );
  const seq = Number(lastInsertRowid);
  file
    .sql(
      `INSERT INTO ledger(hour, source, member, records, parsed, rejects) VALUES(?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET records = records + excluded.records, parsed = parsed + excluded.parsed,
         rejects = rejects + excluded.rejects`,
    )
    .run(Math.floor(receivedMs / HOUR_MS), source, member, records, parsed, rejected);
  const insertReject = file.sql('INSERT INTO rejects(id, member, source, body) VALUES(?, ?, ?, ?)');
  for (const [rejectId, body] of rejects) insertReject.run(rejectId, member, source, body);
  const insertMatch = file.sql('INSERT INTO matches(at_ms, batch, number, body) VALUES(?, ?, ?, ?)');
  for (const [number, [atMs, body]] of matches.entries()) insertMatch.run(atMs, seq, number, body);
}

export function removeRejects(file: SqliteFile, ids: readonly string[], scope: Scope): void {
  const remove = file.sql(`DELETE FROM rejects WHERE id = ?2 AND ${inScope(scope)}`);
  for (const id of ids) remove.run(scopeParameter(scope), id);
}
