/** Stored matches in order of event time, over all days: what the correlator rebuilds its memory from. */
import type { Scope } from '../../model/scope.ts';
import { applied } from './read-docs.ts';
import type { EventParts } from './read-events.ts';
import { inScope, scopeParameter } from './scope.ts';

/** Where a portion ended. Days differ, and a batch's number says something in its own day only. */
export type MatchPosition = readonly [atMs: number, day: string, batch: number, number: number];

export interface MatchPortion {
  /** Matches as JSON. */
  readonly items: readonly string[];
  /** Undefined when this was the last. */
  readonly next: MatchPosition | undefined;
}

interface Row {
  readonly at_ms: number;
  readonly batch: number;
  readonly number: number;
  readonly id: string;
  readonly body: string;
}

const PORTION = 5_000;

/** Matches of batches that are marked applied, `PORTION` rows looked at: a portion may hold fewer, even none. */
export function matchPortion(
  { state, days }: Pick<EventParts, 'state' | 'days'>,
  scope: Scope,
  sinceMs: number,
  after: MatchPosition | undefined,
): MatchPortion {
  const fromMs = after === undefined ? sinceMs : after[0];
  const wasApplied = new Map<string, boolean>();
  const isApplied = (batchId: string): boolean => {
    let known = wasApplied.get(batchId);
    if (known === undefined) {
      known = applied(state, batchId) !== undefined;
      wasApplied.set(batchId, known);
    }
    return known;
  };
  // A day's file that another one's opening would close must not be half read: the rows are taken at once.
  const all: (Row & { day: string })[] = [];
  for (const { day } of days.overlapping(fromMs, Number.MAX_SAFE_INTEGER)) {
    const file = days.open(day);
    if (file === undefined) continue;
    // Equal times: days before the position's day were done, later ones not.
    const [batch, number] =
      after === undefined || day > after[1]
        ? [-1, -1]
        : day === after[1]
          ? [after[2], after[3]]
          : [Number.MAX_SAFE_INTEGER, 0];
    const rows = file.read(() =>
      file
        .sql(
          `SELECT at_ms, batch, number, batches.id, body FROM matches JOIN batches ON batches.seq = matches.batch
           WHERE at_ms >= ?2 AND (at_ms, batch, number) > (?2, ?3, ?4) AND ${inScope(scope)}
           ORDER BY at_ms, batch, number LIMIT ${PORTION}`,
        )
        .all(scopeParameter(scope), fromMs, batch, number),
    ) as unknown as Row[];
    for (const row of rows) all.push({ ...row, day });
  }
  all.sort(
    (a, b) =>
      a.at_ms - b.at_ms || (a.day < b.day ? -1 : a.day > b.day ? 1 : 0) || a.batch - b.batch || a.number - b.number,
  );
  const portion = all.slice(0, PORTION);
  const last = portion.at(-1);
  return {
    items: portion.filter(({ id }) => isApplied(id)).map(({ body }) => body),
    next:
      portion.length === PORTION && last !== undefined ? [last.at_ms, last.day, last.batch, last.number] : undefined,
  };
}
