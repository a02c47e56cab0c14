/** What the causes of a save have in common for every adapter. */
import type { Applied, Cause } from './store.ts';

export const batchesOf = (cause: Cause): readonly Applied[] => ('batches' in cause ? cause.batches : []);

/** Whether what the cause stands for was written before; `marked` of its batches are marked. Throws when only some of them are. */
export function knownBefore(cause: Cause, marked: number): boolean {
  if (marked === 0) return false;
  const batches = batchesOf(cause);
  if (marked === batches.length) return true;
  throw new Error(
    `${marked} of the batches ${batches.map(({ batchId }) => batchId).join(', ')} were applied before; they cannot be saved with others`,
  );
}
