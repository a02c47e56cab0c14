/**
 * One handler loop: takes jobs from the shards in turn, keeps their leases, and settles them. Jobs of several members may come in one
 * hand-over, for the order within a shard alternates between members. No failure of Redis ends a loop.
 */
import { type Job as BullmqJob, ErrorCode, UnrecoverableError, type Worker } from 'bullmq';
import type { RedisConnection } from './bullmq-connection.ts';
import type { Registry } from './bullmq-registry.ts';
import type { Job, LeasedJob, Stop, WorkOptions } from './queue.ts';

/** What a job is in BullMQ: id, member, source, records, receivedAt, head, and the body in base 64. */
export type Packed = readonly [string, string, string, number, string, string, string];
export type PackedJob = BullmqJob<Packed>;
export type ShardWorker = Worker<Packed>;

export interface Shard {
  readonly registry: Registry;
  readonly worker: ShardWorker;
}

/** Loops that found nothing sleep here. What is said while a loop looks around is not missed: it sees that `news` has changed. */
export interface Bell {
  readonly news: number;
  /** Resolves when rung, or after `ms`; at once when there were news since. */
  sleep(since: number, ms: number): Promise<void>;
  /** Wakes so many sleepers; those that sleep longest first. */
  ring(sleepers: number): void;
}

export interface LoopParts {
  readonly shards: readonly Shard[];
  readonly bell: Bell;
  readonly redis: Pick<RedisConnection, 'reachable' | 'explain'>;
  /** Once true, nothing is asked of Redis any more. */
  readonly closed: () => boolean;
}

/** How long a sleeping loop may miss a job of which it was not told. */
const POLL_MS = 1_000;
/** How long stop() goes on trying to tell Redis of work that was done. */
const STOP_MS = 5_000;

/** Growing waits: 1 s, 2 s, 4 s … 1 min. */
export const retryWaitMs = (attempts: number): number => Math.min(60_000, 500 * 2 ** Math.min(attempts, 10));

export const packJob = ({ id, memberId, sourceId, records, receivedAt, head, body }: Job): Packed => [
  id,
  memberId,
  sourceId,
  records,
  receivedAt,
  head,
  body.toBase64(),
];

function unpackJob({ data, attemptsMade }: PackedJob): LeasedJob {
  const [id, memberId, sourceId, records, receivedAt, head, body] = data;
  const attempt = attemptsMade + 1;
  return { id, memberId, sourceId, records, receivedAt, head, body: Uint8Array.fromBase64(body), attempt };
}

export function createBell(): Bell {
  let news = 0;
  const sleepers = new Set<() => void>();
  return {
    get news() {
      return news;
    },
    sleep(since, ms) {
      if (since !== news) return Promise.resolve();
      return new Promise((resolve) => {
        const wake = (): void => {
          clearTimeout(timer);
          sleepers.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, ms);
        sleepers.add(wake);
      });
    },
    ring(count) {
      news++;
      let left = count;
      for (const wake of sleepers) if (left-- > 0) wake();
    },
  };
}

interface Held {
  readonly shard: Shard;
  readonly token: string;
  readonly jobs: readonly { readonly own: PackedJob; readonly leased: LeasedJob }[];
}

let loops = 0;

export function startLoop(
  { shards, bell, redis, closed }: LoopParts,
  handle: (jobs: readonly LeasedJob[]) => Promise<void>,
  options: WorkOptions,
): Stop {
  const loop = loops++;
  let next = loop % shards.length;
  let handOvers = 0;
  let stoppedAt = Number.POSITIVE_INFINITY;
  let away = false;
  const stopping = (): boolean => closed() || stoppedAt !== Number.POSITIVE_INFINITY;

  const tell = (error: unknown, jobs: readonly LeasedJob[]): void => {
    try {
      options.onError?.(error, jobs);
    } catch {
      // Whoever listens must not end the loop.
    }
  };
  /** Told once, until Redis has answered again. */
  const tellAway = (error: unknown): void => {
    if (!away && !closed()) tell(redis.explain('working the queue', error), []);
    away = true;
  };

  async function fill(shard: Shard): Promise<Held> {
    const token = `${shard.worker.id}:${loop}:${handOvers++}`;
    const jobs: Held['jobs'][number][] = [];
    let bytes = 0;
    try {
      while (jobs.length < options.maxJobs && !closed()) {
        const own: PackedJob | undefined = await shard.worker.getNextJob(token, { block: false });
        if (own === undefined) break;
        const leased = unpackJob(own);
        const alone = leased.attempt > 1;
        if (jobs.length > 0 && (alone || bytes + leased.body.byteLength > options.maxBytes)) {
          await own.moveToWait(token);
          break;
        }
        jobs.push({ own, leased });
        bytes += leased.body.byteLength;
        if (alone) break;
      }
    } catch (error) {
      // Those in hand are worked; the one whose answer was lost comes again after its lease.
      if (jobs.length === 0) throw error;
      tellAway(error);
    }
    return { shard, token, jobs };
  }

  async function take(): Promise<Held | undefined> {
    for (let looked = 0; looked < shards.length && !stopping(); looked++) {
      const shard = shards[next] as Shard;
      next = (next + 1) % shards.length;
      const held = await fill(shard);
      away = false;
      if (held.jobs.length > 0) return held;
    }
    return undefined;
  }

  /** Tries until the lease is over: then somebody else has the jobs. */
  async function settle(leasedUntil: () => number, step: () => Promise<void>): Promise<void> {
    while (!closed()) {
      try {
        await step();
        return;
      } catch (error) {
        tellAway(error);
        if (Date.now() > Math.min(leasedUntil(), stoppedAt + STOP_MS)) return;
        await pause(250);
      }
    }
  }

  async function finish({ shard, token, jobs }: Held): Promise<void> {
    await shard.registry.done(jobs.map(({ leased }) => leased));
    await Promise.all(jobs.map(({ own }) => unlessGone(own.moveToCompleted(undefined, token, false))));
  }

  async function fail({ shard, token, jobs }: Held, thrown: unknown): Promise<void> {
    const message = (thrown instanceof Error ? thrown.message : String(thrown)).slice(0, 2000);
    if (options.blameless?.(thrown) === true) {
      for (const { own } of jobs) await unlessGone(own.moveToDelayed(Date.now() + BLAMELESS_WAIT_MS, token));
      setTimeout(() => bell.ring(jobs.length), BLAMELESS_WAIT_MS + 5).unref();
      return;
    }
    for (const { own, leased } of jobs) {
      // Jobs that failed together are not each to blame: the common failure only sends them alone from now on.
      if (jobs.length > 1 || leased.attempt < options.maxAttempts) {
        await unlessGone(own.changePriority({ priority: await shard.registry.turn(leased.memberId) }));
        await unlessGone(own.moveToFailed(new Error(message), token));
        setTimeout(() => bell.ring(1), retryWaitMs(leased.attempt) + 5).unref();
      } else if (await shard.registry.bury(leased, message, leased.attempt))
        await unlessGone(own.moveToFailed(new UnrecoverableError(message), token));
      else await unlessGone(own.moveToCompleted(undefined, token, false));
    }
  }

  async function work(held: Held): Promise<void> {
    const { shard, token, jobs } = held;
    const ids = jobs.map(({ own }) => own.id as string);
    const tokens = ids.map(() => token);
    let leasedUntil = Date.now() + options.leaseMs;
    const extend = setInterval(async () => {
      if (closed()) return clearInterval(extend);
      const from = Date.now();
      try {
        await shard.worker.extendJobLocks(ids, tokens, options.leaseMs);
        leasedUntil = from + options.leaseMs;
      } catch (error) {
        tellAway(error);
      }
    }, options.leaseMs / 3);
    const leased = jobs.map((job) => job.leased);
    try {
      let settled = (): Promise<void> => finish(held);
      try {
        await handle(leased);
      } catch (error) {
        tell(error, leased);
        settled = () => fail(held, error);
      }
      await settle(() => leasedUntil, settled);
    } finally {
      clearInterval(extend);
    }
  }

  async function run(): Promise<void> {
    while (!stopping()) {
      const since = bell.news;
      try {
        await redis.reachable();
        const held = await take();
        if (held !== undefined) await work(held);
        else if (!stopping()) await bell.sleep(since, POLL_MS);
      } catch (error) {
        tellAway(error);
        if (!stopping()) await pause(250);
      }
    }
  }

  const running = run();
  return async () => {
    if (stoppedAt === Number.POSITIVE_INFINITY) stoppedAt = Date.now();
    bell.ring(Number.POSITIVE_INFINITY);
    await running;
  };
}

const BLAMELESS_WAIT_MS = 1_000;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A job that is not ours any more was settled before, or its lease ran out and somebody else settles it. */
export async function unlessGone(leaving: Promise<unknown>): Promise<void> {
  try {
    await leaving;
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (
      code !== ErrorCode.JobNotExist &&
      code !== ErrorCode.JobLockNotExist &&
      code !== ErrorCode.JobLockMismatch &&
      code !== ErrorCode.JobNotInState
    )
      throw error;
  }
}
