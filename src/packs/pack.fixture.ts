/** Texts of rules for tests of packs. */

export interface RuleWords {
  readonly id: string;
  readonly title?: string;
  readonly name?: string;
  readonly level?: string;
  readonly status?: string;
  readonly logsource?: string;
  readonly detection?: string;
  readonly tags?: string;
}

export function ruleText({
  id,
  title = `Rule ${id}`,
  name,
  level = 'high',
  status = 'test',
  logsource = '{ product: fortigate, service: event }',
  detection = '{ s: { action: login }, condition: s }',
  tags = '[]',
}: RuleWords): string {
  return `title: ${title}
id: ${id}
${name === undefined ? '' : `name: ${name}\n`}status: ${status}
level: ${level}
tags: ${tags}
logsource: ${logsource}
detection: ${detection}
`;
}

export const correlationText = (id: string, rules: string, level = 'high'): string => `title: Many of ${id}
id: ${id}
status: test
level: ${level}
correlation:
  type: event_count
  rules: [${rules}]
  group-by: [user]
  timespan: 10m
  condition: { gte: 5 }
`;
