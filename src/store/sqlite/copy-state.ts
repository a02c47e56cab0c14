/**
 * What a reader thread gives of a copy before the batches: documents, marks and sums, read in one transaction on a connection of its
 * own, so that they are of one moment while the center writes on. Documents stay JSON.
 */
import type { AppliedMark, CopySum, SumKind } from '../copy.ts';
import { idFloor } from '../event-place.ts';
import { DAY_MS, HOUR_MS, type LedgerPart } from '../event-reads.ts';
import { kindNames } from '../kinds.ts';
import type { Kind, Progress } from '../store.ts';
import type { Days } from './days.ts';
import { openFile, type SqliteFile } from './file.ts';
import { stateFormat, statePath } from './format.ts';
import { progress } from './read-docs.ts';

/** A piece of the state as it crosses between threads. */
export type StatePiece =
  | { readonly kind: 'since'; readonly day: string }
  | {
      readonly kind: 'docs';
      readonly of: Kind;
      readonly after: string | null;
      readonly upTo: string | null;
      readonly bodies: readonly string[];
    }
  | { readonly kind: 'marks'; readonly marks: readonly AppliedMark[] }
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'sums'; readonly of: SumKind; readonly rows: readonly CopySum[] };

/** A portion is full at either. */
const PORTION_CHARS = 1_000_000;
const PORTION = 1_000;
const SUMS = 5_000;
const BEHIND_ALL_DAYS = '9999-12-31';

/** Copies that are under way, by the caller's name for them. */
export interface StateCopies {
  /** The next piece; undefined after the last. */
  next(copy: string, sinceDay: string | undefined): StatePiece | undefined;
  /** Ends one before its last piece. */
  end(copy: string): void;
}

export function createStateCopies(folder: string, days: Days): StateCopies {
  const walks = new Map<string, Generator<StatePiece, undefined>>();
  return {
    next(copy, sinceDay) {
      let walk = walks.get(copy);
      if (walk === undefined) {
        walk = walkState(folder, days, sinceDay);
        walks.set(copy, walk);
      }
      const { value, done } = walk.next();
      if (done === true) walks.delete(copy);
      return value;
    },
    end(copy) {
      walks.get(copy)?.return(undefined);
      walks.delete(copy);
    },
  };
}

function* walkState(folder: string, days: Days, sinceDay: string | undefined): Generator<StatePiece, undefined> {
  const state = openFile(statePath(folder), stateFormat, 'read');
  try {
    state.db.exec('BEGIN');
    const { first } = state.sql('SELECT min(day) AS first FROM days').get() as { first: string | null };
    yield { kind: 'since', day: first ?? BEHIND_ALL_DAYS };
    for (const kind of kindNames) yield* walkDocs(state, kind);
    yield* walkMarks(state, sinceDay);
    yield { kind: 'progress', progress: progress(state) };
    yield* walkSums(
      state,
      'refused',
      'SELECT hour, source, member, 0 AS parsed, 0 AS rejects, records AS refused FROM refused',
    );
    yield* walkSums(state, 'removed', 'SELECT hour, source, member, parsed, rejects, 0 AS refused FROM ledger');
    yield* walkLeftOut(state, days, sinceDay);
  } finally {
    state.close();
  }
}

function* walkDocs(state: SqliteFile, kind: Kind): Generator<StatePiece> {
  let after: string | null = null;
  const find = state.sql(`SELECT id, body FROM "${kind}" WHERE id > ? ORDER BY id LIMIT ${PORTION}`);
  for (;;) {
    const bodies: string[] = [];
    let chars = 0;
    let last: string | null = after;
    const rows = find.all(after ?? '') as { id: string; body: string }[];
    for (const { id, body } of rows) {
      if (chars >= PORTION_CHARS) break;
      bodies.push(body);
      chars += body.length;
      last = id;
    }
    const more = bodies.length < rows.length || rows.length === PORTION;
    yield { kind: 'docs', of: kind, after, upTo: more ? last : null, bodies };
    if (!more) return;
    after = last;
  }
}

function* walkMarks(state: SqliteFile, sinceDay: string | undefined): Generator<StatePiece> {
  const find = state.sql('SELECT batch AS batchId, alerts FROM applied WHERE batch > ? ORDER BY batch LIMIT 5000');
  let after = sinceDay === undefined ? '' : idFloor(sinceDay);
  for (;;) {
    const marks: readonly AppliedMark[] = find.all(after) as unknown as AppliedMark[];
    const last: AppliedMark | undefined = marks.at(-1);
    if (last === undefined) return;
    // Rows are objects without a prototype, which other threads and JSON do not mind but comparisons do.
    yield { kind: 'marks', marks: marks.map(({ batchId, alerts }) => ({ batchId, alerts })) };
    after = last.batchId;
  }
}

const toSum = ({ hour, source, member, parsed, rejects, refused }: LedgerPart): CopySum => ({
  memberId: member,
  sourceId: source,
  hour: new Date(hour * HOUR_MS).toISOString(),
  ...{ parsed, rejects, refused },
});

function* walkSums(state: SqliteFile, of: SumKind, select: string): Generator<StatePiece> {
  let rows: CopySum[] = [];
  for (const row of state.sql(`${select} ORDER BY hour, source, member`).iterate()) {
    rows.push(toSum(row as unknown as LedgerPart));
    if (rows.length < SUMS) continue;
    yield { kind: 'sums', of, rows };
    rows = [];
  }
  if (rows.length > 0) yield { kind: 'sums', of, rows };
}

/** What an earlier copy left out, and the days that this one leaves out: one row where both know of an hour. */
function* walkLeftOut(state: SqliteFile, days: Days, sinceDay: string | undefined): Generator<StatePiece> {
  const columns = 'hour, source, member, parsed, rejects, 0 AS refused';
  if (sinceDay === undefined) {
    yield* walkSums(state, 'left', `SELECT ${columns} FROM left_out`);
    return;
  }
  const known = state.sql('SELECT DISTINCT hour / 24 AS day FROM left_out').all() as { day: number }[];
  const all = new Set(known.map(({ day }) => new Date(day * DAY_MS).toISOString().slice(0, 10)));
  for (const day of days.all()) if (day < sinceDay) all.add(day);
  for (const day of [...all].sort()) {
    const first = Date.parse(day) / HOUR_MS;
    const before = state
      .sql(`SELECT ${columns} FROM left_out WHERE hour >= ? AND hour < ?`)
      .all(first, first + 24) as unknown as LedgerPart[];
    const file = day < sinceDay ? days.open(day) : undefined;
    const now = (file?.read(() => file.sql(`SELECT ${columns} FROM ledger`).all()) ?? []) as unknown as LedgerPart[];
    const sums = new Map<string, LedgerPart>();
    for (const row of [...before, ...now]) {
      const key = `${row.hour} ${row.source} ${row.member}`;
      const sum = sums.get(key);
      sums.set(
        key,
        sum === undefined ? row : { ...sum, parsed: sum.parsed + row.parsed, rejects: sum.rejects + row.rejects },
      );
    }
    const rows = [...sums.values()].map(toSum);
    for (let at = 0; at < rows.length; at += SUMS) yield { kind: 'sums', of: 'left', rows: rows.slice(at, at + SUMS) };
  }
}

/** Sums that the ledger keeps of that day's hours since it was removed. */
export function copyRemovedDay(state: SqliteFile, day: string): CopySum[] {
  const first = Date.parse(day) / HOUR_MS;
  const rows = state.read(() =>
    state
      .sql('SELECT hour, source, member, parsed, rejects, 0 AS refused FROM ledger WHERE hour >= ? AND hour < ?')
      .all(first, first + 24),
  ) as unknown as LedgerPart[];
  return rows.map(toSum);
}

/** The store's own line; `origin` is JSON. */
export const identity = (state: SqliteFile): { id: string; terms: number; origin: string | null } =>
  state.read(() =>
    state.sql('SELECT id, origin, (SELECT term FROM progress) AS terms FROM identity').get(),
  ) as ReturnType<typeof identity>;
