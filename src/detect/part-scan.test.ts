/** Every way to look for many needles against the plain one: never too little, and where it is exact, never too much. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createAffixScan } from './affix-trie.ts';
import { chooseAnchor, createAnchorScan } from './anchor-scan.ts';
import { createAutomaton, type Marked, type Scan } from './automaton.ts';
import { fold } from './fold.ts';
import { createGate } from './gate.ts';
import { createPartScan } from './part-scan.ts';
import { createSkipScan, windowLength } from './skip-scan.ts';

const marked = (needles: readonly string[]): Marked[] => needles.map((text, mark) => ({ text, mark }));
const scan = (run: Scan, text: string): number[] => {
  const found: number[] = [];
  run(text, found);
  return found.sort((a, b) => a - b);
};
const plainly = (needles: readonly string[], fits: (needle: string) => boolean): number[] =>
  needles.flatMap((needle, mark) => (fits(needle) ? [mark] : []));

/** Few letters, so that needles are parts, starts and ends of one another; units whose case is awkward. */
const unit = fc.constantFrom(
  'a',
  'a',
  'b',
  'A',
  'B',
  'k',
  's',
  '\\',
  'ä',
  'Ä',
  '\u0130',
  '\u017f',
  '\u212a',
  '\u2013',
  '\u03a3',
  '\ud83d',
);
const text = fc.array(unit, { maxLength: 12 }).map((units) => units.join(''));
const needle = fc.array(unit, { minLength: 1, maxLength: 6 }).map((units) => fold(units.join('')));
const long = fc
  .tuple(fc.array(unit, { minLength: windowLength, maxLength: windowLength }), fc.array(unit, { maxLength: 40 }))
  .map((parts) => fold(parts.flat().join('')));
const unique = (needles: fc.Arbitrary<string>, most: number) =>
  fc.uniqueArray(needles, { minLength: 1, maxLength: most });

describe('random needles and texts', () => {
  test('the automaton finds all, and nothing else where needles are short and Latin-1', () => {
    fc.assert(
      fc.property(unique(needle, 30), fc.array(text, { minLength: 1, maxLength: 5 }), (needles, texts) => {
        const run = createAutomaton(marked(needles));
        for (const one of texts) {
          const found = scan(run, one);
          const expected = plainly(needles, (part) => fold(one).includes(part));
          expect(found).toEqual(expect.arrayContaining(expected));
          expect(new Set(found).size).toBe(found.length);
          // U+017F stands for s, and units beyond Latin-1 share classes.
          if (!/[\u0100-\uffff]/.test(one + needles.join(''))) expect(found).toEqual(expected);
        }
      }),
    );
  });

  test('jumping finds exactly the needles that are there', () => {
    fc.assert(
      fc.property(unique(long, 30), fc.array(text, { maxLength: 6 }), fc.nat(), (needles, around, which) => {
        const hidden = needles[which % needles.length] as string;
        const whole = around.join('') + hidden.toUpperCase().slice(0, hidden.length) + around.join('');
        const run = createSkipScan(marked(needles));
        expect(scan(run, whole)).toEqual(plainly(needles, (part) => fold(whole).includes(part)));
      }),
    );
  });

  test('a part scan of any size finds all', () => {
    const many = fc.uniqueArray(fc.oneof(needle, long), { minLength: 1, maxLength: 90 });
    fc.assert(
      fc.property(many, fc.array(text, { maxLength: 40 }), fc.nat(), (needles, around, which) => {
        const whole = around.join('') + needles[which % needles.length] + around.join('');
        const found = scan(createPartScan(marked(needles)), whole);
        expect(found).toEqual(expect.arrayContaining(plainly(needles, (part) => fold(whole).includes(part))));
      }),
      { numRuns: 150 },
    );
  });

  test('needles with signs in common are found wherever they stand, and as often', () => {
    const signed = fc
      .tuple(needle, fc.constantFrom('::', ':::', '=='), fc.oneof(needle, fc.constant('')))
      .map((parts) => parts.join(''));
    let hops = 0;
    fc.assert(
      fc.property(
        unique(fc.oneof({ weight: 4, arbitrary: signed }, needle), 20),
        fc.array(fc.oneof(text, signed), { maxLength: 12 }),
        (needles, parts) => {
          const whole = parts.join('');
          const expected = plainly(needles, (part) => fold(whole).includes(part));
          expect(scan(createPartScan(marked(needles)), whole)).toEqual(expect.arrayContaining(expected));
          const common = chooseAnchor(marked(needles));
          if (common === undefined) return;
          hops++;
          const found = new Set(scan(createAnchorScan(common.anchor, common.needles), whole));
          for (const { text: part, mark } of common.needles) {
            const holds = fold(whole).includes(part);
            if (holds || !whole.includes('\u017f')) expect(found.has(mark)).toBe(holds);
          }
        },
      ),
    );
    expect(hops).toBeGreaterThan(20);
  });

  test('the automaton finds a needle at every place of a long text', () => {
    const needles = ['abcdefgh', 'bcd', 'xyz', 'needle that is longer than what is cut off at its start', 'q'];
    const run = createAutomaton(marked(needles));
    for (const length of [255, 256, 257, 300, 301])
      for (const [mark, part] of needles.entries())
        for (let at = 0; at + part.length <= length; at++) {
          const whole = '-'.repeat(at) + part.toUpperCase() + '-'.repeat(length - at - part.length);
          expect(scan(run, whole)).toEqual(mark === 0 ? [0, 1] : [mark]);
        }
  });

  test.each(['start', 'end'] as const)('the %s of a text', (end) => {
    fc.assert(
      fc.property(unique(needle, 30), fc.array(text, { minLength: 1, maxLength: 5 }), (needles, texts) => {
        const run = createAffixScan(marked(needles), end);
        const fits = (one: string, part: string) => (end === 'start' ? one.startsWith(part) : one.endsWith(part));
        for (const one of texts) expect(scan(run, one)).toEqual(plainly(needles, (part) => fits(fold(one), part)));
      }),
    );
  });

  test('a gate reads as it says', () => {
    fc.assert(
      fc.property(unique(needle, 8), text, (needles, one) => {
        const holds = (haystack: string) => needles.some((part) => haystack.includes(part));
        expect(createGate(needles, 'as is')(one)).toBe(holds(one));
        expect(createGate(needles, 'folded')(one)).toBe(holds(fold(one)));
        const loose = createGate(needles, 'loose')(one);
        if (holds(fold(one)) || holds(fold(one).replaceAll('\u017f', 's'))) expect(loose).toBe(true);
        else if (!one.includes('\u017f')) expect(loose).toBe(false);
      }),
    );
  });
});

describe('a needle that begins or ends another', () => {
  const needles = ['a', 'ab', 'abc', 'abcd', 'bcd', 'cd', 'd', 'abcdabcd', 'dabcdab'];
  test.each(['xabcdx', 'ABC', 'abcdabcd', 'bc', ''])('in %j', (one) => {
    const expected = plainly(needles, (part) => fold(one).includes(part));
    expect(scan(createAutomaton(marked(needles)), one)).toEqual(expected);
    expect(scan(createPartScan(marked(needles)), one)).toEqual(expected);
  });

  test('a thousand of them in a text that has them everywhere take no longer for it', () => {
    const repeats = Array.from({ length: 1000 }, (_, index) => 'a'.repeat(index + 1));
    const whole = 'a'.repeat(200_000);
    for (const create of [createAutomaton, createSkipScan]) {
      const run = create(marked(repeats.slice(windowLength)));
      const started = performance.now();
      expect(scan(run, whole).length).toBe(1000 - windowLength);
      expect(performance.now() - started).toBeLessThan(2_000);
    }
  });
});

test('needles too many for a table are cut, not lost', () => {
  const needles = Array.from(
    { length: 40_000 },
    (_, index) => `${index.toString(36)}-${'0123456789abcdef'.repeat(4)}-${index}`,
  );
  const run = createAutomaton(marked(needles));
  expect(scan(run, `x${needles[39_999]?.toUpperCase()}y`)).toContain(39_999);
});
