/**
 * One unit of work, from its bytes to what was found in it, in lots. Numbers records from the unit's first, as a part does not know how
 * many stand before it; a lot can cross to another thread as it is.
 */
import { setImmediate as pause } from 'node:timers/promises';
import type { Fields } from '../model/event.ts';
import type { Encoding } from '../model/member.ts';
import type { Examined } from './examiner.ts';
import { type RecordReading, readRecords } from './records.ts';
import type { Sample } from './sample.ts';
import { KEPT_REASONS } from './tally.ts';
import { openUnit } from './unit-input.ts';
import type { Unit } from './units.ts';

export interface UnitLot {
  readonly records: number;
  readonly events: number;
  readonly rejects: number;
  /** Of the unit's first rejects. `line` from 0 at the unit's first record, here and below. */
  readonly reasons: readonly { readonly line: number; readonly reason: string }[];
  readonly hits: readonly { readonly line: number; readonly rule: string; readonly time: string | null }[];
  /** Damage that reading got over. */
  readonly problems: readonly string[];
  /** From disk, and unpacked, since the lot before. */
  readonly readBytes: number;
  readonly doneBytes: number;
  /** The last lot of a unit has it: why reading stopped early, or null; and whether the file could be opened. */
  readonly end?: { readonly failure: string | null; readonly opened: boolean };
}

export interface UnitScanning {
  readonly reading: RecordReading;
  readonly examine: (record: Uint8Array, encoding: Encoding) => Examined | string;
  readonly sample: Sample<Fields> | undefined;
  readonly signal: AbortSignal;
}

/** The linear evaluator is no match for a megabyte of hostile text, and one such event would outweigh the others. */
const SAMPLE_RECORD_BYTES = 32 * 1024;

/** Never throws for what the file holds: that is in the last lot. Ends early at the signal. */
export async function* scanUnit(unit: Unit, scanning: UnitScanning): AsyncGenerator<UnitLot, undefined> {
  const { reading, examine, sample, signal } = scanning;
  let readBytes = 0;
  let line = 0;
  let reasonsLeft = KEPT_REASONS;
  let opened = false;
  let failure: string | null = null;

  const examineAll = (records: readonly (Uint8Array | { reason: string })[], encoding: Encoding) => {
    const reasons: { line: number; reason: string }[] = [];
    const hits: { line: number; rule: string; time: string | null }[] = [];
    let events = 0;
    let rejects = 0;
    for (const record of records) {
      const examined = record instanceof Uint8Array ? examine(record, encoding) : record.reason;
      if (typeof examined === 'string') {
        rejects++;
        if (reasonsLeft-- > 0) reasons.push({ line, reason: examined.slice(0, 300) });
      } else {
        events += examined.events.length;
        for (const { rule, time } of examined.hits) hits.push({ line, rule: rule.id, time });
        if (sample !== undefined && (record as Uint8Array).length <= SAMPLE_RECORD_BYTES) {
          examined.events.forEach(sample.offer);
        }
      }
      line++;
    }
    return { records: records.length, events, rejects, reasons, hits };
  };
  const takeRead = (): number => {
    const taken = readBytes;
    readBytes = 0;
    return taken;
  };

  try {
    const input = await openUnit(unit, (bytes) => {
      readBytes += bytes;
    });
    opened = true;
    try {
      for await (const { records, encoding, bytes, problems = [] } of readRecords(input.chunks, reading, unit.part)) {
        yield { ...examineAll(records, encoding), problems, readBytes: takeRead(), doneBytes: bytes };
        // Lots of one read follow each other without a pause: Ctrl-C and the progress line need one.
        await pause();
        if (signal.aborted) break;
      }
    } finally {
      await input.close();
    }
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error);
  }
  yield {
    ...examineAll([], 'utf-8'),
    problems: [],
    readBytes: takeRead(),
    doneBytes: 0,
    end: { failure, opened },
  };
}
