import { describe, expect, test } from 'vitest';
import { parseRules } from './parse.ts';
import { resolveRules } from './resolve.ts';
import { type Condition, formatProblem } from './rule.ts';

const rule = (name: string) => `title: T ${name}
id: id-${name}
name: ${name}
level: low
logsource: { product: windows }
detection: { s: { A: b }, condition: s }
`;
const base = ['a', 'b', 'c'].map(rule).join('---\n');
const correlation = (body: string, id = 'x') => `title: C ${id}\nid: ${id}\nlevel: high\ncorrelation:\n${body}\n`;

/** The last of the documents as it came out, resolved, and all that was said. */
function read(...texts: string[]) {
  const set = resolveRules([
    parseRules(base, 'base.yml'),
    ...texts.map((text, index) => parseRules(text, `${index}.yml`)),
  ]);
  return { set, correlation: set.correlations.at(-1), said: set.problems.map(formatProblem) };
}
const inWindow = '\n  timespan: 1h\n  group-by: [h]';
const counting = (condition: string, type = 'event_count') =>
  correlation(`  type: ${type}\n  rules: [a]${inWindow}\n  condition: ${condition}`);
const words = (condition: string, type = 'temporal', rules = '') =>
  correlation(`  type: ${type}${rules}${inWindow}\n  condition: ${condition}`);

function show(condition: Condition | undefined): string {
  if (condition === undefined) return 'none';
  if (condition.kind === 'selection') return condition.name;
  if (condition.kind === 'not') return `!${show(condition.of)}`;
  return `(${condition.of.map(show).join(condition.kind === 'and' ? ' & ' : ' | ')})`;
}

test('everything that a correlation says comes out, names as ids', () => {
  const { set, said } = read(
    correlation(
      '  type: value_count\n  rules: [a]\n  group-by: [ip]\n  timespan: 10m\n  condition: { gte: 3, lt: 9, field: user }\n  aliases: { ip: { a: source.ip } }\n  members: across\n  min-members: 2\n  generate: true',
    ),
  );
  expect(said).toEqual([]);
  expect(set.correlations).toMatchObject([
    {
      type: 'value_count',
      rules: ['id-a'],
      groupBy: ['ip'],
      timespanMs: 600_000,
      condition: {
        compare: [
          { op: 'gte', value: 3 },
          { op: 'lt', value: 9 },
        ],
        fields: ['user'],
        percentile: undefined,
      },
      expression: undefined,
      aliases: { ip: { 'id-a': 'source.ip' } },
      members: 'across',
      minMembers: 2,
      generate: true,
    },
  ]);
});

test.each([
  ['event_count', '{ gte: 0 }'],
  ['event_count', '{ gt: 100, lte: 200 }'],
  ['event_count', '{ neq: 5 }'],
  ['value_count', '{ field: [user, host], gte: 100 }'],
  ['value_sum', '{ field: [bytes], gt: -1.5 }'],
  ['value_avg', '{ field: bytes, gt: 500.25 }'],
  ['value_median', '{ field: bytes, lt: -3 }'],
  ['value_percentile', '{ field: bytes, percentile: 99.9, gte: 0.5, lt: 2 }'],
  ['temporal', '{ gte: 1 }'],
])('%s takes %s', (type, condition) => {
  expect(read(counting(condition, type)).said).toEqual([]);
});

describe('is refused', () => {
  test.each<[string, string, string]>([
    [
      'an unknown type',
      '  type: event_cout\n  rules: [a]\n  timespan: 1m\n  condition: { gte: 1 }',
      '0.yml:5:9: unknown correlation type "event_cout" (did you mean "event_count"?)',
    ],
    ['a wrong timespan', '  type: temporal\n  rules: [a]\n  timespan: 1y', '0.yml:7:13: timespan cannot be "1y"'],
    [
      'the old timeframe',
      '  type: temporal\n  rules: [a]\n  timeframe: 1m',
      '0.yml:7:3: "timeframe" is called "timespan"',
    ],
    ['no condition', '  type: event_count\n  rules: [a]\n  timespan: 1m', '0.yml:5:3: event_count needs a condition'],
    [
      'a condition in words for a count',
      '  type: event_count\n  rules: [a]\n  timespan: 1m\n  condition: a',
      '0.yml:8:3: the condition of event_count is a map such as "gte: 10", not text',
    ],
    [
      'members that are alone',
      '  type: temporal\n  rules: [a]\n  timespan: 1m\n  min-members: 4',
      '0.yml:8:3: min-members only makes sense with "members: across"',
    ],
    ['no rules', '  type: temporal\n  timespan: 1m', '0.yml:5:3: the correlation needs the key "rules"'],
    [
      'a rule that is not there',
      '  type: temporal\n  rules: [aa]\n  timespan: 1m',
      '0.yml:1:1: the correlation refers to "aa", but no rule without error has that id or name (did you mean "a"?)',
    ],
    [
      'a rule twice',
      '  type: temporal\n  rules: [a, b, a]\n  timespan: 1m',
      '0.yml:6:17: the correlation refers to the same rule twice',
    ],
    [
      'a rule twice, once by its name',
      '  type: temporal\n  rules: [a, id-a]\n  timespan: 1m',
      'to the same rule twice, by its id and by its name',
    ],
  ])('%s', (_name, body, expected) => {
    const { set, said } = read(correlation(body));
    expect(set.correlations).toEqual([]);
    expect(said.join('\n')).toContain(expected);
  });

  test('"generate" outside of "correlation"', () => {
    expect(read(`${counting('{ gte: 2 }')}generate: true\n`).said.join()).toContain(
      '10:1: "generate" stands under "correlation"',
    );
  });

  test.each<[string, string, string]>([
    ['event_count', '{ gte: 1.5 }', 'gte needs a whole number from 0, as event_count counts, not 1.5'],
    ['event_count', '{ gte: -1 }', 'gte needs a whole number from 0'],
    ['event_count', '{ gte: ten }', 'not text'],
    ['event_count', '{ gte: 5, field: x }', 'take "field" out of its condition'],
    ['event_count', '{ percentile: 5, gte: 1 }', 'event_count takes no "percentile"'],
    ['event_count', '{ gt: 5, lt: 3 }', '9:14: the condition can never hold: no number is both above 5 and below 3'],
    ['event_count', '{ gt: 5, lt: 6 }', 'no whole number is between'],
    ['event_count', '{ gte: 5, lte: 5, neq: 5 }', 'it leaves only 5, and excludes it'],
    ['event_count', '{ eq: 5, neq: 5 }', 'can never hold'],
    ['event_count', '{ lt: 1 }', 'the count is at least 1'],
    ['event_count', '{ eq: 0 }', 'the count is at least 1'],
    ['event_count', '{}', 'has no comparison'],
    ['value_count', '{ gte: 1 }', 'needs "field"'],
    ['value_sum', '{ gte: 1 }', 'value_sum needs exactly one "field"'],
    ['value_avg', '{ gte: 1, field: [a, b] }', 'value_avg needs exactly one "field"'],
    ['value_avg', '{ gt: 1.5, lt: 1.5, field: a }', 'no number is both'],
    ['value_median', '{ gte: x, field: a }', 'gte needs a number, not text'],
    ['value_percentile', '{ field: image, lte: 1 }', 'needs "percentile" in its condition, such as "percentile: 95"'],
    ['value_percentile', '{ field: x, lte: 1, percentile: 0 }', 'above 0 and up to 100'],
    ['value_percentile', '{ field: x, lte: 1, percentile: 101 }', 'above 0 and up to 100'],
    ['temporal', '{ gte: 2 }', 'it asks for 2 rules, and the correlation refers to 1'],
    ['temporal', '{ gte: 1, field: x }', 'counts rules, not values'],
  ])('%s with %s', (type, condition, expected) => {
    const { set, said } = read(counting(condition, type));
    expect(set.correlations).toEqual([]);
    expect(said.join('\n')).toContain(expected);
  });
});

describe('a condition in words', () => {
  test.each<[string, string, string, string, string]>([
    ['temporal', '', 'a and b and not c', '(id-a & id-b & !id-c)', 'id-a,id-b,id-c'],
    ['temporal', '\n  rules: [c, a, b]', 'a AND (b OR c)', '(id-a & (id-b | id-c))', 'id-a,id-b,id-c'],
    ['temporal', '', 'id-b or a', '(id-b | id-a)', 'id-b,id-a'],
    ['temporal_ordered', '', 'b and a and not c', '(id-b & id-a & !id-c)', 'id-b,id-a,id-c'],
    ['temporal_ordered', '', 'a and not (b or c)', '(id-a & !id-b & !id-c)', 'id-a,id-b,id-c'],
    ['temporal_ordered', '', '(a and (b and c))', '(id-a & id-b & id-c)', 'id-a,id-b,id-c'],
  ])('%s%s: %s', (type, rules, condition, expected, order) => {
    const { correlation, said } = read(words(condition, type, rules));
    expect(said).toEqual([]);
    expect(correlation?.condition).toBeUndefined();
    expect(show(correlation?.expression)).toBe(expected);
    expect(correlation?.rules.join()).toBe(order);
  });

  test.each<[string, string, string, string]>([
    ['temporal', '', 'not a', '0.yml:8:14: the condition holds where none of the rules matches'],
    ['temporal', '', 'a or not b', 'holds where none of the rules matches'],
    ['temporal', '', 'a and b and not a', 'can never hold'],
    ['temporal', '', 'a and', '0.yml:8:16: the condition ends where the name of a rule should stand'],
    ['temporal', '', 'a and 1 of b*', '0.yml:8:20: "1 of" has no meaning over rules'],
    ['temporal', '', 'a and zz', 'refers to "zz", but no rule without error'],
    [
      'temporal',
      '\n  rules: [a, b]',
      'a and bb',
      '0.yml:9:20: the condition names "bb", which is not among the rules (did you mean "b"?)',
    ],
    ['temporal', '\n  rules: [a, b]', 'a', 'does not mention "b", which is among the rules'],
    ['temporal', '\n  rules: [a, a]', 'a', 'only once'],
    ['temporal_ordered', '', 'a or b', '"or" leaves several'],
    ['temporal_ordered', '', 'a and not (b and c)', '"or" leaves several'],
    ['temporal_ordered', '', 'a and not a', 'can never hold'],
  ])('%s%s: %s is refused', (type, rules, condition, expected) => {
    const { set, said } = read(words(condition, type, rules));
    expect(set.correlations).toEqual([]);
    expect(said.join('\n')).toContain(expected);
    expect(said).toHaveLength(1);
  });
});

describe('aliases', () => {
  const aliased = (aliases: string) =>
    correlation(`  type: temporal\n  rules: [a, id-b]\n  timespan: 1m\n  group-by: [ip]\n  aliases: ${aliases}`);
  test('may name a rule by id or by name, whichever way "rules" does', () => {
    const { correlation, said } = read(aliased('{ ip: { id-a: src, b: dst } }'));
    expect(said).toEqual([]);
    expect(correlation?.aliases).toEqual({ ip: { 'id-a': 'src', 'id-b': 'dst' } });
  });
  test.each<[string, string, boolean]>([
    [
      '{ ip: { a: src } }',
      '0.yml:1:1: the alias "ip" says no field for "id-b": there the field "ip" itself is taken',
      true,
    ],
    [
      '{ ip: { a: src, b: dst }, ib: { a: x } }',
      '0.yml:9:38: the alias "ib" has no effect: neither "group-by" nor "field" names it (did you mean "ip"?)',
      true,
    ],
    ['{ ip: { a: src, c: dst } }', '0.yml:1:1: the alias "ip" names "c", which is not among the rules', false],
    ['{ ip: src }', '0.yml:9:14: the alias "ip" must be a map of rules and their fields', false],
  ])('%s', (aliases, expected, stays) => {
    const { correlation, said } = read(aliased(aliases));
    expect(said).toEqual([expect.stringContaining(expected)]);
    expect(correlation !== undefined).toBe(stays);
  });
});
