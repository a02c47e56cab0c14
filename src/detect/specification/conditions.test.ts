/** What conditions mean: the sentences of the rule specification about and, or, not, brackets, quantifiers and lists. */
import { describe, expect, test } from 'vitest';
import type { Fields } from '../../model/event.ts';
import { judgeDetection, keeps, type Row } from './run.fixture.ts';

/** Selections a, b, c hold where the event has a field of that name; _p is private. */
const detection = (condition: string) =>
  `a: { a: 1 }\nb: { b: 1 }\nc: { c: 1 }\n_p: { p: 1 }\nsel_x: { x: 1 }\nsel_y: { y: 1 }\nmy_sel_x: { z: 1 }\ncondition: ${condition}`;
const holding = (names: string): Fields => Object.fromEntries([...names].map((name) => [name, 1]));

/** Condition, selections that hold, whether the rule does. */
type Line = readonly [condition: string, holding: string, expected: boolean | string];
const sections: [string, Line[]][] = [
  [
    'and, or: both, either',
    [
      ['a and b', 'ab', true],
      ['a and b', 'a', false],
      ['a or b', 'b', true],
      ['a or b', 'c', false],
      ['a AND b', 'ab', true],
      ['a and b and c', 'ab', false],
      ['a', 'a', true],
    ],
  ],
  [
    'not: negates what follows, also twice',
    [
      ['not a', '', true],
      ['not a', 'a', false],
      ['not not a', 'a', true],
      ['not not not a', 'a', false],
      ['a and not b', 'a', true],
      ['a and not b', 'ab', false],
      ['not (a or b)', 'b', false],
      ['not (a or b)', 'c', true],
    ],
  ],
  [
    'precedence: or binds least, then and, then not, then quantifiers, then brackets',
    [
      ['a or b and c', 'a', true],
      ['a or b and c', 'b', false],
      ['a and b or c', 'c', true],
      ['a and b or c', 'ac', true],
      ['(a or b) and c', 'a', false],
      ['(a or b) and c', 'bc', true],
      ['not a and b', 'b', true],
      ['not a and b', '', false],
      ['not a or b', 'ab', true],
      ['not (a and b)', 'a', true],
      ['not 1 of sel_* and a', 'a', true],
      ['not 1 of sel_* and a', 'ax', false],
      ['not all of sel_* and a', 'ax', true],
      ['a or not b and c', 'bc', false],
      ['((a))', 'a', true],
    ],
  ],
  [
    'of them: all selections whose names begin with no underscore',
    [
      ['1 of them', 'y', true],
      ['1 of them', 'p', false],
      ['1 of them', '', false],
      ['any of them', 'b', true],
      ['all of them', 'abcxyz', true],
      ['all of them', 'abcxy', false],
      ['1 OF THEM', 'a', true],
      ['not 1 of them', 'p', true],
    ],
  ],
  [
    'of a pattern: * at any place of it; private names only for a pattern that begins so',
    [
      ['1 of sel_*', 'y', true],
      ['1 of sel_*', 'z', false],
      ['all of sel_*', 'x', false],
      ['all of sel_*', 'xy', true],
      ['1 of *sel_*', 'z', true],
      ['all of *_x', 'xz', true],
      ['all of *_x', 'x', false],
      ['1 of s*l_*', 'x', true],
      ['1 of *', 'p', false],
      ['all of *', 'abcxyz', true],
      ['1 of _*', 'p', true],
      ['1 of _p', 'p', true],
      ['_p', 'p', true],
      ['1 of *p', '', 'no selection fits'],
      ['any of sel_x', 'x', true],
      ['1 of sel_* and a', 'a', false],
      ['1 of sel_* and not 1 of my_*', 'xz', false],
      ['1 of sel_* and not 1 of my_*', 'x', true],
    ],
  ],
  [
    'a list of conditions: any of them',
    [
      ['[a, b and c]', 'a', true],
      ['[a, b and c]', 'bc', true],
      ['[a, b and c]', 'b', false],
      ['[1 of sel_*]', 'y', true],
      ['[a, nothing]', 'a', 'names "nothing"'],
      ['[]', '', 'the list of conditions is empty'],
    ],
  ],
  [
    'what is no condition is refused',
    [
      ['a and', '', 'ends where'],
      ['a b', '', 'is missing before'],
      ['(a', '', 'has no ")"'],
      ['a)', '', 'has no "("'],
      ['x', '', 'not in the detection'],
      ['A', 'a', 'not in the detection'],
      ['sel_*', '', 'write "1 of'],
      ['2 of sel_*', '', 'only "1 of"'],
      ['all of', '', 'needs "them"'],
      ['a | count() > 5', '', 'write a correlation rule'],
      ['a | near b', '', 'write a correlation rule'],
      ['null', '', 'must be text'],
    ],
  ],
];

describe.each(sections)('condition, %s', (_sentence, rows) => {
  test.each(rows)('%s on %j: %s', (condition, names, expected) => {
    const verdict = judgeDetection(detection(condition), holding(names));
    expect(keeps(verdict, expected), String(verdict)).toBe(true);
  });
});

test.each<Row>([
  // The name of a selection may be a word of conditions where it cannot be mistaken for one.
  ['all: { A: 1 }\nthem: { B: 1 }\ncondition: all and them', { A: 1, B: 1 }, true],
  ['them: { A: 1 }\nx: { B: 1 }\ncondition: 1 of them', { B: 1 }, true],
  ['1: { A: 1 }\ncondition: 1', { A: 1 }, true],
  ['constructor: { A: 1 }\n__proto__: { B: 1 }\ncondition: constructor and __proto__', { A: 1, B: 1 }, true],
  ['a-b.c: { A: 1 }\ncondition: 1 of a-*', { A: 1 }, true],
  // Only selections that the condition names count.
  ['a: { A: 1 }\nb: { B: 1 }\ncondition: a', { A: 1 }, true],
  ['a: { A: 1 }\ncondition: >\n  a\n  or not\n  a', {}, true],
  ['a: { A: 1 }\ntimeframe: 5m\ncondition: a', { A: 1 }, true],
  ['condition: a', {}, 'no selection'],
  ['a: { A: 1 }', {}, 'needs the key "condition"'],
  ['a: {}\ncondition: a', {}, 'is empty'],
  ['a: []\ncondition: a', {}, 'is empty'],
  ['a: { A: [] }\ncondition: a', {}, 'has an empty list'],
])('condition, names of selections: %s on %j: %s', (yaml, event, expected) => {
  const verdict = judgeDetection(yaml, event);
  expect(keeps(verdict, expected), String(verdict)).toBe(true);
});

test('condition, not: a selection on a missing field is false, and its negation true', () => {
  const filter = 's: { A: x }\nfilter_main_one:\n  B|startswith: y\ncondition: s and not 1 of filter_main_*';
  expect(judgeDetection(filter, { A: 'x' })).toBe(true);
  expect(judgeDetection(filter, { A: 'x', B: 'yes' })).toBe(false);
  expect(judgeDetection(filter, { B: 'no' })).toBe(false);
});
