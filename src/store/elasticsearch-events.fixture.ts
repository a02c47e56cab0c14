/** The event half of the cluster's store by itself, with the marks of applied batches kept in memory. */
import { randomBytes } from 'node:crypto';
import { connectElasticsearch, type Elastic } from './elasticsearch-connection.ts';
import { openEvents } from './elasticsearch-events.ts';
import { createFreshness } from './elasticsearch-refresh.ts';
import { idFloor } from './event-place.ts';
import type { Store } from './store.ts';

/** Of an Elasticsearch for tests; empty: there is none. */
export const url = process.env.HINOMI_TEST_ELASTICSEARCH_URL ?? '';
export const randomPrefix = (): string => `test-${randomBytes(6).toString('hex')}`;
export const removeAll = (prefix: string) => fetch(`${url}/${prefix}-*`, { method: 'DELETE' });

/** What the contract of events asks of documents: marks of applied batches. */
export function createMarks() {
  const marks = new Map<string, number>();
  let term = 0;
  return {
    appliedBatches: async (ids: readonly string[]) => new Set(ids.filter((id) => marks.has(id))),
    forgetApplied: async (beforeDay: string) => {
      for (const id of marks.keys()) if (id < idFloor(beforeDay)) marks.delete(id);
    },
    store: {
      save: async (_changes, cause) => {
        if (cause !== undefined && 'batchId' in cause) marks.set(cause.batchId, cause.alerts);
        return true;
      },
      takeLead: async () => ({ term: ++term, lost: new AbortController().signal, release: async () => undefined }),
      applied: async (batchId) => marks.get(batchId),
    } satisfies Partial<Store>,
  };
}

export interface OpenedEvents {
  readonly elastic: Elastic;
  readonly store: Store;
}

export async function openEventsHalf(
  prefix: string,
  marks = createMarks(),
  dailyAbove?: number,
): Promise<OpenedEvents> {
  const elastic = await connectElasticsearch({ urls: [url], prefix });
  const fresh = createFreshness(elastic);
  const half = await openEvents({ elastic, fresh, ...marks, ...(dailyAbove !== undefined && { dailyAbove }) });
  return { elastic, store: { ...half, ...marks.store } as unknown as Store };
}
