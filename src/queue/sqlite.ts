/**
 * The embedded queue: one SQLite file, one thread that owns it (sqlite-thread.ts), any number of threads that use it.
 * One process at a time; a second one that opens the same file would give out the same jobs.
 */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MessageChannel, type MessagePort, threadId, Worker } from 'node:worker_threads';
import { createCaller } from '../thread.ts';
import type { Blame, DeadJob, Depth, LeasedJob, Pushed, Queue } from './queue.ts';
import type { Claim, QueueThreadData } from './sqlite-thread.ts';

export interface SqliteQueueHost {
  readonly queue: Queue;
  /** A port to hand to another thread, where createSqliteQueue makes a Queue of it. */
  connect(): MessagePort;
  /** Ends the thread; the file is left checkpointed. Handlers must have stopped. */
  close(): Promise<void>;
}

export interface SqliteQueueOptions {
  readonly file: string;
  /** How long the ids of done jobs are known, 14 days by default. */
  readonly rememberMs?: number;
  /** How long a process that has the file is waited for, 5 seconds by default: it may be about to end. */
  readonly waitMs?: number;
}

/** Opens or creates the file. */
export async function openSqliteQueue(options: SqliteQueueOptions): Promise<SqliteQueueHost> {
  const { file, rememberMs = 14 * 86_400_000, waitMs = 5_000 } = options;
  await mkdir(dirname(file), { recursive: true });
  const workerData: QueueThreadData = { file, rememberMs, waitMs };
  const worker = new Worker(new URL('./sqlite-thread.ts', import.meta.url), { workerData });
  await new Promise<void>((resolve, reject) => {
    worker.once('message', () => resolve());
    worker.once('error', reject);
  });
  const connect = (): MessagePort => {
    const { port1, port2 } = new MessageChannel();
    worker.postMessage({ port: port1 }, [port1]);
    return port2;
  };
  const queue = createSqliteQueue(connect());
  return {
    queue,
    connect,
    async close() {
      await queue.close();
      const closed = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
      worker.postMessage({});
      await closed;
    },
  };
}

let tickets = 0;

export function createSqliteQueue(port: MessagePort): Queue {
  const caller = createCaller(port);
  return {
    async push(jobs) {
      // Bodies are copied, not transferred: whoever pushes may have to push again.
      return (await caller.call('push', [jobs])) as Pushed[];
    },
    work(handle, options) {
      let stopped = false;
      const ticket = threadId * 1_000_000 + tickets++;
      const claim: Claim = { maxJobs: options.maxJobs, maxBytes: options.maxBytes, leaseMs: options.leaseMs };
      const loop = async (): Promise<void> => {
        while (!stopped) {
          const jobs = (await caller.call('claim', [claim, ticket])) as LeasedJob[];
          if (jobs.length === 0) continue;
          const ids = jobs.map((job) => job.id);
          const extend = setInterval(() => {
            caller.call('extend', [ids, options.leaseMs]).catch(() => clearInterval(extend));
          }, options.leaseMs / 3);
          try {
            await handle(jobs);
            await caller.call('ack', [ids]);
          } catch (error) {
            options.onError?.(error, jobs);
            const message = error instanceof Error ? error.message : String(error);
            const blame: Blame =
              options.blameless?.(error) === true ? 'none' : jobs.length === 1 ? 'alone' : 'together';
            await caller.call('nack', [ids, message, options.maxAttempts, blame]);
          } finally {
            clearInterval(extend);
          }
        }
      };
      // A loop ends by itself only when the queue's thread has ended: the leases are gone then, and so is the work.
      const running = loop().catch((error: unknown) => {
        if (!stopped) options.onError?.(error, []);
      });
      return async () => {
        stopped = true;
        await caller.call('cancel', [ticket]).catch(() => undefined);
        await running;
      };
    },
    state: (id) => caller.call('state', [id]) as ReturnType<Queue['state']>,
    remember: async (done) => {
      await caller.call('remember', [done]);
    },
    depth: () => caller.call('depth', []) as Promise<Depth>,
    dead: () => caller.call('dead', []) as Promise<DeadJob[]>,
    retryDead: (ids) => caller.call('retryDead', [ids]) as Promise<number>,
    async close() {
      caller.close();
    },
  };
}
