/**
 * Copying a store whole: what backup, restore and moving to another engine are made of. Beside the store's own port, because no stage
 * of a center copies: only commands do. Both adapters have it and pass copy.contract.ts. Knows no file and no command.
 */
import type { Docs, Kind, Progress, Store, WorkedBatch } from './store.ts';

/** A batch as it lies in a store. Rejects that were replayed are gone from it, and what retention took; its numbers stay. */
export interface StoredBatch extends WorkedBatch {
  /** Records that were rejected when it was worked. */
  readonly rejected: number;
  /** Matches that it had then. */
  readonly matched: number;
}

/** That a batch's matches were applied, and how many alerts they touched. */
export interface AppliedMark {
  readonly batchId: string;
  readonly alerts: number;
}

/** What the ledger says of one source and hour beyond the batches that are there. */
export interface CopySum {
  readonly memberId: string;
  readonly sourceId: string;
  /** Start of the hour, ISO 8601 UTC. */
  readonly hour: string;
  readonly parsed: number;
  readonly rejects: number;
  readonly refused: number;
}

/** "removed": of days that retention took. "refused": at the door. "left": of days that this copy leaves out. */
export type SumKind = 'removed' | 'refused' | 'left';

/** A part of a copy. Each says how things are, not what changed: taken twice it changes nothing. */
export type CopyPiece =
  /** Nothing received before that day (ISO date) is there, but as sums. */
  | { readonly kind: 'since'; readonly day: string }
  /** All documents whose id is behind `after` and not behind `upTo`, in the order of UTF-8 bytes; null: from the first, to the last. */
  | {
      readonly kind: 'docs';
      readonly of: Kind;
      readonly after: string | null;
      readonly upTo: string | null;
      readonly docs: readonly Docs[Kind][];
    }
  | { readonly kind: 'marks'; readonly marks: readonly AppliedMark[] }
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'sums'; readonly of: SumKind; readonly rows: readonly CopySum[] }
  | { readonly kind: 'batch'; readonly batch: StoredBatch }
  /** All rejects whose id is behind `after` and not behind `upTo`. */
  | {
      readonly kind: 'rejects';
      readonly after: string | null;
      readonly upTo: string | null;
      readonly ids: readonly string[];
    };

export type BatchName = Pick<WorkedBatch, 'batchId' | 'memberId'>;

export interface CopyOptions {
  /** Batches received before that day (ISO date) are told as sums only. Left out: none. */
  readonly sinceDay?: string;
  /** Of these batches, those that are wanted; the others are not even read. Left out: all. */
  readonly wanted?: (batches: readonly BatchName[]) => Promise<ReadonlySet<string>>;
}

/** What a copy in this store was made of. */
export interface CopyOrigin {
  /** Id of the store, or of the backup. */
  readonly from: string;
  /** Leads that had been taken here when it began: more of them since say that a center worked here. */
  readonly terms: number;
  /** Until then no center may begin to work on it. */
  readonly finished: boolean;
}

export interface StoreIdentity {
  /** Made with the store, and no other's. */
  readonly id: string;
  /** Leads that were ever taken. */
  readonly terms: number;
  readonly origin: CopyOrigin | undefined;
}

/** What a count is about; memberId null: the center's own. */
export interface CensusRow {
  readonly memberId: string | null;
  readonly of: Kind | 'event' | 'reject' | 'batch' | 'match' | 'mark';
  readonly count: number;
}

export interface Copying {
  /**
   * Everything in it. Documents, marks and progress are of one moment, told first; then batches, all that were there at that moment
   * and perhaps later ones. So what is marked as applied is in the alerts, and what an alert points at is there, though the center
   * goes on working. Sessions are documents too.
   */
  copyOut(options?: CopyOptions): AsyncIterable<CopyPiece>;
  /**
   * Writes pieces in their order, durable when it resolves. Documents that are there in the same or a later version stay; others in
   * the piece's range go, but for kinds that are only added to. For a store that nobody else writes to.
   */
  copyIn(pieces: readonly CopyPiece[]): Promise<void>;
  /** Those of the batches that are not there. */
  lacking(batches: readonly BatchName[]): Promise<ReadonlySet<string>>;
  /** Counted from what is there, not from what was said of it; no row for what there is none of. */
  census(): Promise<readonly CensusRow[]>;
  identity(): Promise<StoreIdentity>;
  setOrigin(origin: CopyOrigin): Promise<void>;
}

export type CopyableStore = Store & Copying;

/** Numbers of a batch as they were when it was worked. */
export const batchNumbers = (
  batch: WorkedBatch | StoredBatch,
): { readonly rejected: number; readonly matched: number } =>
  'rejected' in batch
    ? { rejected: batch.rejected, matched: batch.matched }
    : { rejected: batch.rejects.length, matched: batch.matches.length };

/** Pieces one after the other, batches that follow each other put together. */
export async function takeInOrder(
  pieces: readonly CopyPiece[],
  to: {
    putBatches(batches: readonly Extract<CopyPiece, { kind: 'batch' }>['batch'][]): Promise<unknown>;
    copyIn(piece: Exclude<CopyPiece, { kind: 'batch' }>): Promise<void>;
  },
): Promise<void> {
  let batches: Extract<CopyPiece, { kind: 'batch' }>['batch'][] = [];
  const putAll = async (): Promise<void> => {
    if (batches.length > 0) await to.putBatches(batches);
    batches = [];
  };
  for (const piece of pieces) {
    if (piece.kind === 'batch') batches.push(piece.batch);
    else {
      await putAll();
      await to.copyIn(piece);
    }
  }
  await putAll();
}
