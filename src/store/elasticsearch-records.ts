/** Reads of what comes with events: what became of a batch, rejects, matches for rebuilding. Removes rejects that were replayed. */
import type { Match } from '../model/alert.ts';
import type { Reject } from '../model/batch.ts';
import type { Scope } from '../model/scope.ts';
import { type BulkItem, writeBulk } from './elasticsearch-bulk.ts';
import type { Elastic } from './elasticsearch-connection.ts';
import { decodeBatch, decodeReject } from './elasticsearch-encode.ts';
import { type Clause, inScope, monthOf, ofKind, patternsOf } from './elasticsearch-event-format.ts';
import { type EventSearch, type Found, type Hit, WHOLE } from './elasticsearch-event-search.ts';
import { againWhileClosed } from './elasticsearch-index.ts';
import type { Freshness } from './elasticsearch-refresh.ts';
import { dayOf, dayOfId } from './event-place.ts';
import { rejectPage, rejectsAfter } from './event-reads.ts';
import type { Store } from './store.ts';

export interface RecordParts {
  readonly elastic: Elastic;
  readonly fresh: Freshness;
  readonly search: EventSearch;
  appliedBatches(ids: readonly string[]): Promise<ReadonlySet<string>>;
}

const IDS = 1_000;
const MATCHES = 5_000;
/** Events that matched, looked at together. */
const PORTION = 1_000;
const KEEP_OPEN = '5m';

export function createRecordReads(
  parts: RecordParts,
): Pick<Store, 'outcome' | 'findRejects' | 'getRejects' | 'removeRejects' | 'appliedMatches'> {
  const { elastic, fresh, search, appliedBatches } = parts;

  /** Rejects with these ids that the scope may see, in no order. */
  async function findByIds(scope: Scope, ids: readonly string[], source: boolean): Promise<Hit[]> {
    const possible = [...new Set(ids)].filter((id) => dayOfId(id) !== undefined);
    const hits: Hit[] = [];
    for (let at = 0; at < possible.length; at += IDS) {
      const values = possible.slice(at, at + IDS);
      const months = [...new Set(values.map((id) => monthOf(dayOfId(id) as string)))];
      const found = await search.find(scope, months, {
        query: { bool: { filter: [{ ids: { values } }, ofKind('reject'), ...inScope(scope)] } },
        size: values.length,
        _source: source,
      });
      hits.push(...(found?.hits.hits ?? []));
    }
    return hits;
  }

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
      const hits = await findByIds(scope, ids, true);
      const byId = new Map(hits.map(({ _id, _source }): [string, Reject] => [_id, decodeReject(_source)]));
      return ids.flatMap((id) => byId.get(id) ?? []);
    },

    removeRejects: (scope, ids) =>
      againWhileClosed(elastic, async () => {
        const hits = await findByIds(scope, ids, false);
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

/** The indices as they are now, for a walk over all of them. When the server lost its view, the walk goes on in a new one. */
function createView(elastic: Elastic, patterns: readonly string[]) {
  let pit: string | undefined;
  const open = async (): Promise<string> => {
    const { body } = await elastic.request<{ id: string }>({
      method: 'POST',
      path: `/${patterns.join()}/_pit`,
      query: { keep_alive: KEEP_OPEN, ignore_unavailable: true },
    });
    return body.id;
  };
  return {
    async find(body: object): Promise<readonly Hit[]> {
      for (let attempt = 0; ; attempt++) {
        pit ??= await open();
        const { status, body: found } = await elastic.request<Found & { pit_id?: string }>({
          method: 'POST',
          path: '/_search',
          query: { allow_partial_search_results: WHOLE.allow_partial_search_results },
          body: { track_total_hits: false, ...body, pit: { id: pit, keep_alive: KEEP_OPEN } },
          accept: attempt === 0 ? [404] : [],
        });
        if (status !== 404) {
          pit = found.pit_id ?? pit;
          return found.hits.hits;
        }
        pit = undefined;
      }
    },
    async close(): Promise<void> {
      if (pit === undefined) return;
      // It would end by itself; a server that is away needs no goodbye.
      await elastic
        .request({ method: 'DELETE', path: '/_pit', body: { id: pit }, accept: [404] })
        .catch(() => undefined);
    },
  };
}
