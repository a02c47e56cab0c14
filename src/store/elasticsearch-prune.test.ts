/** Removing whole indices of events: sums stay, nothing counts twice, and a crash at any point is gone on from. */
import { expect, it } from 'vitest';
import { need } from '../../test/services/needed.ts';
import { CENTER_SCOPE } from '../model/scope.ts';
import { createMarks, type OpenedEvents, openEventsHalf, removeAll } from './elasticsearch-events.fixture.ts';
import { writeFolding } from './elasticsearch-ledger.ts';
import { makeBatch } from './store.fixture.ts';
import type { WorkedBatch } from './store.ts';

const services = await need('elasticsearch');

services.describe('removing indices of events from elasticsearch', ({ elasticsearch: url, prefix: start }) => {
  let number = 0;
  const ever = { since: '2020-01-01T00:00:00.000Z', until: '2030-01-01T00:00:00.000Z' };
  const marks = createMarks();
  const october = (key: string, day = '20'): WorkedBatch =>
    makeBatch(key, { receivedAt: `2026-10-${day}T01:00:00.000Z`, events: [{ message: key }, {}], rejects: 1 });

  /** A store of its own, for all of it is removed. */
  async function withStore(
    act: (opened: OpenedEvents & { prefix: string; index: string }) => Promise<void>,
  ): Promise<void> {
    const prefix = `${start}-${number++}`;
    const opened = await openEventsHalf(url, prefix, marks);
    try {
      await act({ ...opened, prefix, index: `${prefix}-events-kita_2026.10` });
    } finally {
      await opened.elastic.close();
      await removeAll(url, prefix);
    }
  }
  const uuidOf = async (index: string): Promise<string> => {
    const settings = (await (await fetch(`${url}/${index}/_settings`)).json()) as Record<
      string,
      { settings: { index: { uuid: string } } }
    >;
    return settings[index]?.settings.index.uuid as string;
  };
  const isThere = async (index: string): Promise<boolean> => (await fetch(`${url}/${index}`, { method: 'HEAD' })).ok;

  it('keeps their sums, counts them once at every moment, and takes late batches', () =>
    withStore(async ({ store, index }) => {
      const refused = { memberId: 'kita', sourceId: 'kita.vpn', hour: '2026-10-20T01:00:00.000Z', records: 5 };
      await store.putBatches([october('1'), october('2', '21'), makeBatch('3', { events: [{ message: 'new' }] })]);
      await store.addRefused([refused]);
      const sums = await store.ledger(CENTER_SCOPE, ever);
      let reads = 0;
      let removed = false;
      const reading = async (): Promise<void> => {
        while (!removed || reads < 10) {
          expect(await store.ledger(CENTER_SCOPE, ever)).toEqual(sums);
          reads++;
        }
      };
      const pruning = store.prune('2026-11-01').then((days) => {
        removed = true;
        return days;
      });
      const [days] = await Promise.all([pruning, reading(), reading()]);
      expect(days).toEqual(['2026-10-20', '2026-10-21']);
      expect(await isThere(index)).toBe(false);
      expect((await store.findEvents(CENTER_SCOPE, { ...ever, limit: 9 })).items.map(({ message }) => message)).toEqual(
        ['new'],
      );
      expect(await store.prune('2026-11-01')).toEqual([]);

      for (const late of ['late', 'later']) {
        await store.putBatches([october(late)]);
        expect(await store.prune('2026-11-01')).toEqual(['2026-10-20']);
      }
      const [row] = await store.ledger(CENTER_SCOPE, ever);
      expect(row).toMatchObject({ hour: refused.hour, events: 6, rejects: 3, refused: 5, received: 14 });
    }));

  it('loses no batch that comes while they go', () =>
    withStore(async ({ elastic, prefix, store }) => {
      const other = await openEventsHalf(url, prefix, marks);
      const batches = Array.from({ length: 40 }, (_, number) => october(`busy ${number}`));
      const puts = batches.map(async (batch, number) => {
        await new Promise((resolve) => setTimeout(resolve, number * 25));
        await (number % 2 === 0 ? store : other.store).putBatches([batch]);
      });
      const prunes = [store, other.store].map(async (one) => {
        for (let round = 0; round < 4; round++) await one.prune('2026-11-01');
      });
      await Promise.all([...puts, ...prunes]);
      const sums = [{ events: 80, rejects: 40, received: 120 }];
      expect(await store.ledger(CENTER_SCOPE, ever)).toMatchObject(sums);
      await store.prune('2026-11-01');
      expect(await store.ledger(CENTER_SCOPE, ever)).toMatchObject(sums);
      expect((await store.findEvents(CENTER_SCOPE, { ...ever, limit: 9 })).items).toEqual([]);
      await other.elastic.close();
      expect(elastic.prefix).toBe(prefix);
    }));

  it('goes on where a crash ended it', () =>
    withStore(async ({ elastic, prefix, store, index }) => {
      await store.putBatches([october('1'), october('2', '21')]);
      const sums = await store.ledger(CENTER_SCOPE, ever);
      const uuid = await uuidOf(index);
      const dead = { index, uuid, holder: 'gone', atMs: Date.now() - 3_600_000 };
      const none = { folding: undefined, mark: undefined };
      // Closed, announced, a part of its sums copied.
      await elastic.request({ method: 'PUT', path: `/${index}/_block/write` });
      let mark = await writeFolding(elastic, none, dead);
      const hour = Date.parse('2026-10-20T01:00:00.000Z') / 3_600_000;
      const copy = { kind: 'ledger', received: '2026-10-20T01:00:00.000Z', uuid, parsed: 2, rejected: 1, refused: 0 };
      await elastic.request({
        method: 'PUT',
        path: `/${prefix}-ledger/_doc/${encodeURIComponent(`${uuid} ${hour} kita.vpn`)}?refresh=true`,
        body: { ...copy, 'organization.id': 'kita', 'hinomi.source_id': 'kita.vpn' },
      });
      expect(await store.ledger(CENTER_SCOPE, ever)).toEqual(sums);
      // Even when nothing is past any more in the eyes of who comes next.
      expect(await store.prune('2020-01-01')).toEqual([]);
      expect(await isThere(index)).toBe(false);
      expect(await store.ledger(CENTER_SCOPE, ever)).toEqual(sums);

      // Removed, but that was not said; then a new one of the same name.
      await store.putBatches([october('3')]);
      const { body } = await elastic.request<{ _seq_no: number; _primary_term: number }>({
        method: 'GET',
        path: `/${prefix}-ledger/_doc/folding`,
      });
      mark = { seqNo: body._seq_no, term: body._primary_term };
      await writeFolding(elastic, { folding: undefined, mark }, dead);
      const [row] = await store.ledger(CENTER_SCOPE, ever);
      expect(row).toMatchObject({ events: 4, rejects: 2 });
      await store.prune('2020-01-01');
      expect(await isThere(index)).toBe(true);
      expect((await store.ledger(CENTER_SCOPE, ever))[0]).toEqual(row);
    }));

  it('refuses what is no day, and the template of a newer center', () =>
    withStore(async ({ elastic, prefix, store }) => {
      await expect(store.prune('soon')).rejects.toThrow(/"soon" is no day/);
      const path = `/_index_template/${prefix}-events`;
      const newer = { index_patterns: [`${prefix}-events-*`], version: 99, template: {} };
      await elastic.request({ method: 'PUT', path, body: newer });
      await expect(openEventsHalf(url, prefix, marks)).rejects.toThrow(/made by a newer Hinomi \(format 99/);
    }));
});
