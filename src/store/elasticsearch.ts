/**
 * The cluster's store: Elasticsearch 8 or 9, used by any number of processes at a time. Documents are written through a journal
 * (elasticsearch/journal.ts), events into plain indices of their member and period (elasticsearch/events.ts). Needs nothing of the
 * server but its core: no scripts, by-query, ingest pipelines, lifecycle management.
 */
import type { CopyableStore } from './copy.ts';
import {
  connectElasticsearch,
  type Elastic,
  type ElasticsearchOptions,
  type Opening,
} from './elasticsearch/connection.ts';
import { createElasticsearchCopying } from './elasticsearch/copy.ts';
import { docIndex, docMapping } from './elasticsearch/doc-format.ts';
import { createDocReads } from './elasticsearch/docs.ts';
import { createEventSearch } from './elasticsearch/event-search.ts';
import { openEvents } from './elasticsearch/events.ts';
import { readHealth } from './elasticsearch/health.ts';
import { appliedIndex, journalIndex, openJournal, removeFound, stateIndex } from './elasticsearch/journal.ts';
import { createLeads } from './elasticsearch/lead.ts';
import { plainSettings } from './elasticsearch/make-index.ts';
import { createFreshness } from './elasticsearch/refresh.ts';
import { openMemberRoles } from './elasticsearch/roles.ts';
import { idFloor } from './event-place.ts';
import { findAll } from './find-all.ts';
import { kindNames } from './kinds.ts';
import type { Cause, Change } from './store.ts';

export interface ElasticsearchStoreOptions extends ElasticsearchOptions {
  /** How long a correlator may be silent before another takes over, 12 seconds by default. */
  readonly leaseMs?: number;
  /** A member with more documents than this in a month gets an index a day from the next month on. */
  readonly dailyAbove?: number;
  /** Keeps a role in Elasticsearch for each member, see elasticsearch/roles.ts. */
  readonly memberRoles?: boolean;
  /** Waits for a server that is not there yet, instead of failing at once. */
  readonly waiting?: Omit<Opening, 'warn'>;
}

/**
 * Connects and makes the indices that are not there. Throws what to do when that is not possible; `warn` is told, in words for a log,
 * what goes wrong but stops nothing.
 */
export async function openElasticsearchStore(
  options: ElasticsearchStoreOptions,
  warn: (text: string) => void = () => undefined,
): Promise<CopyableStore> {
  const elastic = await connectElasticsearch(options, options.waiting && { ...options.waiting, warn });
  try {
    const store = await openOn(elastic, options);
    return options.memberRoles === true ? await withMemberRoles(store, elastic, warn) : store;
  } catch (error) {
    await elastic.close();
    throw error;
  }
}

async function openOn(
  elastic: Elastic,
  { leaseMs = 12_000, dailyAbove }: ElasticsearchStoreOptions,
): Promise<CopyableStore> {
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
  const prune: CopyableStore['prune'] = async (beforeDay) => {
    const days = await events.prune(beforeDay);
    await journal.trim(Date.now());
    return days;
  };
  const copying = { elastic, fresh, search: createEventSearch(elastic, fresh), journal };
  return {
    ...events,
    ...createElasticsearchCopying({ ...copying, putBatches: events.putBatches, lacking: events.lacking, prune }),
    ...createDocReads(elastic, fresh),
    ...createLeads(elastic, fresh, journal, leaseMs),
    save: journal.save,
    progress: journal.progress,
    applied: journal.applied,
    prune,
    health: () => readHealth(elastic),
    close: () => elastic.close(),
  };
}

/** The store, whose members have their roles from now on. */
async function withMemberRoles(
  store: CopyableStore,
  elastic: Elastic,
  warn: (text: string) => void,
): Promise<CopyableStore> {
  const roles = await openMemberRoles(elastic, warn);
  await roles.keep((await findAll(store, 'member')).map(({ id }) => id));
  return {
    ...store,
    async save(changes: readonly Change[], cause?: Cause) {
      const saved = await store.save(changes, cause);
      const members = changes.flatMap(({ kind, doc, remove }) =>
        kind === 'member' && remove !== true ? [doc.id] : [],
      );
      if (saved) await roles.keep(members);
      return saved;
    },
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
      // Not asked first whether it is there: a refusal to that question comes without its reason.
      const { status, body } = await elastic.request<{ error?: { type?: string; reason?: string } }>({
        method: 'PUT',
        path: `/${index}`,
        body: { settings: plainSettings, mappings: mapping },
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
