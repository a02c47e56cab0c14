import { describe, expect, test } from 'vitest';
import { parseRules } from './parse.ts';
import { resolveRules } from './resolve.ts';
import { formatProblem } from './rule.ts';

const rule = (detection: string, head = '') => `title: T
id: r1
level: low
${head}logsource: { product: windows }
detection:
${detection}`;

const problemsOf = (text: string) => parseRules(text, 'rules/x.yml').problems.map(formatProblem);

describe('a rule file', () => {
  test('gives the rule with everything it says', () => {
    const { rules, problems } = parseRules(
      `title: Guessing
id: 0b4f
name: guess
status: test
level: high
tags: [attack.t1110]
author: A
logsource: { Product: x, product: Windows, service: security }
detection:
  sel:
    EventID: 4625
    Size|gt: 90071992547409930
  words: [a, b]
  condition: sel and not words
hinomi: { title-ja: 推測, description-ja: 1 回だけなら入力ミス, by: [source.ip], period: 2h }
`,
      'a.yml',
    );
    expect(problems.map(formatProblem)).toEqual([
      'a.yml:8: product is written in lower case in Sigma; "Windows" is read as such',
    ]);
    expect(rules[0]).toMatchObject({
      kind: 'rule',
      id: '0b4f',
      name: 'guess',
      level: 'high',
      tags: ['attack.t1110'],
      where: { file: 'a.yml', line: 1 },
      logsource: { product: 'windows', service: 'security', category: undefined },
      own: {
        titleJa: '推測',
        descriptionJa: '1 回だけなら入力ミス',
        by: ['source.ip'],
        periodMs: 7_200_000,
      },
      condition: { kind: 'and', of: [{ kind: 'selection', name: 'sel' }, { kind: 'not' }] },
    });
    expect(rules[0]?.selections.sel).toMatchObject({
      kind: 'all',
      of: [
        { item: { field: 'EventID', values: [4625], where: { line: 11 } } },
        { item: { values: [90071992547409930n] } },
      ],
    });
    expect(rules[0]?.selections.words).toMatchObject({ kind: 'item', item: { field: undefined, values: ['a', 'b'] } });
  });

  test('several documents stand for themselves: one with an error leaves the others', () => {
    const good = rule('  s: { A: b }\n  condition: s');
    const { rules, problems } = parseRules(
      `${good}\n---\ntitle: x\n---\n${good.replace('r1', 'r2')}\n---\ntests: []\n`,
      'f.yml',
    );
    expect(rules.map(({ id }) => id)).toEqual(['r1', 'r2']);
    expect(problems.every(({ where }) => where.line > 7 && where.line < 12)).toBe(true);
  });

  test.each<[string, string, string]>([
    [
      'unknown modifier',
      rule('  s: { A|contain: b }\n  condition: s'),
      '6: unknown modifier "contain" (did you mean "contains"?)',
    ],
    [
      'unknown selection',
      rule('  selection: { A: b }\n  condition: selektion'),
      '7: the condition names "selektion", which is not in the detection (did you mean "selection"?)',
    ],
    [
      'no detection',
      'title: T\nid: a\nlogsource: { product: x }\ndetections: {}',
      '4: the rule needs the key "detection", but "detections" stands here',
    ],
    [
      'no title',
      'id: a\nlogsource: { product: x }\ndetection: { s: { A: b }, condition: s }',
      '1: the rule needs the key "title"',
    ],
    [
      'wrong level',
      rule('  s: { A: b }\n  condition: s', 'status: stabel\n'),
      '4: status cannot be "stabel" (did you mean "stable"?)',
    ],
    ['old aggregation', rule('  s: { A: b }\n  condition: s | count() by User > 5'), 'write a correlation rule'],
    ['global action', 'action: global\ntitle: x', '1: "action: global"'],
    [
      're with contains',
      rule('  s: { A|re|contains: b }\n  condition: s'),
      '6: the modifiers "re" and "contains" do not go together',
    ],
    [
      'two comparisons',
      rule('  s: { A|gt|lt: 1 }\n  condition: s'),
      '6: the modifiers "gt" and "lt" do not go together',
    ],
    ['contains twice', rule('  s: { A|contains|startswith: b }\n  condition: s'), 'do not go together'],
    ['flag without re', rule('  s: { A|i: b }\n  condition: s'), 'put "re" before it'],
    [
      'base64 after contains',
      rule('  s: { A|contains|base64offset: b }\n  condition: s'),
      'must stand before "contains"',
    ],
    ['comparison of text', rule("  s: { A|gt: '5' }\n  condition: s"), 'needs a number'],
    ['exists of text', rule('  s: { A|exists: yes }\n  condition: s'), 'needs true or false'],
    ['null with contains', rule('  s: { A|contains: null }\n  condition: s'), 'cannot be used with null'],
    ['keyword with a field modifier', rule("  s: { '|startswith': b }\n  condition: s"), 'needs a field'],
    ['map as value', rule('  s: { A: { B: c } }\n  condition: s'), 'has a map as its value'],
    ['empty list', rule('  s: { A: [] }\n  condition: s'), 'has an empty list'],
    ['key twice', rule('  s: { A: b, A: c }\n  condition: s'), '6: the key "A" stands here twice'],
    [
      'wrong type of id',
      'title: T\nid: [a]\nlogsource: { product: x }\ndetection: { s: { A: b }, condition: s }',
      '2: id must be text, not a list',
    ],
    [
      'no log source',
      'title: T\nid: a\nlogsource: { definition: x }\ndetection: { s: { A: b }, condition: s }',
      '3: logsource needs at least one of',
    ],
    ['not YAML', 'title: "x\n', 'not valid YAML'],
    ['a list', '- a', 'a rule is a map'],
    [
      'unknown own key',
      rule('  s: { A: b }\n  condition: s', 'hinomi: { peroid: 1h }\n'),
      '4: hinomi has no key "peroid" (did you mean "period"?)',
    ],
    [
      'Japanese title under a wrong name',
      rule('  s: { A: b }\n  condition: s', 'hinomi: { title_ja: 推測 }\n'),
      '4: hinomi has no key "title_ja" (did you mean "title-ja"?)',
    ],
    [
      'empty Japanese title',
      rule('  s: { A: b }\n  condition: s', 'hinomi: { title-ja: "" }\n'),
      '4: the title-ja is empty',
    ],
    [
      'endless Japanese title',
      rule('  s: { A: b }\n  condition: s', `hinomi: { title-ja: ${'長'.repeat(257)} }\n`),
      '4: title-ja is longer than 256 characters',
    ],
    [
      'own keys that are no map',
      rule('  s: { A: b }\n  condition: s', 'hinomi: title-ja\n'),
      '4: hinomi must be a map of by, period, title-ja, description-ja, not text',
    ],
    ['wrong period', rule('  s: { A: b }\n  condition: s', 'hinomi: { period: 2y }\n'), '4: period cannot be "2y"'],
  ])('%s is refused with its place', (_name, text, expected) => {
    expect(parseRules(text, 'rules/x.yml').rules).toEqual([]);
    expect(problemsOf(text).join('\n')).toContain(expected);
    expect(problemsOf(text).every((line) => /^rules\/x\.yml:\d+: /.test(line))).toBe(true);
  });

  test('a filter document is a warning', () => {
    const { problems } = parseRules(
      'title: F\nlogsource: { product: x }\nfilter: { rules: [a], s: { A: b }, condition: not s }',
      'f.yml',
    );
    expect(problems).toMatchObject([{ severity: 'warning', message: expect.stringContaining('not supported yet') }]);
  });

  test('a rule without id is known by its file, and says so', () => {
    const { rules, problems } = parseRules(rule('  s: { A: b }\n  condition: s').replace('id: r1\n', ''), 'vpn/a.yml');
    expect(rules[0]?.id).toBe('vpn/a.yml');
    expect(problems).toMatchObject([{ severity: 'warning' }]);
  });

  test('hostile files are refused quickly and never crash', () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x,x]\n${[...'bcdefgh'].map((name, index) => `${name}: &${name} [${`*${'abcdefg'[index]},`.repeat(10)}]`).join('\n')}`;
    expect(problemsOf(bomb).join()).toContain('aliases counted as written out');
    expect(problemsOf('x'.repeat(1_100_000)).join()).toContain('more than');
    expect(problemsOf('['.repeat(20_000)).length).toBeGreaterThan(0);
    expect(problemsOf(`title: ${'['.repeat(30)}${']'.repeat(30)}`).join()).toContain('nested deeper');
    const proto = rule('  __proto__: { constructor: b }\n  condition: __proto__');
    expect(Object.keys(parseRules(proto, 'p.yml').rules[0]?.selections ?? {})).toEqual(['__proto__']);
    expect(problemsOf(rule(`  s: { A: b }\n  condition: ${'('.repeat(2000)}s${')'.repeat(2000)}`)).join()).toContain(
      'nested deeper',
    );
    expect(problemsOf(rule('  s: { A: b }\n  condition: "s \\u001b[2J"')).join()).not.toContain('\u001b');
  });
});

const correlation = (body: string, name = 'c1') => `title: C\nid: ${name}\nlevel: high\ncorrelation:\n${body}`;

describe('a correlation', () => {
  const base = `${rule('  s: { A: b }\n  condition: s', 'name: base\n')}`;
  test('is resolved to ids, aliases included', () => {
    const text = correlation(
      '  type: value_count\n  rules: [base]\n  group-by: [ip]\n  timespan: 10m\n  condition: { gte: 3, lt: 9, field: user }\n  aliases: { ip: { base: source.ip } }\n  members: across\n  min-members: 2\n  generate: true',
    );
    const set = resolveRules([parseRules(base, 'a.yml'), parseRules(text, 'b.yml')]);
    expect(set.problems).toEqual([]);
    expect(set.correlations[0]).toMatchObject({
      type: 'value_count',
      rules: ['r1'],
      groupBy: ['ip'],
      timespanMs: 600_000,
      condition: {
        compare: [
          { op: 'gte', value: 3 },
          { op: 'lt', value: 9 },
        ],
        fields: ['user'],
      },
      aliases: { ip: { r1: 'source.ip' } },
      members: 'across',
      minMembers: 2,
      generate: true,
    });
  });

  test.each<[string, string, string]>([
    [
      'unknown type',
      '  type: event_cout\n  rules: [base]\n  timespan: 1m\n  condition: { gte: 1 }',
      '5: unknown correlation type "event_cout" (did you mean "event_count"?)',
    ],
    [
      'later type',
      '  type: value_sum\n  rules: [base]\n  timespan: 1m\n  condition: { gte: 1, field: x }',
      'not supported yet',
    ],
    ['wrong timespan', '  type: temporal\n  rules: [base]\n  timespan: 1y', '7: timespan cannot be "1y"'],
    ['old timeframe', '  type: temporal\n  rules: [base]\n  timeframe: 1m', '7: "timeframe" is called "timespan"'],
    ['no condition', '  type: event_count\n  rules: [base]\n  timespan: 1m', 'event_count needs a condition'],
    ['no field', '  type: value_count\n  rules: [base]\n  timespan: 1m\n  condition: { gte: 1 }', 'needs "field"'],
    [
      'alone across',
      '  type: temporal\n  rules: [base]\n  timespan: 1m\n  min-members: 4',
      'only makes sense with "members: across"',
    ],
    [
      'dangling rule',
      '  type: temporal\n  rules: [bse]\n  timespan: 1m',
      'refers to "bse", but no rule without error has that id or name (did you mean "base"?)',
    ],
    ['itself', '  type: temporal\n  rules: [c1]\n  timespan: 1m', 'chains of correlations are not supported yet'],
  ])('%s is refused', (_name, body, expected) => {
    const set = resolveRules([parseRules(base, 'a.yml'), parseRules(correlation(body), 'b.yml')]);
    expect(set.correlations).toEqual([]);
    expect(set.problems.map(formatProblem).join('\n')).toContain(expected);
  });

  test('of two rules with one id the first stays; a name that two have leads nowhere', () => {
    const other = base.replace('id: r1', 'id: r2');
    const temporal = correlation('  type: temporal\n  rules: [base]\n  timespan: 1m');
    const set = resolveRules([
      parseRules(base, 'a.yml'),
      parseRules(base, 'b.yml'),
      parseRules(other, 'c.yml'),
      parseRules(temporal, 'd.yml'),
    ]);
    expect(set.rules.map(({ id }) => id)).toEqual(['r1', 'r2']);
    expect(set.correlations).toEqual([]);
    expect(set.problems.map(formatProblem)).toEqual([
      'b.yml:1: the id "r1" belongs to a.yml:1 already; give this rule its own',
      'c.yml:1: the name "base" is taken by another rule; correlations cannot refer to it',
      'd.yml:1: the correlation refers to the name "base", which two rules have; refer to the id',
    ]);
  });
});
