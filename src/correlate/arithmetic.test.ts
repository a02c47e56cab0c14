/** Sums, ranks and numbers in fields, against the plain way of doing them. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createExactSum } from './exact-sum.ts';
import { nearestRank } from './measure.ts';
import { numbersIn } from './number-field.ts';
import { createRanking } from './ranking.ts';

/** The exact sum in units of 2^-1074, of which every double is a whole number. */
function inSmallestUnits(number: number): bigint {
  let scaled = number;
  let shift = 1074n;
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    shift--;
  }
  return BigInt(scaled) << shift;
}

/** Half-way goes to the even one, as everywhere with doubles. */
function nearestDouble(units: bigint): number {
  const length = (units < 0n ? -units : units).toString(2).length;
  const shift = BigInt(Math.max(0, length - 53));
  const half = shift > 0n ? 1n << (shift - 1n) : 0n;
  const size = units < 0n ? -units : units;
  let mantissa = size >> shift;
  const rest = size - (mantissa << shift);
  if (shift > 0n && (rest > half || (rest === half && mantissa % 2n === 1n))) mantissa++;
  const number = Number(mantissa) * 2 ** (Number(shift) - 1000) * 2 ** -74;
  return units < 0n ? -number : number;
}

const number = fc.oneof(
  fc.integer({ min: -1000, max: 1000 }),
  fc.constantFrom(0.1, 0.2, 0.3, 1e16, -1e16, 1, 2 ** 53, 2 ** -30, -(2 ** -60), 1e100, -1e100, 5e-324),
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e150, max: 1e150 }),
);

test('a sum is the double nearest to the true one, whatever came and went, in whatever order', () => {
  fc.assert(
    fc.property(fc.array(number, { maxLength: 12 }), fc.array(number, { maxLength: 6 }), (stay, go) => {
      const sum = createExactSum();
      for (const one of go) sum.add(one);
      for (const one of stay) sum.add(one);
      for (const one of go.toReversed()) sum.add(-one);
      const units = stay.reduce((total, one) => total + inSmallestUnits(one), 0n);
      expect(sum.value() + 0).toBe(nearestDouble(units) + 0);
    }),
    { numRuns: 1000 },
  );
});

test('ranks stay right through adding and removing, over many chunks', () => {
  const ranking = createRanking();
  const plain: number[] = [];
  for (let index = 0; index < 6000; index++) {
    const one = (Math.imul(index, 0x9e3779b1) % 997) + 0;
    ranking.add(one);
    plain.push(one);
    if (index % 3 === 2) ranking.remove(plain.shift() as number);
  }
  ranking.remove(5000);
  plain.sort((a, b) => a - b);
  expect(ranking.size()).toBe(plain.length);
  expect(plain.map((_, index) => ranking.at(index))).toEqual(plain);
  expect(ranking.at(plain.length)).toBeUndefined();
  for (const one of plain) ranking.remove(one);
  expect([ranking.size(), ranking.at(0)]).toEqual([0, undefined]);
  ranking.add(1);
  expect(ranking.at(0)).toBe(1);
});

test.each([
  [50, 4, 2],
  [50, 5, 3],
  [95, 20, 19],
  [99.9, 1000, 999],
  [100, 7, 7],
  [0.1, 7, 1],
])('the nearest rank of %d percent of %d is %d', (percentile, size, rank) => {
  expect(nearestRank(percentile, size)).toBe(rank);
});

describe('numbers in fields', () => {
  test.each([
    [3, [3]],
    ['12', [12]],
    [' -0.5 ', [-0.5]],
    ['1e3', [1000]],
    ['.5', [0.5]],
    ['5.', [5]],
    ['0x10', undefined],
    ['1,000', undefined],
    ['10 kB', undefined],
    ['', undefined],
    ['Infinity', undefined],
    ['NaN', undefined],
    ['1e999', undefined],
    [1e301, undefined],
    [Number.NaN, undefined],
    [true, undefined],
    [
      [1, 'x', '1'],
      [1, 1],
    ],
    [[], undefined],
    ['9'.repeat(65), undefined],
  ])('%j', (value, expected) => {
    expect(numbersIn({ n: value }, ['n'])?.numbers).toEqual(expected);
  });

  test('of the first field that has one', () => {
    expect(numbersIn({ a: 'x', b: 2, c: 3 }, ['zero', 'a', 'b', 'c'])).toEqual({ field: 'b', numbers: [2] });
    expect(numbersIn({}, ['constructor'])).toBeUndefined();
  });
});
