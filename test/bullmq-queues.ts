/** What the suites of the cluster's queue share: a Redis of their own, queues on it, and jobs. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { type BullmqQueueHost, type BullmqQueueOptions, openBullmqQueue } from '../src/queue/bullmq.ts';
import type { QueueUnderTest } from '../src/queue/queue.contract.ts';
import type { Job, LeasedJob, Stop, WorkOptions } from '../src/queue/queue.ts';
import { startRedis } from './services/redis.ts';
import type { Server } from './services/server.ts';

export const options: WorkOptions = {
  maxJobs: 4,
  maxBytes: 1_000_000,
  leaseMs: 2_000,
  maxAttempts: 3,
  onError: () => {},
};

export const job = (id: string, memberId = 'a', bytes = 20): Job => ({
  id,
  memberId,
  sourceId: `${memberId}.s`,
  records: 1,
  receivedAt: '2026-11-20T01:00:00.000Z',
  head: '{}',
  body: new Uint8Array(bytes).fill(7),
});

export const numbered = (count: number, name: string, memberId: (index: number) => string): readonly Job[] =>
  Array.from({ length: count }, (_, index) => job(`${name}${index}`, memberId(index)));

export async function until(what: () => boolean | Promise<boolean>, ms = 15_000): Promise<void> {
  for (const end = Date.now() + ms; !(await what()); await sleep(5))
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
}

export const idle = async ({ queue }: BullmqQueueHost): Promise<boolean> => (await queue.depth()).jobs === 0;

export const collect = ({ queue }: BullmqQueueHost, into: LeasedJob[], more: Partial<WorkOptions> = {}): Stop =>
  queue.work(
    async (jobs) => {
      into.push(...jobs);
    },
    { ...options, ...more },
  );

/** As the queue's contract takes it. */
export async function openUnderTest(given: BullmqQueueOptions): Promise<QueueUnderTest> {
  let host = await openBullmqQueue(given);
  return {
    queue: host.queue,
    async reopen() {
      await host.close();
      host = await openBullmqQueue(given);
      return host.queue;
    },
    dispose: () => host.close(),
  };
}

/** Of the suite that calls it: one Redis, another prefix for each test. */
export interface OwnQueues {
  readonly redis: Server;
  readonly folder: string;
  readonly prefix: string;
  /** Closed after the test. */
  open(more?: Partial<BullmqQueueOptions>): Promise<BullmqQueueHost>;
}

export function ownQueues(): OwnQueues {
  let folder: string;
  let redis: Server;
  let prefix: string;
  const hosts: BullmqQueueHost[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hinomi-redis-'));
    redis = await startRedis({ folder, appendonly: true });
  });
  beforeEach(() => {
    prefix = `t${randomUUID()}`;
  });
  afterEach(async () => {
    await Promise.all(hosts.splice(0).map((host) => host.close()));
  });
  afterAll(async () => {
    await redis.stop();
    await rm(folder, { recursive: true });
  });
  return {
    get redis() {
      return redis;
    },
    get folder() {
      return folder;
    },
    get prefix() {
      return prefix;
    },
    async open(more = {}) {
      const host = await openBullmqQueue({ url: redis.url, name: 'records', prefix, ...more });
      hosts.push(host);
      return host;
    },
  };
}
