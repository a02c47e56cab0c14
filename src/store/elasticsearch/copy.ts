/** Copying of the cluster's store: its parts put together, its census, its identity. */
import { randomBytes } from 'node:crypto';
import type { CensusRow, Copying, CopyOrigin } from '../copy.ts';
import { idFloor } from '../event-place.ts';
import { kindNames } from '../kinds.ts';
import type { Kind, Store } from '../store.ts';
import type { Elastic } from './connection.ts';
import { copyIndex, copyRejects, firstDay, readRemoved, readSums } from './copy-events.ts';
import { createCopyIn } from './copy-in.ts';
import { copyState } from './copy-state.ts';
import { docIndex } from './doc-format.ts';
import { allEvents, ofKind } from './event-format.ts';
import type { Bucket, EventSearch } from './event-search.ts';
import { appliedIndex, type Journal, stateIndex } from './journal.ts';
import type { Freshness } from './refresh.ts';

export interface CopyingParts {
  readonly elastic: Elastic;
  readonly fresh: Freshness;
  readonly search: EventSearch;
  readonly journal: Journal;
  readonly putBatches: Store['putBatches'];
  readonly lacking: Copying['lacking'];
  readonly prune: Store['prune'];
}

const PAGE = 1_000;

export function createElasticsearchCopying(parts: CopyingParts): Copying {
  const { elastic, fresh, search, journal, lacking } = parts;
  const { prefix } = elastic;
  const state = stateIndex(prefix);

  /** Counts by member, and sums of a field beside them. */
  async function countBy(
    index: string,
    field: string,
    query: object,
    add: (member: string | null, bucket: Bucket) => void,
    sum?: string,
  ): Promise<void> {
    for (let after: object | undefined; ; ) {
      const { aggregations } = await search.findIn([index], {
        size: 0,
        query,
        aggs: {
          by: {
            composite: {
              size: PAGE,
              sources: [{ member: { terms: { field, missing_bucket: true } } }],
              ...(after !== undefined && { after }),
            },
            ...(sum !== undefined && { aggs: { sum: { sum: { field: sum } } } }),
          },
        },
      });
      const found = aggregations?.by;
      for (const bucket of found?.buckets ?? []) add((bucket.key as { member: string | null }).member, bucket);
      after = found?.after_key;
      if (after === undefined || (found?.buckets.length ?? 0) < PAGE) return;
    }
  }

  async function census(): Promise<readonly CensusRow[]> {
    const rows: CensusRow[] = [];
    await fresh.beforeWhole([docIndex(prefix, '*'), appliedIndex(prefix), allEvents(prefix)]);
    const toRow =
      (of: CensusRow['of']) =>
      (memberId: string | null, { doc_count }: Bucket): void => {
        rows.push({ memberId, of, count: doc_count });
      };
    for (const kind of kindNames) {
      const there = { bool: { must_not: [{ term: { removed: true } }] } };
      await countBy(docIndex(prefix, kind), 'member', there, toRow(kind as Kind));
    }
    for (const kind of ['event', 'reject'] as const) {
      await countBy(allEvents(prefix), 'organization.id', { bool: { filter: [ofKind(kind)] } }, toRow(kind));
    }
    const living = { range: { received: { gte: await firstDay(parts) } } };
    await countBy(
      allEvents(prefix),
      'organization.id',
      { bool: { filter: [ofKind('batch'), living] } },
      toRow('batch'),
    );
    const matched = { bool: { filter: [ofKind('event'), { range: { matched: { gte: 1 } } }] } };
    const toMatches = (memberId: string | null, { sum }: Bucket): void => {
      rows.push({ memberId, of: 'match', count: (sum as { value: number }).value });
    };
    await countBy(allEvents(prefix), 'organization.id', matched, toMatches, 'matched');
    const { body } = await elastic.request<{ count: number }>({
      method: 'GET',
      path: `/${appliedIndex(prefix)}/_count`,
    });
    if (body.count > 0) rows.push({ memberId: null, of: 'mark', count: body.count });
    return rows;
  }

  /** Made by whoever asks first. */
  async function ownId(): Promise<string> {
    const path = `/${state}/_create/identity`;
    await elastic.request({ method: 'PUT', path, body: { id: randomBytes(10).toString('hex') }, accept: [409] });
    return (await elastic.request<{ id: string }>({ method: 'GET', path: `/${state}/_source/identity` })).body.id;
  }

  return {
    async *copyOut({ sinceDay, wanted } = {}) {
      await fresh.beforeWhole([allEvents(prefix)]);
      const before = await firstDay(parts);
      yield { kind: 'since', day: before };
      yield* copyState(elastic, fresh, journal, sinceDay);
      await fresh.beforeWhole([allEvents(prefix)]);
      // A store that was empty a moment ago may have its first batches now.
      const { pieces, indices, first } = await readSums(parts, before, sinceDay);
      yield* pieces;
      const from = sinceDay !== undefined && sinceDay > first ? sinceDay : first;
      for (const index of indices) {
        if (yield* copyIndex(parts, index, from, wanted)) continue;
        yield* await readRemoved(parts, index.index);
      }
      yield* copyRejects(parts, sinceDay === undefined ? null : idFloor(sinceDay));
    },
    copyIn: createCopyIn(parts),
    lacking,
    census,
    async identity() {
      const id = await ownId();
      const { status, body } = await elastic.request<{ origin: CopyOrigin }>({
        method: 'GET',
        path: `/${state}/_source/origin`,
        accept: [404],
      });
      const terms = (await journal.lead())?.term ?? 0;
      return { id, terms, origin: status === 404 ? undefined : body.origin };
    },
    async setOrigin(origin) {
      await elastic.request({ method: 'PUT', path: `/${state}/_doc/origin`, body: { origin }, patience: 'writer' });
    },
  };
}
