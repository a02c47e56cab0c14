/**
 * The queue port. A job is a whole batch; a queue of single lines is what this port exists to prevent.
 * Adapters: sqlite.ts (embedded), bullmq.ts (cluster). Every adapter passes queue.contract.ts.
 */

export interface Job {
  /** Deterministic id; the queue knows it for `rememberMs` after the job is done. */
  readonly id: string;
  /** Members are served in turn, so that one member's backlog does not keep the others waiting. */
  readonly memberId: string;
  readonly sourceId: string;
  /** Records in it: what depth() adds up. */
  readonly records: number;
  /** Time of the first push, ISO 8601 UTC. A repeated push keeps the first. */
  readonly receivedAt: string;
  /** Small JSON, defined by the stage that pushes. */
  readonly head: string;
  readonly body: Uint8Array;
}

export interface Pushed {
  readonly id: string;
  /** Time of the first push under this id; what the caller must use from here on. */
  readonly receivedAt: string;
  readonly records: number;
  /** True when the id was known already: nothing was stored. */
  readonly known: boolean;
}

/** What is known of a job that is done. */
export type Receipt = Pick<Job, 'id' | 'memberId' | 'sourceId' | 'records' | 'receivedAt'>;

export interface LeasedJob extends Job {
  /** 1 for the first attempt. */
  readonly attempt: number;
}

/** The queue cannot be reached, or is full for now. What was to be pushed may be pushed again. */
export class QueueUnavailable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'QueueUnavailable';
  }
}

export type JobState = 'queued' | 'done' | 'dead';

export interface DeadJob {
  readonly id: string;
  readonly memberId: string;
  readonly sourceId: string;
  readonly records: number;
  readonly receivedAt: string;
  readonly error: string;
  readonly attempts: number;
}

export interface Depth {
  /** Jobs not done, leased ones included, dead ones not. */
  readonly jobs: number;
  readonly records: number;
  readonly bytes: number;
  readonly dead: number;
  /** Age of the oldest job that is not done, milliseconds. */
  readonly oldestMs: number;
  readonly bySource: readonly { sourceId: string; memberId: string; receivedHour: string; records: number }[];
}

export interface WorkOptions {
  /** Jobs handed over at once, at most. All of one call are acknowledged, or retried, together. */
  readonly maxJobs: number;
  /** Bytes of bodies handed over at once, beyond the first job. */
  readonly maxBytes: number;
  /** A job not acknowledged for this long is given out again; must exceed the longest handling time. */
  readonly leaseMs: number;
  /** After this many failed attempts the job is dead: kept, listed, not tried again. */
  readonly maxAttempts: number;
  /** Errors that say nothing about the jobs, such as a store that is away: tried again after a while, and not counted. */
  readonly blameless?: (error: unknown) => boolean;
  /** Called when a handler threw; the jobs will be retried with growing waits, or are dead. */
  readonly onError?: (error: unknown, jobs: readonly LeasedJob[]) => void;
}

/** Of a failure: the job was alone in it, or one of several, or it says nothing about jobs. */
export type Blame = 'alone' | 'together' | 'none';

/** Takes no new jobs and resolves when the running handler is done. */
export type Stop = () => Promise<void>;

export interface Queue {
  /**
   * Durable when it resolves, in the order given. An id known already (queued, leased, done within rememberMs, or dead)
   * stores nothing and is answered with its first receipt.
   */
  push(jobs: readonly Job[]): Promise<readonly Pushed[]>;
  /**
   * Starts one handler loop. The handler's resolving acknowledges its jobs; its throwing gives each back for a later attempt.
   * Delivery is at least once: a job whose handler ran but whose process died comes again, so handlers must be repeatable.
   * When several jobs failed together they are retried one by one, so that one bad job cannot kill its neighbours.
   */
  work(handle: (jobs: readonly LeasedJob[]) => Promise<void>, options: WorkOptions): Stop;
  state(id: string): Promise<{ state: JobState; receivedAt: string; records: number; sourceId: string } | undefined>;
  depth(): Promise<Depth>;
  /**
   * Makes it know jobs as done that were done elsewhere, so that their senders' repetitions find the first receipt. Those that it
   * knows already stay as they are.
   */
  remember(done: readonly Receipt[]): Promise<void>;
  /** Oldest first, 1,000 at most. */
  dead(): Promise<readonly DeadJob[]>;
  /** Puts dead jobs back with fresh attempts; answers how many. */
  retryDead(ids: readonly string[]): Promise<number>;
  close(): Promise<void>;
}
