/** The event half of the cluster's store by itself: the contract of events over an Elasticsearch, with documents kept in memory. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe } from 'vitest';
import type { CopyableStore } from './copy.ts';
import { connectElasticsearch, type Elastic } from './elasticsearch-connection.ts';
import { openEvents } from './elasticsearch-events.ts';
import { createFreshness } from './elasticsearch-refresh.ts';
import { idFloor } from './event-place.ts';
import { eventsContract } from './events.contract.ts';
import type { OpenedStore } from './store.fixture.ts';
import type { Store } from './store.ts';

const url = process.env.HINOMI_TEST_ELASTICSEARCH_URL ?? '';
const randomPrefix = (): string => `test-${randomBytes(6).toString('hex')}`;
const removeAll = (prefix: string) => fetch(`${url}/${prefix}-*`, { method: 'DELETE' });

/** What the contract of events asks of documents: marks of applied batches. */
function createMarks() {
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

interface Opened {
  readonly elastic: Elastic;
  readonly store: CopyableStore;
}

async function open(prefix: string, marks = createMarks(), dailyAbove?: number): Promise<Opened> {
  const elastic = await connectElasticsearch({ urls: [url], prefix });
  const fresh = createFreshness(elastic);
  const half = await openEvents({ elastic, fresh, ...marks, ...(dailyAbove !== undefined && { dailyAbove }) });
  return { elastic, store: { ...half, ...marks.store } as unknown as CopyableStore };
}

describe.skipIf(url === '')('events in elasticsearch', () => {
  eventsContract((): OpenedStore => {
    const prefix = randomPrefix();
    const marks = createMarks();
    let opened: Opened;
    beforeAll(async () => {
      opened = await open(prefix, marks);
    });
    afterAll(async () => {
      await opened.elastic.close();
      await removeAll(prefix);
    });
    return {
      get store() {
        return opened.store;
      },
      async reopen() {
        await opened.elastic.close();
        opened = await open(prefix, marks);
        return opened.store;
      },
    };
  });
});
