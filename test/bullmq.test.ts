/**
 * The cluster's queue where things break: processes and Redis itself killed, memory full, halves of a step done. What the port
 * promises besides is in src/queue/queue.contract.ts.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type BullmqQueueHost, type BullmqQueueOptions, openBullmqQueue } from '../src/queue/bullmq.ts';
import { connectRedis } from '../src/queue/bullmq-connection.ts';
import { bullmqId, createRegistry, type Registry } from '../src/queue/bullmq-registry.ts';
import type { Job, LeasedJob, WorkOptions } from '../src/queue/queue.ts';
import { root } from './center.ts';
import { type OwnRedis, redisMissing, startRedis } from './own-redis.ts';

const options: WorkOptions = { maxJobs: 4, maxBytes: 1_000_000, leaseMs: 2_000, maxAttempts: 3, onError: () => {} };

const job = (id: string, memberId = 'a', bytes = 20): Job => ({
  id,
  memberId,
  sourceId: `${memberId}.s`,
  records: 1,
  receivedAt: '2026-11-20T01:00:00.000Z',
  head: '{}',
  body: new Uint8Array(bytes).fill(7),
});

async function until(what: () => boolean | Promise<boolean>, ms = 15_000): Promise<void> {
  for (const end = Date.now() + ms; !(await what()); await sleep(5))
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
}

describe.skipIf(redisMissing !== undefined)(`bullmq under faults (${redisMissing ?? 'own Redis'})`, () => {
  let folder: string;
  let redis: OwnRedis;
  let prefix: string;
  const hosts: BullmqQueueHost[] = [];

  async function open(more: Partial<BullmqQueueOptions> = {}): Promise<BullmqQueueHost> {
    const host = await openBullmqQueue({ url: redis.url, name: 'records', prefix, ...more });
    hosts.push(host);
    return host;
  }
  const collect = (host: BullmqQueueHost, into: LeasedJob[], more: Partial<WorkOptions> = {}) =>
    host.queue.work(
      async (jobs) => {
        into.push(...jobs);
      },
      { ...options, ...more },
    );
  const idle = async (host: BullmqQueueHost): Promise<boolean> => (await host.queue.depth()).jobs === 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hinomi-redis-'));
    redis = await startRedis({ folder, appendonly: true });
  });
  afterAll(async () => {
    await redis.stop();
    await rm(folder, { recursive: true });
  });
  afterEach(async () => {
    await Promise.all(hosts.splice(0).map((host) => host.close()));
  });
  const fresh = (): void => {
    prefix = `t${randomUUID()}`;
  };

  it('several share the work, and each job is done once', async () => {
    fresh();
    const [one, two, three] = [await open(), await open(), await open()] as const;
    const done: LeasedJob[] = [];
    for (const host of [one, two]) for (let loop = 0; loop < 3; loop++) collect(host, done);
    const jobs = Array.from({ length: 300 }, (_, index) => job(`j${index}`, `m${index % 7}`));
    await Promise.all([...jobs, ...jobs].map((one, index) => (index % 2 === 0 ? two : three).queue.push([one])));
    await until(() => idle(one));
    expect(done.map(({ id }) => id).sort()).toEqual(jobs.map(({ id }) => id).sort());
  });

  it('a sleeping loop hears of a job at once, in another process than the one that pushed', async () => {
    fresh();
    const [worker, pusher] = [await open(), await open()] as const;
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
    fresh();
    const host = await open({ shards: 1 });
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
    fresh();
    const host = await open({ shards: 1 });
    const { client, close } = await connectRedis(redis.url, false);
    onTestFinished(close);
    const turn = `${prefix}:{records-0}:r:turn`;
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
    fresh();
    const host = await open({ rememberMs: 1_000 });
    collect(host, []);
    await host.queue.push([job('1')]);
    await until(() => idle(host));
    expect((await host.queue.push([job('1')]))[0]?.known).toBe(true);
    await until(async () => (await host.queue.state('1')) === undefined);
    expect((await host.queue.push([job('1')]))[0]?.known).toBe(false);
  });

  describe('a process that dies in the middle of a step', () => {
    let registry: Registry;
    let host: BullmqQueueHost;
    async function openWithRegistry(): Promise<void> {
      fresh();
      host = await open({ shards: 1 });
      const { client, close } = await connectRedis(redis.url, false);
      onTestFinished(close);
      registry = createRegistry(client, `${prefix}:{records-0}:`, 60_000);
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
      expect(await registry.revive(['1'])).toEqual(['1']);
      expect(await host.queue.depth()).toMatchObject({ jobs: 1, dead: 0 });
      await sleep(2);
      await registry.sweep(0);
      expect(await host.queue.dead()).toEqual([dead]);
      expect(await host.queue.retryDead(['1'])).toBe(1);
    });

    it('killed with jobs in hand: they come again after their lease', async () => {
      fresh();
      host = await open();
      const jobs = Array.from({ length: 20 }, (_, index) => job(`j${index}`, `m${index % 3}`));
      await host.queue.push(jobs);
      const child: ChildProcess = spawn(
        process.execPath,
        [join(root, 'test/bullmq-holder.ts'), redis.url, prefix, '1000'],
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

  it('Redis killed and started again under load: nothing acknowledged is lost', async () => {
    fresh();
    const [pusher, worker] = [await open(), await open()] as const;
    const done = new Map<string, number>();
    const told: unknown[] = [];
    const stops = [1, 2, 3].map(() =>
      worker.queue.work(
        async (jobs) => {
          await sleep(2);
          for (const { id } of jobs) done.set(id, (done.get(id) ?? 0) + 1);
        },
        { ...options, onError: (error) => told.push(error) },
      ),
    );
    const acknowledged = new Set<string>();
    let refused = 0;
    let longestMs = 0;
    let pushing = true;
    const push = async (lane: number): Promise<void> => {
      for (let index = 0; pushing; index++) {
        const id = `j${lane}-${index}`;
        const from = Date.now();
        for (let tries = 0; pushing || tries > 0; tries++) {
          try {
            await pusher.queue.push([job(id, `m${lane}`, 5_000)]);
            acknowledged.add(id);
            break;
          } catch {
            refused++;
          }
        }
        longestMs = Math.max(longestMs, Date.now() - from);
        await sleep(1);
      }
    };
    const lanes = [0, 1, 2, 3].map(push);
    for (let round = 0; round < 2; round++) {
      await sleep(600);
      await redis.kill('SIGKILL');
      await sleep(2_300);
      await redis.restart();
    }
    await sleep(600);
    pushing = false;
    await Promise.all(lanes);
    await until(() => idle(pusher).catch(() => false));
    await Promise.all(stops.map((stop) => stop()));
    expect(refused).toBeGreaterThan(0);
    expect(longestMs).toBeLessThan(12_000);
    expect([...acknowledged].filter((id) => !done.has(id))).toEqual([]);
    expect(acknowledged.size).toBeGreaterThan(100);
    // Told once for each time that Redis was away, by each loop, not at every try.
    expect(told.length).toBeGreaterThan(0);
    expect(told.length).toBeLessThan(20);
    const again = await pusher.queue.push([...acknowledged].map((id) => job(id, `m${id[1]}`)));
    expect(again.every(({ known }) => known)).toBe(true);
    expect(await pusher.queue.depth()).toMatchObject({ jobs: 0, records: 0, bytes: 0, dead: 0 });
  }, 60_000);

  it('Redis silent: a push fails within ten seconds, a loop stops, and both go on afterwards', async () => {
    fresh();
    const host = await open();
    const done: LeasedJob[] = [];
    const stop = collect(host, done);
    await redis.kill('SIGSTOP');
    try {
      const from = Date.now();
      await expect(host.queue.push([job('1')])).rejects.toThrow(/storing logs in the queue.*send again/);
      await stop();
      expect(Date.now() - from).toBeLessThan(12_000);
    } finally {
      await redis.kill('SIGCONT');
    }
    await until(() =>
      host.queue.push([job('1')]).then(
        () => true,
        () => false,
      ),
    );
    collect(host, done);
    await until(() => idle(host));
    expect(done.map(({ id }) => id)).toEqual(['1']);
  }, 40_000);

  it('Redis full: pushes are refused, those who come to work make room, and then pushes pass again', async () => {
    fresh();
    const small = await startRedis({ folder: join(folder, 'small'), appendonly: true, maxmemory: '12mb' });
    onTestFinished(() => small.stop());
    const host = await open({ url: small.url });
    const acknowledged: string[] = [];
    const fill = async (): Promise<Error> => {
      for (let index = acknowledged.length; ; index++) {
        try {
          await host.queue.push([job(`j${index}`, `m${index % 5}`, 40_000)]);
        } catch (error) {
          return error as Error;
        }
        acknowledged.push(`j${index}`);
      }
    };
    expect((await fill()).message).toMatch(/full \(maxmemory\)/);
    const { usedBytes, maxBytes, persistent } = await host.memory();
    expect(usedBytes / maxBytes).toBeGreaterThan(0.95);
    expect(persistent).toBe(true);
    // Nobody worked before Redis was full: BullMQ alone could not hand out a single job now.
    const done: LeasedJob[] = [];
    const failed = new Set<string>();
    host.queue.work(
      async (jobs) => {
        if (jobs.some(({ id, attempt }) => id === 'j1' && attempt === 1)) {
          for (const { id } of jobs) failed.add(id);
          throw new Error('once');
        }
        await sleep(5);
        done.push(...jobs);
      },
      { ...options, leaseMs: 600 },
    );
    await until(() =>
      host.queue.push([job('after', 'm1', 40_000)]).then(
        () => true,
        () => false,
      ),
    );
    await until(async () => (await host.queue.state('after'))?.state === 'done');
    await until(async () =>
      (await Promise.all(acknowledged.map((id) => host.queue.state(id)))).every((found) => found?.state === 'done'),
    );
    expect(new Set(done.map(({ id }) => id)).isSupersetOf(new Set([...acknowledged, 'after']))).toBe(true);
    expect(failed.size).toBeGreaterThan(0);
    expect(acknowledged.length).toBeGreaterThan(50);
  }, 40_000);

  describe('refuses to start', () => {
    it('on a Redis that evicts', async () => {
      fresh();
      const evicting = await startRedis({
        folder: join(folder, 'evicting'),
        config: { 'maxmemory-policy': 'allkeys-lru' },
      });
      onTestFinished(() => evicting.stop());
      await expect(open({ url: evicting.url })).rejects.toThrow(/allkeys-lru.*noeviction/);
    });

    it('with another number of shards than the data has', async () => {
      fresh();
      await open({ shards: 3 });
      await expect(open()).rejects.toThrow(/has 3 shards and cannot be opened with 4; set the number of shards to 3/);
      await open({ shards: 3 });
    });

    const serve = async (answer: (command: string) => string): Promise<string> => {
      const server: Server = createServer((socket) => {
        socket.on('error', () => {});
        socket.on('data', (data) => {
          for (const [, command] of String(data).matchAll(/\*\d+\r\n\$\d+\r\n(\w+)\r\n/g))
            socket.write(answer(command as string));
        });
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      onTestFinished(() => void server.close());
      return `redis://127.0.0.1:${(server.address() as { port: number }).port}`;
    };

    it('on an old Redis', async () => {
      const info = 'redis_version:6.0.16\r\nmaxmemory_policy:noeviction\r\nloading:0\r\n';
      const url = await serve((command) => (/info/i.test(command) ? `$${info.length}\r\n${info}\r\n` : '+OK\r\n'));
      await expect(open({ url })).rejects.toThrow(/is 6\.0\.16; the queue needs 6\.2 or newer/);
    });

    it('without an answer', async () => {
      await expect(open({ url: await serve(() => '') })).rejects.toThrow(/cannot be used \(no connection for 5 s\)/);
      const from = Date.now();
      await expect(open({ url: 'redis://user:secret@127.0.0.1:1' })).rejects.toThrow(
        /^Redis at 127\.0\.0\.1:1 cannot be used \(.*ECONNREFUSED.*start it/,
      );
      expect(Date.now() - from).toBeLessThan(8_000);
      await expect(open({ url: 'http://127.0.0.1' })).rejects.toThrow(/must look like redis:/);
    });
  });

  it('names of jobs may be anything', async () => {
    fresh();
    const host = await open({ shards: 1 });
    const ids = ['1', 'wait', 'a:b:c', '0:1', 'meta', '漢字 ', '%3A', 'r:open', '__proto__'];
    await host.queue.push(ids.map((id) => job(id)));
    const done: LeasedJob[] = [];
    collect(host, done);
    await until(() => idle(host));
    expect(done.map(({ id }) => id)).toEqual(ids);
    expect(new Set(ids.map(bullmqId)).size).toBe(ids.length);
  });
});
