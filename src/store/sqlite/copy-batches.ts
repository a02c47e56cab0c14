/** What a reader thread gives of a copy's batches, day by day. Events, rejects and matches stay JSON. */
import type { Days } from './days.ts';
import type { SqliteFile } from './file.ts';
import type { EventParts } from './read-events.ts';

/** Batches named at once. */
const PORTION = 1_000;

/** Days that there are, from that one on. */
export const copyDays = (days: Days, sinceDay: string | undefined): string[] =>
  days
    .all()
    .filter((day) => sinceDay === undefined || day >= sinceDay)
    .sort();

export interface BatchHeadRow {
  readonly seq: number;
  readonly id: string;
  readonly member: string;
}

/** The next batches of a day, in the order in which they were put; undefined: the day was removed. */
export function copyHeads(days: Days, day: string, after: number): BatchHeadRow[] | undefined {
  const file = days.open(day);
  return file?.read(() =>
    file.sql(`SELECT seq, id, member FROM batches WHERE seq > ? ORDER BY seq LIMIT ${PORTION}`).all(after),
  ) as BatchHeadRow[] | undefined;
}

/** A batch with its numbers; events, rejects and matches as JSON. */
export interface BatchLines {
  readonly batchId: string;
  readonly memberId: string;
  readonly sourceId: string;
  readonly receivedMs: number;
  readonly records: number;
  readonly parsed: number;
  readonly rejected: number;
  readonly matched: number;
  readonly events: readonly string[];
  readonly rejects: readonly string[];
  readonly matches: readonly string[];
}

interface BatchRow {
  readonly seq: number;
  readonly id: string;
  readonly member: string;
  readonly source: string;
  readonly received_ms: number;
  readonly records: number;
  readonly parsed: number;
  readonly events: number;
  readonly rejects: number;
  readonly matches: number;
  readonly first_block: number;
  readonly pieces: string;
}

/** Undefined: the day was removed. Throws when something of the batch is missing from the file. */
export function copyBatch(
  { days, blocks }: Pick<EventParts, 'days' | 'blocks'>,
  day: string,
  seq: number,
): BatchLines | undefined {
  const file = days.open(day);
  return file?.read(() => {
    const row = file.sql('SELECT * FROM batches WHERE seq = ?').get(seq) as unknown as BatchRow;
    const events: string[] = [];
    let minMs = Number.POSITIVE_INFINITY;
    let maxMs = Number.NEGATIVE_INFINITY;
    const ofBatch = batchOfLine(row.id);
    for (const [piece] of JSON.parse(row.pieces) as [number, number, number][]) {
      const { lines, times } = blocks.open(file, day, row.first_block + piece);
      for (const [index, line] of lines.entries()) {
        if (!ofBatch(line)) continue;
        events.push(line);
        minMs = Math.min(minMs, times[index] as number);
        maxMs = Math.max(maxMs, times[index] as number);
      }
    }
    if (events.length !== row.events) {
      throw new Error(
        `${file.path}: batch ${row.id} has ${events.length} of its ${row.events} events; the file is damaged`,
      );
    }
    const rejects = file
      .sql('SELECT body FROM rejects WHERE id > ? AND id < ? ORDER BY id')
      .all(`${row.id}-`, `${row.id}.`);
    return {
      ...{ batchId: row.id, memberId: row.member, sourceId: row.source, receivedMs: row.received_ms },
      ...{ records: row.records, parsed: row.parsed, rejected: row.rejects, matched: row.matches },
      events,
      rejects: rejects.map(({ body }) => body as string),
      matches: row.matches === 0 ? [] : matchesOf(file, row, minMs, maxMs),
    };
  });
}

/** The table is in the order of event time: between those of the batch's events they lie, or else somewhere. */
function matchesOf(file: SqliteFile, row: BatchRow, minMs: number, maxMs: number): string[] {
  const select = 'SELECT body FROM matches WHERE batch = ?';
  const near = file.sql(`${select} AND at_ms BETWEEN ? AND ? ORDER BY number`).all(row.seq, minMs, maxMs);
  const found = near.length === row.matches ? near : file.sql(`${select} ORDER BY number`).all(row.seq);
  if (found.length !== row.matches) {
    throw new Error(
      `${file.path}: batch ${row.id} has ${found.length} of its ${row.matches} matches; the file is damaged`,
    );
  }
  return found.map(({ body }) => body as string);
}

/** Ids of the day's rejects behind `after`; undefined: the day was removed. */
export function copyRejects(days: Days, day: string, after: string): string[] | undefined {
  const file = days.open(day);
  return file?.read(() =>
    file
      .sql('SELECT id FROM rejects WHERE id > ? ORDER BY id LIMIT 10000')
      .all(after)
      .map(({ id }) => id as string),
  );
}

/** Of these batches of one day, those that its file does not have. */
export function lackingOfDay(days: Days, day: string, ids: readonly string[]): string[] {
  const file = days.open(day);
  if (file === undefined) return [...ids];
  return file.read(() => {
    const find = file.sql('SELECT 1 FROM batches WHERE id = ?');
    return ids.filter((id) => find.get(id) === undefined);
  });
}

/**
 * Tells of a stored line whether it is of a batch without parsing it: blocks are shared, and a copy looks at every line. Exact: a quote that is not escaped and follows "{" or "," begins a name, so that no text of a log can stand there. An event has
 * one `event.id`.
 */
export function batchOfLine(batchId: string): (line: string) => boolean {
  const sought = `"event.id":"${batchId}-`;
  return (line) => {
    for (let at = line.indexOf(sought); at >= 0; at = line.indexOf(sought, at + 1)) {
      const before = line[at - 1];
      if (before === ',' || before === '{') return true;
    }
    return false;
  };
}
