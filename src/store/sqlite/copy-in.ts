/** The writer's statements for a copy that comes in. Each works inside a transaction that its caller opened. */
import type { AppliedMark, CopySum, SumKind } from '../copy.ts';
import { HOUR_MS } from '../event-reads.ts';
import { kinds } from '../kinds.ts';
import type { Kind, Progress } from '../store.ts';
import type { SqliteFile } from './file.ts';
import { type DocPut, putDoc, raise } from './write-docs.ts';

/** A piece as it travels to the writer. */
export type CopyPut =
  | {
      readonly kind: 'docs';
      readonly of: Kind;
      readonly after: string | null;
      readonly upTo: string | null;
      readonly docs: readonly Pick<DocPut, 'head' | 'body'>[];
    }
  | { readonly kind: 'marks'; readonly marks: readonly AppliedMark[] }
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'sums'; readonly of: SumKind; readonly rows: readonly CopySum[] }
  | { readonly kind: 'origin'; readonly origin: string };

export function putCopy(file: SqliteFile, put: CopyPut): void {
  if (put.kind === 'docs') putDocs(file, put);
  else if (put.kind === 'marks') {
    const add = file.sql('INSERT INTO applied(batch, alerts) VALUES(?, ?) ON CONFLICT DO NOTHING');
    for (const { batchId, alerts } of put.marks) add.run(batchId, alerts);
  } else if (put.kind === 'progress') {
    const { appliedMs, advancedMs } = put.progress;
    if (appliedMs !== undefined) raise(file, 'applied_ms', appliedMs);
    if (advancedMs !== undefined) raise(file, 'advanced_ms', advancedMs);
  } else if (put.kind === 'sums') setSums(file, put.of, put.rows);
  else file.sql('UPDATE identity SET origin = ?').run(put.origin);
}

function putDocs(file: SqliteFile, { of, after, upTo, docs }: Extract<CopyPut, { kind: 'docs' }>): void {
  const find = file.sql(`SELECT version FROM "${of}" WHERE id = ?`);
  for (const { head, body } of docs) {
    const stored = find.get(head.id) as { version: number } | undefined;
    if (stored === undefined || stored.version < head.version) putDoc(file, head, body);
  }
  if (kinds[of].appendOnly === true) return;
  const ids = JSON.stringify(docs.map(({ head }) => head.id));
  file
    .sql(
      `DELETE FROM "${of}" WHERE id > ?1 AND (?2 IS NULL OR id <= ?2) AND id NOT IN (SELECT value FROM json_each(?3))`,
    )
    .run(after ?? '', upTo, ids);
}

function setSums(file: SqliteFile, of: SumKind, rows: readonly CopySum[]): void {
  if (of === 'refused') {
    const set = file.sql(
      `INSERT INTO refused(hour, source, member, records) VALUES(?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET records = excluded.records`,
    );
    for (const { hour, sourceId, memberId, refused } of rows) set.run(hourOf(hour), sourceId, memberId, refused);
    return;
  }
  const set = file.sql(
    `INSERT INTO ${of === 'left' ? 'left_out' : 'ledger'}(hour, source, member, records, parsed, rejects) VALUES(?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET records = excluded.records, parsed = excluded.parsed, rejects = excluded.rejects`,
  );
  for (const { hour, sourceId, memberId, parsed, rejects } of rows) {
    set.run(hourOf(hour), sourceId, memberId, parsed + rejects, parsed, rejects);
  }
}

const hourOf = (hour: string): number => Math.floor(Date.parse(hour) / HOUR_MS);

/** On a day's file: removes the rejects behind `after`, not behind `upTo`, that are none of these. */
export function keepRejects(file: SqliteFile, after: string, upTo: string | null, ids: readonly string[]): void {
  file
    .sql(
      `DELETE FROM rejects WHERE id > ?1 AND (?2 IS NULL OR id <= ?2) AND id NOT IN (SELECT value FROM json_each(?3))`,
    )
    .run(after, upTo, JSON.stringify(ids));
}
