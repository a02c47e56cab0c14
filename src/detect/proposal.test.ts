/** What is remembered between events never tells: streams whose fields, orders and values come again, nearly again, or never. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Fields } from '../model/event.ts';
import { compileRules } from './compile.ts';
import type { Engine } from './engine.ts';
import { matchAll } from './linear.ts';
import { identityMapping } from './mapping.ts';
import { parseRules } from './parse.ts';
import type { RuleSet } from './rule.ts';

const idsOf = (rules: readonly { id: string }[]): readonly string[] => rules.map(({ id }) => id);
const ruleSet = (detections: readonly object[]): RuleSet =>
  parseRules(
    detections
      .map((detection, index) =>
        JSON.stringify({ title: 'T', id: `r${index}`, logsource: { product: 'x' }, detection }),
      )
      .join('\n---\n'),
    'p.yml',
  );

const set = ruleSet([
  { s: { A: 'one' }, condition: 's' },
  { s: { 'A|contains': ['needle', 'thorn'] }, condition: 's' },
  { s: { 'B|contains|all': ['needle', 'hay', 'straw in the'] }, condition: 's' },
  { s: { 'A|contains': 'hay' }, t: { 'A|contains': ['needle', 'thorn', 'x1x', 'x22x'] }, condition: 's and not t' },
  { s: { 'B|startswith': 'C:\\', 'B|endswith': '.exe' }, t: { 'C|exists': true }, condition: 's or t' },
  { s: { 'B|contains': 'Hay', 'B|cased': '*Needle*' }, condition: '1 of them' },
  { s: { 'A|re': 'needle[0-9]+' }, condition: 's' },
  { s: { C: 5 }, condition: 's' },
  { s: ['mimi::', 'tr', '77', 'kiwi'], condition: 's' },
  { s: { A: null }, condition: 's' },
  { s: { A: 'one' }, condition: 'not s' },
]);

/** Kilobytes that are the same but for a piece; the piece at any place, of any length, holding what rules look for or half of it. */
const long = fc
  .tuple(
    fc.constantFrom('hay ', 'straw in the ', 'HAY.', 'üç-'),
    fc.constantFrom(1_100, 2_100, 4_000),
    fc.nat(),
    fc.constantFrom('', 'need', 'needle', 'dle', 'thorn1', 'x1x', 'Needle7', 'x22', 'kiwi', 'mimi:', ':', '\u017f'),
    fc.nat({ max: 20 }),
  )
  .map(([unit, length, place, piece, cut]) => {
    const body = unit.repeat(length / unit.length);
    const at = place % body.length;
    return body.slice(0, at) + piece + body.slice(at + cut);
  });
const short = fc.constantFrom('one', 'ONE', 'hay', 'haY needle', 'C:\\x.exe', 'mimi::', 'x77', 'thorn', '', 'no');
const scalar = fc.oneof(
  { weight: 4, arbitrary: short },
  { weight: 3, arbitrary: long },
  { weight: 1, arbitrary: fc.constantFrom(5, 77, 0, -0, Number.NaN, true, false) },
);
const value = fc.oneof({ weight: 8, arbitrary: scalar }, { weight: 1, arbitrary: fc.array(scalar, { maxLength: 3 }) });
const names = ['A', 'B', 'C', 'D', 'event.id', '__proto__', '7'];
const event = fc
  .shuffledSubarray(names, { minLength: 1 })
  .chain((order) => fc.tuple(...order.map((name) => value.map((given) => [name, given] as const))))
  .map((entries): Fields => Object.fromEntries(entries));

function expectSame(engine: Engine, rules: RuleSet, given: Fields): number {
  const found = idsOf(engine.match(given));
  expect(found).toEqual(idsOf(matchAll(rules.rules, given, identityMapping)));
  return found.length;
}

test('a stream of events that are alike: the engine says what the linear evaluator says', () => {
  let matches = 0;
  let events = 0;
  fc.assert(
    fc.property(fc.array(event, { minLength: 2, maxLength: 6 }), fc.infiniteStream(fc.nat()), (given, choice) => {
      // Rules are compiled when they are first proposed: also while others have looked at the same text.
      const engine = compileRules(set, identityMapping);
      // Each several times, in turns: now what came before is the same, now it is not.
      for (let turn = 0; turn < given.length * 3; turn++) {
        matches += expectSame(engine, set, given[(choice.next().value as number) % given.length] as Fields);
        events++;
      }
    }),
    { numRuns: 150 },
  );
  expect(matches / events).toBeGreaterThan(0.5);
});

test('a list that changes in place is looked at again', () => {
  const engine = compileRules(set, identityMapping);
  const list: string[] = ['no'];
  for (const part of ['no', 'one', 'mimi::', 'needle']) {
    list[0] = part;
    for (let round = 0; round < 3; round++) expectSame(engine, set, { A: list, B: 'x' });
  }
});

test('more shapes, more names and longer events than are remembered', () => {
  const engine = compileRules(set, identityMapping);
  let matches = 0;
  for (let number = 0; number < 3_000; number++) {
    const fields: Fields = {};
    // So that names are new in most events, and some are those of events long before.
    for (let more = 0; more < 12; more++) fields[`n${(number * 12 + more) % 30_011}`] = more === 3 ? 'a kiwi' : 'x';
    fields.A = number % 3 === 0 ? 'one' : 'hay';
    matches += expectSame(engine, set, fields);
  }
  const wide: Fields = Object.fromEntries(
    Array.from({ length: 300 }, (_, at) => [`w${at}`, at === 299 ? 'kiwi' : 'x']),
  );
  for (let round = 0; round < 3; round++) matches += expectSame(engine, set, wide);
  expect(matches).toBeGreaterThan(3_000);
});

test('hundreds of shapes of one length, in an order that none of them stays in', () => {
  const engine = compileRules(set, identityMapping);
  for (let round = 0; round < 3; round++)
    for (let number = 0; number < 200; number++) {
      const fields: Fields = {
        [`x${number}`]: 'x',
        A: number % 2 === 0 ? 'one' : 'hay',
        [`y${(number * 7) % 200}`]: 'kiwi',
      };
      expectSame(engine, set, fields);
    }
});
