import { expect, test } from 'vitest';
import { parseCondition } from './condition.ts';
import type { Condition } from './rule.ts';

const names = ['a', 'b', 'c', 'sel_1', 'sel_2', '_x', '_sel'];

/** The tree with all brackets written out. */
function show(condition: Condition): string {
  if (condition.kind === 'selection') return condition.name;
  if (condition.kind === 'not') return `!${show(condition.of)}`;
  return `(${condition.of.map(show).join(condition.kind === 'and' ? ' & ' : ' | ')})`;
}

test.each([
  ['a', 'a'],
  ['a or b and not c', '(a | (b & !c))'],
  ['not a and b or c', '((!a & b) | c)'],
  ['a and (b or c)', '(a & (b | c))'],
  ['NOT (a OR b) AND c', '(!(a | b) & c)'],
  ['not not a', 'a'],
  ['1 of sel_*', '(sel_1 | sel_2)'],
  ['any of sel*', '(sel_1 | sel_2)'],
  ['ALL OF sel_*', '(sel_1 & sel_2)'],
  ['not 1 of sel_* and a', '(!(sel_1 | sel_2) & a)'],
  ['1 of *_1', 'sel_1'],
  ['1 of s*l*1', 'sel_1'],
  ['1 of them', '(a | b | c | sel_1 | sel_2)'],
  ['1 of _*', '(_x | _sel)'],
  ['all of *sel*', '(sel_1 & sel_2)'],
  ['_x and a', '(_x & a)'],
])('%s', (text, expected) => {
  const parsed = parseCondition(text, names);
  expect('condition' in parsed ? show(parsed.condition) : parsed.problem).toBe(expected);
});

test.each([
  ['a and', 'ends where'],
  ['(a', 'has no ")"'],
  ['a)', 'has no "("'],
  ['a b', '"and" or "or" is missing before "b"'],
  ['2 of sel_*', 'only "1 of"'],
  ['1 of zzz*', 'no selection fits'],
  ['sel_*', 'write "1 of sel_*"'],
  ['and a', 'where the name of a selection should stand'],
  ['1 of', 'needs "them"'],
  ['', 'ends where'],
])('%s is refused', (text, expected) => {
  const parsed = parseCondition(text, names);
  expect('problem' in parsed ? parsed.problem : 'taken').toContain(expected);
});
