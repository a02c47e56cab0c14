/**
 * Reads of events: pages, single ones, counts over time. Pages come in portions, newest first; the index proposes, the query's own
 * test decides (search/match.ts), and between portions the page asks whether its time is over.
 */
import type { Event } from '../../model/event.ts';
import type { Scope } from '../../model/scope.ts';
import { compileQuery } from '../../search/match.ts';
import { parsePlace } from '../event-place.ts';
import { eventPosition, eventWindow, MINUTE_MS, planBuckets, toBuckets } from '../event-reads.ts';
import type { EventPage, EventQuery, Store } from '../store.ts';
import { decodeEvent } from './encode.ts';
import { between, type Clause, inScope, ofKind } from './event-format.ts';
import type { EventSearch } from './event-search.ts';
import { compileClause } from './query.ts';

/** Events looked at for a page whose index does not say enough: growing, for what was rare so far may stay so. */
const FIRST_PORTION = 500;
const LONGEST_PORTION = 2_000;
/** What a slow server gives in a millisecond; a page with little time asks for little. */
const EVENTS_PER_MS = 5;
const SHORTEST_PORTION = 32;
/** The server answers 65,536 at most. */
const BUCKETS = 20_000;

export function createEventReads(search: EventSearch): Pick<Store, 'findEvents' | 'getEvents' | 'countEvents'> {
  async function findEvents(scope: Scope, query: EventQuery): Promise<EventPage> {
    const { sinceMs, untilMs, before, budgetMs } = eventWindow(query);
    const began = performance.now();
    const { limit } = query;
    const items: Event[] = [];
    const done = (): EventPage => ({ items, searchedTo: new Date(sinceMs).toISOString() });
    if (sinceMs >= untilMs) return done();

    const { clause, exact } = compileClause(query.query);
    const matches = query.query === undefined ? undefined : compileQuery(query.query);
    const filter: Clause[] = [ofKind('event'), between('@timestamp', sinceMs, untilMs), ...inScope(scope)];
    if (clause !== undefined) filter.push(clause);
    let after = before !== undefined && before.ms < untilMs ? [before.ms, before.id] : undefined;
    let portion = FIRST_PORTION;
    let last: { readonly ms: number; readonly id: string } | undefined;

    for (;;) {
      // One more than the page holds tells whether there is a next one.
      const wanted = limit + 1 - items.length;
      const hoped = Math.max(SHORTEST_PORTION, Math.floor(budgetMs * EVENTS_PER_MS));
      const size = Math.min(exact ? wanted : Math.max(wanted, portion), hoped);
      const found = await search.find(scope, undefined, {
        query: { bool: { filter } },
        sort: [{ '@timestamp': 'desc' }, { 'event.id': 'desc' }],
        size,
        ...(after !== undefined && { search_after: after }),
      });
      const hits = found?.hits.hits ?? [];
      for (const { _source, sort } of hits) {
        const event = decodeEvent(_source);
        if (matches?.(event) === false) continue;
        if (items.length === limit && last !== undefined) return { items, ...eventPosition(last.ms, last.id) };
        items.push(event);
        last = { ms: sort[0] as number, id: sort[1] as string };
      }
      const end = hits.at(-1);
      if (end === undefined || hits.length < size) return done();
      after = [...end.sort] as [number, string];
      portion = Math.min(LONGEST_PORTION, portion * 2);
      if (performance.now() - began > budgetMs) return { items, ...eventPosition(...(after as [number, string])) };
    }
  }

  async function getEvents(scope: Scope, ids: readonly string[]): Promise<readonly Event[]> {
    const possible = ids.filter((id) => parsePlace(id) !== undefined);
    const hits = await search.findByIds(scope, possible, 'event', true);
    const found = new Map(hits.map(({ _id, _source }) => [_id, decodeEvent(_source)]));
    return ids.flatMap((id) => found.get(id) ?? []);
  }

  return {
    findEvents,
    getEvents,
    async countEvents(scope, query) {
      const plan = planBuckets(query);
      const { from, step, length } = plan;
      const sums = new Array<number>(length).fill(0);
      const stepMs = step * MINUTE_MS;
      const fromMs = from * MINUTE_MS;
      for (let first = 0; first < length; first += BUCKETS) {
        const startMs = fromMs + first * stepMs;
        const endMs = Math.min(fromMs + (first + BUCKETS) * stepMs, plan.to * MINUTE_MS);
        const source = query.sourceId === undefined ? [] : [{ term: { 'hinomi.source_id': query.sourceId } }];
        const offset = ((fromMs % stepMs) + stepMs) % stepMs;
        const found = await search.find(scope, undefined, {
          size: 0,
          query: {
            bool: {
              filter: [ofKind('event'), between('@timestamp', startMs, endMs), ...inScope(scope), ...source],
            },
          },
          aggs: {
            over: {
              date_histogram: {
                field: '@timestamp',
                fixed_interval: `${stepMs}ms`,
                offset: `+${offset}ms`,
                min_doc_count: 1,
              },
            },
          },
        });
        for (const { key, doc_count } of found?.aggregations?.over?.buckets ?? []) {
          const index = Math.round(((key as number) - fromMs) / stepMs);
          sums[index] = (sums[index] ?? 0) + doc_count;
        }
      }
      return toBuckets(plan, sums);
    },
  };
}
