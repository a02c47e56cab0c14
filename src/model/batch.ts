/**
 * What the intake puts into the queue: records as they came, not parsed, of one source.
 * The records themselves travel beside this head as bytes (pipeline/frame.ts has the layout).
 */
import type { Encoding } from './member.ts';

export interface Batch {
  /** 26 characters, deterministic in (source, sender's batch key, first receipt): see ids.ts. */
  readonly id: string;
  readonly memberId: string;
  readonly sourceId: string;
  /** First receipt, ISO 8601 UTC; a repeated batch keeps the first. Decides the day its events are stored under. */
  readonly receivedAt: string;
  /** Number of records, counted when the body was split. */
  readonly records: number;
  /** How the records' bytes are to be read; the declared encoding, or what a byte order mark said. */
  readonly encoding: Encoding;
}

/** Head of a job in the queue of records. */
export interface RecordsHead extends Pick<Batch, 'encoding'>, TracedHead {}

/** Where a job's trace came from, in the head of any job; left out where it is not traced. */
export interface TracedHead {
  /** Of the span that pushed the job: W3C Trace Context. */
  readonly traceparent?: string;
}

/** A record that could not become an event: kept with the reason, replayable after a fix. */
export interface Reject {
  /** `<batch id>-<offset>`, as the event's id would have been. */
  readonly id: string;
  readonly memberId: string;
  readonly sourceId: string;
  readonly receivedAt: string;
  /** What was wrong and where, in words for the person who sends. */
  readonly reason: string;
  /** The record's bytes (base64), cut after `rejects.keepBytes` of the configuration. */
  readonly raw: string;
  /** Length before cutting, in bytes. */
  readonly bytes: number;
  readonly encoding: Encoding;
}

/** What became of a batch. records = events + rejects when `state` is "done", counting records, not the events made of them. */
export interface Receipt {
  readonly batchId: string;
  readonly sourceId: string;
  readonly receivedAt: string;
  readonly state: 'queued' | 'done' | 'dead';
  readonly records: number;
  readonly events: number;
  readonly rejects: number;
  /** Alerts that this batch raised or added to; null until the correlator has seen it. */
  readonly alerts: number | null;
}

/** Records of one source in one UTC hour of receipt. received = events + rejects + refused + pending. */
export interface LedgerRow {
  readonly memberId: string;
  readonly sourceId: string;
  /** Start of the hour, ISO 8601 UTC. */
  readonly hour: string;
  readonly received: number;
  readonly events: number;
  readonly rejects: number;
  /** Turned away at the door (quota, size, shape); the sender was told and still has them. */
  readonly refused: number;
  /** Accepted and durable, not yet worked. */
  readonly pending: number;
}
