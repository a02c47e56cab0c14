/** Copying of the embedded store as its users see it: asks a reader thread piece by piece, tells the writer what comes in. */
import { randomUUID } from 'node:crypto';
import { CENTER_SCOPE } from '../../model/scope.ts';
import type { Caller } from '../../thread.ts';
import {
  type BatchName,
  type CensusRow,
  type Copying,
  type CopyOptions,
  type CopyPiece,
  type CopySum,
  type StoredBatch,
  takeInOrder,
} from '../copy.ts';
import { dayOfId, idFloor } from '../event-place.ts';
import type { Change, Store, WorkedBatch } from '../store.ts';
import type { BatchHeadRow, BatchLines } from './copy-batches.ts';
import type { CopyPut } from './copy-in.ts';
import type { StatePiece } from './copy-state.ts';
import type { DocPut } from './write-docs.ts';

export interface CopyingParts {
  readonly writer: Caller;
  /** Always the same one: a copy that is under way lives there. */
  readonly reader: Pick<Caller, 'call'>;
  readonly putBatches: (batches: readonly (WorkedBatch | StoredBatch)[]) => Promise<void>;
  readonly prune: Store['prune'];
  readonly toDocPut: (change: Change) => DocPut;
}

export function createSqliteCopying(parts: CopyingParts): Copying {
  const { writer, reader, putBatches, prune, toDocPut } = parts;
  const ask = async <T>(method: string, ...args: readonly unknown[]): Promise<T> =>
    (await reader.call(method, [CENTER_SCOPE, ...args])) as T;

  async function* copyState(sinceDay: string | undefined): AsyncGenerator<CopyPiece> {
    const copy = randomUUID();
    let ended = false;
    try {
      for (;;) {
        const piece = await ask<StatePiece | undefined>('copyState', copy, sinceDay);
        if (piece === undefined) break;
        if (piece.kind !== 'docs') yield piece;
        else {
          const { bodies, ...range } = piece;
          yield { ...range, docs: bodies.map((body) => JSON.parse(body)) };
        }
      }
      ended = true;
    } finally {
      if (!ended) await ask('copyEnd', copy).catch(() => undefined);
    }
  }

  /** Undefined, once asked for more: the day was removed before any of it was read. */
  async function* copyDay(day: string, wanted: CopyOptions['wanted']): AsyncGenerator<CopyPiece, boolean> {
    let after = 0;
    let read = false;
    const gone = (): false => {
      if (read) throw new Error(`events of ${day} were removed while they were copied; copy again`);
      return false;
    };
    for (;;) {
      const heads = await ask<BatchHeadRow[] | undefined>('copyHeads', day, after);
      if (heads === undefined) return gone();
      const names = heads.map(({ id, member }): BatchName => ({ batchId: id, memberId: member }));
      const these = wanted === undefined || names.length === 0 ? undefined : await wanted(names);
      for (const { seq, id } of heads) {
        if (these?.has(id) === false) continue;
        const lines = await ask<BatchLines | undefined>('copyBatch', day, seq);
        if (lines === undefined) return gone();
        read = true;
        yield { kind: 'batch', batch: parseBatch(lines) };
      }
      const last = heads.at(-1);
      if (last === undefined) return true;
      after = last.seq;
      read = true;
    }
  }

  async function* copyRejects(days: readonly string[], sinceDay: string | undefined): AsyncGenerator<CopyPiece> {
    let after = sinceDay === undefined ? null : idFloor(sinceDay);
    for (const [index, day] of days.entries()) {
      let begin = idFloor(day);
      for (;;) {
        const ids = await ask<string[] | undefined>('copyRejects', day, begin);
        const last = ids?.at(-1);
        if (ids === undefined || last === undefined) break;
        yield { kind: 'rejects', after, upTo: last, ids };
        after = last;
        begin = last;
      }
      if (index === days.length - 1) yield { kind: 'rejects', after, upTo: null, ids: [] };
    }
  }

  async function copyIn(piece: Exclude<CopyPiece, { kind: 'batch' }>): Promise<void> {
    if (piece.kind === 'since') await prune(piece.day);
    else if (piece.kind === 'rejects') await writer.call('keepRejects', [piece.after ?? '', piece.upTo, piece.ids]);
    else if (piece.kind === 'docs') {
      const puts = piece.docs.map((doc) => toDocPut({ kind: piece.of, doc } as Change));
      const docs = puts.map(({ head, body }) => ({ head, body }));
      await writer.call('copy', [{ ...piece, docs } satisfies CopyPut]);
    } else await writer.call('copy', [piece satisfies CopyPut]);
  }

  return {
    async *copyOut({ sinceDay, wanted } = {}) {
      yield* copyState(sinceDay);
      const days = await ask<string[]>('copyDays', sinceDay);
      for (const day of days) {
        if (yield* copyDay(day, wanted)) continue;
        const rows = await ask<CopySum[]>('copyRemovedDay', day);
        if (rows.length > 0) yield { kind: 'sums', of: 'removed', rows };
      }
      yield* copyRejects(days, sinceDay);
    },
    copyIn: (pieces) => takeInOrder(pieces, { putBatches, copyIn }),
    async lacking(batches) {
      const lacking = new Set<string>();
      for (const [day, ofDay] of Map.groupBy(batches, ({ batchId }) => dayOfId(batchId))) {
        if (day === undefined) continue;
        const ids = ofDay.map(({ batchId }) => batchId);
        for (const id of await ask<string[]>('lacking', day, ids)) lacking.add(id);
      }
      return lacking;
    },
    census: () => ask<CensusRow[]>('census'),
    async identity() {
      const { id, terms, origin } = await ask<{ id: string; terms: number; origin: string | null }>('identity');
      return { id, terms, origin: origin === null ? undefined : JSON.parse(origin) };
    },
    async setOrigin(origin) {
      await writer.call('copy', [{ kind: 'origin', origin: JSON.stringify(origin) } satisfies CopyPut]);
    },
  };
}

function parseBatch({ receivedMs, events, rejects, matches, ...head }: BatchLines): StoredBatch {
  return {
    ...head,
    receivedAt: new Date(receivedMs).toISOString(),
    events: events.map((line) => JSON.parse(line)),
    rejects: rejects.map((body) => JSON.parse(body)),
    matches: matches.map((body) => JSON.parse(body)),
  };
}
