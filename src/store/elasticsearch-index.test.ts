import { afterEach, expect, it, vi } from 'vitest';
import { IndexClosed } from './elasticsearch-bulk.ts';
import type { Elastic } from './elasticsearch-connection.ts';
import { parseEventIndex, patternsOf } from './elasticsearch-event-format.ts';
import { againWhileClosed } from './elasticsearch-index.ts';
import { previousMonth } from './elasticsearch-period.ts';

afterEach(() => vi.restoreAllMocks());

/** A clock that waiting moves on. */
function createClock(): Elastic {
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  const wait = async (ms: number): Promise<void> => {
    now += ms;
  };
  return { wait } as unknown as Elastic;
}

it('does it again while an index is closed, and tells what to do after a minute', async () => {
  const closed: string[] = [];
  let acts = 0;
  const freed = againWhileClosed(
    createClock(),
    async () => {
      if (++acts < 4) throw new IndexClosed('i', 'blocked');
      return 'done';
    },
    (index) => closed.push(index),
  );
  expect(await freed).toBe('done');
  expect(closed).toEqual(['i', 'i', 'i']);

  acts = 0;
  const elastic = createClock();
  const stays = againWhileClosed(elastic, async () => {
    acts++;
    throw new IndexClosed('i', 'blocked');
  });
  await expect(stays).rejects.toThrow(/index i takes no writes: blocked; .* lift its write block/);
  expect(performance.now()).toBeGreaterThan(60_000);
  expect(performance.now()).toBeLessThan(70_000);
  expect(acts).toBeGreaterThan(10);
  await expect(againWhileClosed(elastic, async () => Promise.reject(new Error('other')))).rejects.toThrow('other');
});

it('reads the name of an index', () => {
  const parts = { member: 'kita-1', period: '2026.11', firstDay: '2026-11-01', endDay: '2026-12-01' };
  expect(parseEventIndex('h', 'h-events-kita-1_2026.11')).toEqual(parts);
  expect(parseEventIndex('h', 'h-events-kita-1_2026.12')?.endDay).toBe('2027-01-01');
  expect(parseEventIndex('h', 'h-events-kita-1_2028.02.29')).toMatchObject({
    firstDay: '2028-02-29',
    endDay: '2028-03-01',
  });
  for (const name of [
    'h-events-kita-1',
    'x-events-kita_2026.11',
    'h-events-_2026.11',
    'h-events-a_b_2026.11',
    'h-events-kita_2026.11-reindexed',
  ])
    expect(parseEventIndex('h', name), name).toBeUndefined();
  expect([previousMonth('2026.11'), previousMonth('2026.01')]).toEqual(['2026.10', '2025.12']);
});

it('names no more indices than a request holds, and no member but the scope’s', () => {
  const members = Array.from({ length: 50 }, (_, index) => `member-${index}`);
  expect(patternsOf('h', { members: 'all' })).toEqual(['h-events-*_*']);
  expect(patternsOf('h', { members: 'all' }, ['2026.11', '2026.12'])).toEqual([
    'h-events-*_2026.11*',
    'h-events-*_2026.12*',
  ]);
  expect(patternsOf('h', { members: ['kita', 'no,*'] }, ['2026.11'])).toEqual(['h-events-kita_2026.11*']);
  expect(patternsOf('h', { members: [] })).toEqual([]);
  expect(patternsOf('h', { members })).toHaveLength(50);
  expect(patternsOf('h', { members: [...members, ...members, ...members, ...members] })).toEqual(['h-events-*_*']);
  const months = Array.from({ length: 300 }, (_, index) => `${2000 + index}.01`);
  expect(patternsOf('h', { members: 'all' }, months)).toEqual(['h-events-*']);
});
