import { array, assert, integer, property, tuple } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Coverage, cover, covers, uncoverBefore } from './coverage.ts';

const points = (coverage: Coverage): number[] => {
  const all: number[] = [];
  for (let index = 0; index < coverage.length; index += 2) {
    for (let at = coverage[index] as number; at <= (coverage[index + 1] as number); at++) all.push(at);
  }
  return all;
};

describe('coverage', () => {
  test.each([
    { had: [], from: 5, to: 9, fresh: [5, 9], has: [5, 9] },
    { had: [5, 9], from: 6, to: 8, fresh: [], has: [5, 9] },
    { had: [5, 9], from: 10, to: 12, fresh: [10, 12], has: [5, 12] },
    { had: [5, 9], from: 1, to: 20, fresh: [1, 4, 10, 20], has: [1, 20] },
    { had: [1, 2, 8, 9], from: 2, to: 8, fresh: [3, 7], has: [1, 9] },
    { had: [1, 2, 8, 9], from: 4, to: 5, fresh: [4, 5], has: [1, 2, 4, 5, 8, 9] },
  ])('$had and $from to $to', ({ had, from, to, fresh, has }) => {
    const coverage = [...had];
    expect(cover(coverage, from, to)).toEqual(fresh);
    expect(coverage).toEqual(has);
  });

  test('is a set of points, each fresh once', () => {
    assert(
      property(array(tuple(integer({ min: 0, max: 60 }), integer({ min: 0, max: 9 })), { maxLength: 20 }), (spans) => {
        const coverage: Coverage = [];
        const set = new Set<number>();
        for (const [from, length] of spans) {
          const wanted = points([from, from + length]).filter((at) => !set.has(at));
          expect(points(cover(coverage, from, from + length))).toEqual(wanted);
          for (const at of wanted) set.add(at);
        }
        expect(points(coverage)).toEqual([...set].sort((a, b) => a - b));
        for (let at = -1; at < 75; at++) expect(covers(coverage, at)).toBe(set.has(at));
        uncoverBefore(coverage, 30);
        for (let at = 30; at < 75; at++) expect(covers(coverage, at)).toBe(set.has(at));
      }),
      { numRuns: 200 },
    );
  });
});
