import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type LeasedJob, QueueUnavailable } from '../src/queue/queue.ts';
import { collect, idle, job, options, ownQueues, until } from './bullmq-queues.ts';
import { needOwn } from './services/needed.ts';
import { startRedis } from './services/redis.ts';

const services = await needOwn('redis');

services.describe('bullmq when Redis fails', () => {
  const own = ownQueues();

  it('Redis killed and started again under load: nothing acknowledged is lost', async () => {
    const [pusher, worker] = [await own.open(), await own.open()] as const;
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
      await own.redis.kill('SIGKILL');
      await sleep(2_300);
      await own.redis.restart();
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
    const host = await own.open();
    const done: LeasedJob[] = [];
    const stop = collect(host, done);
    await own.redis.kill('SIGSTOP');
    try {
      const from = Date.now();
      await expect(host.queue.push([job('1')])).rejects.toThrow(/storing logs in the queue.*send again/);
      await stop();
      expect(Date.now() - from).toBeLessThan(12_000);
    } finally {
      await own.redis.kill('SIGCONT');
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
    const small = await startRedis({ folder: join(own.folder, 'small'), appendonly: true, maxmemory: '12mb' });
    onTestFinished(() => small.stop());
    const host = await own.open({ url: small.url });
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
    const refusal = await fill();
    expect(refusal.message).toMatch(/full \(maxmemory\)/);
    // Whoever pushes on in the middle of its work is not to blame for it.
    expect(refusal).toBeInstanceOf(QueueUnavailable);
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
      const evicting = await startRedis({
        folder: join(own.folder, 'evicting'),
        config: { 'maxmemory-policy': 'allkeys-lru' },
      });
      onTestFinished(() => evicting.stop());
      await expect(own.open({ url: evicting.url })).rejects.toThrow(/allkeys-lru.*noeviction/);
    });

    it('with another number of shards than the data has', async () => {
      await own.open({ shards: 3 });
      await expect(own.open()).rejects.toThrow(
        /has 3 shards and cannot be opened with 4; set the number of shards to 3/,
      );
      await own.open({ shards: 3 });
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
      await expect(own.open({ url })).rejects.toThrow(/is 6\.0\.16; the queue needs 6\.2 or newer/);
    });

    it('without an answer', async () => {
      await expect(own.open({ url: await serve(() => ''), openMs: 1_000 })).rejects.toThrow(
        /cannot be used \(no connection for 1 s\)/,
      );
      const from = Date.now();
      await expect(own.open({ url: 'redis://user:secret@127.0.0.1:1', openMs: 1_000 })).rejects.toThrow(
        /^Redis at 127\.0\.0\.1:1 cannot be used \(.*ECONNREFUSED.*start it/,
      );
      expect(Date.now() - from).toBeLessThan(4_000);
      await expect(own.open({ url: 'http://127.0.0.1' })).rejects.toThrow(/must look like redis:/);
    });
  });
});
