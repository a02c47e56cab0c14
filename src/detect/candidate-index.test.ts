/** What the index proposes must hold every rule that holds: engine and oracle on rule sets large enough for every way it searches. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Fields } from '../model/event.ts';
import { compileRules } from './compile.ts';
import { matchAll } from './linear.ts';
import { identityMapping } from './mapping.ts';
import { parseRules } from './parse.ts';

const documentsOf = (detections: readonly object[]): string =>
  detections
    .map((detection, index) =>
      JSON.stringify({ title: 'T', id: `r${String(index).padStart(4, '0')}`, logsource: { product: 'x' }, detection }),
    )
    .join('\n---\n');
const idsOf = (rules: readonly { id: string }[]): readonly string[] => rules.map(({ id }) => id);

/** Words that are prefixes, ends and parts of one another, with case, paths, dashes and units beyond Latin-1 among them. */
const stems = [
  'pow',
  'power',
  'powershell',
  'shell',
  'hell.exe',
  '\\cmd.exe',
  '\\\\cmd',
  '-enc',
  ' -enc ',
  'Ünter',
  'straße',
];
const tails = [
  '',
  'a',
  'b',
  'ab',
  '.exe',
  '.EXE',
  '\\',
  '\u2013nop',
  '\u0130',
  '\u03c3',
  'ſs',
  '\u212aelvin',
  '0',
  '1',
  '01',
];
const word = fc.tuple(fc.constantFrom(...stems), fc.constantFrom(...tails)).map((parts) => parts.join(''));
const words = (least: number, most: number) => fc.array(word, { minLength: least, maxLength: most });

const item = fc
  .tuple(
    fc.constantFrom('A', 'B', 'Image'),
    fc.constantFrom(
      '',
      '|contains',
      '|contains',
      '|startswith',
      '|endswith',
      '|contains|all',
      '|endswith|cased',
      '|re',
      '|re|i',
      '|neq',
    ),
    words(1, 3),
  )
  .map(([field, modifiers, values]): [string, unknown] => {
    const isRegex = modifiers.startsWith('|re');
    const escaped = values.map((value) => `${value.replaceAll('\\', '\\\\').replaceAll('.', '\\.')}[ab]?`);
    return [field + modifiers, isRegex ? escaped : values];
  });
const map = fc.array(item, { minLength: 1, maxLength: 2 }).map((items) => Object.fromEntries(items));
const selection = fc.oneof({ weight: 6, arbitrary: map }, { weight: 1, arbitrary: words(1, 2) });
const detection = fc
  .tuple(selection, selection, fc.constantFrom('s', 's and not t', 's or t', 's and t', 'not s', '1 of them'))
  .map(([s, t, condition]) => ({ s, t, condition }));

const value = fc.oneof(
  word,
  fc.array(fc.oneof(word, fc.constantFrom(' ', 'X', '\n')), { maxLength: 6 }).map((parts) => parts.join('')),
  // Long enough for the search that jumps.
  fc.array(word, { minLength: 30, maxLength: 60 }).map((parts) => parts.join('_')),
);
const event: fc.Arbitrary<Fields> = fc.dictionary(
  fc.constantFrom('A', 'B', 'Image', 'event.id', 'other'),
  fc.oneof({ weight: 5, arbitrary: value }, { weight: 1, arbitrary: fc.array(value, { maxLength: 2 }) }),
  { minKeys: 1 },
);

test('hundreds of rules with needles that are parts of one another: nothing lost, nothing added', () => {
  let judged = 0;
  let matched = 0;
  fc.assert(
    fc.property(
      fc.array(detection, { minLength: 60, maxLength: 140 }),
      fc.array(event, { minLength: 3, maxLength: 6 }),
      (detections, events) => {
        const set = parseRules(documentsOf(detections), 'p.yml');
        const engine = compileRules(set, identityMapping);
        // The second round meets what the first remembered.
        for (const each of [...events, ...events, ...events]) {
          const found = idsOf(engine.match(each));
          expect(found).toEqual(idsOf(matchAll(set.rules, each, identityMapping)));
          judged += engine.rules.length;
          matched += found.length;
        }
      },
    ),
    { numRuns: 12 },
  );
  expect(matched / judged).toBeGreaterThan(0.05);
  expect(matched / judged).toBeLessThan(0.9);
});

test('the order of the rules does not matter', () => {
  fc.assert(
    fc.property(
      fc.array(detection, { minLength: 5, maxLength: 30 }),
      fc.array(event, { maxLength: 5 }),
      (detections, events) => {
        const { rules, ...rest } = parseRules(documentsOf(detections), 'p.yml');
        const one = compileRules({ ...rest, rules }, identityMapping);
        const other = compileRules({ ...rest, rules: rules.toReversed() }, identityMapping);
        for (const each of events) expect(idsOf(other.match(each))).toEqual(idsOf(one.match(each)));
        expect(idsOf(other.rules)).toEqual(idsOf(one.rules));
      },
    ),
    { numRuns: 30 },
  );
});

describe('one rule on one event', () => {
  test.each<[name: string, detection: object, event: Record<string, unknown>, holds: boolean]>([
    ['a missing field', { s: { 'A|contains': '*' }, condition: 's' }, { B: 'x' }, false],
    ['a field with an empty list', { s: { 'A|exists': true }, condition: 's' }, { A: [] }, true],
    ['null in a list of values', { s: { A: [null, 'x'] }, condition: 's' }, { B: 'x' }, true],
    ['only a negation', { s: { A: 'x' }, condition: 'not s' }, {}, true],
    ['a number against its text', { s: { A: '5156' }, condition: 's' }, { A: 5156 }, true],
    ['a keyword in a number', { s: ['5156'], condition: 's' }, { B: 51560 }, true],
    ['a keyword in a truth value', { s: ['ru'], condition: 's' }, { B: true }, true],
    ['a keyword in a list', { s: ['kiwi'], condition: 's' }, { B: ['x', 'eo.oe.KIWI'] }, true],
    ['a keyword in a field of our own', { s: ['kiwi'], condition: 's' }, { 'event.id': 'kiwi' }, false],
    ['a keyword of one wildcard', { s: ['*'], condition: 's' }, { B: '' }, true],
    ['an expression whose s is long', { s: { 'A|re|i': 'mask' }, condition: 's' }, { A: 'ma\u017fk' }, true],
    ['an expression whose k is a kelvin', { s: { 'A|re|i': 'mask' }, condition: 's' }, { A: 'mas\u212a' }, true],
    ['a field named like a method', { s: { constructor: 'x' }, condition: 's' }, {}, false],
    ['a field named like a method, there', { s: { constructor: 'x' }, condition: 's' }, { constructor: 'X' }, true],
    ['the empty text', { s: { A: '' }, condition: 's' }, { A: '' }, true],
    ['what is no scalar', { s: { 'A|exists': true }, condition: 's' }, { A: { x: 1 } }, false],
  ])('%s', (_name, detection, given, holds) => {
    const set = parseRules(documentsOf([detection]), 'p.yml');
    const engine = compileRules(set, identityMapping);
    expect(engine.problems).toEqual([]);
    for (let round = 0; round < 3; round++) expect(engine.match(given as Fields).length).toBe(holds ? 1 : 0);
    expect(matchAll(set.rules, given as Fields, identityMapping).length).toBe(holds ? 1 : 0);
  });
});
