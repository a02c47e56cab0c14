/** The part of the store's contract that is about events. Run by store.contract.ts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Event, Fields, Scalar } from '../model/event.ts';
import { CENTER_SCOPE, type Scope } from '../model/scope.ts';
import { matchesQuery } from '../search/match.ts';
import { parseQuery } from '../search/parse.ts';
import type { Query } from '../search/query.ts';
import { hostileFields } from './event.fixture.ts';
import { recordsContract, removingContract } from './records.contract.ts';
import type { OpenedStore } from './store.fixture.ts';
import { makeBatch } from './store.fixture.ts';
import type { EventQuery, Store, WorkedBatch } from './store.ts';

const ever = { since: '2020-01-01T00:00:00.000Z', until: '2030-01-01T00:00:00.000Z' };
const only = (...members: string[]): Scope => ({ members });
const newestFirst = (a: Event, b: Event): number =>
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

export function eventsContract(open: () => OpenedStore): void {
  describe('searching events', () => searchContract(open()));
  describe('keeping events', () => keepingContract(open()));
  describe('records', () => recordsContract(open()));
  describe('removing days', () => removingContract(open()));
}

function searchContract(current: OpenedStore): void {
  it('finds exactly the events that match, newest first, whatever the size of a page and of the budget', async () => {
    const { store } = current;
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
          .sort(newestFirst);
        const limit = [1_000, 7, 64][index % 3] as number;
        const { events } = await walk(store, scope, { since, until, limit, ...parsed });
        expect(events, `${text} ${scope.members}`).toEqual(expected);
        if (index % 4 === 0) {
          const hasty = await walk(store, scope, { since, until, limit, budgetMs: 0, ...parsed });
          expect(hasty.events, `${text} ${scope.members}, hasty`).toEqual(expected);
          // What little there is may come with the first look.
          if (expected.length > 64 && limit === 1_000) expect(hasty.pages).toBeGreaterThan(1);
        }
      }
    }
    const { events } = await walk(store, CENTER_SCOPE, { ...ever, limit: 1_000 });
    expect(events.length).toBe(all.length);
  }, 60_000);

  it('finds what is hard to index by itself, by its like, and by what it is not', async () => {
    const { store } = current;
    const values: Scalar[] = [
      ...[
        'a b',
        'a\u00a0b',
        'a\u2028b',
        'a\u1680b',
        'a\u001fb',
        'a\tb',
        'a\ue020b',
        'a"b',
        'a\\b',
        "a'b",
        'a=b',
        '',
        ' ',
        '*',
      ],
      ...[4625, '4625', '04625', '4625.0', 4625.5, -1, '-1', 1e21, '1E+21', true, 'true', 'TRUE'],
      ...[240, 249, 250, 251, 255, 256, 257].map((length) => 'n'.repeat(length)),
      ...['x'.repeat(63), 'x'.repeat(64), 'x'.repeat(65), 'y'.repeat(300), `${'z'.repeat(247)}\u{20bb7}\u{20bb7}z`],
      ...[
        '検',
        '検知',
        '不正検知',
        '検知 不正',
        '\u{20bb7}野家',
        '\u{20bb7}',
        '\ud842',
        'ﾊﾟｽ',
        'パス',
        'İ',
        'ς',
        '\ufffd',
      ],
      ...['user.name=bob', 'bob', 'NOT', 'a.b', 'C:\\x\\y.exe'],
    ];
    const batch = makeBatch('hard', {
      memberId: 'hard',
      events: values.flatMap((value): Fields[] => [{ 'user.name': value }, { 'x.y': [value, 'more'] }]),
    });
    await store.putBatches([batch]);
    const not = (of: Query): Query => ({ op: 'not', of });
    const queries = values.flatMap((value): Query[] => {
      const text = String(value);
      const entity: Query = { op: 'field', field: 'user.name', text, wildcard: false };
      const words: Query = { op: 'text', text, wildcard: false };
      const begun = text.slice(0, 40);
      return [
        entity,
        not(entity),
        not(words),
        { op: 'and', of: [not(not(words)), not({ op: 'field', field: 'x.y', text, wildcard: false })] },
        { op: 'or', of: [{ op: 'field', field: 'user.name', text: `${begun}*`, wildcard: true }, not(not(entity))] },
        not({ op: 'or', of: [{ op: 'text', text: `${begun}?*`, wildcard: true }, entity] }),
        { op: 'and', of: [not({ op: 'range', field: 'user.name', compare: '>=', value: text }), not(entity)] },
      ];
    });
    for (const query of queries) {
      const expected = batch.events.filter((event) => matchesQuery(query, event)).sort(newestFirst);
      const { items } = await store.findEvents(only('hard'), { ...ever, limit: 1_000, query });
      expect(items, JSON.stringify(query)).toEqual(expected);
    }
  }, 60_000);

  it('refuses pages it cannot make', async () => {
    const { store } = current;
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
}

function keepingContract(current: OpenedStore): void {
  const put = (...batches: WorkedBatch[]): Promise<void> => current.store.putBatches(batches);

  it('keeps an event as it was given', async () => {
    const hostile = JSON.parse(
      '{"__proto__": "x", "constructor": "y", "toString": ["z"], "a": "\\u0000", "b": "\\ud800"}',
    );
    const events = [{ ...hostile, message: '検知\n"\\' }, { n: 1e21, f: -0.5, t: true, list: ['a', 1, false] }, {}];
    const batch = makeBatch('kept', { events });
    await put(batch);
    const ids = batch.events.map((event) => event['event.id']);
    const found = await current.store.getEvents(CENTER_SCOPE, ids);
    expect(found).toEqual(batch.events);
    expect(Object.hasOwn(found[0] as Event, '__proto__')).toBe(true);
    await current.reopen();
    expect(await current.store.getEvents(CENTER_SCOPE, ids)).toEqual(batch.events);
  });

  it('keeps what a log may say, whatever that is', async () => {
    const drawn = fc.sample(hostileFields, { numRuns: 400, seed: 7 });
    const batch = makeBatch('hostile', { memberId: 'hostile', events: drawn });
    await put(batch);
    const ids = batch.events.map((event) => event['event.id']);
    const found = await current.store.getEvents(CENTER_SCOPE, ids);
    expect(found).toEqual(JSON.parse(JSON.stringify(batch.events)));
    const always = { since: '0001-01-01T00:00:00.000Z', until: '9999-12-31T00:00:00.000Z' };
    const { events } = await walk(current.store, only('hostile'), { ...always, limit: 100 });
    expect(events.length).toBe(found.length);
    const ledger = await current.store.ledger(only('hostile'), ever);
    expect(ledger).toMatchObject([{ events: found.length, rejects: 0 }]);
  });

  it('stores a batch once, however often and in whatever company it comes', async () => {
    const events = Array.from({ length: 200 }, (_, index): Fields => ({ message: `n${index}` }));
    const make = (key: string) => makeBatch(key, { memberId: 'once', events, rejects: 1, matched: [0] });
    const [one, two, three] = [make('1'), make('2'), make('3')];
    await put(one, one);
    await Promise.all([put(one, two), put(two, three), put(three, one)]);
    await put(two, one, three);
    const { store } = current;
    const scope = only('once');
    const all = (await walk(store, scope, { ...ever, limit: 1_000 })).events;
    expect(all).toEqual([one, two, three].flatMap((batch) => batch.events).sort(newestFirst));
    const [row, ...more] = await store.ledger(scope, ever);
    expect(more).toEqual([]);
    expect(row).toMatchObject({ received: 603, events: 600, rejects: 3, refused: 0 });
    expect((await store.findRejects(scope, { limit: 10 })).items.length).toBe(3);
    const minute = { since: '2026-11-20T01:00:00.000Z', until: '2026-11-20T01:01:00.000Z', stepMs: 60_000 };
    expect(await store.countEvents(scope, minute)).toEqual([{ at: minute.since, events: 600 }]);
  });

  it('refuses a batch whose ids do not lead back to it', async () => {
    const batch = makeBatch('lost', { events: [{}] });
    await expect(put({ ...batch, receivedAt: '2026-11-21T01:00:00.000Z' })).rejects.toThrow(batch.batchId);
    const stranger = makeBatch('stranger', { events: [{}] });
    await expect(put({ ...batch, events: stranger.events })).rejects.toThrow(/could not be found again/);
    await put();
  });

  it('gets events by id, in the order asked, within the scope', async () => {
    const events = Array.from({ length: 700 }, (_, index): Fields => ({ message: `n${index}` }));
    // Records that made several events, over the borders of blocks.
    const long = makeBatch('long', { events, offsets: events.map((_, index) => Math.floor(index / 90)) });
    const other = makeBatch('other', { memberId: 'minami', receivedAt: '2026-10-02T23:59:59.999Z', events: [{}] });
    await put(long, makeBatch('short', { events: [{}, {}] }), other);
    const idOf = (index: number): string => long.events[index]?.['event.id'] as string;
    const foreign = other.events[0]?.['event.id'] as string;
    const wrong = ['', 'x', `${long.batchId}-ZZZZZZ`, `${idOf(0)}-777`, '__proto__', idOf(0).toLowerCase()];
    wrong.push(`0000000000${idOf(0).slice(10)}`);
    const asked = [idOf(699), ...wrong, idOf(0), foreign, idOf(128), idOf(91), idOf(0)];
    const found = await current.store.getEvents(CENTER_SCOPE, asked);
    const ids = [idOf(699), idOf(0), foreign, idOf(128), idOf(91), idOf(0)];
    expect(found.map((event) => event['event.id'])).toEqual(ids);
    expect(found[3]?.message).toBe('n128');
    const theirs = await current.store.getEvents(only('minami'), asked);
    expect(theirs.map((event) => event['event.id'])).toEqual([foreign]);
    expect(await current.store.getEvents(CENTER_SCOPE, [])).toEqual([]);
  });

  it('counts events over time', async () => {
    const at = (minute: number): Fields => ({
      '@timestamp': new Date(Date.UTC(2026, 10, 19, 10, minute, 30)).toISOString(),
    });
    const receivedAt = '2026-11-21T00:00:00.000Z';
    await put(
      makeBatch('c1', { memberId: 'count-1', events: [at(0), at(0), at(14), at(15), at(59)] }),
      makeBatch('c2', { memberId: 'count-2', receivedAt, events: [at(15), at(16)] }),
    );
    const both = only('count-1', 'count-2');
    const query = { since: '2026-11-19T10:00:00.000Z', until: '2026-11-19T10:50:00.000Z', stepMs: 900_000 };
    const count = (scope: Scope, more: object = {}) => current.store.countEvents(scope, { ...query, ...more });
    const events = async (scope: Scope, more?: object) => (await count(scope, more)).map((bucket) => bucket.events);
    expect(await events(both)).toEqual([3, 3, 0, 0]);
    expect(await events(only('count-2'))).toEqual([0, 2, 0, 0]);
    expect(await events(both, { sourceId: 'count-1.vpn' })).toEqual([3, 1, 0, 0]);
    expect(await events(only('count-2'), { sourceId: 'count-1.vpn' })).toEqual([0, 0, 0, 0]);
    const [first, second] = await count(both, { since: '2026-11-19T10:15:20.000Z' });
    expect(first).toEqual({ at: '2026-11-19T10:15:00.000Z', events: 3 });
    expect(second?.at).toBe('2026-11-19T10:30:00.000Z');
    for (const stepMs of [0, 30_000, 90_000, -60_000, Number.NaN]) {
      await expect(count(both, { stepMs })).rejects.toThrow(/minutes/);
    }
    await expect(count(both, { ...ever, stepMs: 60_000 })).rejects.toThrow(/minutes/);
  });
}
