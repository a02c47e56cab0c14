import { expect, it } from 'vitest';
import { parseRules } from '../detect/parse.ts';
import { resolveRules } from '../detect/resolve.ts';
import { atLeast, baseRule, correlationRule, sameField } from './rules.fixture.ts';
import { usableCorrelations } from './usable.ts';

const base = `
title: Base
id: 11111111-1111-4111-8111-111111111111
name: base
level: low
logsource: { product: linux }
detection: { selection: { message: x }, condition: selection }
`;
const correlation = (id: string, condition: string): string => `
title: Correlation ${id}
id: ${id}1111111-1111-4111-8111-111111111112
level: high
correlation: { type: event_count, rules: [base], group-by: [source.ip], timespan: 10m, condition: { ${condition} } }
`;

it('leaves out what cannot be run, says why and where, and keeps the others', () => {
  const text = [base, correlation('2', 'gte: 5'), correlation('3', 'gte: 500000')].join('---');
  const set = resolveRules([parseRules(text, 'x.yml')]);
  expect(set.correlations).toHaveLength(2);
  const { correlations, problems } = usableCorrelations({ ...set, ecsField: (_rule, field) => [field] });
  expect(correlations.map(({ title }) => title)).toEqual(['Correlation 2']);
  expect(problems).toHaveLength(1);
  expect(problems[0]?.message).toMatch(/100.?000/);
  expect(problems[0]?.where.line).toBeGreaterThan(10);
});

it('leaves out what stands on one that cannot be run, and circles', () => {
  const on = (id: string, ...rules: string[]) => correlationRule(id, { type: 'temporal', rules });
  const broken = correlationRule('broken', { type: 'event_count', condition: atLeast(1e9) });
  const chain = [on('z', 'y', 'a'), on('y', 'x'), on('x', 'a'), on('w', 'broken'), broken, on('v', 'u'), on('u', 'v')];
  const { correlations, problems } = usableCorrelations({
    rules: [baseRule('a')],
    correlations: chain.map((rule, index) => ({ ...rule, where: { ...rule.where, line: index + 1 } })),
    ecsField: sameField,
  });
  expect(correlations.map(({ id }) => id)).toEqual(['z', 'y', 'x']);
  expect(problems.map(({ where, message }) => `${where.line} ${message.slice(0, 30)}`)).toEqual([
    '4 it stands on a correlation tha',
    '5 a threshold of 1000000000 is t',
    '6 the correlation refers to itse',
    '7 the correlation refers to itse',
  ]);
});
