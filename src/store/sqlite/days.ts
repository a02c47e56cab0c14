/**
 * A reader thread's view of the files: which days there are, and their files, opened when asked for. Of what it has opened it keeps
 * a bounded number, and lets go of a day when told to.
 */
import { existsSync } from 'node:fs';
import { openFile, type SqliteFile } from './file.ts';
import { dayFormat, dayPath } from './format.ts';

export interface DaySpan {
  readonly day: string;
  /** Event times of the file lie between these, both included; it may hold less. */
  readonly minMs: number;
  readonly maxMs: number;
}

export interface Days {
  /** Days that may hold events at or after `sinceMs` and before `untilMs`, the one with the latest end first. */
  overlapping(sinceMs: number, untilMs: number): DaySpan[];
  /** Every day, the latest day of receipt first. */
  all(): string[];
  /** The day's file; undefined when there is none (any more). To be asked for again after every wait. */
  open(day: string): SqliteFile | undefined;
  drop(day: string): void;
  close(): void;
}

/** Each file takes three descriptors. */
const MOST_OPEN = 48;

export function createDays(folder: string, state: SqliteFile): Days {
  const files = new Map<string, SqliteFile>();
  const drop = (day: string): void => {
    files.get(day)?.close();
    files.delete(day);
  };
  return {
    overlapping(sinceMs, untilMs) {
      const rows = state
        .sql('SELECT day, min_ms, max_ms FROM days WHERE max_ms >= ? AND min_ms < ? ORDER BY max_ms DESC')
        .all(sinceMs, untilMs) as { day: string; min_ms: number; max_ms: number }[];
      return rows.map(({ day, min_ms, max_ms }) => ({ day, minMs: min_ms, maxMs: max_ms }));
    },
    all: () => (state.sql('SELECT day FROM days ORDER BY day DESC').all() as { day: string }[]).map(({ day }) => day),
    open(day) {
      const known = files.get(day);
      if (known !== undefined) {
        files.delete(day);
        files.set(day, known);
        return known;
      }
      if (state.sql('SELECT 1 FROM days WHERE day = ?').get(day) === undefined) return undefined;
      const path = dayPath(folder, day);
      if (!existsSync(path)) return undefined;
      if (files.size >= MOST_OPEN) drop(files.keys().next().value as string);
      const file = openFile(path, dayFormat, 'read');
      files.set(day, file);
      return file;
    },
    drop,
    close() {
      for (const day of [...files.keys()]) drop(day);
    },
  };
}
