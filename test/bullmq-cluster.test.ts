/** The cluster's queue on a Redis Cluster of three: the whole contract, and a node that is gone for a while. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type BullmqQueueOptions, openBullmqQueue } from '../src/queue/bullmq.ts';
import { queueContract } from '../src/queue/queue.contract.ts';
import type { LeasedJob } from '../src/queue/queue.ts';
import { openUnderTest } from './bullmq-queues.ts';
import { needOwn } from './services/needed.ts';
import { startRedis } from './services/redis.ts';
import type { Server } from './services/server.ts';

const SLOTS = 16_384;

const services = await needOwn('redis');

services.describe('bullmq on a Redis Cluster of three', () => {
  let folder: string;
  const nodes: Server[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hinomi-redis-'));
    for (let index = 0; index < 3; index++)
      nodes.push(
        await startRedis({
          folder: join(folder, String(index)),
          appendonly: true,
          config: { 'cluster-enabled': 'yes', 'cluster-node-timeout': '2000', 'cluster-require-full-coverage': 'no' },
        }),
      );
    const clients = nodes.map(({ url }) => new Redis(url));
    for (const [index, client] of clients.entries()) {
      const from = Math.floor((SLOTS * index) / 3);
      const slots = Array.from({ length: Math.floor((SLOTS * (index + 1)) / 3) - from }, (_, slot) => from + slot);
      await client.cluster('ADDSLOTS', ...slots);
      await client.call('CLUSTER', 'MEET', '127.0.0.1', new URL((nodes[0] as Server).url).port);
    }
    const whole = async (client: Redis): Promise<boolean> => {
      const info = String(await client.call('CLUSTER', 'INFO'));
      return info.includes('cluster_state:ok') && info.includes(`cluster_slots_ok:${SLOTS}`);
    };
    for (const client of clients) {
      for (const end = Date.now() + 15_000; !(await whole(client)); await sleep(50))
        if (Date.now() > end) throw new Error('the cluster did not come together');
      client.disconnect();
    }
  }, 40_000);
  afterAll(async () => {
    for (const node of nodes) await node.stop();
    await rm(folder, { recursive: true });
  });

  const fresh = (): BullmqQueueOptions => ({
    url: (nodes[0] as Server).url,
    cluster: true,
    name: 'records',
    prefix: `t${randomUUID()}`,
  });

  queueContract('bullmq, cluster', () => openUnderTest(fresh()));

  it('spreads the shards over the nodes, and works what was acknowledged though a node was gone meanwhile', async () => {
    const host = await openBullmqQueue({ ...fresh(), shards: 8 });
    const done = new Set<string>();
    const told: unknown[] = [];
    const stop = host.queue.work(
      async (jobs: readonly LeasedJob[]) => {
        for (const { id } of jobs) done.add(id);
      },
      { maxJobs: 2, maxBytes: 1_000_000, leaseMs: 1_000, maxAttempts: 3, onError: (error) => told.push(error) },
    );
    const acknowledged: string[] = [];
    let refused = 0;
    let index = 0;
    const pushFor = async (ms: number): Promise<void> => {
      for (const end = Date.now() + ms; Date.now() < end; index++) {
        const id = `j${index}`;
        const memberId = `m${index % 40}`;
        const receivedAt = '2026-11-20T01:00:00.000Z';
        const body = new Uint8Array(2_000);
        try {
          await host.queue.push([{ id, memberId, sourceId: 's', records: 1, receivedAt, head: '', body }]);
          acknowledged.push(id);
        } catch {
          refused++;
        }
      }
    };
    await pushFor(500);
    const sizes = await Promise.all(
      nodes.map(async ({ url }) => {
        const client = new Redis(url);
        const size = await client.dbsize();
        client.disconnect();
        return size;
      }),
    );
    expect(Math.min(...sizes)).toBeGreaterThan(0);
    await (nodes[2] as Server).kill('SIGKILL');
    await pushFor(3_000);
    await (nodes[2] as Server).restart();
    await sleep(1_000);
    await pushFor(500);
    for (
      const end = Date.now() + 20_000;
      (await host.queue.depth().catch(() => ({ jobs: 1 }))).jobs > 0;
      await sleep(50)
    )
      if (Date.now() > end) throw new Error('the queue did not become empty');
    await stop();
    await host.close();
    expect(refused).toBeGreaterThan(0);
    expect(acknowledged.filter((id) => !done.has(id))).toEqual([]);
    expect(told.length).toBeGreaterThan(0);
  }, 60_000);
});
