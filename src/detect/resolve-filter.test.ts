/** Filters, from the text of a document to the rule that they end in, and to what this rule then matches, compiled and not. */
import { expect, test } from 'vitest';
import { compileRules } from './compile.ts';
import { matchAll } from './linear.ts';
import { identityMapping } from './mapping.ts';
import { parseRules } from './parse.ts';
import { resolveRules } from './resolve.ts';
import { formatProblem } from './rule.ts';

const rule = (id: string, source: string) => `title: T ${id}
id: ${id}
name: ${id}_name
level: low
logsource: { ${source} }
detection: { selection: { Image: rar.exe }, other_1: { Image: zip.exe }, condition: 1 of other* or selection }
`;
const rules = `${rule('r1', 'category: process_creation, product: windows')}---\n${rule('r2', 'category: process_creation, product: linux')}---\n${rule('r3', 'product: windows, service: security')}`;
const filter = (body: string, source = 'category: process_creation, product: windows', head = 'id: f\n') =>
  `title: Administrators\n${head}logsource: { ${source} }\nfilter:\n${body}\n`;
const adm = "  selection: { User|startswith: 'adm_' }\n  condition: not selection";

function apply(...filters: string[]) {
  const set = resolveRules([
    parseRules(rules, 'r.yml'),
    ...filters.map((text, index) => parseRules(text, `${index}.yml`)),
  ]);
  const engine = compileRules(set, identityMapping);
  const matched = (User: string) => {
    const event = { Image: 'rar.exe', User };
    const found = matchAll(set.rules, event, identityMapping).map(({ id }) => id);
    expect(engine.match(event).map(({ id }) => id)).toEqual(found);
    return found.join(' ');
  };
  return {
    set,
    matched,
    said: set.problems.map(formatProblem),
    severities: set.problems.map(({ severity }) => severity),
  };
}

test.each<[string, string, string]>([
  ['by id', filter(`  rules: [r1]\n${adm}`), 'r2 r3'],
  ['by name, as one text', filter(`  rules: r1_name\n${adm}`), 'r2 r3'],
  ['by id and name at once', filter(`  rules: [r1, r1_name]\n${adm}`), 'r2 r3'],
  ['any rule of the log source', filter(`  rules: any\n${adm}`), 'r2 r3'],
  ['any rule of a wider log source', filter(`  rules: any\n${adm}`, 'product: windows'), 'r2'],
  ['any rule of another log source', filter(`  rules: any\n${adm}`, 'product: macos'), 'r1 r2 r3'],
  ['a log source in capitals', filter(`  rules: any\n${adm}`, 'product: Windows'), 'r2'],
])('a filter applies to rules named %s', (_name, text, expected) => {
  const { set, matched } = apply(text);
  expect(set.problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  expect(set.rules.map(({ id }) => id)).toEqual(['r1', 'r2', 'r3']);
  expect(matched('adm_1')).toBe(expected);
  expect(matched('bob')).toBe('r1 r2 r3');
  expect(set.filters).toEqual([]);
});

test('its selections meet nothing of the rule, nor of another filter', () => {
  const { set, matched, said } = apply(
    filter(
      '  rules: any\n  other_2: { User: bob }\n  selection: { User: eve }\n  condition: not 1 of them',
      'product: windows',
    ),
    filter('  rules: [r1]\n  selection: { User: ann }\n  condition: not selection', undefined, ''),
  );
  expect(said).toEqual([]);
  expect(['bob', 'eve', 'ann', 'tom'].map(matched)).toEqual(['r2', 'r2', 'r2 r3', 'r1 r2 r3']);
  expect(Object.keys(set.rules[0]?.selections ?? {})).toEqual([
    'selection',
    'other_1',
    'filter:1.yml:selection',
    'filter:f:other_2',
    'filter:f:selection',
  ]);
});

test('the condition is taken as written, with a warning where a "not" seems to be missing', () => {
  const { matched, said, severities } = apply(
    filter("  rules: [r1]\n  selection: { User|startswith: 'adm_' }\n  condition: selection"),
  );
  expect(matched('adm_1')).toBe('r1 r2 r3');
  expect(matched('bob')).toBe('r2 r3');
  expect(said).toEqual([
    '0.yml:7:14: this filter keeps only what its condition matches; write "not selection" or the like to leave that out',
  ]);
  expect(severities).toEqual(['warning']);
});

test.each<[string, string, string]>([
  [
    'a rule that is not there',
    filter(`  rules: [r11, r1]\n${adm}`),
    '0.yml:1:1: the filter is for "r11", but no rule without error has that id or name (did you mean "r1"?)',
  ],
  [
    'another log source',
    filter(`  rules: [r2, r1]\n${adm}`),
    'is for "r2", whose log source (product: linux, category: process_creation) is not part of the filter\'s (product: windows, category: process_creation)',
  ],
  [
    'a correlation',
    `${filter(`  rules: [c, r1]\n${adm}`)}---\ntitle: C\nid: c\ncorrelation: { type: temporal, rules: [r1], timespan: 1h }\n`,
    'is for "c", a correlation',
  ],
])('%s is reported, and the filter still applies to the rest', (_name, text, expected) => {
  const { matched, said } = apply(text);
  expect(said).toEqual([expect.stringContaining(expected)]);
  expect(matched('adm_1')).toBe('r2 r3');
});

test.each<[string, string, string]>([
  ['no rules', filter(adm), '5:3: the filter needs the key "rules"'],
  ['an empty list', filter(`  rules: []\n${adm}`), '5:3: the filter is for no rule'],
  ['any in a list', filter(`  rules: [any]\n${adm}`), 'write "rules: any", not a list'],
  ['no selection', filter('  rules: any\n  condition: not selection'), 'the filter has no selection'],
  ['no condition', filter('  rules: any\n  selection: { A: b }'), '5:3: the filter needs the key "condition"'],
  [
    'an unknown selection',
    filter('  rules: any\n  selection: { A: b }\n  condition: not selektion'),
    '7:18: the condition names "selektion", which is not in the filter (did you mean "selection"?)',
  ],
  [
    'no log source',
    'title: F\nfilter: { rules: any, s: { A: b }, condition: not s }',
    '1:1: the filter needs the key "logsource"',
  ],
  [
    'no title',
    'logsource: { product: p }\nfilter: { rules: any, s: { A: b }, condition: not s }',
    '1:1: the filter needs the key "title"',
  ],
  [
    'no map',
    'title: F\nlogsource: { product: p }\nfilter: x',
    '3:9: filter must be a map of rules, selections and a condition, not text',
  ],
  [
    'a value that cannot be',
    filter("  rules: any\n  selection: { A|re: '(' }\n  condition: not selection"),
    '0.yml:6:16: ',
  ],
  [
    'a network that is none',
    filter("  rules: any\n  selection: { A|cidr: '1.2.3.4/99' }\n  condition: not selection"),
    '0.yml:6:16: ',
  ],
])('%s: nothing of the filter applies, and no rule is lost', (_name, text, expected) => {
  const { set, said } = apply(text);
  expect(said.join('\n')).toContain(expected);
  expect(set.rules.map(({ selections }) => Object.keys(selections).length)).toEqual([2, 2, 2]);
});

test('two filters of one id: the first counts', () => {
  const { said } = apply(filter(`  rules: any\n${adm}`), filter(`  rules: any\n${adm}`));
  expect(said).toEqual(['1.yml:1:1: the id "f" belongs to the filter at 0.yml:1:1 already; give this one its own']);
});

test('a filter of a disabled rule is fine', () => {
  const off = 'overlays: [{ rule: r1, disabled: true, reason: noise }]';
  expect(apply(filter(`  rules: [r1]\n${adm}`), off)).toMatchObject({
    said: [],
    set: { rules: [{ id: 'r2' }, { id: 'r3' }] },
  });
});

test('beside a detection it has no effect, and says so', () => {
  const both = `${rule('r9', 'product: p').trimEnd()}\nfilter: { rules: any, s: { A: b }, condition: not s }\n`;
  const { rules, filters, problems } = parseRules(both, 'x.yml');
  expect([rules.length, filters.length]).toEqual([1, 0]);
  expect(problems.map(formatProblem)).toEqual([
    'x.yml:7:1: "filter" has no effect beside "detection"; put "---" between to make a document of it',
  ]);
});
