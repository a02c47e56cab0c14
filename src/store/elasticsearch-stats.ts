/** How much there is: events and bytes, by day of receipt. */
import type { Elastic } from './elasticsearch-connection.ts';
import { allEvents, ofKind } from './elasticsearch-event-format.ts';
import type { EventSearch } from './elasticsearch-event-search.ts';
import type { Store, StoreStats } from './store.ts';

interface IndexSize {
  readonly total: { readonly store: { readonly size_in_bytes: number }; readonly docs: { readonly count: number } };
}

const PAGE = 5_000;

export function createStats(elastic: Elastic, search: EventSearch): Pick<Store, 'stats'> {
  async function sizes(): Promise<Record<string, IndexSize>> {
    const { body } = await elastic.request<{ indices?: Record<string, IndexSize> }>({
      method: 'GET',
      path: `/${elastic.prefix}-*/_stats/store,docs`,
      query: { filter_path: 'indices.*.total.store.size_in_bytes,indices.*.total.docs.count' },
    });
    return body.indices ?? {};
  }

  return {
    /** Bytes with all copies. A day's are its share, by documents, of the bytes of its indices. */
    async stats(): Promise<StoreStats> {
      const days = new Map<string, { events: number; bytes: number }>();
      const rows: { index: string; day: string; events: number; all: number }[] = [];
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
        const found = aggregations?.days;
        for (const { key, doc_count, events } of found?.buckets ?? []) {
          const { index, day } = key as { index: string; day: number };
          const of = (events as { doc_count: number }).doc_count;
          rows.push({ index, day: new Date(day).toISOString().slice(0, 10), events: of, all: doc_count });
        }
        after = found?.after_key;
        if (after === undefined || (found?.buckets.length ?? 0) < PAGE) break;
      }
      const bytesOf = await sizes();
      for (const { index, day, events, all } of rows) {
        const total = bytesOf[index]?.total;
        const share = total === undefined ? 0 : all / Math.max(1, all, total.docs.count);
        const sum = days.get(day) ?? { events: 0, bytes: 0 };
        days.set(day, {
          events: sum.events + events,
          bytes: sum.bytes + Math.round((total?.store.size_in_bytes ?? 0) * share),
        });
      }
      const sorted = [...days].sort(([a], [b]) => (a < b ? -1 : 1)).map(([day, sum]) => ({ day, ...sum }));
      return {
        events: sorted.reduce((sum, { events }) => sum + events, 0),
        bytes: Object.values(bytesOf).reduce((sum, { total }) => sum + total.store.size_in_bytes, 0),
        days: sorted,
      };
    },
  };
}
