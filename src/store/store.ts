/**
 * The store port: events, rejects and the ledger on one side, documents (alerts, incidents, members, …) on the other.
 * Every read takes the reader's scope; leaving it out does not type-check. Adapters: sqlite.ts (embedded), elasticsearch.ts
 * (cluster). Every adapter passes store.contract.ts.
 */
import type { Key, Session, User } from '../model/access.ts';
import type { Alert, Campaign, Incident, Match } from '../model/alert.ts';
import type { AuditEntry } from '../model/audit.ts';
import type { LedgerRow, Reject } from '../model/batch.ts';
import type { Event } from '../model/event.ts';
import type { Member, Source } from '../model/member.ts';
import type { Scope } from '../model/scope.ts';
import type { StoreHealth } from '../model/status.ts';
import type { Query } from '../search/query.ts';

/** One batch, worked: what becomes durable together or not at all. */
export interface WorkedBatch {
  readonly batchId: string;
  readonly memberId: string;
  readonly sourceId: string;
  /** ISO 8601 UTC; its day decides where the batch lives. */
  readonly receivedAt: string;
  /** Records as counted at the door. */
  readonly records: number;
  /** Records that became events (one record may make several events). */
  readonly parsed: number;
  readonly events: readonly Event[];
  readonly rejects: readonly Reject[];
  readonly matches: readonly Match[];
}

export interface BatchOutcome {
  readonly batchId: string;
  readonly sourceId: string;
  readonly receivedAt: string;
  readonly records: number;
  readonly parsed: number;
  readonly rejects: number;
  readonly matches: number;
}

export interface EventQuery {
  /** Event time, ISO 8601 UTC, inclusive; `until` exclusive. */
  readonly since: string;
  readonly until: string;
  /** Parsed search, see search/query.ts. Left out: everything. */
  readonly query?: Query;
  /** 1 to 1,000. */
  readonly limit: number;
  readonly cursor?: string;
  /** Stop looking after this long and answer what is found, with a cursor to go on from. Default 2,000. */
  readonly budgetMs?: number;
}

export interface EventPage {
  /** Newest first by (@timestamp, event.id). */
  readonly items: readonly Event[];
  /** Present while there may be more; a page cut by the budget may hold fewer items than asked, even none. */
  readonly next?: string;
  /** Everything from here to `until` has been looked at. */
  readonly searchedTo: string;
}

export interface Bucket {
  /** Start, ISO 8601 UTC. */
  readonly at: string;
  readonly events: number;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly next?: string;
}

/** Kinds of documents. `key` in each row of store/kinds.ts says what can be filtered and how they sort. */
export interface Docs {
  member: Member;
  source: Source;
  user: User;
  key: Key;
  session: Session;
  alert: Alert;
  incident: Incident;
  campaign: Campaign;
  audit: AuditEntry;
}
export type Kind = keyof Docs;

export interface DocQuery {
  /** Property -> value, or one of several values. Properties: those store/kinds.ts lists for the kind. */
  readonly where?: Readonly<Record<string, string | readonly string[]>>;
  /** Words that must all occur in the document's text (kinds that list one). */
  readonly text?: string;
  /** Bounds on the sort key, `from` inclusive, `to` exclusive. */
  readonly from?: string;
  readonly to?: string;
  /** Default: newest (greatest sort key) first. */
  readonly order?: 'newest' | 'oldest';
  /** 1 to 1,000. */
  readonly limit: number;
  readonly cursor?: string;
}

/**
 * One document to write. `version` in the document is what it will have; it must be the stored one plus 1, or 1 for a new
 * document. `ifAbsent` writes only when there is none (a repeated create is no error and changes nothing).
 */
export type Change = {
  [K in Kind]: { readonly kind: K; readonly doc: Docs[K]; readonly ifAbsent?: true; readonly remove?: true };
}[Kind];

/** Thrown by save when a version does not fit; nothing of that call was written. */
export class VersionConflict extends Error {
  readonly kind: Kind;
  readonly id: string;
  constructor(kind: Kind, id: string) {
    super(`${kind} ${id} was changed by someone else; read it again and repeat the change`);
    this.name = 'VersionConflict';
    this.kind = kind;
    this.id = id;
  }
}

/** Thrown by save under a term that has ended: another correlator works now. Nothing of that call was written. */
export class Deposed extends Error {
  readonly term: number;
  readonly current: number;
  constructor(term: number, current: number) {
    super(`term ${term} has ended, ${current} is in force: another correlator writes alerts now`);
    this.name = 'Deposed';
    this.term = term;
    this.current = current;
  }
}

/** The store cannot be reached, or takes nothing for now. Whether a write came to be is not known; it may be repeated. */
export class StoreUnavailable extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'StoreUnavailable';
  }
}

/** The right to write what the correlator finds. */
export interface Lead {
  /** Greater than those of all leads before. */
  readonly term: number;
  /** Aborted when another took over, or when this one could not be renewed in time: stop working, findings will be refused. */
  readonly lost: AbortSignal;
  /** Lets another take over at once. */
  release(): Promise<void>;
}

export interface StoreStats {
  readonly events: number;
  /** Bytes on disk, all files. */
  readonly bytes: number;
  readonly days: readonly { day: string; events: number; bytes: number }[];
}

/** Why the correlator saves: batches whose matches were applied, or event time that moved on by itself. */
export type Cause = ({ readonly batches: readonly Applied[] } | { readonly advancedMs: number }) & {
  /** The lead it was found under. */
  readonly term: number;
};

/** A batch whose matches were applied. */
export interface Applied {
  readonly batchId: string;
  /** ISO 8601. */
  readonly receivedAt: string;
  /** How many they touched. */
  readonly alerts: number;
  /** Event time of the newest of them, milliseconds; undefined when there was none. */
  readonly newestMs: number | undefined;
}

/** The greatest of what `save` was told: how far the correlator had come when the process ended. Milliseconds. */
export interface Progress {
  /** Event time of a match that was applied. */
  readonly appliedMs: number | undefined;
  /** Event time that no event had told. */
  readonly advancedMs: number | undefined;
}

export interface Store {
  /**
   * Durable when it resolves, and found by this process's reads; by those of others within two seconds. A batch id that is there
   * already changes nothing.
   */
  putBatches(batches: readonly WorkedBatch[]): Promise<void>;
  /** `receivedAt` of the batch says where to look. */
  outcome(scope: Scope, batchId: string, receivedAt: string): Promise<BatchOutcome | undefined>;
  findEvents(scope: Scope, query: EventQuery): Promise<EventPage>;
  /** In the order of the ids; those unknown or out of scope are left out. */
  getEvents(scope: Scope, ids: readonly string[]): Promise<readonly Event[]>;
  /** Events over time, `step` milliseconds a bucket (a whole number of minutes); empty buckets included. */
  countEvents(
    scope: Scope,
    query: { since: string; until: string; stepMs: number; sourceId?: string },
  ): Promise<readonly Bucket[]>;
  findRejects(scope: Scope, query: { sourceId?: string; limit: number; cursor?: string }): Promise<Page<Reject>>;
  getRejects(scope: Scope, ids: readonly string[]): Promise<readonly Reject[]>;
  /** Forgets rejects that were replayed: their records moved to the batch that carries them now. The ledger keeps its sums. */
  removeRejects(scope: Scope, ids: readonly string[]): Promise<void>;
  /**
   * Matches of events at or after `sinceMs` (event time) whose batch is marked applied, in order of event time. For rebuilding: all
   * of them, whoever wrote them, and however shortly before.
   */
  appliedMatches(scope: Scope, sinceMs: number): AsyncIterable<readonly Match[]>;
  /** Ledger without `pending`, which the queue knows. Hours of receipt, `since` inclusive, `until` exclusive. */
  ledger(
    scope: Scope,
    query: { since: string; until: string; sourceId?: string },
  ): Promise<readonly Omit<LedgerRow, 'pending'>[]>;
  /** Adds to the refused records of sources. Not durable until it resolves; a refused record is still the sender's. */
  addRefused(rows: readonly { memberId: string; sourceId: string; hour: string; records: number }[]): Promise<void>;

  find<K extends Kind>(kind: K, scope: Scope, query: DocQuery): Promise<Page<Docs[K]>>;
  get<K extends Kind>(kind: K, scope: Scope, id: string): Promise<Docs[K] | undefined>;
  /** How many documents match, per value of a property. */
  count<K extends Kind>(
    kind: K,
    scope: Scope,
    by: string,
    query?: Pick<DocQuery, 'where' | 'from' | 'to'>,
  ): Promise<Record<string, number>>;
  /**
   * All or nothing, durable when it resolves. Batches as the cause mark their matches as done, with the number of alerts they
   * touched; when they were marked before, nothing is written and the answer is false. An event time as the cause is kept for
   * `progress`. Throws VersionConflict, Deposed when the cause's term has ended, and when only some of the batches were marked
   * before: whoever saves for several leaves those out that `applied` knows.
   */
  save(changes: readonly Change[], cause?: Cause): Promise<boolean>;
  /**
   * Waits until nobody else leads, then leads, and reads what was written under every term before; `holder` says who, for people. Where only one process can have the store open it
   * does not wait. Throws when `signal` is aborted before.
   */
  takeLead(holder: string, signal: AbortSignal): Promise<Lead>;
  progress(): Promise<Progress>;
  /** Alerts that each batch touched, of those whose matches were applied. */
  applied(batchIds: readonly string[]): Promise<ReadonlyMap<string, number>>;

  /** Removes events and rejects received before that day (ISO date), whole days only; answers the days removed. */
  prune(beforeDay: string): Promise<readonly string[]>;
  stats(): Promise<StoreStats>;
  /** Whether it can be read and written, and has room. Answers rather than throws when it is in a bad way. */
  health(): Promise<StoreHealth>;
  close(): Promise<void>;
}
