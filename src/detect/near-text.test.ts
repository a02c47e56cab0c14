/** Where a text differs from one before, nothing that is new in it is left out. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createNearText } from './near-text.ts';

const reach = 6;

test('what stands in only one of two texts touches the piece that differs', () => {
  const piece = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 30 });
  const text = fc
    .tuple(fc.constantFrom('a', 'ab', 'abc'), piece, fc.nat(), fc.nat({ max: 40 }))
    .map(([unit, put, place, cut]) => {
      const body = unit.repeat(600 / unit.length);
      const at = place % body.length;
      return body.slice(0, at) + put + body.slice(at + cut);
    });
  let near = 0;
  fc.assert(
    fc.property(fc.array(text, { minLength: 2, maxLength: 8 }), (texts) => {
      const state = createNearText();
      for (const one of texts) {
        const { known } = state;
        const relation = state.compare(one, reach);
        expect(relation).not.toBe('unlike');
        if (relation === 'known') {
          expect(state.known).toBe(one);
          continue;
        }
        near++;
        expect(state.known).toBe(known);
        const differing = one.slice(state.from, state.to);
        for (let length = 1; length <= reach; length++)
          for (let from = 0; from + length <= one.length; from++) {
            const part = one.slice(from, from + length);
            if (!known.includes(part)) expect(differing).toContain(part);
          }
      }
    }),
    { numRuns: 60 },
  );
  expect(near).toBeGreaterThan(40);
});

test('the same text differs nowhere', () => {
  const state = createNearText();
  const text = 'xyz'.repeat(500);
  expect(state.compare(text, reach)).toBe('known');
  expect(state.compare(`${text}`, reach)).toBe('near');
  expect(state.from).toBe(state.to);
  expect(state.version).toBe(1);
});

test('where every text is unlike the others, most are not looked at, until they are alike again', () => {
  const state = createNearText();
  const different = (number: number) => `${number} `.repeat(300);
  const relations = Array.from({ length: 200 }, (_, number) => state.compare(different(number), reach));
  expect(relations.filter((relation) => relation === 'unlike').length).toBeGreaterThan(150);
  const alike = Array.from({ length: 60 }, (_, number) => state.compare(`${'x'.repeat(900)}${number}`, reach));
  expect(alike.slice(-20)).toEqual(Array.from({ length: 20 }, () => 'near'));
});
