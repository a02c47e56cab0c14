/** A thread of a scan: compiles the rules for itself, then scans the units it is given, one after the other, a lot for each call. */
import { type MessagePort, workerData } from 'node:worker_threads';
import { scanUnit, type UnitLot } from '../scan/unit-scan.ts';
import type { Unit } from '../scan/units.ts';
import { serveCalls } from '../thread.ts';
import { createScanEngine, type ScanSetup } from './scan-engine.ts';

export interface ScanThreadData {
  readonly setup: ScanSetup;
  readonly port: MessagePort;
}

const { setup, port } = workerData as ScanThreadData;
// The thread is ended from outside, whatever it is doing.
const { scanning, sample } = await createScanEngine(setup, new AbortController().signal);
let lots: AsyncGenerator<UnitLot, undefined> | undefined;

serveCalls((calls) => {
  for (const { method, args, answer, fail } of calls) {
    if (method === 'begin') {
      lots = scanUnit(args[0] as Unit, scanning);
      answer(null);
    } else if (method === 'next') {
      // Calls that come before a lot is ready are answered in their order.
      lots?.next().then(({ value }) => answer(value ?? null), fail);
    } else if (method === 'sample') answer(sample?.items ?? []);
    else answer(null);
  }
}).add(port);
