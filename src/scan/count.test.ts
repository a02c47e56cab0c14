import { expect, test } from 'vitest';
import { parseRules } from '../detect/parse.ts';
import type { SigmaRule } from '../detect/rule.ts';
import { createCount } from './count.ts';
import { createTally } from './tally.ts';
import type { UnitLot } from './unit-scan.ts';
import type { Unit } from './units.ts';

const text = 'title: T\nid: aa\nlevel: low\nlogsource: { product: x }\ndetection: { s: { a: 1 }, condition: s }\n';
const rules = parseRules(text, 'aa.yml').rules as readonly SigmaRule[];
const lot = (records: number, lines: readonly number[], more: Partial<UnitLot> = {}): UnitLot => ({
  records,
  events: records,
  rejects: 0,
  reasons: [],
  hits: lines.map((line) => ({ line, rule: 'aa', time: null })),
  problems: [],
  readBytes: 0,
  doneBytes: 0,
  ...more,
});
const ended = { failure: null, opened: true };
const part = (from: number): Unit => ({
  file: 'a',
  path: 'a',
  size: 1,
  ...(from > 0 && { part: { form: 'lines', encoding: 'utf-8', from } }),
});
const other: Unit = { file: 'b', path: 'b', size: 1 };

test('records are numbered through the parts of a file, and anew in the next', () => {
  const tally = createTally();
  const count = createCount(tally, rules);
  const [one, two] = [part(0), part(9)];
  const found = [
    count(one, lot(3, [2])),
    count(one, lot(2, [4], { end: ended })),
    count(two, lot(1, [], { reasons: [{ line: 0, reason: 'torn' }] })),
    count(two, lot(2, [1, 2])),
    count(two, lot(0, [], { end: ended })),
    count(other, lot(1, [0], { end: ended })),
  ].flat();
  expect(found.map(({ file, line }) => `${file}${line}`)).toEqual(['a2', 'a4', 'a6', 'a7', 'b0']);
  expect(tally).toMatchObject({ files: 2, records: 9, failures: [], reasons: [{ file: 'a', line: 5 }] });
});

test('where a part fails, what follows in its file counts no more; damage is told a few times', () => {
  const tally = createTally();
  const count = createCount(tally, rules);
  const [one, two] = [part(0), part(9)];
  count(one, lot(3, [0], { problems: ['1', '2', '3', '4', '5', '6', '7'] }));
  count(one, lot(0, [], { end: { failure: 'broken', opened: true } }));
  expect(count(two, lot(5, [0], { end: ended }))).toEqual([]);
  count(other, lot(1, [0], { end: { failure: 'gone', opened: false } }));
  expect(tally.records).toBe(4);
  expect(tally.failures.map(({ file, message }) => `${file}: ${message}`)).toEqual([
    ...['1', '2', '3', '4', '5'].map((message) => `a: ${message}`),
    'a: it is damaged in more places',
    'a: broken (records before that, which are in the result: 3)',
    'b: gone (records before that, which are in the result: 1)',
  ]);
});
