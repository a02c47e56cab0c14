/** Searches over indices of events: whole or not at all, never a part of the answer; they see what this process wrote. */
import type { Scope } from '../../model/scope.ts';
import { dayOfId } from '../event-place.ts';
import { backOffMs, type Elastic } from './connection.ts';
import { type EventKind, inScope, monthOf, ofKind, patternsOf } from './event-format.ts';
import type { Freshness } from './refresh.ts';

export interface Hit {
  readonly _index: string;
  readonly _id: string;
  readonly _source: Readonly<Record<string, unknown>>;
  readonly sort: readonly (string | number)[];
}

export interface Found {
  readonly hits: { readonly hits: readonly Hit[]; readonly total?: { readonly value: number } };
  readonly aggregations?: Readonly<
    Record<string, { readonly buckets: readonly Bucket[]; readonly after_key?: object }>
  >;
}

export interface Bucket {
  readonly key: unknown;
  readonly doc_count: number;
  readonly [sub: string]: unknown;
}

export interface EventSearch {
  /** Undefined when the scope holds nothing that could be searched. */
  find(scope: Scope, months: readonly string[] | undefined, body: object): Promise<Found | undefined>;
  /** Documents of the kind with these ids that the scope may see, in no order; `source`: whether with what they hold. */
  findByIds(scope: Scope, ids: readonly string[], kind: EventKind, source: boolean): Promise<readonly Hit[]>;
  /** In these indices; those that are not there are left out. */
  findIn(patterns: readonly string[], body: object): Promise<Found>;
}

const ATTEMPTS = 5;
/** Of one request. */
const IDS = 1_000;

/** What every search over indices that come and go asks for. */
export const WHOLE = { ignore_unavailable: true, allow_no_indices: true, allow_partial_search_results: false } as const;

export function createEventSearch(elastic: Elastic, fresh: Freshness): EventSearch {
  async function findIn(patterns: readonly string[], body: object): Promise<Found> {
    await fresh.before(patterns);
    for (let attempt = 0; ; attempt++) {
      const { status, body: found } = await elastic.request<Found>({
        method: 'POST',
        path: `/${patterns.join()}/_search`,
        query: WHOLE,
        body: { track_total_hits: false, ...body },
        // An index that was removed while it was searched.
        accept: attempt < ATTEMPTS ? [404] : [],
      });
      if (status !== 404) return found;
      await elastic.wait(backOffMs(attempt));
    }
  }

  async function find(scope: Scope, months: readonly string[] | undefined, body: object): Promise<Found | undefined> {
    const patterns = patternsOf(elastic.prefix, scope, months);
    return patterns.length === 0 ? undefined : findIn(patterns, body);
  }

  return {
    findIn,
    find,
    async findByIds(scope, ids, kind, source) {
      const possible = [...new Set(ids)].filter((id) => dayOfId(id) !== undefined);
      const hits: Hit[] = [];
      for (let at = 0; at < possible.length; at += IDS) {
        const values = possible.slice(at, at + IDS);
        const months = [...new Set(values.map((id) => monthOf(dayOfId(id) as string)))];
        const found = await find(scope, months, {
          query: { bool: { filter: [{ ids: { values } }, ofKind(kind), ...inScope(scope)] } },
          size: values.length,
          _source: source,
        });
        hits.push(...(found?.hits.hits ?? []));
      }
      return hits;
    },
  };
}
