/**
 * What comes in of a copy: documents, marks and progress as entries of the journal, so that everybody who writes later stands on top
 * of them; batches as the pipeline's; sums as rows of the ledger, each under an id that says whose sum it is, so that the same again
 * takes its place.
 */
import { hashId } from '../../ids.ts';
import { type CopyPiece, type CopySum, type SumKind, takeInOrder } from '../copy.ts';
import { describeDoc, kinds } from '../kinds.ts';
import type { Change, Progress, Store } from '../store.ts';
import { type BulkItem, writeBulk } from './bulk.ts';
import { type Elastic, RequestRefused } from './connection.ts';
import { docIndex, storedDoc } from './doc-format.ts';
import { allEvents, type Clause, type EventKind, ledgerIndex, ofKind } from './event-format.ts';
import { appliedIndex, type Journal, type Put, removeFound, stateIndex } from './journal.ts';
import { againWhileClosed } from './make-index.ts';
import { listIndices } from './prune.ts';
import type { Freshness } from './refresh.ts';

export interface CopyInParts {
  readonly elastic: Elastic;
  readonly fresh: Freshness;
  readonly journal: Journal;
  readonly putBatches: Store['putBatches'];
  readonly prune: Store['prune'];
}

type Piece<K extends CopyPiece['kind']> = Extract<CopyPiece, { kind: K }>;

/** Documents of an entry, and its size: an entry is read whole. */
const ENTRY_CHARS = 4_000_000;
const FOUND = 5_000;

export function createCopyIn(parts: CopyInParts): (pieces: readonly CopyPiece[]) => Promise<void> {
  const { elastic, fresh, journal, putBatches, prune } = parts;
  const { prefix } = elastic;

  async function mgetVersions(index: string, ids: readonly string[]): Promise<(number | undefined)[]> {
    if (ids.length === 0) return [];
    const { body } = await elastic.request<{
      docs: { found?: boolean; _source?: { version: number; removed?: true } }[];
    }>({
      method: 'POST',
      path: '/_mget',
      body: { docs: ids.map((id) => ({ _index: index, _id: id, _source: ['version', 'removed'] })) },
      patience: 'writer',
    });
    return body.docs.map(({ found, _source }) =>
      found === true && _source?.removed !== true ? _source?.version : undefined,
    );
  }

  async function putDocs({ of, after, upTo, docs }: Piece<'docs'>): Promise<void> {
    const index = docIndex(prefix, of);
    let lot: { id: string; version: number; source: string }[] = [];
    let chars = 0;
    const flush = async (): Promise<void> => {
      const these = lot;
      lot = [];
      chars = 0;
      await journal.write(async () => {
        const versions = await mgetVersions(
          index,
          these.map(({ id }) => id),
        );
        return these
          .filter(({ version }, at) => (versions[at] ?? 0) < version)
          .map(({ id, source }): Put => ({ index, id, source }));
      });
    };
    for (const doc of docs) {
      const source = storedDoc(describeDoc({ kind: of, doc } as Change), JSON.stringify(doc));
      lot.push({ id: doc.id, version: doc.version, source });
      chars += source.length;
      if (chars >= ENTRY_CHARS) await flush();
    }
    if (lot.length > 0) await flush();
    if (kinds[of].appendOnly !== true) await removeOthers(index, after, upTo, new Set(docs.map(({ id }) => id)));
  }

  async function removeOthers(
    index: string,
    after: string | null,
    upTo: string | null,
    stay: ReadonlySet<string>,
  ): Promise<void> {
    const range = { ...(after !== null && { gt: after }), ...(upTo !== null && { lte: upTo }) };
    const filter: Clause[] = after === null && upTo === null ? [] : [{ range: { id: range } }];
    const gone: { id: string; version: number }[] = [];
    for (let sort: readonly string[] | undefined; ; ) {
      await fresh.before([index]);
      const { body } = await elastic.request<{
        hits: { hits: { _source: { id: string; version: number }; sort: string[] }[] };
      }>({
        method: 'POST',
        path: `/${index}/_search`,
        body: {
          query: { bool: { filter, must_not: [{ term: { removed: true } }] } },
          sort: [{ id: 'asc' }],
          size: FOUND,
          track_total_hits: false,
          _source: ['id', 'version'],
          ...(sort !== undefined && { search_after: sort }),
        },
        patience: 'writer',
      });
      const { hits } = body.hits;
      gone.push(...hits.map(({ _source }) => _source).filter(({ id }) => !stay.has(id)));
      if (hits.length < FOUND) break;
      sort = hits.at(-1)?.sort;
    }
    const removedAt = new Date().toISOString();
    for (let at = 0; at < gone.length; at += FOUND) {
      const puts = gone.slice(at, at + FOUND).map(({ id, version }): Put => {
        return { index, id, source: JSON.stringify({ id, version: version + 1, removed: true, removedAt }) };
      });
      await journal.write(async () => puts);
    }
  }

  async function putMarks({ marks }: Piece<'marks'>): Promise<void> {
    const index = appliedIndex(prefix);
    await journal.write(async () => {
      const known = await journal.applied(marks.map(({ batchId }) => batchId));
      return marks
        .filter(({ batchId }) => !known.has(batchId))
        .map(({ batchId: id, alerts }): Put => ({ index, id, source: JSON.stringify({ id, alerts }) }));
    });
  }

  async function putProgress(wanted: Progress): Promise<void> {
    await journal.write(async () => {
      const before = await journal.progress();
      const after: Progress = {
        appliedMs: later(before.appliedMs, wanted.appliedMs),
        advancedMs: later(before.advancedMs, wanted.advancedMs),
      };
      if (after.appliedMs === before.appliedMs && after.advancedMs === before.advancedMs) return [];
      return [{ index: stateIndex(prefix), id: 'progress', source: JSON.stringify(after) }];
    });
  }

  async function setSums(of: SumKind, rows: readonly CopySum[]): Promise<void> {
    const index = ledgerIndex(prefix);
    const items = rows.map(({ memberId, sourceId, hour, parsed, rejects, refused }): BulkItem => {
      const doc = {
        kind: 'ledger' satisfies EventKind,
        received: hour,
        'organization.id': memberId,
        'hinomi.source_id': sourceId,
        // Of no index.
        uuid: 'copied',
        ...{ parsed, rejected: rejects, refused },
      };
      return { op: 'put', index, id: `copied ${hashId(of, hour, sourceId, memberId)}`, source: JSON.stringify(doc) };
    });
    const { refused } = await writeBulk(elastic, items, 'writer');
    fresh.wrote([index]);
    const [first] = refused;
    if (first !== undefined) throw new RequestRefused(`to write to ${index}`, undefined, first.reason);
  }

  /** What was taken since the last copy comes as sums: rows, which are the ledger of what is there, go with their events. */
  async function removeBefore(day: string): Promise<void> {
    const rows = { bool: { filter: [ofKind('batch', 'refused'), { range: { received: { lt: day } } }] } };
    await fresh.beforeWhole([allEvents(prefix)]);
    for (const { index } of await listIndices(elastic)) {
      await againWhileClosed(elastic, () => removeFound(elastic, fresh, index, rows));
    }
    await prune(day);
  }

  async function keepRejects({ after, upTo, ids }: Piece<'rejects'>): Promise<void> {
    const stay = new Set(ids);
    const range = { ...(after !== null && { gt: after }), ...(upTo !== null && { lte: upTo }) };
    for (let from: readonly (string | number)[] | undefined = after === null ? undefined : [after]; ; ) {
      await fresh.before([allEvents(prefix)]);
      const { body } = await elastic.request<{ hits: { hits: { _index: string; _id: string; sort: string[] }[] } }>({
        method: 'POST',
        path: `/${allEvents(prefix)}/_search`,
        query: { ignore_unavailable: true, allow_no_indices: true },
        body: {
          query: { bool: { filter: [ofKind('reject')] } },
          sort: [{ 'event.id': 'asc' }],
          size: FOUND,
          track_total_hits: false,
          _source: false,
          ...(from !== undefined && { search_after: from }),
        },
        patience: 'writer',
      });
      const { hits } = body.hits;
      const inside = hits.filter(({ _id }) => range.lte === undefined || _id <= range.lte);
      const gone = inside
        .filter(({ _id }) => !stay.has(_id))
        .map(({ _index, _id }): BulkItem => ({ op: 'delete', index: _index, id: _id }));
      if (gone.length > 0) {
        await writeBulk(elastic, gone, 'writer');
        fresh.wrote(new Set(gone.map(({ index }) => index)));
      }
      if (inside.length < hits.length || hits.length < FOUND) return;
      from = hits.at(-1)?.sort;
    }
  }

  async function copyIn(piece: Exclude<CopyPiece, { kind: 'batch' }>): Promise<void> {
    if (piece.kind === 'docs') await putDocs(piece);
    else if (piece.kind === 'marks') await putMarks(piece);
    else if (piece.kind === 'progress') await putProgress(piece.progress);
    else if (piece.kind === 'sums') await setSums(piece.of, piece.rows);
    else if (piece.kind === 'rejects') await keepRejects(piece);
    else await removeBefore(piece.day);
  }

  return (pieces) => takeInOrder(pieces, { putBatches, copyIn });
}

const later = (known: number | undefined, ms: number | undefined): number | undefined =>
  known === undefined || ms === undefined ? (known ?? ms) : Math.max(known, ms);
