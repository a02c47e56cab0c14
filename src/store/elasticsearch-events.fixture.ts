/** The event half of the cluster's store by itself, with the marks of applied batches kept in memory. */
import { connectElasticsearch, type Elastic } from './elasticsearch-connection.ts';
import { openEvents } from './elasticsearch-events.ts';
import { createFreshness } from './elasticsearch-refresh.ts';
import { idFloor } from './event-place.ts';
import type { Store } from './store.ts';

/** All that a store with this prefix makes. */
export async function removeAll(url: string, prefix: string): Promise<void> {
  await fetch(`${url}/${prefix}-*`, { method: 'DELETE' });
  await fetch(`${url}/_index_template/${prefix}-*`, { method: 'DELETE' });
}

/** What events ask of documents: marks of applied batches. */
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
  url: string,
  prefix: string,
  marks: ReturnType<typeof createMarks>,
  dailyAbove?: number,
): Promise<OpenedEvents> {
  const elastic = await connectElasticsearch({ urls: [url], prefix });
  const fresh = createFreshness(elastic);
  const half = await openEvents({ elastic, fresh, ...marks, ...(dailyAbove !== undefined && { dailyAbove }) });
  return { elastic, store: { ...half, ...marks.store } as unknown as Store };
}
