/** The part of the store's contract that is about what comes with events: rejects, ledger, matches, days. Run by events.contract.ts. */
import { expect, it } from 'vitest';
import type { Match } from '../model/alert.ts';
import type { Reject } from '../model/batch.ts';
import type { Fields } from '../model/event.ts';
import { CENTER_SCOPE, type Scope } from '../model/scope.ts';
import type { OpenedStore } from './store.fixture.ts';
import { makeBatch } from './store.fixture.ts';
import type { Store, WorkedBatch } from './store.ts';

const ever = { since: '2020-01-01T00:00:00.000Z', until: '2030-01-01T00:00:00.000Z' };
const only = (...members: string[]): Scope => ({ members });

export async function matchPages(store: Store, scope: Scope, sinceMs = 0): Promise<(readonly Match[])[]> {
  const pages: (readonly Match[])[] = [];
  for await (const page of store.appliedMatches(scope, sinceMs)) pages.push(page);
  return pages;
}

async function allRejects(store: Store, scope: Scope, limit: number): Promise<Reject[]> {
  const found: Reject[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.findRejects(scope, { limit, ...(cursor !== undefined && { cursor }) });
    found.push(...page.items);
    cursor = page.next;
  } while (cursor !== undefined);
  return found;
}

export function recordsContract(current: OpenedStore): void {
  const put = (...batches: WorkedBatch[]): Promise<void> => current.store.putBatches(batches);

  it('tells what became of a batch', async () => {
    const batch = makeBatch('outcome', { events: [{}, {}, {}], offsets: [0, 0, 1], rejects: 2, matched: [1] });
    await put(batch);
    const { store } = current;
    const { batchId, sourceId, receivedAt } = batch;
    const expected = { batchId, sourceId, receivedAt, records: 4, parsed: 2, rejects: 2, matches: 1 };
    expect(await store.outcome(CENTER_SCOPE, batchId, receivedAt)).toEqual(expected);
    expect(await store.outcome(only('kita'), batchId, receivedAt)).toEqual(expected);
    expect(await store.outcome(only('minami'), batchId, receivedAt)).toBeUndefined();
    expect(await store.outcome(CENTER_SCOPE, makeBatch('nothing').batchId, receivedAt)).toBeUndefined();
    expect(await store.outcome(CENTER_SCOPE, batchId, '2026-01-01T00:00:00.000Z')).toBeUndefined();
  });

  it('stores a batch of the last moment of a month once, whenever it comes again', async () => {
    const wish = { memberId: 'month', events: [{ '@timestamp': '2026-11-01T00:00:00.000Z' }, {}], rejects: 1 };
    const last = makeBatch('last', { ...wish, receivedAt: '2026-10-31T23:59:59.999Z' });
    const first = makeBatch('first', { ...wish, receivedAt: '2026-11-01T00:00:00.000Z' });
    await put(last);
    await put(first, last);
    const again = await current.reopen();
    await again.putBatches([last, first]);
    const ids = async () =>
      (await again.findEvents(only('month'), { ...ever, limit: 10 })).items.map((one) => one['event.id']).sort();
    const all = [last, first].flatMap(({ events }) => events.map((one) => one['event.id'])).sort();
    // What a store wrote before it was opened again another one wrote.
    await expect.poll(ids, { timeout: 3_000 }).toEqual(all);
    expect(await again.ledger(only('month'), ever)).toMatchObject([
      { hour: '2026-10-31T23:00:00.000Z', received: 3, events: 2, rejects: 1 },
      { hour: '2026-11-01T00:00:00.000Z', received: 3, events: 2, rejects: 1 },
    ]);
  });

  it('keeps rejects until they are replayed; the sums stay', async () => {
    const { store } = current;
    const days = ['20', '21', '22'].map((day) =>
      makeBatch(day, { memberId: 'reject-1', receivedAt: `2026-11-${day}T01:00:00.000Z`, rejects: 2 }),
    );
    const other = makeBatch('4', { memberId: 'reject-2', rejects: 3 });
    await put(...days, other);
    const both = only('reject-1', 'reject-2');
    const all = [...days, other].flatMap(({ rejects }) => rejects).sort((a, b) => (a.id < b.id ? 1 : -1));
    for (const limit of [2, 3, 1_000]) expect(await allRejects(store, both, limit)).toEqual(all);
    const ofOther = { sourceId: 'reject-2.vpn', limit: 9 };
    expect(await allRejects(store, only('reject-2'), 2)).toHaveLength(3);
    expect((await store.findRejects(CENTER_SCOPE, ofOther)).items).toHaveLength(3);
    expect((await store.findRejects(only('reject-1'), ofOther)).items).toEqual([]);
    const forged = store.findRejects(both, { limit: 2, cursor: 'bm8' });
    await expect(forged).rejects.toMatchObject({ name: 'BadCursor' });

    const ids = all.map(({ id }) => id);
    expect(await store.getRejects(both, ['x', ...ids])).toEqual(all);
    await store.removeRejects(only('reject-2'), ['x', ...ids]);
    expect(new Set((await allRejects(store, both, 9)).map(({ memberId }) => memberId))).toEqual(new Set(['reject-1']));
    expect(await store.getRejects(only('reject-2'), ids)).toEqual([]);
    expect(await store.ledger(only('reject-2'), ever)).toMatchObject([{ received: 3, rejects: 3 }]);
  });

  it('keeps the ledger by member, source and hour', async () => {
    const { store } = current;
    const make = (key: string, wish: Parameters<typeof makeBatch>[1]) =>
      makeBatch(key, { memberId: 'ledger-1', ...wish });
    await put(
      make('1', { events: [{}, {}], rejects: 1 }),
      make('2', { events: [{}], receivedAt: '2026-11-20T01:59:59.999Z' }),
      make('3', { events: [{}], receivedAt: '2026-11-21T02:00:00.000Z' }),
      make('4', { memberId: 'ledger-2', rejects: 2 }),
    );
    const one = { memberId: 'ledger-1', sourceId: 'ledger-1.vpn' };
    const refused = { ...one, hour: '2026-11-20T01:00:00.000Z', records: 5 };
    await store.addRefused([refused, { ...refused, hour: '2026-11-20T03:00:00.000Z' }]);
    await store.addRefused([refused]);
    const rows = [
      { ...one, hour: '2026-11-20T01:00:00.000Z', received: 14, events: 3, rejects: 1, refused: 10 },
      {
        ...{ memberId: 'ledger-2', sourceId: 'ledger-2.vpn', hour: '2026-11-20T01:00:00.000Z' },
        ...{ received: 2, events: 0, rejects: 2, refused: 0 },
      },
      { ...one, hour: '2026-11-20T03:00:00.000Z', received: 5, events: 0, rejects: 0, refused: 5 },
      { ...one, hour: '2026-11-21T02:00:00.000Z', received: 1, events: 1, rejects: 0, refused: 0 },
    ];
    const both = only('ledger-1', 'ledger-2');
    expect(await store.ledger(both, ever)).toEqual(rows);
    expect(await store.ledger(only('ledger-2'), ever)).toEqual([rows[1]]);
    expect(await store.ledger(CENTER_SCOPE, { ...ever, sourceId: 'ledger-2.vpn' })).toEqual([rows[1]]);
    const hours = { since: '2026-11-20T02:00:00.000Z', until: '2026-11-21T02:00:00.000Z' };
    expect(await store.ledger(both, hours)).toEqual([rows[2]]);
  });

  it('gives back the matches of applied batches in order of event time', async () => {
    const { store } = current;
    const at = (seconds: number): Fields => ({
      '@timestamp': new Date(Date.UTC(2026, 10, 19, 0, 0, seconds)).toISOString(),
    });
    const make = (key: string, events: Fields[], wish: object = {}) =>
      makeBatch(key, { memberId: 'match-1', events, matched: events.map((_, index) => index), ...wish });
    const big = make(
      'big',
      Array.from({ length: 5_200 }, (_, index) => at((index * 7) % 5_200)),
    );
    const late = make('late', [at(10), at(10), at(9_000)], { receivedAt: '2026-11-22T00:00:00.000Z' });
    const open = make('open', [at(5)]);
    const other = make('other', [at(6)], { memberId: 'match-2' });
    await put(big, late, open, other);
    const { term, release } = await store.takeLead('test', AbortSignal.timeout(5_000));
    await release();
    for (const { batchId, receivedAt } of [big, late, other])
      await store.save([], { batches: [{ batchId, receivedAt, alerts: 0, newestMs: undefined }], term });
    const both = only('match-1', 'match-2');
    const pages = await matchPages(store, both);
    for (const page of pages) expect(page.length).toBeLessThanOrEqual(5_000);
    const all = pages.flat();
    expect(all.length).toBe(5_204);
    expect(new Set(all.map(({ eventId }) => eventId)).size).toBe(5_204);
    expect(all.map(({ atMs }) => atMs)).toEqual(all.map(({ atMs }) => atMs).sort((a, b) => a - b));
    expect(all.at(-1)).toEqual(late.matches[2]);
    expect((await matchPages(store, only('match-2'))).flat()).toEqual(other.matches);
    expect((await matchPages(store, both, Date.UTC(2026, 10, 19, 1, 0, 0))).flat().length).toBe(1_601);
  });
}

export function removingContract(current: OpenedStore): void {
  it('tells its size', async () => {
    const { store } = current;
    expect(await store.stats()).toMatchObject({ events: 0, days: [] });
    await store.putBatches([makeBatch('1', { receivedAt: '2026-11-17T01:00:00.000Z', events: [{}, {}] })]);
    const { events, bytes, days } = await store.stats();
    expect(events).toBe(2);
    expect(days).toMatchObject([{ day: '2026-11-17', events: 2 }]);
    expect(bytes).toBeGreaterThan(days[0]?.bytes ?? Number.POSITIVE_INFINITY);
    expect(await store.prune('2026-11-18')).toEqual(['2026-11-17']);
  });

  it('removes whole days of receipt; their sums stay', async () => {
    const { store } = current;
    const make = (day: string, message: string) =>
      makeBatch(message, {
        receivedAt: `2026-11-${day}T01:00:00.000Z`,
        events: [{ message }],
        rejects: 1,
        matched: [0],
      });
    const old = make('18', 'oldest');
    const young = make('20', 'youngest');
    await store.putBatches([old, make('19', 'middle'), young]);
    const { term, release } = await store.takeLead('test', AbortSignal.timeout(5_000));
    await release();
    for (const { batchId, receivedAt } of [old, young])
      await store.save([], { batches: [{ batchId, receivedAt, alerts: 1, newestMs: undefined }], term });
    const messages = async (): Promise<unknown[]> =>
      (await current.store.findEvents(CENTER_SCOPE, { ...ever, limit: 10 })).items.map(({ message }) => message);
    expect(await messages()).toEqual(['youngest', 'middle', 'oldest']);
    const sums = await store.ledger(CENTER_SCOPE, ever);

    expect(await store.prune('2026-11-20')).toEqual(['2026-11-18', '2026-11-19']);
    expect(await messages()).toEqual(['youngest']);
    expect(await store.getEvents(CENTER_SCOPE, [old.events[0]?.['event.id'] as string])).toEqual([]);
    expect(await allRejects(store, CENTER_SCOPE, 10)).toEqual(young.rejects);
    expect((await matchPages(store, CENTER_SCOPE)).flat()).toEqual(young.matches);
    expect(await store.applied([old.batchId, young.batchId])).toEqual(new Map([[young.batchId, 1]]));
    expect((await store.stats()).days.map(({ day }) => day)).toEqual(['2026-11-20']);
    expect(await store.ledger(CENTER_SCOPE, ever)).toEqual(sums);
    expect(await store.prune('2026-11-20')).toEqual([]);

    // A batch that comes late finds its day made anew.
    const late = makeBatch('late', { receivedAt: '2026-11-18T01:30:00.000Z', events: [{ message: 'late' }] });
    await store.putBatches([late]);
    await store.putBatches([late]);
    expect(await messages()).toEqual(['youngest', 'late']);
    await current.reopen();
    expect(await messages()).toEqual(['youngest', 'late']);
    const hour = { since: '2026-11-18T01:00:00.000Z', until: '2026-11-18T02:00:00.000Z' };
    expect(await current.store.ledger(CENTER_SCOPE, hour)).toMatchObject([{ received: 3, events: 2, rejects: 1 }]);
  });

  it('loses and doubles nothing of a day that gets batches while it is removed', async () => {
    const { store } = current;
    const batches = Array.from({ length: 20 }, (_, index) =>
      makeBatch(`busy ${index}`, { memberId: 'busy', receivedAt: '2026-11-10T01:00:00.000Z', events: [{}] }),
    );
    const puts = batches.map((batch, index) => async () => {
      await new Promise((resolve) => setTimeout(resolve, index));
      await store.putBatches([batch]);
    });
    const prunes = [3, 6, 9].map((ms) => async () => {
      await new Promise((resolve) => setTimeout(resolve, ms));
      await store.prune('2026-11-11');
    });
    await Promise.all([...puts, ...prunes].map((act) => act()));
    const sums = [{ received: 20, events: 20, rejects: 0 }];
    expect(await store.ledger(only('busy'), ever)).toMatchObject(sums);
    const kept = (await store.findEvents(only('busy'), { ...ever, limit: 100 })).items;
    expect(
      (
        await store.getEvents(
          CENTER_SCOPE,
          batches.map(({ events }) => events[0]?.['event.id'] as string),
        )
      ).length,
    ).toBe(kept.length);
    await current.reopen();
    expect((await current.store.findEvents(only('busy'), { ...ever, limit: 100 })).items).toEqual(kept);
    expect(await current.store.ledger(only('busy'), ever)).toMatchObject(sums);
  });
}
