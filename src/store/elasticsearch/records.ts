/** Reads of what comes with events: what became of a batch, rejects, matches for rebuilding. Removes rejects that were replayed. */
import type { Match } from '../../model/alert.ts';
import type { Reject } from '../../model/batch.ts';
import { dayOf, dayOfId } from '../event-place.ts';
import { rejectPage, rejectsAfter } from '../event-reads.ts';
import type { Store } from '../store.ts';
import { type BulkItem, writeBulk } from './bulk.ts';
import type { Elastic } from './connection.ts';
import { decodeBatch, decodeReject } from './encode.ts';
import { type Clause, inScope, monthOf, ofKind, patternsOf } from './event-format.ts';
import type { EventSearch, Hit } from './event-search.ts';
import { againWhileClosed } from './make-index.ts';
import type { Freshness } from './refresh.ts';
import { createView } from './view.ts';

export interface RecordParts {
  readonly elastic: Elastic;
  readonly fresh: Freshness;
  readonly search: EventSearch;
  appliedBatches(ids: readonly string[]): Promise<ReadonlySet<string>>;
}

const MATCHES = 5_000;
/** Events that matched, looked at together. */
const PORTION = 1_000;

export function createRecordReads(
  parts: RecordParts,
): Pick<Store, 'outcome' | 'findRejects' | 'getRejects' | 'removeRejects' | 'appliedMatches'> {
  const { elastic, fresh, search, appliedBatches } = parts;

  return {
    async outcome(scope, batchId, receivedAt) {
      const receivedMs = Date.parse(receivedAt);
      const day = dayOfId(batchId);
      if (day === undefined || Number.isNaN(receivedMs) || dayOf(receivedMs) !== day) return undefined;
      const found = await search.find(scope, [monthOf(day)], {
        query: { bool: { filter: [{ ids: { values: [batchId] } }, ofKind('batch'), ...inScope(scope)] } },
        size: 1,
      });
      const row = found?.hits.hits[0];
      return row && decodeBatch(batchId, row._source);
    },

    async findRejects(scope, query) {
      const after = rejectsAfter(query);
      const filter: Clause[] = [ofKind('reject'), ...inScope(scope)];
      if (query.sourceId !== undefined) filter.push({ term: { 'hinomi.source_id': query.sourceId } });
      const found = await search.find(scope, undefined, {
        query: { bool: { filter } },
        sort: [{ 'event.id': 'desc' }],
        size: query.limit + 1,
        ...(after !== undefined && { search_after: [after] }),
        _source: ['reject'],
      });
      const hits = found?.hits.hits ?? [];
      return rejectPage(
        hits.map(({ _source }) => decodeReject(_source)),
        query.limit,
      );
    },

    async getRejects(scope, ids) {
      const hits = await search.findByIds(scope, ids, 'reject', true);
      const byId = new Map(hits.map(({ _id, _source }): [string, Reject] => [_id, decodeReject(_source)]));
      return ids.flatMap((id) => byId.get(id) ?? []);
    },

    removeRejects: (scope, ids) =>
      againWhileClosed(elastic, async () => {
        const hits = await search.findByIds(scope, ids, 'reject', false);
        const items = hits.map(({ _index, _id }): BulkItem => ({ op: 'delete', index: _index, id: _id }));
        if (items.length === 0) return;
        await writeBulk(elastic, items, 'writer');
        fresh.wrote(new Set(items.map(({ index }) => index)));
      }),

    async *appliedMatches(scope, sinceMs) {
      const patterns = patternsOf(elastic.prefix, scope);
      if (patterns.length === 0) return;
      // A match that was applied and is not found now would be counted twice.
      await fresh.beforeWhole(patterns);
      const filter: Clause[] = [ofKind('event'), { range: { matched: { gte: 1 } } }, ...inScope(scope)];
      filter.push({ range: { '@timestamp': { gte: Math.ceil(sinceMs), format: 'epoch_millis' } } });
      const view = createView(elastic, patterns);
      try {
        for (let after: Hit['sort'] | undefined; ; ) {
          const hits = await view.find({
            query: { bool: { filter } },
            sort: [{ '@timestamp': 'asc' }, { 'event.id': 'asc' }],
            size: PORTION,
            _source: ['matches'],
            ...(after !== undefined && { search_after: after }),
          });
          const applied = await appliedBatches([...new Set(hits.map(({ _id }) => batchOf(_id)))]);
          const matches = hits
            .filter(({ _id }) => applied.has(batchOf(_id)))
            .flatMap(({ _source }) => JSON.parse(_source.matches as string) as Match[]);
          for (let at = 0; at < matches.length; at += MATCHES) yield matches.slice(at, at + MATCHES);
          if (hits.length < PORTION) return;
          // A view breaks ties by numbers of its own, which say nothing in the next one; there are no ties.
          after = [...(hits.at(-1)?.sort.slice(0, 2) ?? []), Number.MAX_SAFE_INTEGER];
        }
      } finally {
        await view.close();
      }
    },
  };
}

const batchOf = (eventId: string): string => eventId.slice(0, 26);
