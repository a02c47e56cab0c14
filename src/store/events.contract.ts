/** The part of the store's contract that is about events, rejects, the ledger and matches. Run by store.contract.ts. */
import { expect, it } from 'vitest';
import type { Match } from '../model/alert.ts';
import type { Event, Fields } from '../model/event.ts';
import { CENTER_SCOPE, type Scope } from '../model/scope.ts';
import { matchesQuery } from '../search/match.ts';
import { parseQuery } from '../search/parse.ts';
import type { Query } from '../search/query.ts';
import { makeBatch } from './store.fixture.ts';
import type { EventQuery, Store, WorkedBatch } from './store.ts';

const ever = { since: '2020-01-01T00:00:00.000Z', until: '2030-01-01T00:00:00.000Z' };
const only = (...members: string[]): Scope => ({ members });
const sameOrder = (a: Event, b: Event): number =>
  a['@timestamp'] === b['@timestamp']
    ? a['event.id'] < b['event.id']
      ? 1
      : -1
    : a['@timestamp'] < b['@timestamp']
      ? 1
      : -1;

/** All pages, one after the other; checks the promises that each page makes. */
async function walk(store: Store, scope: Scope, query: EventQuery): Promise<{ events: Event[]; pages: number }> {
  const events: Event[] = [];
  let cursor: string | undefined;
  let to = query.until;
  let pages = 0;
  do {
    const page = await store.findEvents(scope, { ...query, ...(cursor !== undefined && { cursor }) });
    expect(page.items.length).toBeLessThanOrEqual(query.limit);
    expect(page.searchedTo <= to).toBe(true);
    to = page.searchedTo;
    events.push(...page.items);
    cursor = page.next;
    if (++pages > 2_000) throw new Error('the pages do not end');
  } while (cursor !== undefined);
  expect(Date.parse(to)).toBe(Date.parse(query.since));
  return { events, pages };
}

export async function matchPages(store: Store, scope: Scope, sinceMs = 0): Promise<(readonly Match[])[]> {
  const pages: (readonly Match[])[] = [];
  for await (const page of store.appliedMatches(scope, sinceMs)) pages.push(page);
  return pages;
}

const parse = (text: string): { query?: Query } => {
  const query = parseQuery(text);
  return query === undefined ? {} : { query };
};

/** Repeatable numbers. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    return (state >>> 8) % below;
  };
}

/** A city's worth of odd events: three members, four days of receipt, old and late times, Japanese, things that break parsers. */
function oddBatches(): WorkedBatch[] {
  const next = numbers(7);
  const pick = <T>(list: readonly T[]): T => list[next(list.length)] as T;
  const texts = [
    'Failed password for root from 192.0.2.7',
    'ﾛｸﾞｵﾝに失敗しました。ウイルスを検知',
    'ＡＢＣ full width',
    'C:\\Windows\\System32\\cmd.exe /c "whoami"\n\tnext',
    'n\u0303 combining, \u0303alone',
    '{"json": "in a value"}',
    'half \ud800 a pair',
    '\u0000\u0007 control',
    'ΟΔΟΣ οδος',
  ];
  return Array.from({ length: 24 }, (_, index) => {
    const receivedAt = `2026-11-${18 + (index % 4)}T0${index % 10}:00:00.000Z`;
    const events = Array.from({ length: next(90) }, (): Fields => {
      const early = next(10) === 0 ? 86_400_000 * next(300) : next(1_000) * 977;
      return {
        '@timestamp': new Date(Date.parse(receivedAt) - early).toISOString(),
        message: pick(texts),
        'user.name': pick(['alice', 'Bob', 'DOMAIN\\carol', '田中', '"quoted"', 'z'.repeat(300)]),
        'source.ip': pick(['192.0.2.1', '2001:db8::7', '10.0.0.1']),
        'destination.port': pick([22, 443, 3389]),
        'winlog.flag': pick([true, false]),
        tags: pick([[], ['a'], ['a', 'b c']]),
        ...(next(5) === 0 && JSON.parse('{"__proto__": "odd", "constructor": "key"}')),
      };
    });
    return makeBatch(String(index), {
      memberId: pick(['kita', 'minami', 'nishi']),
      name: `s${next(2)}`,
      receivedAt,
      events,
    });
  });
}

export function eventsContract(current: () => { store: Store; reopen(): Promise<Store> }): void {
  const put = (...batches: WorkedBatch[]): Promise<void> => current().store.putBatches(batches);

  it('finds exactly the events that match, newest first, whatever the size of a page and of the budget', async () => {
    const { store } = current();
    const batches = oddBatches();
    await store.putBatches(batches.slice(0, 10));
    for (const batch of batches.slice(10)) await store.putBatches([batch]);
    const all = batches.flatMap((batch) => batch.events);
    const since = '2026-11-18T02:00:00.000Z';
    const until = '2026-11-20T12:00:00.000Z';
    const texts = [
      ...['', '検知', 'ログオン', 'abc', 'whoami', 'password root', 'nowhere', 'user:alice', 'user:BOB', 'user:田中'],
      ...['user.name:"DOMAIN\\carol"', 'user.name:"\\"quoted\\""', `user:${'z'.repeat(300)}`, 'destination.port:443'],
      ...[
        'destination.port:>=443',
        'NOT user:alice',
        'src:192.0.2.1 (検知 OR password)',
        'win*',
        '*lowercase*',
        'οδος',
        '\u0303alone',
      ],
      ...[
        'member:kita',
        'tags:"b c"',
        'winlog.flag:true',
        'user:alice NOT 検知',
        'half',
        '__proto__:odd',
        'constructor:*',
        'control',
      ],
    ];
    for (const [index, text] of texts.entries()) {
      const parsed = parse(text);
      const { query } = parsed;
      for (const scope of [CENTER_SCOPE, only('kita'), only('minami', 'nishi'), only()]) {
        const expected = all
          .filter((event) => scope.members === 'all' || scope.members.includes(event['organization.id']))
          .filter((event) => event['@timestamp'] >= since && event['@timestamp'] < until)
          .filter((event) => query === undefined || matchesQuery(query, event))
          .sort(sameOrder);
        const limit = [1_000, 7, 64][index % 3] as number;
        const { events } = await walk(store, scope, { since, until, limit, ...parsed });
        expect(events, `${text} ${scope.members}`).toEqual(expected);
        if (index % 4 === 0) {
          const hasty = await walk(store, scope, { since, until, limit, budgetMs: 0, ...parsed });
          expect(hasty.events, `${text} ${scope.members}, hasty`).toEqual(expected);
          if (expected.length > 0 && limit === 1_000) expect(hasty.pages).toBeGreaterThan(1);
        }
      }
    }
    const { events } = await walk(store, CENTER_SCOPE, { ...ever, limit: 1_000 });
    expect(events.length).toBe(all.length);
  });

  it('keeps an event as it was given', async () => {
    const hostile = JSON.parse(
      '{"__proto__": "x", "constructor": "y", "toString": ["z"], "a": "\\u0000", "b": "\\ud800"}',
    );
    const events: Fields[] = [
      { ...hostile, message: '検知\n"\\' },
      { n: 1e21, f: -0.5, t: true, list: ['a', 1, false] },
      {},
    ];
    const batch = makeBatch('1', { events });
    await put(batch);
    const found = await current().store.getEvents(
      CENTER_SCOPE,
      batch.events.map((event) => event['event.id']),
    );
    expect(found).toEqual(batch.events);
    expect(Object.hasOwn(found[0] as Event, '__proto__')).toBe(true);
    const last = batch.events[1] as Event;
    expect(await (await current().reopen()).getEvents(CENTER_SCOPE, [last['event.id']])).toEqual([last]);
  });

  it('stores a batch once, however often and in whatever company it comes', async () => {
    const events: Fields[] = Array.from({ length: 200 }, (_, index) => ({ message: `n${index}` }));
    const [one, two, three] = ['1', '2', '3'].map((key) => makeBatch(key, { events, rejects: 1, matched: [0] })) as [
      WorkedBatch,
      WorkedBatch,
      WorkedBatch,
    ];
    await put(one, one);
    await Promise.all([put(one, two), put(two, three), put(three, one)]);
    await put(two, one, three);
    const { store } = current();
    const all = (await walk(store, CENTER_SCOPE, { ...ever, limit: 1_000 })).events;
    expect(all).toEqual([one, two, three].flatMap((batch) => batch.events).sort(sameOrder));
    expect((await store.stats()).events).toBe(600);
    const [row, ...more] = await store.ledger(CENTER_SCOPE, ever);
    expect(more).toEqual([]);
    expect(row).toMatchObject({ received: 603, events: 600, rejects: 3, refused: 0 });
    expect((await store.findRejects(CENTER_SCOPE, { limit: 10 })).items.length).toBe(3);
    const buckets = await store.countEvents(CENTER_SCOPE, {
      since: '2026-11-20T01:00:00.000Z',
      until: '2026-11-20T01:01:00.000Z',
      stepMs: 60_000,
    });
    expect(buckets).toEqual([{ at: '2026-11-20T01:00:00.000Z', events: 600 }]);
  });

  it('refuses a batch whose ids do not lead back to it', async () => {
    const batch = makeBatch('1', { events: [{}] });
    await expect(put({ ...batch, receivedAt: '2026-11-21T01:00:00.000Z' })).rejects.toThrow(batch.batchId);
    const stranger = makeBatch('2', { events: [{}] });
    await expect(put({ ...batch, events: stranger.events })).rejects.toThrow(/could not be found again/);
    await put();
  });

  it('gets events by id, in the order asked, within the scope', async () => {
    const { store } = current();
    const events: Fields[] = Array.from({ length: 700 }, (_, index) => ({ message: `n${index}` }));
    // Records that made several events, over the borders of blocks.
    const long = makeBatch('1', { events, offsets: events.map((_, index) => Math.floor(index / 90)) });
    const other = makeBatch('2', { memberId: 'minami', receivedAt: '2026-10-02T23:59:59.999Z', events: [{}] });
    await put(long, makeBatch('3', { events: [{}, {}] }), other);
    const idOf = (index: number): string => long.events[index]?.['event.id'] as string;
    const foreign = other.events[0]?.['event.id'] as string;
    const wrong = [
      '',
      'x',
      `${long.batchId}-ZZZZZZ`,
      `${idOf(0)}-777`,
      `0000000000${idOf(0).slice(10)}`,
      '__proto__',
      idOf(0).toLowerCase(),
    ];
    const asked = [idOf(699), ...wrong, idOf(0), foreign, idOf(128), idOf(91), idOf(0)];
    const found = await store.getEvents(CENTER_SCOPE, asked);
    expect(found.map((event) => event['event.id'])).toEqual([
      idOf(699),
      idOf(0),
      foreign,
      idOf(128),
      idOf(91),
      idOf(0),
    ]);
    expect(found[3]?.message).toBe('n128');
    expect((await store.getEvents(only('minami'), asked)).map((event) => event['event.id'])).toEqual([foreign]);
    expect(await store.getEvents(CENTER_SCOPE, [])).toEqual([]);
  });

  it('tells what became of a batch', async () => {
    const batch = makeBatch('1', { events: [{}, {}, {}], offsets: [0, 0, 1], rejects: 2, matched: [1] });
    await put(batch);
    const { store } = current();
    const { batchId, sourceId, receivedAt } = batch;
    const expected = { batchId, sourceId, receivedAt, records: 4, parsed: 2, rejects: 2, matches: 1 };
    expect(await store.outcome(CENTER_SCOPE, batchId, receivedAt)).toEqual(expected);
    expect(await store.outcome(only('kita'), batchId, receivedAt)).toEqual(expected);
    expect(await store.outcome(only('minami'), batchId, receivedAt)).toBeUndefined();
    expect(await store.outcome(CENTER_SCOPE, makeBatch('2').batchId, receivedAt)).toBeUndefined();
    expect(await store.outcome(CENTER_SCOPE, batchId, '2026-01-01T00:00:00.000Z')).toBeUndefined();
  });

  it('counts events over time', async () => {
    const at = (minute: number): Fields => ({
      '@timestamp': `2026-11-19T10:${String(minute).padStart(2, '0')}:30.000Z`,
    });
    await put(
      makeBatch('1', { events: [at(0), at(0), at(14), at(15), at(59)] }),
      makeBatch('2', { memberId: 'minami', receivedAt: '2026-11-21T00:00:00.000Z', events: [at(15), at(16)] }),
    );
    const { store } = current();
    const query = { since: '2026-11-19T10:00:00.000Z', until: '2026-11-19T10:50:00.000Z', stepMs: 900_000 };
    const events = async (scope: Scope, more: object = {}): Promise<number[]> =>
      (await store.countEvents(scope, { ...query, ...more })).map((bucket) => bucket.events);
    expect(await events(CENTER_SCOPE)).toEqual([3, 3, 0, 0]);
    expect(await events(only('minami'))).toEqual([0, 2, 0, 0]);
    expect(await events(only('kita', 'minami'), { sourceId: 'kita.vpn' })).toEqual([3, 1, 0, 0]);
    expect(await events(only('minami'), { sourceId: 'kita.vpn' })).toEqual([0, 0, 0, 0]);
    const [first, second] = await store.countEvents(CENTER_SCOPE, { ...query, since: '2026-11-19T10:15:20.000Z' });
    expect(first).toEqual({ at: '2026-11-19T10:15:00.000Z', events: 3 });
    expect(second?.at).toBe('2026-11-19T10:30:00.000Z');
    for (const stepMs of [0, 30_000, 90_000, -60_000, Number.NaN]) {
      await expect(store.countEvents(CENTER_SCOPE, { ...query, stepMs })).rejects.toThrow(/minutes/);
    }
    await expect(store.countEvents(CENTER_SCOPE, { ...ever, stepMs: 60_000 })).rejects.toThrow(/minutes/);
  });

  it('keeps rejects until they are replayed; the sums stay', async () => {
    const { store } = current();
    const kita = ['1', '2', '3'].map((key, day) =>
      makeBatch(key, { receivedAt: `2026-11-2${day}T01:00:00.000Z`, rejects: 2 }),
    );
    const minami = makeBatch('4', { memberId: 'minami', rejects: 3 });
    await put(...kita, minami);
    const all = [...kita, minami].flatMap(({ rejects }) => rejects).sort((a, b) => (a.id < b.id ? 1 : -1));
    const found = [];
    let cursor: string | undefined;
    do {
      const page = await store.findRejects(CENTER_SCOPE, { limit: 2, ...(cursor !== undefined && { cursor }) });
      found.push(...page.items);
      cursor = page.next;
    } while (cursor !== undefined);
    expect(found).toEqual(all);
    expect((await store.findRejects(only('minami'), { limit: 9 })).items.length).toBe(3);
    expect((await store.findRejects(CENTER_SCOPE, { sourceId: 'minami.vpn', limit: 9 })).items.length).toBe(3);
    expect((await store.findRejects(only('kita'), { sourceId: 'minami.vpn', limit: 9 })).items).toEqual([]);
    await expect(store.findRejects(CENTER_SCOPE, { limit: 2, cursor: 'bm8' })).rejects.toMatchObject({
      name: 'BadCursor',
    });

    const ids = all.map(({ id }) => id);
    expect(await store.getRejects(CENTER_SCOPE, ['x', ...ids])).toEqual(all);
    await store.removeRejects(only('minami'), ['x', ...ids]);
    expect((await store.findRejects(CENTER_SCOPE, { limit: 9 })).items.map(({ memberId }) => memberId)).toEqual(
      new Array(6).fill('kita'),
    );
    expect(await store.getRejects(only('minami'), ids)).toEqual([]);
    const [row] = await store.ledger(only('minami'), ever);
    expect(row).toMatchObject({ received: 3, rejects: 3 });
  });

  it('keeps the ledger by member, source and hour', async () => {
    const { store } = current();
    await put(
      makeBatch('1', { events: [{}, {}], rejects: 1 }),
      makeBatch('2', { events: [{}], receivedAt: '2026-11-20T01:59:59.999Z' }),
      makeBatch('3', { events: [{}], receivedAt: '2026-11-21T02:00:00.000Z' }),
      makeBatch('4', { memberId: 'minami', rejects: 2 }),
    );
    const refused = { memberId: 'kita', sourceId: 'kita.vpn', hour: '2026-11-20T01:00:00.000Z', records: 5 };
    await store.addRefused([refused, { ...refused, hour: '2026-11-20T03:00:00.000Z' }]);
    await store.addRefused([refused]);
    const kita = { memberId: 'kita', sourceId: 'kita.vpn' };
    const rows = [
      { ...kita, hour: '2026-11-20T01:00:00.000Z', received: 14, events: 3, rejects: 1, refused: 10 },
      {
        ...{ memberId: 'minami', sourceId: 'minami.vpn', hour: '2026-11-20T01:00:00.000Z' },
        ...{ received: 2, events: 0, rejects: 2, refused: 0 },
      },
      { ...kita, hour: '2026-11-20T03:00:00.000Z', received: 5, events: 0, rejects: 0, refused: 5 },
      { ...kita, hour: '2026-11-21T02:00:00.000Z', received: 1, events: 1, rejects: 0, refused: 0 },
    ];
    expect(await store.ledger(CENTER_SCOPE, ever)).toEqual(rows);
    expect(await store.ledger(only('minami'), ever)).toEqual([rows[1]]);
    expect(await store.ledger(only('kita', 'minami'), { ...ever, sourceId: 'minami.vpn' })).toEqual([rows[1]]);
    const hours = { since: '2026-11-20T02:00:00.000Z', until: '2026-11-21T02:00:00.000Z' };
    expect(await store.ledger(CENTER_SCOPE, hours)).toEqual([rows[2]]);
  });

  it('gives back the matches of applied batches in order of event time', async () => {
    const { store } = current();
    const at = (seconds: number): Fields => ({
      '@timestamp': new Date(Date.UTC(2026, 10, 19, 0, 0, seconds)).toISOString(),
    });
    const many = Array.from({ length: 5_200 }, (_, index) => at((index * 7) % 5_200));
    const big = makeBatch('1', { events: many, matched: many.map((_, index) => index) });
    const late = makeBatch('2', {
      receivedAt: '2026-11-22T00:00:00.000Z',
      events: [at(10), at(10), at(9_000)],
      matched: [0, 1, 2],
    });
    const open = makeBatch('3', { events: [at(5)], matched: [0] });
    const other = makeBatch('4', { memberId: 'minami', events: [at(6)], matched: [0] });
    await put(big, late, open, other);
    for (const { batchId, receivedAt } of [big, late, other]) await store.save([], { batchId, receivedAt, alerts: 0 });
    const collect = async (scope: Scope, sinceMs: number) => {
      const pages = await matchPages(store, scope, sinceMs);
      for (const page of pages) expect(page.length).toBeLessThanOrEqual(5_000);
      return pages.flat();
    };
    const all = await collect(CENTER_SCOPE, 0);
    expect(all.length).toBe(5_204);
    expect(new Set(all.map(({ eventId }) => eventId)).size).toBe(5_204);
    expect(all.map(({ atMs }) => atMs)).toEqual(all.map(({ atMs }) => atMs).sort((a, b) => a - b));
    expect(all.at(-1)).toEqual(late.matches[2]);
    expect(await collect(only('minami'), 0)).toEqual(other.matches);
    expect((await collect(CENTER_SCOPE, Date.UTC(2026, 10, 19, 1, 0, 0))).length).toBe(1_601);
  });

  it('prunes whole days of receipt; their sums stay', async () => {
    const { store } = current();
    const batches = ['18', '19', '20'].map((day) =>
      makeBatch(day, {
        receivedAt: `2026-11-${day}T01:00:00.000Z`,
        events: [{ message: day }],
        rejects: 1,
        matched: [0],
      }),
    ) as [WorkedBatch, WorkedBatch, WorkedBatch];
    await put(...batches);
    for (const { batchId, receivedAt } of batches) await store.save([], { batchId, receivedAt, alerts: 1 });
    const messages = async (): Promise<unknown[]> =>
      (await walk(current().store, CENTER_SCOPE, { ...ever, limit: 10 })).events.map(({ message }) => message);
    expect(await messages()).toEqual(['20', '19', '18']);
    const before = await store.ledger(CENTER_SCOPE, ever);
    expect(await store.prune('2026-11-20')).toEqual(['2026-11-18', '2026-11-19']);
    expect(await messages()).toEqual(['20']);
    expect(await store.getEvents(CENTER_SCOPE, [batches[0].events[0]?.['event.id'] as string])).toEqual([]);
    expect((await store.findRejects(CENTER_SCOPE, { limit: 10 })).items).toEqual(batches[2].rejects);
    expect((await matchPages(store, CENTER_SCOPE)).flat()).toEqual(batches[2].matches);
    expect(await store.applied(batches[0].batchId)).toBeUndefined();
    expect(await store.applied(batches[2].batchId)).toBe(1);
    expect((await store.stats()).days.map(({ day }) => day)).toEqual(['2026-11-20']);
    expect(await store.ledger(CENTER_SCOPE, ever)).toEqual(before);
    expect(await store.prune('2026-11-20')).toEqual([]);
    // A batch that comes late finds its day made anew.
    await put(makeBatch('late', { receivedAt: '2026-11-18T02:00:00.000Z', events: [{ message: 'late' }] }));
    expect(await messages()).toEqual(['20', 'late']);
    await current().reopen();
    expect(await messages()).toEqual(['20', 'late']);
    expect((await current().store.ledger(CENTER_SCOPE, ever)).length).toBe(4);
  });

  it('refuses pages it cannot make', async () => {
    const { store } = current();
    await put(makeBatch('1', { events: [{}, {}] }));
    for (const limit of [0, 1_001, 2.5])
      await expect(store.findEvents(CENTER_SCOPE, { ...ever, limit })).rejects.toThrow(/limit/);
    await expect(store.findEvents(CENTER_SCOPE, { since: 'x', until: ever.until, limit: 1 })).rejects.toThrow(/time/);
    const { next } = await store.findEvents(CENTER_SCOPE, { ...ever, limit: 1 });
    for (const cursor of ['x', `${next}x${next}`, Buffer.from('["events",1.5,"x"]').toString('base64url')]) {
      await expect(store.findEvents(CENTER_SCOPE, { ...ever, limit: 1, cursor })).rejects.toMatchObject({
        name: 'BadCursor',
      });
    }
    const empty = await store.findEvents(CENTER_SCOPE, { since: ever.until, until: ever.since, limit: 1 });
    expect(empty.items).toEqual([]);
  });

  it('tells its size', async () => {
    expect(await current().store.stats()).toMatchObject({ events: 0, days: [] });
    await put(makeBatch('1', { events: [{}, {}] }));
    const { events, bytes, days } = await current().store.stats();
    expect(events).toBe(2);
    expect(days).toMatchObject([{ day: '2026-11-20', events: 2 }]);
    expect(bytes).toBeGreaterThan(days[0]?.bytes ?? Number.POSITIVE_INFINITY);
  });
}
