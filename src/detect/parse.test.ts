import { describe, expect, test } from 'vitest';
import { parseRules } from './parse.ts';
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
      'a.yml:8:26: product is written in lower case in Sigma; "Windows" is read as such',
    ]);
    expect(rules[0]).toMatchObject({
      kind: 'rule',
      id: '0b4f',
      name: 'guess',
      level: 'high',
      tags: ['attack.t1110'],
      where: { file: 'a.yml', line: 1, column: 1 },
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
        { item: { field: 'EventID', values: [4625], where: { line: 11, column: 5 } } },
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
      '6:10: unknown modifier "contain" (did you mean "contains"?)',
    ],
    [
      'unknown selection',
      rule('  selection: { A: b }\n  condition: selektion'),
      '7:14: the condition names "selektion", which is not in the detection (did you mean "selection"?)',
    ],
    [
      'no detection',
      'title: T\nid: a\nlogsource: { product: x }\ndetections: {}',
      '4:1: the rule needs the key "detection", but "detections" stands here',
    ],
    [
      'no title',
      'id: a\nlogsource: { product: x }\ndetection: { s: { A: b }, condition: s }',
      '1:1: the rule needs the key "title"',
    ],
    [
      'wrong level',
      rule('  s: { A: b }\n  condition: s', 'status: stabel\n'),
      '4:9: status cannot be "stabel" (did you mean "stable"?)',
    ],
    ['old aggregation', rule('  s: { A: b }\n  condition: s | count() by User > 5'), '7:16: conditions with "|"'],
    ['global action', 'action: global\ntitle: x', '1:1: "action: global"'],
    [
      're with contains',
      rule('  s: { A|re|contains: b }\n  condition: s'),
      '6:13: the modifiers "re" and "contains" do not go together',
    ],
    [
      'two comparisons',
      rule('  s: { A|gt|lt: 1 }\n  condition: s'),
      '6:13: the modifiers "gt" and "lt" do not go together',
    ],
    ['contains twice', rule('  s: { A|contains|startswith: b }\n  condition: s'), 'do not go together'],
    [
      'flag without re',
      rule('  s: { A|i: b }\n  condition: s'),
      '6:10: the modifier "i" is for regular expressions: put "re" before it',
    ],
    [
      'base64 after contains',
      rule('  s: { A|contains|base64offset: b }\n  condition: s'),
      '6:19: the modifier "base64offset" must stand before "contains"',
    ],
    ['comparison of text', rule("  s: { A|gt: '5' }\n  condition: s"), '6:14: the modifier "gt" needs a number'],
    [
      'exists of text',
      rule('  s: { A|exists: yes }\n  condition: s'),
      '6:18: the modifier "exists" needs true or false',
    ],
    ['null with contains', rule('  s: { A|contains: null }\n  condition: s'), 'cannot be used with null'],
    ['keyword with a field modifier', rule("  s: { '|startswith': b }\n  condition: s"), 'needs a field'],
    ['map as value', rule('  s: { A: { B: c } }\n  condition: s'), 'has a map as its value'],
    ['empty list', rule('  s: { A: [] }\n  condition: s'), 'has an empty list'],
    ['key twice', rule('  s: { A: b, A: c }\n  condition: s'), '6:14: the key "A" stands here twice'],
    [
      'wrong type of id',
      'title: T\nid: [a]\nlogsource: { product: x }\ndetection: { s: { A: b }, condition: s }',
      '2:1: id must be text, not a list',
    ],
    [
      'no log source',
      'title: T\nid: a\nlogsource: { definition: x }\ndetection: { s: { A: b }, condition: s }',
      '3:12: logsource needs at least one of',
    ],
    ['not YAML', 'title: "x\n', 'not valid YAML'],
    ['a list', '- a', 'a rule is a map'],
    [
      'unknown own key',
      rule('  s: { A: b }\n  condition: s', 'hinomi: { peroid: 1h }\n'),
      '4:11: hinomi has no key "peroid" (did you mean "period"?)',
    ],
    [
      'Japanese title under a wrong name',
      rule('  s: { A: b }\n  condition: s', 'hinomi: { title_ja: 推測 }\n'),
      '4:11: hinomi has no key "title_ja" (did you mean "title-ja"?)',
    ],
    [
      'empty Japanese title',
      rule('  s: { A: b }\n  condition: s', 'hinomi: { title-ja: "" }\n'),
      '4:11: the title-ja is empty',
    ],
    [
      'endless Japanese title',
      rule('  s: { A: b }\n  condition: s', `hinomi: { title-ja: ${'長'.repeat(257)} }\n`),
      '4:11: title-ja is longer than 256 characters',
    ],
    [
      'own keys that are no map',
      rule('  s: { A: b }\n  condition: s', 'hinomi: title-ja\n'),
      '4:1: hinomi must be a map of by, period, title-ja, description-ja, not text',
    ],
    ['wrong period', rule('  s: { A: b }\n  condition: s', 'hinomi: { period: 2y }\n'), '4:19: period cannot be "2y"'],
  ])('%s is refused with its place', (_name, text, expected) => {
    expect(parseRules(text, 'rules/x.yml').rules).toEqual([]);
    expect(problemsOf(text).join('\n')).toContain(expected);
    expect(problemsOf(text).every((line) => /^rules\/x\.yml:\d+:\d+: /.test(line))).toBe(true);
  });

  test.each<[string, string, string]>([
    ['a quoted key', `  s: { 'A|startwith': b }\n  condition: s`, '6:11: unknown modifier "startwith"'],
    [
      'the third modifier',
      `  s:\n    A|base64offset|contains|al: [b, c]\n  condition: s`,
      '7:29: unknown modifier "al"',
    ],
    ['the value in a list', `  s:\n    A|gt:\n      - 1\n      - x\n  condition: s`, '9:9: the modifier "gt" needs'],
    ['a quoted condition', `  s: { A: b }\n  condition: 's or not t'`, '7:24: the condition names "t"'],
    ['the condition of a list', `  s: { A: b }\n  condition:\n    - s\n    - s and t`, '9:13: the condition names "t"'],
    ['a bracket never closed', `  s: { A: b }\n  condition: not (s and s`, '7:18: a "(" of the condition has no ")"'],
    ['an end too soon', `  s: { A: b }\n  condition: s and`, '7:16: the condition ends'],
    ['no selection that fits', `  s: { A: b }\n  condition: s or 1 of x*`, '7:24: no selection fits'],
    // Where the source spells it in another way: the beginning of the text.
    ['a folded condition', `  s: { A: b }\n  condition: >\n    s or\n    t`, '7:14: the condition names "t"'],
    ['an escaped key', `  s: { "\\x41|startwith": b }\n  condition: s`, '6:8: unknown modifier "startwith"'],
  ])('the place is within the text: %s', (_name, detection, expected) => {
    expect(problemsOf(rule(detection)).join('\n')).toContain(`rules/x.yml:${expected}`);
  });

  test('all that is wrong is told at once', () => {
    expect(
      problemsOf(rule('  s: { A|gt: x, B: [[1]] }\n  t: { C|exists: 1 }\n  condition: s', 'status: x\n')),
    ).toHaveLength(4);
  });

  test('a document is of one kind', () => {
    const both = rule('  s: { A: b }\n  condition: s\ncorrelation: {}');
    expect(problemsOf(both)).toEqual([expect.stringContaining(':1:1: a document is either a rule')]);
    const tests = parseRules(rule('  s: { A: b }\n  condition: s\ntests: []'), 'x.yml');
    expect(tests.rules).toHaveLength(1);
    expect(tests.problems.map(formatProblem)).toEqual([
      expect.stringContaining('x.yml:8:1: "tests" has no effect beside'),
    ]);
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
    const names = Array.from({ length: 2000 }, (_, index) => `x${index}`);
    const wide = `${names.map((name) => `  ${name}: { A: b }\n`).join('')}  condition: ${'1 of x* or '.repeat(800)}x1`;
    expect(problemsOf(rule(wide)).join()).toContain('when "1 of" is spelled out');
    expect(problemsOf(rule(`  s: { A: b }\n  condition: ${'('.repeat(2000)}s${')'.repeat(2000)}`)).join()).toContain(
      'nested deeper',
    );
    expect(problemsOf(rule('  s: { A: b }\n  condition: "s \\u001b[2J"')).join()).not.toContain('\u001b');
  });
});
