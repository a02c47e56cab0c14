/** Rules and matches for tests, with everything filled in that a test does not care about. */
import type { Condition, CorrelationRule, SigmaRule } from '../detect/rule.ts';
import type { Match } from '../model/alert.ts';
import type { Finding } from './finding.ts';

const head = {
  name: undefined,
  description: '',
  status: 'stable',
  level: 'medium',
  tags: [],
  references: [],
  falsepositives: [],
  author: '',
  where: { file: 'test.yml', line: 1, column: 1 },
  own: { titleJa: undefined, descriptionJa: undefined, by: undefined, periodMs: 86_400_000 },
} as const;

export function baseRule(id: string, more: Partial<SigmaRule> = {}): SigmaRule {
  return {
    ...head,
    kind: 'rule',
    id,
    title: `Rule ${id}`,
    logsource: { product: 'test', category: undefined, service: undefined },
    selections: {},
    condition: { kind: 'selection', name: 'selection' },
    ...more,
  };
}

export function correlationRule(
  id: string,
  more: Partial<CorrelationRule> & Pick<CorrelationRule, 'type'>,
): CorrelationRule {
  return {
    ...head,
    kind: 'correlation',
    id,
    title: `Correlation ${id}`,
    rules: ['a'],
    groupBy: ['source.ip'],
    timespanMs: 60_000,
    condition: undefined,
    expression: undefined,
    aliases: {},
    generate: false,
    members: 'within',
    minMembers: 3,
    ...more,
  };
}

/** `gte: 3`, or with counted fields. */
export const atLeast = (value: number, ...fields: string[]): CorrelationRule['condition'] => ({
  compare: [{ op: 'gte', value }],
  fields,
  percentile: undefined,
});

export const compare = (op: 'gt' | 'gte' | 'lt' | 'eq', value: number, ...fields: string[]) => ({
  compare: [{ op, value }],
  fields,
  percentile: undefined,
});

// Parts of an expression.
export const seen = (name: string): Condition => ({ kind: 'selection', name });
export const not = (of: Condition): Condition => ({ kind: 'not', of });
export const and = (...of: Condition[]): Condition => ({ kind: 'and', of });
export const or = (...of: Condition[]): Condition => ({ kind: 'or', of });

/** Seconds after noon of each finding's events. */
export const times = (findings: readonly Finding[]) =>
  findings.map(({ events }) => events.map(({ atMs }) => (atMs - startMs) / 1000));

/** Field names are ECS names already. */
export const sameField = (_ruleId: string, field: string): readonly string[] => [field];

export const startMs = Date.UTC(2026, 10, 23, 12, 0, 0);

/** A match of rule `ruleId` so many seconds after noon; its event id follows from rule, member and time unless given. */
export function match(ruleId: string, seconds: number, more: Partial<Match> = {}): Match {
  const memberId = more.memberId ?? 'kita-hospital';
  return {
    ruleId,
    memberId,
    eventId: `${ruleId}@${memberId}+${seconds}`,
    sourceId: `${memberId}.vpn`,
    atMs: startMs + seconds * 1000,
    fields: { 'source.ip': '203.0.113.7' },
    ...more,
  };
}
