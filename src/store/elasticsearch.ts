/**
 * The cluster's store: Elasticsearch 8 or 9, used by any number of processes at a time. Documents are written through a journal
 * (elasticsearch-journal.ts), events into plain indices of their member and period (elasticsearch-events.ts). Needs nothing of the
 * server but its core: no scripts, by-query, ingest pipelines, lifecycle management.
 */
import { connectElasticsearch, type Elastic, type ElasticsearchOptions } from './elasticsearch-connection.ts';
import { docIndex, docMapping } from './elasticsearch-doc-format.ts';
import { createDocReads } from './elasticsearch-docs.ts';
import { openEvents } from './elasticsearch-events.ts';
import { readHealth } from './elasticsearch-health.ts';
import { appliedIndex, journalIndex, openJournal, removeFound, stateIndex } from './elasticsearch-journal.ts';
import { createLeads } from './elasticsearch-lead.ts';
import { createFreshness } from './elasticsearch-refresh.ts';
import { idFloor } from './event-place.ts';
import { kindNames } from './kinds.ts';
import type { Store } from './store.ts';

export interface ElasticsearchStoreOptions extends ElasticsearchOptions {
  /** How long a correlator may be silent before another takes over, 12 seconds by default. */
  readonly leaseMs?: number;
  /** A member with more documents than this in a month gets an index a day from the next month on. */
  readonly dailyAbove?: number;
}

/** Connects and makes the indices that are not there. Throws what to do when that is not possible. */
export async function openElasticsearchStore(options: ElasticsearchStoreOptions): Promise<Store> {
  const elastic = await connectElasticsearch(options);
  try {
    return await openOn(elastic, options);
  } catch (error) {
    await elastic.close();
    throw error;
  }
}

async function openOn(elastic: Elastic, { leaseMs = 12_000, dailyAbove }: ElasticsearchStoreOptions): Promise<Store> {
  await makeIndices(elastic);
  const fresh = createFreshness(elastic);
  const journal = await openJournal(elastic, fresh);
  const marks = appliedIndex(elastic.prefix);
  const events = await openEvents({
    elastic,
    fresh,
    appliedBatches: async (ids) => new Set((await journal.applied(ids)).keys()),
    forgetApplied: (beforeDay) => removeFound(elastic, fresh, marks, { range: { id: { lt: idFloor(beforeDay) } } }),
    ...(dailyAbove !== undefined && { dailyAbove }),
  });
  return {
    ...events,
    ...createDocReads(elastic, fresh),
    ...createLeads(elastic, fresh, journal, leaseMs),
    save: journal.save,
    progress: journal.progress,
    applied: async (batchId) => (await journal.applied([batchId])).get(batchId),
    async prune(beforeDay) {
      const days = await events.prune(beforeDay);
      await journal.trim(Date.now());
      return days;
    },
    health: () => readHealth(elastic),
    close: () => elastic.close(),
  };
}

const keyword = { type: 'keyword' } as const;

async function makeIndices(elastic: Elastic): Promise<void> {
  const { prefix } = elastic;
  const mappings: Record<string, object> = Object.fromEntries(
    kindNames.map((kind) => [docIndex(prefix, kind), docMapping(kind)]),
  );
  mappings[journalIndex(prefix)] = {
    dynamic: 'strict',
    properties: {
      seq: { type: 'long' },
      at: { type: 'date' },
      nonce: { ...keyword, index: false, doc_values: false },
      puts: { type: 'binary' },
    },
  };
  mappings[stateIndex(prefix)] = { dynamic: false };
  mappings[appliedIndex(prefix)] = {
    dynamic: 'strict',
    properties: { id: keyword, alerts: { type: 'integer', index: false } },
  };
  await Promise.all(
    Object.entries(mappings).map(async ([index, mapping]) => {
      const settings = { number_of_shards: 1, auto_expand_replicas: '0-1', refresh_interval: '1s' };
      const { status, body } = await elastic.request<{ error?: { type?: string; reason?: string } }>({
        method: 'PUT',
        path: `/${index}`,
        body: { settings, mappings: mapping },
        accept: [400],
      });
      if (status !== 400) return;
      if (body.error?.type !== 'resource_already_exists_exception') {
        throw new Error(`index ${index} could not be made: ${body.error?.reason ?? 'no reason given'}`);
      }
      // An upgrade may have brought new fields; those that are there stay.
      await elastic.request({ method: 'PUT', path: `/${index}/_mapping`, body: mapping });
    }),
  );
}
