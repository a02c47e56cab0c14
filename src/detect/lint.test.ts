import { describe, expect, test } from 'vitest';
import { isPresent, readSigmaHq } from '../../test/corpora.ts';
import { lintRules } from './lint.ts';
import { formatProblem } from './rule.ts';

const id = '0e95725d-7320-415d-80f7-004da920fc11';
const rule = (detection: string, head = '') =>
  `title: T\nid: ${id}\nlevel: low\n${head}logsource: { product: windows }\ndetection:\n${detection}\n`;
const lints = (...texts: string[]) =>
  lintRules(texts.map((text, index) => ({ file: `${index}.yml`, text }))).map(formatProblem);
const selection = (item: string) => rule(`  s:\n    ${item}\n  condition: s`);

describe('the head', () => {
  test.each<[string, string, string]>([
    ['id: 123\ntitle: T\nlevel: low', '1:5', 'id'],
    ['id: 0e95725d-7320-115d-80f7-004da920fc11\ntitle: T\nlevel: low', '1:5', 'id'],
    [`title: ${'x'.repeat(111)}\nlevel: low`, '1:8', 'title'],
    ['title: T', '1:1', 'level'],
    ['title: T\nlevel: low\ndate: 2026/11/23', '3:7', 'date'],
    ['title: T\nlevel: low\nmodified: 2026-02-30', '3:11', 'date'],
    ['title: T\nlevel: low\nmodified: 2026-01-01\ndate: 2026-01-02', '3:11', 'date'],
    ['title: T\nlevel: low\ntags: [attack.T1110]', '3:8', 'tag'],
    ['title: T\nlevel: low\ntags: [brute-force]', '3:8', 'tag'],
    ['title: T\nlevel: low\ntags: [attack.t1110, attack.t11100]', '3:22', 'tag'],
    ['title: T\nlevel: low\ntags: [attack.t1110.1]', '3:8', 'tag'],
    ['title: T\nlevel: low\nlogsource: { product: widnows }', '3:23', 'logsource'],
    ['title: T\nlevel: low\nlogsource: { category: procces_creation }', '3:24', 'logsource'],
  ])('%s', (head, place, name) => {
    const text = `${head}\ndetection: { s: { A: b }, condition: s }\n`;
    expect(lints(text)).toEqual([expect.stringMatching(new RegExp(`^0\\.yml:${place}: .*\\[${name}\\]$`))]);
  });

  test('is fine as it should be, in rules, correlations and filters; tests and overlays are none of it', () => {
    const head = `title: T\nid: ${id}\nlevel: low\ndate: 2026-11-23\nmodified: 2026-11-23\ntags: [attack.t1110.001, attack.g0016, attack.initial-access, attack.ta0001, cve.2021-44228, tlp.amber, detection.emerging-threats]\n`;
    expect(
      lints(
        `${head}logsource: { product: forti, category: dns, service: auditd }\ndetection: { s: { A: b }, condition: s }\n---\ntests: []\n---\noverlays: []`,
      ),
    ).toEqual([]);
    expect(lints(`${head}correlation: {}`)).toEqual([]);
    expect(lints(`title: T\nlogsource: {}\nfilter: { rules: any, s: { A: b }, condition: not s }`)).toEqual([]);
    expect(lints('title: "broken')).toEqual([]);
  });
});

describe('values', () => {
  test.each<[string, string, string]>([
    ["A|contains: '*x'", '7:17', 'wildcard'],
    ["A|contains: 'x*'", '7:17', 'wildcard'],
    ["A|startswith: ['a', 'x*']", '7:25', 'wildcard'],
    ["A|endswith: '*x'", '7:17', 'wildcard'],
    ["'|all': ['*x*', y]", '7:14', 'wildcard'],
    ["A: '*x*'", '7:8', 'contains'],
    ["A: ' x'", '7:8', 'blank'],
    ["A|contains: ''", '7:17', 'empty'],
    ["'|all': [x, '']", '7:17', 'empty'],
    ["A|endswith: 'x '", '7:17', 'blank'],
    ["A|startswith: ' x'", '7:19', 'blank'],
    ['A|re: cmd\\.exe', '7:11', 'regex'],
    ['A|re|i: powershell', '7:13', 'regex'],
    ["A: 'C:\\Temp\\*'", '7:16', 'escaped-star'],
    ["A|startswith: 'C:\\Users\\*\\AppData'", '7:28', 'escaped-star'],
    ["A: 'C:\\*'", '7:11', 'escaped-star'],
    ["A|contains: '\\Program Files\\*'", '7:32', 'escaped-star'],
    ["A|endswith: '\\temp\\*.zip'", '7:23', 'escaped-star'],
    ["'Threat Name': x", '7:5', 'field'],
    ["'A |contains': x", '7:5', 'field'],
  ])('%s', (item, place, name) => {
    expect(lints(selection(item))).toEqual([expect.stringMatching(new RegExp(`^0\\.yml:${place}: .*\\[${name}\\]$`))]);
  });

  test.each([
    "A|contains: ' x '",
    "A|endswith: ' x'",
    "A|startswith: 'x '",
    "A|contains: 'a*b'",
    "A|startswith: '*x'",
    "A|endswith: 'x*'",
    "A|contains: 'x\\*'",
    "A: '*a*b*'",
    "A: '*x'",
    "A: '*'",
    "A: ' '",
    'A: C:\\Temp\\\\*',
    "A: 'SELECT \\*'",
    "A|contains: '\\*.bak'",
    'A|re: ^cmd$',
    'A|re: \\d',
    "A|re: ' *x'",
    'A: 5',
    'A: null',
  ])('%s is fine', (item) => {
    expect(lints(selection(item))).toEqual([]);
  });
});

describe('the condition', () => {
  test.each<[string, string]>([
    ['  s: { A: b }\n  t: { A: c }\n  condition: s', '0.yml:7:3: no condition uses the selection "t" [unused]'],
    [
      '  s: { A: b }\n  _t: { A: c }\n  u: { A: d }\n  condition: 1 of them',
      '0.yml:7:3: no condition uses the selection "_t"; names that begin with "_" are not among "them" [unused]',
    ],
    ['  sel: { A: b }\n  condition: all of sel*', '0.yml:7:14: "all of sel*" means "sel" alone [quantifier]'],
    [
      '  sel: { A: b }\n  sel_2: { A: c }\n  condition: sel_2 or 1 of sel',
      '0.yml:8:23: "1 of sel" means "sel" alone; was "sel*" meant? [quantifier]',
    ],
    ['  sel: { A: b }\n  condition: 1 of them', '0.yml:7:14: "1 of them" means "sel" alone [quantifier]'],
  ])('%j', (detection, expected) => {
    expect(lints(rule(detection))).toEqual([expected]);
  });

  test.each([
    '  sel: { A: b }\n  filter_main_x: { A: c }\n  condition: sel and not 1 of filter_main_*',
    '  s1: { A: b }\n  s2: { A: c }\n  condition:\n    - s1\n    - s2',
    '  s1: { A: b }\n  s2: { A: c }\n  condition: all of s*',
  ])('%j is fine', (detection) => {
    expect(lints(rule(detection))).toEqual([]);
  });
});

test('two rules that say the same in other words', () => {
  const other = (text: string) => text.replace(id, id.replace('0e', '1e'));
  const one = rule('  a: { A: b }\n  c: { D|gt: 90071992547409930 }\n  condition: a and not c');
  const same = other(rule('  z: { D|gt: 90071992547409930 }\n  y: { A: b }\n  condition: y and not z'));
  expect(lints(one, same)).toEqual([
    '1.yml:1:1: the rule at 0.yml:1:1 looks for exactly the same; keep one of them [duplicate]',
  ]);
  expect(lints(one, one)).toEqual([]);
  for (const changed of [same.replace('y and', 'y or'), same.replace('windows', 'linux'), same.replace('A: b', 'A: c')])
    expect(lints(one, changed)).toEqual([]);
});

const present = isPresent('sigmahq-rules.tar.gz');
test.skipIf(!present)(`few of SigmaHQ's rules have a lint${present ? '' : ' (skipped: not there)'}`, () => {
  let files: { name: string; text: string }[] = [];
  readSigmaHq((all) => {
    files = [...all];
  });
  const found = lintRules(files.map(({ name, text }) => ({ file: name, text })));
  const linted = new Map<string, Set<string>>();
  for (const { message, where } of found) {
    const name = /\[([\w-]+)\]$/.exec(message)?.[1] ?? 'none';
    linted.set(name, (linted.get(name) ?? new Set()).add(where.file));
  }
  for (const [name, of] of linted) expect([name, of.size / files.length < 0.02]).toEqual([name, true]);
  // The three stars of its that look for a star in the name of a folder.
  expect(found.filter(({ message }) => message.endsWith('[escaped-star]'))).toHaveLength(3);
});
