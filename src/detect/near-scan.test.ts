/** Whatever texts came before, nothing that stands in a text is missed; and what differs a little is not read again as a whole. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Scan } from './automaton.ts';
import { createNearScan } from './near-scan.ts';

const needles = ['ab', 'ba', 'aab', 'bbbab', 'abbaabba'];
const plain: Scan = (text, found) => {
  for (const [mark, needle] of needles.entries()) if (text.includes(needle)) found.push(mark);
};
const marks = (scan: Scan, text: string): Set<number> => {
  const found: number[] = [];
  scan(text, found);
  return new Set(found);
};

test('finds all that a plain scan finds, and only what stood in one of the texts', () => {
  const piece = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 12 });
  const text = fc
    .tuple(fc.constantFrom('c', 'b', 'a'), fc.constantFrom(200, 512, 700), piece, fc.nat(), piece)
    .map(([unit, length, more, place, end]) => {
      const body = unit.repeat(length);
      return body.slice(0, place % length) + more + body.slice(place % length) + end;
    });
  fc.assert(
    fc.property(fc.array(text, { minLength: 2, maxLength: 8 }), (texts) => {
      const near = createNearScan(plain, 8, 512);
      const everywhere = new Set<number>();
      for (const one of texts) {
        const expected = marks(plain, one);
        for (const mark of expected) everywhere.add(mark);
        const found = marks(near, one);
        expect(expected.difference(found)).toEqual(new Set());
        expect(found.difference(everywhere)).toEqual(new Set());
      }
    }),
  );
});

test('reads only the neighbourhood of what differs', () => {
  const read: number[] = [];
  const near = createNearScan((text) => read.push(text.length), 8, 512);
  const body = 'x'.repeat(3_000);
  for (const number of ['1', '2', '33']) near(`${body}number ${number}${body}`, []);
  near('y'.repeat(600), []);
  near('short', []);
  const [first, second = 0, third = 0, ...rest] = read;
  expect([first, ...rest]).toEqual([6_008, 600, 5]);
  expect(Math.max(second, third)).toBeLessThan(80);
});
