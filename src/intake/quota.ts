/**
 * What a source may send per second, and what the center can hold at all. Refuses before anything is stored, so that the sender
 * keeps what was refused; never drops.
 */
import { Refusal } from '../errors.ts';
import type { Depth } from '../queue/queue.ts';

export interface QuotaLimits {
  readonly recordsPerSecond: number;
  readonly burstRecords: number;
}

export interface Quota {
  /** Takes records out of the source's bucket. Throws Refusal "over-quota" with Retry-After when they are not in it. */
  take(sourceId: string, records: number): void;
}

/**
 * A token bucket per source. A batch larger than the burst passes when the bucket is full, and leaves it in debt. `doors`: how many
 * processes share what comes; each lets its part in.
 */
export function createQuota(limits: QuotaLimits, now: () => number = Date.now, doors: () => number = () => 1): Quota {
  const buckets = new Map<string, { tokens: number; at: number }>();
  return {
    take(sourceId, records) {
      const burst = limits.burstRecords / doors();
      const rate = limits.recordsPerSecond / doors();
      const bucket = buckets.get(sourceId) ?? { tokens: burst, at: now() };
      const passed = Math.max(0, now() - bucket.at) / 1000;
      bucket.tokens = Math.min(burst, bucket.tokens + passed * rate);
      bucket.at = now();
      buckets.set(sourceId, bucket);
      const needed = Math.min(records, burst);
      if (bucket.tokens < needed) {
        const seconds = Math.max(1, Math.ceil((needed - bucket.tokens) / rate));
        throw new Refusal(
          'over-quota',
          `${records} records are more than this source's rate allows now; send them again in ${seconds} s`,
          {
            headers: { 'retry-after': String(seconds) },
          },
        );
      }
      bucket.tokens -= records;
    },
  };
}

export interface BacklogLimits {
  readonly maxBytes: number;
  readonly maxRecords: number;
}

export interface Backlog {
  /** Throws Refusal "busy" with Retry-After while the queue holds more than it should. */
  check(): Promise<void>;
}

export interface Waiting {
  depth(): Promise<Pick<Depth, 'bytes' | 'records'>>;
  /** Share of the memory that the queue may use, 0 to 1. */
  fill(): Promise<number>;
}

/** Those who work the queue off need room as well, and a batch is larger there than it was here. */
const FULL = 0.8;

/** Looks at the queue at most four times a second. */
export function createBacklog(waiting: Waiting, limits: BacklogLimits, now: () => number = Date.now): Backlog {
  let known: Promise<readonly [Pick<Depth, 'bytes' | 'records'>, number]> | undefined;
  let at = 0;
  return {
    async check() {
      if (known === undefined || now() - at > 250) {
        at = now();
        known = Promise.all([waiting.depth(), waiting.fill()]);
        known.catch(() => {
          known = undefined;
        });
      }
      const [{ bytes, records }, fill] = await known;
      if (bytes < limits.maxBytes && records < limits.maxRecords && fill < FULL) return;
      throw new Refusal('busy', `${records} records wait to be worked; send again in 10 s`, {
        headers: { 'retry-after': '10' },
      });
    },
  };
}
