/** What the cluster's store does with its indices of events; that it keeps its promises is for elasticsearch.test.ts to say. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { need } from '../../../test/services/needed.ts';
import { eventId } from '../../ids.ts';
import type { Reject } from '../../model/batch.ts';
import { CENTER_SCOPE, type Scope } from '../../model/scope.ts';
import { matchPages } from '../records.contract.ts';
import { makeBatch } from '../store.fixture.ts';
import type { Store, WorkedBatch } from '../store.ts';
import type { Elastic } from './connection.ts';
import { createMarks, openEventsHalf, removeAll } from './events.fixture.ts';

const services = await need('elasticsearch');

services.describe('indices of events in elasticsearch', ({ elasticsearch: url, prefix }) => {
  const marks = createMarks();
  let elastic: Elastic;
  let store: Store;
  beforeAll(async () => {
    ({ elastic, store } = await openEventsHalf(url, prefix, marks));
  });
  afterAll(async () => {
    await elastic.close();
    await removeAll(url, prefix);
  });

  const ever = { since: '2020-01-01T00:00:00.000Z', until: '2030-01-01T00:00:00.000Z' };
  const only = (...members: string[]): Scope => ({ members });
  const call = async <T>(method: 'GET' | 'PUT' | 'POST' | 'DELETE', path: string, body?: object): Promise<T> =>
    (await elastic.request<T>({ method, path, ...(body !== undefined && { body }), accept: [404] })).body;
  const indicesOf = async (member: string): Promise<string[]> =>
    Object.keys(await call<object>('GET', `/${prefix}-events-${member}_*/_settings`))
      .map((name) => name.slice(prefix.length))
      .sort();
  const messagesOf = async (member: string): Promise<unknown[]> =>
    (await store.findEvents(only(member), { ...ever, limit: 1_000 })).items.map(({ message }) => message);
  const at = (member: string, day: string, key: string, events = 1, more: object = {}): WorkedBatch =>
    makeBatch(key, {
      memberId: member,
      receivedAt: `${day}T01:00:00.000Z`,
      events: Array.from({ length: events }, () => ({ message: key })),
      ...more,
    });

  it('are a month of one member each, or a day where the month before had much; all processes agree', async () => {
    const few = await openEventsHalf(url, prefix, marks, 3);
    await few.store.putBatches([at('much', '2026-10-20', 'october', 3), at('much-more', '2026-10-20', 'other', 1)]);
    await call('POST', `/${prefix}-events-*/_refresh`);
    await few.store.putBatches([at('much', '2026-11-20', 'november'), at('much-more', '2026-11-20', 'other 2')]);
    await call('POST', `/${prefix}-events-*/_refresh`);
    await few.elastic.close();
    await store.putBatches([at('much', '2026-11-21', 'november 2'), at('much', '2026-12-01', 'december')]);
    expect(await indicesOf('much')).toEqual([
      '-events-much_2026.10',
      '-events-much_2026.11.20',
      '-events-much_2026.11.21',
      '-events-much_2026.12',
    ]);
    expect(await indicesOf('much-more')).toEqual(['-events-much-more_2026.10', '-events-much-more_2026.11']);
    expect(await messagesOf('much')).toEqual(['december', 'november 2', 'november', ...Array(3).fill('october')]);
    const [november] = at('much', '2026-11-20', 'november').events;
    expect(await store.getEvents(CENTER_SCOPE, [november?.['event.id'] as string])).toEqual([november]);
    const none = makeBatch('x', { memberId: 'Bad,*' });
    await expect(store.putBatches([none])).rejects.toThrow(/"Bad,\*": an id is made of/);
  });

  it('are searched for members of any number', async () => {
    await store.putBatches([at('one-of-many', '2026-11-20', 'mine'), at('stranger', '2026-11-20', 'not mine')]);
    const members = Array.from({ length: 3_000 }, (_, index) => `member-with-a-long-name-${index}`);
    const { items } = await store.findEvents(only(...members, 'one-of-many'), { ...ever, limit: 9 });
    expect(items.map(({ message }) => message)).toEqual(['mine']);
    expect(await store.findEvents(only('no,*'), { ...ever, limit: 9 })).toMatchObject({ items: [] });
  });

  it('show what another process wrote within two seconds', async () => {
    const other = await openEventsHalf(url, prefix, marks);
    await store.putBatches([at('seen', '2026-11-20', 'seen')]);
    const began = performance.now();
    for (;;) {
      const { items } = await other.store.findEvents(only('seen'), { ...ever, limit: 9 });
      if (items.length > 0) break;
      expect(performance.now() - began).toBeLessThan(2_000);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await other.elastic.close();
  });

  it('hold a batch whole that was cut short, whatever its connector makes of it the second time', async () => {
    const draw = (offsets: number[], rejected: number[], message: string): WorkedBatch => {
      const batch = makeBatch('cut', { memberId: 'cut', events: offsets.map(() => ({ message })), offsets });
      const rejects = rejected.map((offset): Reject => ({ ...reject, id: eventId(batch.batchId, offset) }));
      return { ...batch, rejects, records: batch.parsed + rejects.length };
    };
    const reject = makeBatch('any', { memberId: 'cut', rejects: 1 }).rejects[0] as Reject;
    const first = draw([0, 2, 2, 2, 3], [1, 4], 'first');
    const second = draw([1, 1, 2, 3], [0, 4], 'second');
    await store.putBatches([first]);
    // As if the process had ended before its last write.
    await call('DELETE', `/${prefix}-events-cut_2026.11/_doc/${first.batchId}?refresh=true`);
    await store.putBatches([second]);
    expect(await messagesOf('cut')).toEqual(['second', 'second', 'second', 'second']);
    const ids = [...first.events, ...second.events].map((event) => event['event.id']);
    const kept = await store.getEvents(CENTER_SCOPE, [...new Set(ids)]);
    expect(new Set(kept)).toEqual(new Set(second.events));
    expect(
      await store.getRejects(
        CENTER_SCOPE,
        [...first.rejects, ...second.rejects].map(({ id }) => id),
      ),
    ).toEqual([second.rejects[1], second.rejects[0], second.rejects[1]]);
    expect(await store.ledger(only('cut'), ever)).toMatchObject([{ received: 5, events: 3, rejects: 2 }]);
  });

  it('keep as a reject what the server will not take, and the numbers say so', async () => {
    // What could come of a mapping made by hand.
    await call('PUT', `/${prefix}-events-picky_2026.11`, { mappings: { properties: { 'rule.id': { type: 'long' } } } });
    const bad = { 'rule.id': 'no number' };
    const batch = makeBatch('picky', {
      memberId: 'picky',
      events: [
        { message: 'good' },
        { ...bad, 'event.original': 'the line' },
        { message: 'part' },
        bad,
        { message: 'too' },
      ],
      offsets: [0, 1, 2, 2, 3],
      rejects: 1,
      matched: [0, 1, 2],
    });
    await store.putBatches([batch]);
    await store.putBatches([batch]);
    expect((await messagesOf('picky')).sort()).toEqual(['good', 'too']);
    const { items } = await store.findRejects(only('picky'), { limit: 10 });
    expect(items.map(({ id }) => id)).toEqual([
      batch.rejects[0]?.id,
      eventId(batch.batchId, 2),
      eventId(batch.batchId, 1),
    ]);
    const [, parts, line] = items.map(({ raw }) => Buffer.from(raw, 'base64').toString());
    expect(line).toBe('the line');
    expect(parts?.split('\n').map((text) => JSON.parse(text))).toEqual(batch.events.slice(2, 4));
    expect(items[2]?.reason).toMatch(
      /^record 1: the store cannot keep its event: document_parsing_exception: .*rule\.id/,
    );
    const { batchId, receivedAt } = batch;
    const numbers = { records: 5, parsed: 2, rejects: 3, matches: 1 };
    expect(await store.outcome(CENTER_SCOPE, batchId, receivedAt)).toMatchObject(numbers);
    expect(await store.ledger(only('picky'), ever)).toMatchObject([{ received: 5, events: 2, rejects: 3 }]);
  });

  it('are waited for while they take no writes', async () => {
    await store.putBatches([at('shut', '2026-11-20', 'before')]);
    const index = `${prefix}-events-shut_2026.11`;
    await call('PUT', `/${index}/_block/write`);
    let done = false;
    const put = store.putBatches([at('shut', '2026-11-20', 'after', 20)]).then(() => {
      done = true;
    });
    const refused = { memberId: 'shut', sourceId: 'shut.vpn', hour: '2026-11-20T01:00:00.000Z', records: 7 };
    const counted = store.addRefused([refused]);
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(done).toBe(false);
    await call('PUT', `/${index}/_settings`, { 'index.blocks.write': null });
    await Promise.all([put, counted]);
    expect((await messagesOf('shut')).length).toBe(21);
    expect(await store.ledger(only('shut'), ever)).toMatchObject([{ received: 28, events: 21, refused: 7 }]);
  });

  it('give the walk of matches a new view when the server lost the old one', async () => {
    const events = 2_500;
    const batch = at('walk', '2026-11-20', 'walk', events, { matched: Array.from({ length: events }, (_, n) => n) });
    await store.putBatches([batch]);
    await store.save([], { batches: [{ ...batch, alerts: 0, newestMs: undefined }], term: 1 });
    const seen: string[] = [];
    for await (const page of store.appliedMatches(only('walk'), 0)) {
      seen.push(...page.map(({ eventId: id }) => id));
      await fetch(`${url}/${prefix}-events-walk_2026.11/_close`, { method: 'POST' });
      await fetch(`${url}/${prefix}-events-walk_2026.11/_open?wait_for_active_shards=1`, { method: 'POST' });
    }
    expect(seen.length).toBe(events);
    expect(new Set(seen).size).toBe(events);
    expect((await matchPages(store, only('walk'), Number.NEGATIVE_INFINITY)).flat().length).toBe(events);
  });
});
