import { expect, it } from 'vitest';
import type { RuleView } from '../types.ts';
import { countEach, filterRules } from './filter.ts';

function rule(id: string, more: Partial<RuleView> = {}): RuleView {
  return {
    id,
    title: `Rule ${id}`,
    titleJa: id === 'd' ? '検知' : null,
    level: 'medium',
    status: 'test',
    tags: [],
    kind: 'rule',
    description: '',
    descriptionJa: null,
    references: [],
    falsepositives: [],
    author: '',
    logsource: { product: 'windows', service: 'security' },
    file: `rules/${id}.yml`,
    ...more,
  };
}

const rules = [
  rule('b'),
  rule('a'),
  rule('c', { level: 'critical', tags: ['attack.t1110.003'], logsource: null }),
  rule('d', { level: 'low', logsource: { product: 'linux' } }),
];

it.each([
  ['', [], ['c', 'a', 'b', 'd']],
  ['windows security', [], ['a', 'b']],
  ['T1110', [], ['c']],
  ['rules/d.yml', [], ['d']],
  ['ｌｉｎｕｘ', [], ['d']],
  ['検知', [], ['d']],
  ['', ['low', 'critical'], ['c', 'd']],
  ['nothing such', [], []],
] as const)('%j, levels %o', (text, levels, ids) => {
  expect(filterRules(rules, text, levels).map((found) => found.id)).toEqual(ids);
});

it('counts what a sequence names many times once', () => {
  expect(countEach(['x', 'x', 'y', 'x'])).toEqual([
    ['x', 3],
    ['y', 1],
  ]);
});
