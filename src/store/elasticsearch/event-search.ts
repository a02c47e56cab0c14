/** Searches over indices of events: whole or not at all, never a part of the answer; they see what this process wrote. */
import type { Scope } from '../../model/scope.ts';
import { backOffMs, type Elastic } from './connection.ts';
import { patternsOf } from './event-format.ts';
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
  /** In these indices; those that are not there are left out. */
  findIn(patterns: readonly string[], body: object): Promise<Found>;
}

const ATTEMPTS = 5;

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
  return {
    findIn,
    async find(scope, months, body) {
      const patterns = patternsOf(elastic.prefix, scope, months);
      return patterns.length === 0 ? undefined : findIn(patterns, body);
    },
  };
}
