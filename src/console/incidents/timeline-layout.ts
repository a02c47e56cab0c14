/** Where marks stand on a time axis: one lane a member or alert, marks that would cover each other on rows below. Pure. */
import type { Level } from '../types.ts';

export interface Mark {
  readonly id: string;
  readonly laneId: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly level: Level;
  readonly title: string;
}

export interface PlacedMark extends Mark {
  /** 0 to 1 of the axis. */
  readonly x1: number;
  readonly x2: number;
  readonly row: number;
}

export interface PlacedLane {
  readonly id: string;
  readonly marks: readonly PlacedMark[];
  /** At least 1. */
  readonly rows: number;
}

export interface Axis {
  readonly fromMs: number;
  readonly toMs: number;
  /** Round times within the axis. */
  readonly ticks: readonly number[];
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const steps = [
  ...[1_000, 5_000, 15_000, 30_000],
  ...[1, 2, 5, 10, 15, 30].map((n) => n * minuteMs),
  ...[1, 2, 3, 6, 12].map((n) => n * hourMs),
  ...[1, 2, 7, 14, 30, 90].map((n) => n * dayMs),
];
/** One short burst is not blown up to fill the picture. */
const leastSpanMs = 20_000;
/** Rows of one lane, at most; what finds no room lies on the last. */
const mostRows = 8;

/** An axis over all marks with a little air at both ends. `offsetMs`: of the reader's zone, so that ticks are round there. */
export function layoutAxis(marks: readonly Mark[], mostTicks: number, offsetMs: number): Axis {
  const first = marks.reduce((least, mark) => Math.min(least, mark.fromMs), Number.POSITIVE_INFINITY);
  const last = marks.reduce((most, mark) => Math.max(most, mark.toMs), Number.NEGATIVE_INFINITY);
  if (marks.length === 0) return { fromMs: 0, toMs: minuteMs, ticks: [] };
  const air = Math.max((last - first) * 0.05, (leastSpanMs - (last - first)) / 2);
  const fromMs = first - air;
  const toMs = last + air;
  const step =
    steps.find((one) => (toMs - fromMs) / one <= mostTicks) ?? Math.ceil((toMs - fromMs) / mostTicks / dayMs) * dayMs;
  const ticks: number[] = [];
  for (let at = Math.ceil((fromMs + offsetMs) / step) * step - offsetMs; at <= toMs; at += step) ticks.push(at);
  return { fromMs, toMs, ticks };
}

/** `markWidth`: the room a mark needs, as a part of the axis. Lanes in the order given; marks of unknown lanes are left out. */
export function layoutLanes(
  laneIds: readonly string[],
  marks: readonly Mark[],
  axis: Axis,
  markWidth: number,
): readonly PlacedLane[] {
  const span = axis.toMs - axis.fromMs;
  const place = (ms: number) => (ms - axis.fromMs) / span;
  return laneIds.map((laneId) => {
    const ends: number[] = [];
    const placed = marks
      .filter((mark) => mark.laneId === laneId)
      .sort((a, b) => a.fromMs - b.fromMs || a.toMs - b.toMs)
      .map((mark): PlacedMark => {
        const x1 = place(mark.fromMs);
        const x2 = place(mark.toMs);
        const free = ends.findIndex((end) => end <= x1 - markWidth / 2);
        const row = free === -1 ? Math.min(ends.length, mostRows - 1) : free;
        ends[row] = Math.max(ends[row] ?? 0, x2 + markWidth / 2);
        return { ...mark, x1, x2, row };
      });
    return { id: laneId, marks: placed, rows: Math.max(1, ends.length) };
  });
}
