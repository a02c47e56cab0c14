/**
 * The walk of matches, with a clock for nights on which nothing comes, and with a correlator that can be replaced: the walk stands
 * still, matches wait in their queue, the new correlator learns from the store what the former knew, and takes over.
 */
import type { IncidentBook } from './incident/book.ts';
import { createMatchesWalk, rebuildBook, rebuildMemory } from './pipeline/matches.ts';
import type { Queue, Stop } from './queue/queue.ts';
import type { LoadedRules } from './rule-loading.ts';
import { type Change, Deposed, type Store, StoreUnavailable } from './store/store.ts';
import type { Tracer } from './telemetry/tracer.ts';

const advanceEveryMs = 15_000;
/** How much later than it happened an event of a source that works may come here. */
const maxDelayMs = 60_000;

export interface MatchesWork {
  /** Has `next` learn and work in the place of the former; `record` is called in between. When either fails the former works on. */
  handOver(next: LoadedRules, record: () => Promise<void>): Promise<void>;
  stop: Stop;
}

export interface MatchesWorkParts {
  readonly store: Store;
  readonly matches: Queue;
  /**
   * Queues of what matches may still come from, in the order of a log line's walk: what waits there has not been seen, however
   * late it is by the clock.
   */
  readonly waiting: readonly Pick<Queue, 'depth'>[];
  readonly book: IncidentBook;
  /** The lead that findings are written under. */
  readonly term: number;
  readonly tracer: Tracer;
  readonly onSaved: (changes: readonly Change[]) => void;
  readonly log: { error(data: object, text: string): void };
}

/** Rebuilds what correlator and book knew before the process ended, then begins. */
export async function beginMatchesWork(parts: MatchesWorkParts, first: LoadedRules): Promise<MatchesWork> {
  const { store, book, log } = parts;

  /** Event time of which everything has been seen. One queue after the other: what moves on between the two is seen in the second. */
  async function seenMs(): Promise<number> {
    const nowMs = Date.now();
    let oldestMs = 0;
    for (const queue of parts.waiting) oldestMs = Math.max(oldestMs, (await queue.depth()).oldestMs);
    return nowMs - oldestMs - maxDelayMs;
  }

  function begin({ correlator, rulesById }: LoadedRules): Stop {
    const walk = createMatchesWalk({ ...parts, correlator, rulesById });
    const stopApplying = parts.matches.work(walk.apply, {
      maxJobs: 64,
      maxBytes: 4 * 1024 * 1024,
      leaseMs: 20_000,
      maxAttempts: 20,
      blameless: (error) => error instanceof StoreUnavailable || error instanceof Deposed,
      onError: (error, jobs) =>
        log.error({ err: error, batches: jobs.map((job) => job.id) }, 'matches could not be applied; will retry'),
    });
    let advancing: Promise<void> = Promise.resolve();
    const timer = setInterval(() => {
      advancing = advancing
        .then(async () => walk.advance(await seenMs()))
        .catch((error: unknown) => log.error({ err: error }, 'moments that waited could not be judged; will retry'));
    }, advanceEveryMs);
    timer.unref();
    return async () => {
      clearInterval(timer);
      await Promise.all([stopApplying(), advancing]);
    };
  }

  await rebuildMemory({ store, correlator: first.correlator });
  await rebuildBook({ store, book }, first.correlator.windowMs);
  let current = first;
  let stop = begin(first);
  let stopped = false;
  return {
    async handOver(next, record) {
      await stop();
      try {
        await rebuildMemory({ store, correlator: next.correlator });
        // Alerts that lie further back than the former rules could reach.
        if (next.correlator.windowMs > current.correlator.windowMs)
          await rebuildBook({ store, book }, next.correlator.windowMs);
        await record();
        current = next;
      } finally {
        if (!stopped) stop = begin(current);
      }
    },
    async stop() {
      stopped = true;
      await stop();
    },
  };
}
