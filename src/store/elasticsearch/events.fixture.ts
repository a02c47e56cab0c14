/** The event half of the cluster's store by itself, with the marks of applied batches kept in memory. */

import { batchesOf } from '../cause.ts';
import { idFloor } from '../event-place.ts';
import type { Store } from '../store.ts';
import { connectElasticsearch, type Elastic } from './connection.ts';
import { openEvents } from './events.ts';
import { createFreshness } from './refresh.ts';

/** All that a store with this prefix makes. By names, for Elasticsearch refuses to delete by patterns unless it is set otherwise. */
export async function removeAll(url: string, prefix: string): Promise<void> {
  const listed = await fetch(`${url}/${prefix}-*/_settings?filter_path=*.settings.index.uuid`);
  const names = Object.keys((await listed.json()) as object);
  const paths = [`/_index_template/${prefix}-*`];
  // Elasticsearch takes 4 KB for the first line of a request.
  for (let at = 0; at < names.length; at += 50) paths.push(`/${names.slice(at, at + 50).join()}`);
  for (const path of paths) {
    const { status } = await fetch(`${url}${path}`, { method: 'DELETE' });
    if (status !== 200 && status !== 404) throw new Error(`DELETE ${url}${path} was answered with ${status}`);
  }
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
        if (cause !== undefined) for (const { batchId, alerts } of batchesOf(cause)) marks.set(batchId, alerts);
        return true;
      },
      takeLead: async () => ({ term: ++term, lost: new AbortController().signal, release: async () => undefined }),
      applied: async (batchIds) =>
        new Map(batchIds.flatMap((id) => (marks.has(id) ? [[id, marks.get(id) as number]] : []))),
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
