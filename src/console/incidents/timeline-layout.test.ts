import { describe, expect, it } from 'vitest';
import { layoutAxis, layoutLanes, type Mark } from './timeline-layout.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const start = Date.parse('2026-11-20T00:00:00Z');

function mark(id: string, laneId: string, from: number, to = from): Mark {
  return { id, laneId, fromMs: start + from, toMs: start + to, level: 'high', title: id };
}

describe('layoutAxis', () => {
  it('has round ticks in the reader’s zone, not more than asked for', () => {
    const offsetMs = 9 * hourMs;
    const axis = layoutAxis([mark('a', 'x', 0), mark('b', 'x', 50 * hourMs)], 8, offsetMs);
    expect(axis.ticks.length).toBeGreaterThan(2);
    expect(axis.ticks.length).toBeLessThanOrEqual(9);
    expect(axis.ticks.every((tick) => (tick + offsetMs) % (6 * hourMs) === 0)).toBe(true);
    expect(axis.ticks.every((tick) => tick >= axis.fromMs && tick <= axis.toMs)).toBe(true);
  });

  it('gives a single moment some room', () => {
    const axis = layoutAxis([mark('a', 'x', 0)], 8, 0);
    expect(axis.toMs - axis.fromMs).toBe(20_000);
    expect((start - axis.fromMs) / (axis.toMs - axis.fromMs)).toBe(0.5);
  });

  it('draws nothing of nothing', () => {
    expect(layoutAxis([], 8, 0).ticks).toEqual([]);
  });
});

describe('layoutLanes', () => {
  const marks = [
    mark('late', 'x', 60 * minuteMs),
    mark('a', 'x', 0, 10 * minuteMs),
    mark('b', 'x', 0),
    mark('c', 'y', 0),
  ];
  const lanes = layoutLanes(['x', 'y', 'z'], marks, layoutAxis(marks, 8, 0), 0.02);

  it('keeps the order of the lanes, and one row for an empty one', () => {
    expect(lanes.map((lane) => [lane.id, lane.marks.length, lane.rows])).toEqual([
      ['x', 3, 2],
      ['y', 1, 1],
      ['z', 0, 1],
    ]);
  });

  it('puts marks that would cover each other on different rows, later ones back on the first', () => {
    const rows = new Map(lanes[0]?.marks.map((placed) => [placed.id, placed.row]));
    expect(rows.get('a')).not.toBe(rows.get('b'));
    expect(rows.get('late')).toBe(0);
  });

  it('never needs more than eight rows', () => {
    const many = Array.from({ length: 50 }, (_, at) => mark(`m${at}`, 'x', 0));
    expect(layoutLanes(['x'], many, layoutAxis(many, 8, 0), 0.02)[0]?.rows).toBe(8);
  });
});
