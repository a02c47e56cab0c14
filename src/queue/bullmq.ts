/**
 * The cluster's queue: BullMQ on Redis, any number of processes and threads at the same time. A job is put in one of a few shards by
 * its member, and all of a shard's keys carry one hash tag, so that they share a node of a Redis Cluster. BullMQ keeps the jobs and
 * their leases; receipts, counts and turns are the registry's (bullmq-registry.ts). Runs no schedules and repeats nothing by itself.
 * An id belongs to one member: that another pushed the same is not noticed.
 */
import {
  type BackendFactory,
  Job as BullmqJob,
  Queue as BullmqQueue,
  createRedisBackend,
  type RedisQueueBackend,
  Worker,
} from 'bullmq';
import { connectRedis } from './bullmq-connection.ts';
import {
  createBell,
  type Packed,
  packJob,
  retryWaitMs,
  type ShardWorker,
  startLoop,
  unlessGone,
} from './bullmq-loop.ts';
import { bullmqId, createRegistry, DAY_MS } from './bullmq-registry.ts';
import type { Depth, Job, Pushed, Queue } from './queue.ts';

export interface BullmqQueueOptions {
  /** redis:// or rediss://, with user, password and database in it. */
  readonly url: string;
  /** A Redis Cluster, of which `url` names one node. */
  readonly cluster?: boolean;
  /** 'records' or 'matches'. Keys are `<prefix>:{<name>-<shard>}:…`. */
  readonly name: string;
  /** Default 'hinomi'. */
  readonly prefix?: string;
  /** Default 4. Belongs to the data: kept in Redis, and another number is refused. */
  readonly shards?: number;
  /** How long a Redis that says nothing is waited for at the start, 5 seconds by default. */
  readonly openMs?: number;
  /** How long the ids of done jobs are known, at least (default 14 days). */
  readonly rememberMs?: number;
}

export interface BullmqQueueHost {
  readonly queue: Queue;
  /** Jobs in work are left to their leases: stop the handlers first. */
  close(): Promise<void>;
  /** Of the node that is fullest. `maxBytes` 0: no limit. `persistent`: every node appends what it is told to a file. */
  memory(): Promise<{ usedBytes: number; maxBytes: number; persistent: boolean }>;
}

const SWEEP_EVERY_MS = 15_000;
/** A push that goes on so late may find its registration swept away. */
const LATE_MS = 20_000;
/** Which failure is a job's last is decided by the loop, for failures of several jobs together do not count: BullMQ sees no end. */
const NO_END = 2 ** 31 - 1;

/**
 * Throws when Redis is older than 6.2, may evict data, does not answer within some seconds, or holds this queue in another number of
 * shards; the message says what to do.
 */
export async function openBullmqQueue(options: BullmqQueueOptions): Promise<BullmqQueueHost> {
  const { name, prefix = 'hinomi', shards: shardCount = 4, rememberMs = 14 * DAY_MS } = options;
  if (!/^[\w-]+$/.test(name) || !/^[\w:-]+$/.test(prefix))
    throw new Error(`"${prefix}:${name}" is no name for a queue`);
  const redis = await connectRedis(options.url, options.cluster ?? false, options.openMs);
  const { client, ask } = redis;
  const bell = createBell();
  const channel = `${prefix}:{${name}}:wake`;
  try {
    const kept = await ask('opening the queue', async () => {
      const key = `${prefix}:{${name}}:shards`;
      await client.set(key, shardCount, 'NX');
      return Number(await client.get(key));
    });
    if (kept !== shardCount)
      throw new Error(
        `the queue "${name}" at ${redis.address} has ${kept} shards and cannot be opened with ${shardCount}; ` +
          `set the number of shards to ${kept}, or work the queue until it is empty and choose another prefix`,
      );
    await ask('opening the queue', () => redis.listen(channel, (count) => bell.ring(Number(count))));
  } catch (error) {
    redis.close();
    throw error;
  }
  let closed = false;
  const shared = { connection: client, prefix, skipVersionCheck: true };
  const ownConnectionNever: BackendFactory<RedisQueueBackend> = (queueName, backendOptions) =>
    createRedisBackend(queueName, backendOptions);
  // Failures come back from each call; what BullMQ says besides is the same once more.
  const silent = (): void => {};

  const shards = Array.from({ length: shardCount }, (_, index) => {
    const queueName = `{${name}-${index}}`;
    const bullmq = new BullmqQueue<Packed>(queueName, {
      ...shared,
      streams: { events: { maxLen: 100 } },
      defaultJobOptions: { removeOnComplete: true, attempts: NO_END, backoff: { type: 'growing' }, stackTraceLimit: 0 },
    });
    bullmq.on('error', silent);
    return { queueName, bullmq, registry: createRegistry(client, `${prefix}:${queueName}:`, rememberMs) };
  });
  const shardOf = (memberId: string): number => hash(memberId) % shardCount;

  const workers = new Map<number, readonly ShardWorker[]>();
  function workersOf(leaseMs: number): readonly ShardWorker[] {
    const made =
      workers.get(leaseMs) ??
      shards.map(({ queueName }) => {
        const worker: ShardWorker = new Worker<Packed>(
          queueName,
          null,
          {
            ...shared,
            autorun: false,
            lockDuration: leaseMs,
            // A lost lease is seen a quarter of its time after it ended.
            stalledInterval: Math.max(20, Math.min(leaseMs / 4, 15_000)),
            maxStalledCount: NO_END,
            settings: { backoffStrategy: retryWaitMs },
          },
          ownConnectionNever,
        );
        worker.on('error', silent);
        worker.on('stalled', () => bell.ring(1));
        worker.startStalledCheckTimer().catch(silent);
        return worker;
      });
    workers.set(leaseMs, made);
    return made;
  }

  /** The jobs' places in `answers` are those of `places`. */
  async function pushTo(
    shard: number,
    jobs: readonly Job[],
    places: readonly number[],
    answers: Pushed[],
  ): Promise<void> {
    const { bullmq, registry } = shards[shard] as (typeof shards)[number];
    const from = Date.now();
    const registered = await registry.register(jobs);
    if (Date.now() - from > LATE_MS) throw new Error('this process stood still in the middle of a push');
    const toAdd = new Map<string, Parameters<typeof bullmq.addBulk>[0][number]>();
    for (const [index, { receipt, priority }] of registered.entries()) {
      const job = jobs[index] as Job;
      if (priority === undefined || toAdd.has(job.id)) continue;
      const { receivedAt, records } = receipt;
      const data = packJob({ ...job, receivedAt, records });
      toAdd.set(job.id, { name: job.sourceId, data, opts: { jobId: bullmqId(job.id), priority } });
    }
    if (toAdd.size > 0) await bullmq.addBulk([...toAdd.values()]);
    for (const [index, { known, receipt }] of registered.entries()) {
      const { receivedAt, records } = receipt;
      answers[places[index] as number] = { id: (jobs[index] as Job).id, receivedAt, records, known };
    }
    if (toAdd.size > 0) client.publish(channel, String(toAdd.size)).catch(silent);
  }

  const sweeping = setInterval(() => {
    for (const { registry } of shards) registry.sweep().catch(silent);
  }, SWEEP_EVERY_MS);
  sweeping.unref();

  async function close(): Promise<void> {
    if (closed) return;
    closed = true;
    clearInterval(sweeping);
    bell.ring(Number.POSITIVE_INFINITY);
    const all = [...workers.values()].flat();
    await Promise.allSettled([
      ...all.map((worker) => worker.close(true)),
      ...shards.map(({ bullmq }) => bullmq.close()),
    ]);
    redis.close();
  }

  const queue: Queue = {
    async push(jobs) {
      const places = Map.groupBy(jobs.keys(), (index) => shardOf((jobs[index] as Job).memberId));
      const answers: Pushed[] = [];
      await ask('storing logs in the queue', async () => {
        const pushes = [...places].map(([shard, own]) =>
          pushTo(
            shard,
            own.map((index) => jobs[index] as Job),
            own,
            answers,
          ),
        );
        // All are waited for: nothing more is written after the caller was told.
        const failed = (await Promise.allSettled(pushes)).find(({ status }) => status === 'rejected');
        if (failed !== undefined) throw (failed as PromiseRejectedResult).reason;
      });
      return answers;
    },
    work(handle, workOptions) {
      if (closed) throw new Error(`the queue "${name}" is closed`);
      const made = workersOf(workOptions.leaseMs);
      const parts = shards.map(({ registry }, index) => ({ registry, worker: made[index] as ShardWorker }));
      return startLoop({ shards: parts, bell, redis, closed: () => closed }, handle, workOptions);
    },
    state: (id) =>
      ask('looking for a job', async () => {
        const found = await Promise.all(shards.map(({ registry }) => registry.state(id)));
        return found.find((state) => state !== undefined);
      }),
    async depth() {
      const all = await ask('counting the queue', () => Promise.all(shards.map(({ registry }) => registry.depth())));
      return all.reduce(addDepths);
    },
    async dead() {
      const all = await ask('listing dead jobs', () =>
        Promise.all(shards.map(({ registry }) => registry.dead(MOST_DEAD))),
      );
      return all.flat().sort(byReceipt).slice(0, MOST_DEAD);
    },
    async retryDead(ids) {
      if (ids.length === 0) return 0;
      return await ask('reviving dead jobs', async () => {
        let count = 0;
        for (const { bullmq, registry } of shards) {
          const revived = await registry.revive(ids);
          // Its body is not read. One that did not get as far as BullMQ's failed jobs is worked without this.
          const retry = async (id: string, priority: number): Promise<void> => {
            const job = new BullmqJob(bullmq, '', undefined, {}, bullmqId(id));
            await job.changePriority({ priority });
            await job.retry('failed', { resetAttemptsMade: true });
          };
          await Promise.all(revived.map(([id, priority]) => unlessGone(retry(id, priority))));
          count += revived.length;
        }
        client.publish(channel, String(count)).catch(silent);
        return count;
      });
    },
    close,
  };
  return { queue, close, memory: () => ask('asking for memory', () => redis.memory()) };
}

const MOST_DEAD = 1_000;

const byReceipt = (one: { receivedAt: string }, other: { receivedAt: string }): number =>
  Date.parse(one.receivedAt) - Date.parse(other.receivedAt);

const addDepths = (one: Depth, other: Depth): Depth => ({
  jobs: one.jobs + other.jobs,
  records: one.records + other.records,
  bytes: one.bytes + other.bytes,
  dead: one.dead + other.dead,
  oldestMs: Math.max(one.oldestMs, other.oldestMs),
  bySource: [...one.bySource, ...other.bySource],
});

/** FNV-1a: which member belongs to which shard is part of the data, and must never change. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) value = Math.imul(value ^ byte, 0x01000193) >>> 0;
  return value;
}
