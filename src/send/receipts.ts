/** What became of batches, asked from the center until it has worked them all. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Deliverer } from './deliver.ts';

export interface ReceiptSum {
  /** Records that became events. */
  readonly events: number;
  readonly rejects: number;
  /** Sum over the batches: an alert to which several batches added counts for each. */
  readonly alerts: number;
  /** Batches of which the end is not known. */
  readonly waiting: number;
  readonly dead: number;
}

const AT_ONCE = 8;

/** Asks again, ever less often, for at most `maxMs` or until the signal. A batch is finished when its alerts are known, too. */
export async function collectReceipts(
  batchIds: ReadonlySet<string>,
  deliverer: Pick<Deliverer, 'receipt'>,
  { maxMs, signal }: { readonly maxMs: number; readonly signal: AbortSignal },
): Promise<ReceiptSum> {
  const sum = { events: 0, rejects: 0, alerts: 0, dead: 0 };
  const open = new Set(batchIds);
  const endMs = Date.now() + maxMs;
  const overdue = (): boolean => signal.aborted || Date.now() >= endMs;
  for (let pauseMs = 100; open.size > 0 && !overdue(); pauseMs = Math.min(pauseMs * 2, 2_000)) {
    const ids = open.values();
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (const id of ids) {
          if (overdue()) return;
          const receipt = await deliverer.receipt(id);
          if (receipt?.state === 'dead') sum.dead++;
          else if (receipt?.state !== 'done' || receipt.alerts === null) continue;
          open.delete(id);
          sum.events += receipt.events;
          sum.rejects += receipt.rejects;
          sum.alerts += receipt.alerts ?? 0;
        }
      }),
    );
    if (open.size > 0 && !overdue()) await wait(pauseMs, undefined, { signal }).catch(() => undefined);
  }
  return { ...sum, waiting: open.size };
}
