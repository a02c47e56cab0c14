/**
 * The cluster's queue among many: several at work at once, turns between members, and processes that die in the middle of a step.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { BullmqQueueHost } from '../src/queue/bullmq.ts';
import { connectRedis } from '../src/queue/bullmq-connection.ts';
import { bullmqId, createRegistry, type Registry } from '../src/queue/bullmq-registry.ts';
import type { LeasedJob } from '../src/queue/queue.ts';
import { collect, idle, job, numbered, options, ownQueues, until } from './bullmq-queues.ts';
import { root } from './center.ts';
import { needOwn } from './services/needed.ts';

const services = await needOwn('redis');

services.describe('bullmq shared by many', () => {
  const own = ownQueues();

  it('several share the work, and each job is done once', async () => {
    const [one, two, three] = [await own.open(), await own.open(), await own.open()] as const;
    const done: LeasedJob[] = [];
    for (const host of [one, two]) for (let loop = 0; loop < 3; loop++) collect(host, done);
    const jobs = Array.from({ length: 300 }, (_, index) => job(`j${index}`, `m${index % 7}`));
    await Promise.all([...jobs, ...jobs].map((one, index) => (index % 2 === 0 ? two : three).queue.push([one])));
    await until(() => idle(one));
    expect(done.map(({ id }) => id).sort()).toEqual(jobs.map(({ id }) => id).sort());
  });

  it('a sleeping loop hears of a job at once, in another process than the one that pushed', async () => {
    const [worker, pusher] = [await own.open(), await own.open()] as const;
    const seen: number[] = [];
    worker.queue.work(async () => {
      seen.push(Date.now());
    }, options);
    const waits: number[] = [];
    for (let round = 0; round < 7; round++) {
      await sleep(60);
      const from = Date.now();
      await pusher.queue.push([job(`j${round}`, `m${round}`)]);
      await until(() => seen.length === round + 1);
      waits.push((seen.at(-1) as number) - from);
    }
    // The slow look around comes once a second: without the bell half of them would take longer than 500 ms.
    expect(waits.sort((a, b) => a - b)[3]).toBeLessThan(200);
  });

  it('a member with 500 jobs keeps none waiting', async () => {
    const host = await own.open({ shards: 1 });
    await host.queue.push(Array.from({ length: 500 }, (_, index) => job(`a${index}`, 'a')));
    const handed: string[] = [];
    const done: string[] = [];
    const work = async (jobs: readonly LeasedJob[]): Promise<void> => {
      done.push(...jobs.map(({ id }) => id));
      handed.push(jobs.map(({ memberId }) => memberId).join(''));
    };
    const stop = host.queue.work(work, { ...options, maxJobs: 1 });
    // The turns go on from where they are, not from the beginning.
    await until(() => handed.length >= 50);
    await stop();
    const before = handed.length;
    await host.queue.push(Array.from({ length: 5 }, (_, index) => job(`b${index}`, 'b')));
    const stopAgain = host.queue.work(work, { ...options, maxJobs: 1 });
    await until(() => handed.filter((members) => members === 'b').length === 5);
    await stopAgain();
    expect(handed.slice(before).lastIndexOf('b')).toBeLessThan(12);
    expect(done.filter((id) => id.startsWith('b'))).toEqual(['b0', 'b1', 'b2', 'b3', 'b4']);
    const ofA = done.filter((id) => id.startsWith('a'));
    expect(ofA).toEqual(Array.from({ length: ofA.length }, (_, index) => `a${index}`));
  });

  it('at the end of BullMQ’s priorities jobs are first come, first served, until nothing waits', async () => {
    const host = await own.open({ shards: 1 });
    const { client, close } = await connectRedis(own.redis.url, false);
    onTestFinished(close);
    const turn = `${own.prefix}:{records-0}:r:turn`;
    await host.queue.push([job('a0')]);
    await client.hset(turn, 'ma', 2 ** 21 - 3);
    await host.queue.push(Array.from({ length: 6 }, (_, index) => job(`a${index + 1}`)));
    expect(await client.hget(turn, 'ma')).toBe(String(2 ** 21 - 1));
    const done: LeasedJob[] = [];
    collect(host, done, { maxJobs: 1 });
    await until(() => idle(host));
    expect(done.map(({ id }) => id)).toEqual(['a0', 'a1', 'a2', 'a3', 'a4', 'a5', 'a6']);
    await host.queue.push([job('b0', 'b')]);
    expect(await client.hgetall(turn)).toEqual({ mb: '1' });
  });

  it('forgets ids of done jobs after a time, not before', async () => {
    const host = await own.open({ rememberMs: 1_000 });
    collect(host, []);
    await host.queue.push([job('1')]);
    await until(() => idle(host));
    expect((await host.queue.push([job('1')]))[0]?.known).toBe(true);
    await until(async () => (await host.queue.state('1')) === undefined);
    expect((await host.queue.push([job('1')]))[0]?.known).toBe(false);
  });

  it('keeps to the bytes of a hand-over, and gives back what does not fit', async () => {
    const host = await own.open();
    await host.queue.push([
      job('1', 'a', 400),
      job('2', 'a', 400),
      job('3', 'a', 400),
      job('4', 'a', 2_000),
      job('5', 'a', 10),
    ]);
    const handed: string[] = [];
    host.queue.work(
      async (jobs) => {
        handed.push(jobs.map(({ id }) => id).join());
      },
      { ...options, maxBytes: 1_000 },
    );
    await until(() => idle(host));
    expect(handed).toEqual(['1,2', '3', '4', '5']);
  });

  it('a job that comes back has its turn among those that wait now', async () => {
    const host = await own.open({ shards: 1 });
    const { client, close } = await connectRedis(own.redis.url, false);
    onTestFinished(close);
    const priority = (id: string) => client.hget(`${own.prefix}:{records-0}:${bullmqId(id)}`, 'priority');
    const { promise: held, resolve: take } = Promise.withResolvers<void>();
    const { promise: failing, reject: fail } = Promise.withResolvers<void>();
    await host.queue.push(numbered(40, 'a', () => 'a'));
    expect(await priority('a39')).toBe('40');
    const stop = host.queue.work(
      ([first]) => {
        if (first?.id !== 'a39') return Promise.resolve();
        take();
        return failing;
      },
      { ...options, maxJobs: 1, maxAttempts: 2 },
    );
    await held;
    await host.queue.push(numbered(3, 'b', () => 'b'));
    expect(await priority('b2')).toBe('3');
    fail(new Error('no'));
    await stop();
    expect(await priority('a39')).toBe('1');
  });

  it('a lease lost while working: somebody else has the job as well, and it is settled once', async () => {
    const host = await own.open({ shards: 1 });
    const { client, close } = await connectRedis(own.redis.url, false);
    onTestFinished(close);
    await host.queue.push([job('1')]);
    const errors: unknown[] = [];
    const { promise: slow, resolve: goOn } = Promise.withResolvers<void>();
    let times = 0;
    for (let loop = 0; loop < 2; loop++)
      host.queue.work(() => (++times === 1 ? slow : Promise.resolve()), {
        ...options,
        leaseMs: 400,
        onError: (error) => errors.push(error),
      });
    await until(() => times === 1);
    await client.del(`${own.prefix}:{records-0}:${bullmqId('1')}:lock`);
    await until(() => times === 2);
    await until(() => idle(host));
    goOn();
    await sleep(50);
    expect(errors).toEqual([]);
    expect(await host.queue.depth()).toMatchObject({ jobs: 0, records: 0, bytes: 0, dead: 0, bySource: [] });
    expect((await host.queue.state('1'))?.state).toBe('done');
  });

  it('names of jobs may be anything', async () => {
    const host = await own.open({ shards: 1 });
    const ids = ['1', 'wait', 'a:b:c', '0:1', 'meta', '漢字 ', '%3A', 'r:open', '__proto__'];
    await host.queue.push(ids.map((id) => job(id)));
    const done: LeasedJob[] = [];
    collect(host, done);
    await until(() => idle(host));
    expect(done.map(({ id }) => id)).toEqual(ids);
    expect(new Set(ids.map(bullmqId)).size).toBe(ids.length);
  });

  describe('a process that dies in the middle of a step', () => {
    let registry: Registry;
    let host: BullmqQueueHost;
    async function openWithRegistry(): Promise<void> {
      host = await own.open({ shards: 1 });
      const { client, close } = await connectRedis(own.redis.url, false);
      onTestFinished(close);
      registry = createRegistry(client, `${own.prefix}:{records-0}:`, 60_000);
    }

    it('registered and not stored: the next push stores it under the first receipt', async () => {
      await openWithRegistry();
      await registry.register([job('1')]);
      const late = { ...job('1'), receivedAt: '2026-11-21T02:00:00.000Z' };
      expect(await host.queue.push([late, late])).toEqual(
        Array(2).fill({ id: '1', receivedAt: '2026-11-20T01:00:00.000Z', records: 1, known: true }),
      );
      const done: LeasedJob[] = [];
      collect(host, done);
      await until(() => idle(host));
      expect(done).toMatchObject([{ id: '1', receivedAt: '2026-11-20T01:00:00.000Z' }]);
    });

    it('registered and never pushed again: forgotten after two looks, while what waits stays', async () => {
      await openWithRegistry();
      await registry.register([job('gone')]);
      await host.queue.push([job('waits')]);
      await registry.sweep(60_000);
      expect((await host.queue.depth()).jobs).toBe(2);
      await registry.sweep(0);
      expect((await host.queue.depth()).jobs).toBe(2);
      await sleep(2);
      await registry.sweep(0);
      expect(await host.queue.depth()).toMatchObject({ jobs: 1, records: 1, bytes: 20, dead: 0 });
      expect(await host.queue.state('gone')).toBeUndefined();
      expect((await host.queue.state('waits'))?.state).toBe('queued');
    });

    it('remembered as done and still in BullMQ: worked again, and never a second receipt', async () => {
      await openWithRegistry();
      await host.queue.push([job('1')]);
      await registry.done([job('1')]);
      expect((await host.queue.push([job('1')]))[0]?.known).toBe(true);
      const done: LeasedJob[] = [];
      collect(host, done);
      await until(() => done.length === 1);
      await host.queue.push([job('2')]);
      await until(() => done.length === 2);
      await until(() => idle(host));
      expect(await host.queue.depth()).toMatchObject({ jobs: 0, records: 0, bytes: 0 });
    });

    it('buried and still in BullMQ: tried once more, and out of the grave when that goes well', async () => {
      await openWithRegistry();
      await host.queue.push([job('1'), job('2')]);
      await registry.bury(job('1'), 'bad', 3);
      expect(await host.queue.depth()).toMatchObject({ jobs: 1, dead: 1 });
      collect(host, []);
      await until(async () => (await host.queue.depth()).dead === 0);
      await until(() => idle(host));
      expect((await host.queue.state('1'))?.state).toBe('done');
    });

    it('revived by half: dead again after a while', async () => {
      await openWithRegistry();
      await host.queue.push([job('1')]);
      host.queue.work(() => Promise.reject(new Error('bad')), { ...options, maxAttempts: 1 });
      await until(async () => (await host.queue.depth()).dead === 1);
      const [dead] = await host.queue.dead();
      expect(await registry.revive(['1'])).toEqual([['1', 1]]);
      expect(await host.queue.depth()).toMatchObject({ jobs: 1, dead: 0 });
      await sleep(2);
      await registry.sweep(0);
      expect(await host.queue.dead()).toEqual([dead]);
      expect(await host.queue.retryDead(['1'])).toBe(1);
    });

    it('killed with jobs in hand: they come again after their lease', async () => {
      host = await own.open();
      const jobs = Array.from({ length: 20 }, (_, index) => job(`j${index}`, `m${index % 3}`));
      await host.queue.push(jobs);
      const child: ChildProcess = spawn(
        process.execPath,
        [join(root, 'test/bullmq-holder.ts'), own.redis.url, own.prefix, '1000'],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      onTestFinished(() => void child.kill('SIGKILL'));
      const held: string[] = [];
      createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (id) => held.push(id));
      await until(() => held.length > 0);
      // The lease is extended as long as the process lives.
      const done: LeasedJob[] = [];
      collect(host, done, { leaseMs: 1_000 });
      await until(() => done.length === jobs.length - held.length);
      await sleep(1_500);
      expect(done).toHaveLength(jobs.length - held.length);
      child.kill('SIGKILL');
      await once(child, 'exit');
      await until(() => idle(host));
      expect(done.map(({ id }) => id).sort()).toEqual(jobs.map(({ id }) => id).sort());
      expect(done.every(({ attempt }) => attempt === 1)).toBe(true);
    });
  });
});
