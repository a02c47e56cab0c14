/**
 * Pieces of a copy into a store, and what the queues must know of them: some megabytes at a time, the next ones read while these are
 * written. Knows neither files nor engines.
 */
import { jobOfBatch } from '../ids.ts';
import { toMatchesJob } from '../pipeline/records.ts';
import type { Queue, Receipt } from '../queue/queue.ts';
import type { Copying, CopyPiece, StoredBatch } from '../store/copy.ts';
import type { Store } from '../store/store.ts';

export interface CarrierParts {
  readonly store: Copying & Pick<Store, 'applied'>;
  /** Learns which batches were accepted before, for senders that try again. */
  readonly records: Pick<Queue, 'remember'>;
  /**
   * Gets the matches of batches that are not marked as applied, for the correlator to go on with. Left out where whoever gave the copy
   * goes on with them itself.
   */
  readonly matches?: Pick<Queue, 'push'>;
  /** Batches received before are not known to the queue any more, milliseconds since the epoch. */
  readonly rememberFromMs: number;
  /** Aborted: nothing new is begun, and it throws the signal's reason. */
  readonly signal: AbortSignal;
  /** Told of what is durable. */
  readonly onWritten: (written: { readonly events: number; readonly chars: number; readonly batches: number }) => void;
}

/** Text of what is written together, about. */
const LOT_CHARS = 4_000_000;
const LOT_PIECES = 500;

/** Resolves when all is durable. Batches that are there are left out. */
export async function carryPieces(pieces: AsyncIterable<CopyPiece>, parts: CarrierParts): Promise<void> {
  let writing: Promise<void> = Promise.resolve();
  let lot: CopyPiece[] = [];
  let chars = 0;
  const flush = async (): Promise<void> => {
    await writing;
    parts.signal.throwIfAborted();
    const these = lot;
    const size = chars;
    lot = [];
    chars = 0;
    writing = write(parts, these, size);
    // Awaited with the next lot; until then its failure is nobody's.
    writing.catch(() => undefined);
  };
  for await (const piece of pieces) {
    lot.push(piece);
    chars += sizeOf(piece);
    if (chars >= LOT_CHARS || lot.length >= LOT_PIECES) await flush();
  }
  await flush();
  await writing;
}

async function write(parts: CarrierParts, lot: readonly CopyPiece[], chars: number): Promise<void> {
  const { store, records, matches, rememberFromMs, onWritten } = parts;
  const batches = lot.flatMap((piece) => (piece.kind === 'batch' ? [piece.batch] : []));
  const lacking = batches.length === 0 ? new Set<string>() : await store.lacking(batches);
  // Before the batches: what is stored is not carried again, and its receipt would be forgotten.
  const receipts = batches.filter(({ receivedAt }) => Date.parse(receivedAt) >= rememberFromMs).flatMap(toReceipt);
  if (receipts.length > 0) await records.remember(receipts);
  await store.copyIn(lot.filter((piece) => piece.kind !== 'batch' || lacking.has(piece.batch.batchId)));
  if (matches !== undefined) {
    const matched = batches.filter((batch) => batch.matches.length > 0);
    const applied = await store.applied(matched.map(({ batchId }) => batchId));
    const waiting = matched.filter(({ batchId }) => !applied.has(batchId));
    if (waiting.length > 0) await matches.push(waiting.map((batch) => toMatchesJob(batch)));
  }
  onWritten({ events: batches.reduce((sum, { events }) => sum + events.length, 0), chars, batches: batches.length });
}

function toReceipt({ batchId, memberId, sourceId, records, receivedAt }: StoredBatch): Receipt[] {
  const id = jobOfBatch(batchId);
  return id === undefined ? [] : [{ id, memberId, sourceId, records, receivedAt }];
}

const SAMPLES = 8;

/** Characters of the piece as JSON, about: some of its parts are looked at. */
function sizeOf(piece: CopyPiece): number {
  const parts: readonly unknown[] =
    piece.kind === 'batch'
      ? piece.batch.events
      : piece.kind === 'docs'
        ? piece.docs
        : piece.kind === 'marks'
          ? piece.marks
          : [];
  const step = Math.max(1, Math.floor(parts.length / SAMPLES));
  let chars = 0;
  let looked = 0;
  for (let at = 0; at < parts.length; at += step) {
    chars += JSON.stringify(parts[at]).length;
    looked++;
  }
  return looked === 0 ? 100 : (chars / looked) * parts.length;
}
