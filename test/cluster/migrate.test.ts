/**
 * migrate as an operator runs it, on a real Redis and Elasticsearch: a first pass beside the working center, a second when it stands,
 * killed in the middle, and the center goes on at the other side as if nothing had been.
 */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createCity } from '../../src/demo/city.ts';
import { play } from '../../src/demo/play.ts';
import { settleCity } from '../../src/demo/settle.ts';
import { CENTER_SCOPE } from '../../src/model/scope.ts';
import { openSqliteQueue } from '../../src/queue/sqlite.ts';
import { fill, portrait } from '../../src/store/copy.contract.ts';
import type { CopyableStore } from '../../src/store/copy.ts';
import { openElasticsearchStore } from '../../src/store/elasticsearch.ts';
import { makeBatch } from '../../src/store/store.fixture.ts';
import type { Kind, WorkedBatch } from '../../src/store/store.ts';
import { drained, openTestCenter, type TestCenter, withStore } from '../center.ts';
import { need } from '../services/needed.ts';
import { clusterEnvironment, hinomi, runHinomi } from './processes.ts';

/** `npm run faults`: more to carry, and more kills on the way. */
const all = process.env.HINOMI_FAULTS === 'all';
const HOOK_MS = 60_000;

const there = ['migrate', '--from', 'embedded', '--to', 'cluster', '--data'];
const back = ['migrate', '--from', 'cluster', '--to', 'embedded', '--data'];

const services = await need('redis', 'elasticsearch');
services.describe('moving to the cluster', ({ redis, elasticsearch, prefix }) => {
  let folder: string;
  let number = 0;
  const environment = (): Record<string, string> => clusterEnvironment(redis, elasticsearch, `${prefix}-${number++}`);
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hinomi-migrate-'));
  });
  afterAll(async () => {
    await fetch(`${elasticsearch}/${prefix}-*`, { method: 'DELETE' });
    await rm(folder, { recursive: true, force: true });
  }, HOOK_MS);

  async function withinCluster<T>(env: Record<string, string>, work: (store: CopyableStore) => Promise<T>): Promise<T> {
    const store = await openElasticsearchStore({
      urls: [elasticsearch],
      prefix: env.HINOMI_STORE_ELASTICSEARCH_PREFIX,
    });
    try {
      return await work(store);
    } finally {
      await store.close();
    }
  }

  it('raises in two halves, on two engines, what one raises', { timeout: 240_000 }, async () => {
    const seed = 7;
    const begin = Date.now() - 300_000;
    const city = createCity(seed);
    let keys: Map<string, string> | undefined;
    const playTo = async (test: TestCenter, progress: string, untilSecond: number): Promise<void> => {
      keys ??= await settleCity(test.center.store, city, new Date().toISOString());
      const { intakeUrl } = test.center;
      const signal = new AbortController().signal;
      const stamp = (cityMs: number): number => begin + cityMs;
      await play({
        intakeUrl,
        city,
        seed,
        keys,
        speed: 1e6,
        progressFile: join(folder, progress),
        story: true,
        signal,
        untilSecond,
        stamp,
      });
      await drained(test.center);
    };

    const whole = await openTestCenter();
    await playTo(whole, 'whole.json', 110);
    const expected = await findings(whole.center.store);
    await whole.dispose();
    keys = undefined;

    const env = environment();
    const first = await openTestCenter();
    await playTo(first, 'halves.json', 55);
    const beside = await runHinomi([...there, first.folder], env);
    expect(beside, beside.output).toMatchObject({ code: 2, output: expect.stringContaining('this was a first pass') });
    // No center works on the half of it.
    await expect(openTestCenter(env)).rejects.toThrow(/was not finished/);
    await playTo(first, 'halves.json', 70);
    await first.center.close();
    const moved = await runHinomi([...there, first.folder], env);
    expect(moved, moved.output).toMatchObject({ code: 0, output: expect.stringContaining('on both sides the same') });

    const second = await openTestCenter(env);
    try {
      await playTo(second, 'halves.json', 110);
      expect(await findings(second.center.store)).toEqual(expected);
      // Links in alerts lead to their events.
      const { items } = await second.center.store.find('alert', CENTER_SCOPE, { limit: 1_000 });
      const ids = items.flatMap(({ eventIds }) => eventIds);
      expect(await second.center.store.getEvents(CENTER_SCOPE, ids)).toHaveLength(ids.length);
      // What the embedded center had accepted, its sender may try again here.
      await rm(join(folder, 'halves.json'));
      const { events } = await second.center.store.stats();
      await playTo(second, 'halves.json', 60);
      expect((await second.center.store.stats()).events).toBe(events);
      expect(await findings(second.center.store)).toEqual(expected);
    } finally {
      await second.dispose();
    }
    const late = await runHinomi([...there, first.folder], env);
    expect(late).toMatchObject({ code: 2, output: expect.stringMatching(/a center has begun to work/) });
    await rm(first.folder, { recursive: true, force: true });
  });

  async function findings(store: { find: CopyableStore['find'] }): Promise<string[]> {
    const texts: string[] = [];
    for (const kind of ['alert', 'incident', 'campaign'] as const satisfies readonly Kind[]) {
      const { items } = await store.find(kind, CENTER_SCOPE, { limit: 1_000 });
      for (const item of items) {
        const { title, level, firstSeenAt, lastSeenAt } = item;
        const own =
          'count' in item
            ? `${item.memberId} ${item.count}`
            : 'memberId' in item
              ? item.memberId
              : item.memberIds.join();
        texts.push(`${kind} ${own} ${title} ${level} ${firstSeenAt} ${lastSeenAt}`);
      }
    }
    return texts.sort();
  }

  it('goes on after kill -9 at any moment, and ends with all of it there; and the way back', {
    timeout: 240_000,
  }, async () => {
    const env = environment();
    const data = join(folder, 'killed');
    const more = Array.from({ length: 40 }, (_, index) => {
      const events = Array.from({ length: all ? 500 : 250 }, (_, at) => ({
        message: `n${index} ${at}`,
        'source.port': at,
      }));
      return makeBatch(`k${index}`, {
        memberId: 'kita',
        events,
        matched: [0],
        receivedAt: `2026-11-${18 + (index % 4)}T03:00:00.000Z`,
      });
    });
    const batches: readonly WorkedBatch[] = await withStore(data, async (store) => {
      const filled = await fill(store);
      await store.putBatches(more);
      const { term } = await store.takeLead('test', AbortSignal.timeout(5_000));
      for (const { batchId, receivedAt } of more)
        await store.save([], { batches: [{ batchId, receivedAt, alerts: 0, newestMs: 1 }], term });
      return [...filled.batches, ...more];
    });
    let kills = 0;
    for (let waitMs = 1_200; kills < (all ? 12 : 3); waitMs *= all ? 1.15 : 1.6) {
      const child = hinomi([...there, data], env);
      const exited = once(child, 'exit');
      const first = await Promise.race([pause(waitMs, 'late' as const), exited.then(() => 'done' as const)]);
      child.kill('SIGKILL');
      await exited;
      if (first === 'done') break;
      kills++;
    }
    expect(kills).toBeGreaterThan(0);
    const moved = await runHinomi([...there, data], env);
    expect(moved, moved.output).toMatchObject({
      code: 0,
      output: expect.stringMatching(/MEMBER .*\n.*\(center\).*on both sides the same/s),
    });
    const before = await withStore(data, (store) => portrait(store, batches));
    const after = await withinCluster(env, (store) => portrait(store, batches));
    for (const [part, value] of Object.entries(before)) expect(after[part], part).toEqual(value);

    const home = join(folder, 'home');
    const returned = await runHinomi([...back, home], env);
    expect(returned, returned.output).toMatchObject({ code: 0 });
    const again = await withStore(home, (store) => portrait(store, batches));
    for (const part of ['events', 'byId', 'outcomes', 'applied', 'rejects', 'matches', 'ledger', 'progress'])
      expect(again[part], part).toEqual(before[part]);

    // A backup of the one is good for the other.
    const file = join(folder, 'cluster.zst');
    const made = await runHinomi(['backup', '--to', file], env);
    expect(made, made.output).toMatchObject({ code: 0 });
    const embedded = await runHinomi(['restore', file, '--data', join(folder, 'from-cluster')], {});
    expect(embedded, embedded.output).toMatchObject({ code: 0 });
    const other = environment();
    const cluster = await runHinomi(['restore', file], other);
    expect(cluster, cluster.output).toMatchObject({ code: 0 });
    const restored = [
      await withStore(join(folder, 'from-cluster'), (store) => portrait(store, batches)),
      await withinCluster(other, (store) => portrait(store, batches)),
    ];
    for (const one of restored)
      for (const part of ['events', 'outcomes', 'applied', 'rejects', 'matches', 'ledger', 'progress'])
        expect(one[part], part).toEqual(before[part]);
  });

  it('refuses what it would mix or lose', { timeout: 120_000 }, async () => {
    const env = environment();
    const data = join(folder, 'refused');
    expect(await runHinomi([...there, data], env)).toMatchObject({
      code: 2,
      output: expect.stringContaining('holds no center'),
    });
    await withStore(data, (store) => store.putBatches([makeBatch('1', { events: [{}] })]));
    expect(await runHinomi(['migrate', '--from', 'embedded', '--to', 'embedded'], env)).toMatchObject({ code: 2 });
    expect(await runHinomi(['migrate', '--to', 'cluster'], env)).toMatchObject({
      code: 2,
      output: expect.stringContaining('--from takes'),
    });

    const queue = await openSqliteQueue({ file: join(data, 'queue', 'records.db') });
    const job = {
      id: 'j',
      memberId: 'kita',
      sourceId: 'kita.vpn',
      records: 7,
      receivedAt: '2026-11-20T01:00:00.000Z',
      head: '',
      body: new Uint8Array(3),
    };
    await queue.queue.push([job]);
    await queue.close();
    const waiting = await runHinomi([...there, data], env);
    expect(waiting).toMatchObject({
      code: 2,
      output: expect.stringMatching(/accepted 1 batches \(7 records\) that it has not worked.*Start it once more/s),
    });
    await rm(join(data, 'queue'), { recursive: true });

    await withinCluster(env, (store) => store.putBatches([makeBatch('2', { events: [{}] })]));
    const full = await runHinomi([...there, data], env);
    expect(full).toMatchObject({
      code: 2,
      output: expect.stringMatching(/must be empty, but there is 1 of kind "event".*prefix/s),
    });

    const other = environment();
    const working = await openTestCenter(other);
    try {
      const refused = await runHinomi([...there, data], other);
      expect(refused).toMatchObject({ code: 2, output: expect.stringContaining('a center works on the target') });
    } finally {
      await working.dispose();
    }
  });

  it('says which counts differ, and lets nobody begin until they are accepted', { timeout: 120_000 }, async () => {
    const env = environment();
    const data = join(folder, 'differs');
    await withStore(data, (store) => store.putBatches([makeBatch('1', { events: [{}, {}] })]));
    expect(await runHinomi([...there, data], env)).toMatchObject({ code: 0 });
    await withinCluster(env, (store) => store.putBatches([makeBatch('stray', { memberId: 'minami', events: [{}] })]));
    const differs = await runHinomi([...there, data], env);
    expect(differs).toMatchObject({ code: 2, output: expect.stringMatching(/minami +0 +1 not 0.*counts differ/s) });
    await expect(openTestCenter(env)).rejects.toThrow(/was not finished/);
    expect(await runHinomi([...there, data, '--accept-differences'], env)).toMatchObject({ code: 2 });
    const center = await openTestCenter(env);
    await center.dispose();
  });
});
