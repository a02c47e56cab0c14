/** Units of work over one thread or several, this one among them; what they find comes out in the order of units, whatever their number. */
import { MessageChannel, Worker } from 'node:worker_threads';
import type { Fields } from '../model/event.ts';
import { createInOrder } from '../scan/in-order.ts';
import { scanUnit, type UnitLot } from '../scan/unit-scan.ts';
import type { Unit } from '../scan/units.ts';
import { type Caller, createCaller } from '../thread.ts';
import type { ScanEngine, ScanSetup } from './scan-engine.ts';
import type { ScanThreadData } from './scan-thread.ts';

/** Lots that a thread may be ahead of this one. */
const AHEAD = 4;
/** Matches that came before their turn: some 100 bytes each. */
const MAX_HELD_HITS = 500_000;

export interface LanesOptions {
  readonly units: readonly Unit[];
  readonly threads: number;
  readonly setup: ScanSetup;
  readonly engine: ScanEngine;
  readonly signal: AbortSignal;
  /** As it comes, of any unit. */
  readonly onProgress: (lot: UnitLot) => void;
  /** In the order of units, one at a time. A throw ends the scan. */
  readonly onLot: (unit: Unit, lot: UnitLot) => Promise<void>;
}

interface Lane {
  /** Resolves when it can take a unit. */
  readonly ready: Promise<unknown>;
  lots(unit: Unit): AsyncIterable<UnitLot>;
  sample(): Promise<readonly Fields[]>;
  close(): Promise<unknown>;
}

/** Answers the events sampled by all lanes. */
export async function runLanes(options: LanesOptions): Promise<readonly Fields[]> {
  const { units, signal, onProgress, onLot } = options;
  const inOrder = createInOrder<UnitLot>({
    handOn: (index, lot) => onLot(units[index] as Unit, lot),
    weigh: ({ hits }) => hits.length,
    maxHeld: MAX_HELD_HITS,
  });
  const used = new Set<Lane>();
  let next = 0;
  let ended: () => void = () => undefined;
  const noneLeft = new Promise<void>((resolve) => {
    ended = resolve;
  });
  const work = async (lane: Lane): Promise<void> => {
    // A thread compiles the rules first; a short scan is over by then.
    await Promise.race([lane.ready, noneLeft]);
    while (next < units.length && !signal.aborted) {
      const index = next++;
      used.add(lane);
      for await (const lot of lane.lots(units[index] as Unit)) {
        onProgress(lot);
        await inOrder.take(index, lot, lot.end !== undefined);
        if (signal.aborted) break;
      }
    }
    ended();
  };
  const others = Math.max(0, Math.min(options.threads, units.length) - 1);
  const lanes = [ownLane(options), ...Array.from({ length: others }, () => threadLane(options.setup))];
  try {
    await Promise.all(lanes.map(work));
    const busy = lanes.filter((lane) => used.has(lane));
    if (signal.aborted || options.engine.sample === undefined) return [];
    return (await Promise.all(busy.map((lane) => lane.sample()))).flat();
  } finally {
    await Promise.all(lanes.map((lane) => lane.close()));
  }
}

const ownLane = ({ engine: { scanning, sample } }: LanesOptions): Lane => ({
  ready: Promise.resolve(),
  lots: (unit) => scanUnit(unit, scanning),
  sample: async () => sample?.items ?? [],
  close: async () => undefined,
});

function threadLane(setup: ScanSetup): Lane {
  const { port1, port2 } = new MessageChannel();
  const worker = new Worker(new URL('./scan-thread.ts', import.meta.url), {
    workerData: { setup, port: port2 } satisfies ScanThreadData,
    transferList: [port2],
  });
  const caller = createCaller(port1);
  const broken = new Promise<never>((_, reject) => {
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('a thread of the scan has ended too early')));
  });
  broken.catch(() => undefined);
  const ask = (method: string, ...args: unknown[]): Promise<unknown> =>
    Promise.race([caller.call(method, args), broken]);
  return {
    ready: ask('ready'),
    lots: (unit) => threadLots(unit, ask),
    sample: () => ask('sample') as Promise<readonly Fields[]>,
    close() {
      caller.close();
      return worker.terminate();
    },
  };
}

/** Asked for ahead, so that the thread need not wait while this one is busy. */
async function* threadLots(
  unit: Unit,
  ask: (method: string, ...args: unknown[]) => ReturnType<Caller['call']>,
): AsyncGenerator<UnitLot> {
  await ask('begin', unit);
  const asked: Promise<unknown>[] = [];
  for (;;) {
    while (asked.length < AHEAD) {
      const lot = ask('next');
      // Those behind the last lot answer nothing, and nobody waits for them.
      lot.catch(() => undefined);
      asked.push(lot);
    }
    const lot = (await asked.shift()) as UnitLot | null;
    if (lot === null) return;
    yield lot;
    if (lot.end !== undefined) return;
  }
}
