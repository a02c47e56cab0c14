/** A rule, a correlation and a problem, as an API that is tested tells them. */
import type { RulesInForce } from './parts.ts';

const head = {
  name: undefined,
  description: 'One address fails at the door again and again.',
  status: 'test',
  level: 'high',
  tags: ['attack.t1110'],
  references: [],
  falsepositives: [],
  author: 'Hinomi',
  own: { titleJa: 'ログイン失敗', descriptionJa: '同じ送信元が何度も失敗。', by: undefined, periodMs: 86_400_000 },
} as const;

export const testRules: RulesInForce = {
  rules: [
    {
      ...head,
      kind: 'rule',
      id: 'rule-one',
      title: 'Failed sign-in',
      where: { file: 'rules/vpn/one.yml', line: 1, column: 1 },
      logsource: { product: 'test-product', category: undefined, service: undefined },
      selections: {},
      condition: { kind: 'selection', name: 'selection' },
    },
  ],
  correlations: [
    {
      ...head,
      kind: 'correlation',
      id: 'vpn/two.yml',
      title: 'Many failed sign-ins',
      own: { ...head.own, titleJa: undefined, descriptionJa: undefined },
      where: { file: 'rules/vpn/two.yml', line: 1, column: 1 },
      type: 'event_count',
      rules: ['rule-one'],
      groupBy: ['source.ip'],
      timespanMs: 60_000,
      condition: undefined,
      expression: undefined,
      aliases: {},
      generate: false,
      members: 'within',
      minMembers: 3,
    },
  ],
  problems: [
    {
      where: { file: 'rules/vpn/x.yml', line: 14, column: 1 },
      severity: 'error',
      message: 'unknown modifier "contain"',
    },
  ],
  version: '0123456789ab',
  loadedAt: '2026-11-20T00:00:00.000Z',
  keptOld: [],
};
