import { afterEach, expect, it, vi } from 'vitest';
import { createEventSearch } from './elasticsearch-event-search.ts';
import { createFreshness } from './elasticsearch-refresh.ts';
import { openFakeServer } from './elasticsearch-server.fixture.ts';
import { createStats } from './elasticsearch-stats.ts';

afterEach(() => vi.restoreAllMocks());

it('shares the bytes of an index among its days, and spares servers that took long to add up', async () => {
  let now = 0;
  let tookMs = 10;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  const buckets = [
    {
      key: { index: 'hinomi-events-a_2026.11', day: Date.UTC(2026, 10, 20) },
      doc_count: 30,
      events: { doc_count: 28 },
    },
    {
      key: { index: 'hinomi-events-a_2026.11', day: Date.UTC(2026, 10, 21) },
      doc_count: 60,
      events: { doc_count: 60 },
    },
    { key: { index: 'hinomi-events-b_2026.11', day: Date.UTC(2026, 10, 20) }, doc_count: 5, events: { doc_count: 5 } },
  ];
  // Two copies of each: bytes count all, documents once. Ten of the first's documents are rows.
  const size = (bytes: number, count: number) => ({
    total: { store: { size_in_bytes: bytes } },
    primaries: { docs: { count } },
  });
  const indices = {
    'hinomi-events-a_2026.11': size(1_000, 100),
    'hinomi-events-b_2026.11': size(70, 5),
    'hinomi-ledger': size(8, 1),
  };
  const server = await openFakeServer(({ path }) => {
    now += tookMs / 2;
    return path.includes('_stats') ? [200, { indices }] : [200, { aggregations: { days: { buckets } } }];
  });
  const { elastic } = server;
  const { stats } = createStats(elastic, createEventSearch(elastic, createFreshness(elastic)));
  const expected = {
    events: 93,
    bytes: 1_078,
    days: [
      { day: '2026-11-20', events: 33, bytes: 370 },
      { day: '2026-11-21', events: 60, bytes: 600 },
    ],
  };
  expect(await stats()).toEqual(expected);
  expect(await stats()).toEqual(expected);
  expect(server.asked.length).toBe(4);
  tookMs = 4_000;
  expect(await stats()).toEqual(expected);
  expect(server.asked.length).toBe(6);
  now += 199_000;
  expect(await stats()).toEqual(expected);
  expect(server.asked.length).toBe(6);
  now += 1_001;
  await stats();
  expect(server.asked.length).toBe(8);
  await server.close();
});
