/** How much there is: events and bytes, by day of receipt. */
import type { Elastic } from './elasticsearch-connection.ts';
import { allEvents, ofKind } from './elasticsearch-event-format.ts';
import type { EventSearch } from './elasticsearch-event-search.ts';
import type { Store, StoreStats } from './store.ts';

interface IndexSize {
  readonly total: { readonly store: { readonly size_in_bytes: number } };
  readonly primaries: { readonly docs: { readonly count: number } };
}

/** What one index holds of one day. */
interface Share {
  readonly index: string;
  readonly day: string;
  readonly events: number;
  /** Rejects too. */
  readonly documents: number;
}

const PAGE = 5_000;
/** A sum over years of events takes the servers seconds, and monitoring asks every few: it hears for a while what it heard. */
const LONG_MS = 2_000;
const SPARED = 50;

export function createStats(elastic: Elastic, search: EventSearch): Pick<Store, 'stats'> {
  let last: { readonly stats: StoreStats; readonly untilMs: number } | undefined;

  async function sizes(): Promise<Record<string, IndexSize>> {
    const { body } = await elastic.request<{ indices?: Record<string, IndexSize> }>({
      method: 'GET',
      path: `/${elastic.prefix}-*/_stats/store,docs`,
      query: { filter_path: 'indices.*.total.store.size_in_bytes,indices.*.primaries.docs.count' },
    });
    return body.indices ?? {};
  }

  async function shares(): Promise<Share[]> {
    const found: Share[] = [];
    for (let after: object | undefined; ; ) {
      const { aggregations } = await search.findIn([allEvents(elastic.prefix)], {
        size: 0,
        query: { bool: { filter: [ofKind('event', 'reject')] } },
        aggs: {
          days: {
            composite: {
              size: PAGE,
              sources: [
                { index: { terms: { field: '_index' } } },
                { day: { date_histogram: { field: 'received', fixed_interval: '1d' } } },
              ],
              ...(after !== undefined && { after }),
            },
            aggs: { events: { filter: ofKind('event') } },
          },
        },
      });
      const buckets = aggregations?.days?.buckets ?? [];
      for (const { key, doc_count: documents, events } of buckets) {
        const { index, day } = key as { index: string; day: number };
        const { doc_count } = events as { doc_count: number };
        found.push({ index, day: new Date(day).toISOString().slice(0, 10), events: doc_count, documents });
      }
      after = aggregations?.days?.after_key;
      if (after === undefined || buckets.length < PAGE) return found;
    }
  }

  /** Bytes of all copies. A day's are its share, by documents, of the bytes of its indices. */
  async function read(): Promise<StoreStats> {
    const days = new Map<string, { day: string; events: number; bytes: number }>();
    const found = await shares();
    const bytesOf = await sizes();
    for (const { index, day, events, documents } of found) {
      const size = bytesOf[index];
      const part = documents / Math.max(documents, size?.primaries.docs.count ?? 0);
      const sum = days.get(day) ?? { day, events: 0, bytes: 0 };
      sum.events += events;
      sum.bytes += Math.round((size?.total.store.size_in_bytes ?? 0) * part);
      days.set(day, sum);
    }
    const sorted = [...days.values()].sort((a, b) => (a.day < b.day ? -1 : 1));
    return {
      events: sorted.reduce((sum, { events }) => sum + events, 0),
      bytes: Object.values(bytesOf).reduce((sum, { total }) => sum + total.store.size_in_bytes, 0),
      days: sorted,
    };
  }

  return {
    async stats() {
      const began = performance.now();
      if (last !== undefined && began < last.untilMs) return last.stats;
      const stats = await read();
      const tookMs = performance.now() - began;
      last = tookMs < LONG_MS ? undefined : { stats, untilMs: performance.now() + tookMs * SPARED };
      return stats;
    },
  };
}
