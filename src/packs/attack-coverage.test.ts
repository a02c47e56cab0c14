import { expect, test } from 'vitest';
import { parseRules } from '../detect/parse.ts';
import { resolveRules } from '../detect/resolve.ts';
import { coverageOf } from './attack-coverage.ts';
import { correlationText, ruleText } from './pack.fixture.ts';

const texts = [
  ruleText({
    id: 'a',
    tags: '[attack.t1059.001, attack.execution, attack.g0001, cve.2026-1]',
    logsource: '{ product: w }',
  }),
  ruleText({
    id: 'b',
    tags: '[attack.T1059.001, attack.defense_evasion, attack.defense-evasion]',
    logsource: '{ product: l }',
  }),
  ruleText({ id: 'c', logsource: '{ product: w }' }),
  ruleText({ id: 'd', tags: '[attack.t1110]', logsource: '{ product: aws }' }),
  correlationText('e', 'a, b').replace('correlation:', 'tags: [attack.t1059.001]\ncorrelation:'),
];
const set = resolveRules(texts.map((text, index) => parseRules(text, `${index}.yml`)));

test('techniques and tactics by log source; a correlation counts where its rules look', () => {
  expect(coverageOf(set, ({ product }) => product !== 'aws')).toEqual({
    techniques: [
      {
        name: 'T1059.001',
        rules: 3,
        sources: [
          { source: 'l', rules: 2 },
          { source: 'w', rules: 2 },
        ],
      },
    ],
    tactics: [
      { name: 'defense-evasion', rules: 1, sources: [{ source: 'l', rules: 1 }] },
      { name: 'execution', rules: 1, sources: [{ source: 'w', rules: 1 }] },
    ],
    ...{ rules: 4, untagged: 1, unrouted: 1 },
  });
});

test('counts only what is wanted', () => {
  const { rules, techniques } = coverageOf(
    set,
    () => true,
    ({ kind }) => kind === 'correlation',
  );
  expect(rules).toBe(1);
  expect(techniques.map(({ rules: number }) => number)).toEqual([1]);
});
