import { expect, test } from 'vitest';
import { correlationText, ruleText } from './pack.fixture.ts';
import { disabledRules, findReferences } from './references.ts';

const texts = (files: Readonly<Record<string, string>>) =>
  Object.entries(files).map(([name, text]) => ({ name, file: `own/${name}`, text, failure: undefined }));
const filter = (rules: string) =>
  `title: F\nlogsource: { product: fortigate }\nfilter: { rules: ${rules}, s: { action: a }, condition: not s }\n`;

test('overlays, filters and correlations name rules; a filter for any rule names none', () => {
  const found = findReferences(
    texts({
      'a.yml': ruleText({ id: 'r1' }),
      'b.yml': 'overlays:\n  - { rule: r1, disabled: true, reason: x }\n  - { rule: r2, level: low, reason: x }\n',
      'c.yml': filter('[r3]'),
      'd.yml': filter('any'),
      'e.yml': correlationText('c1', 'r4, r5'),
    }),
  );
  expect(found.map(({ by, rule, where }) => `${where.file} ${by} ${rule}`)).toEqual([
    'own/b.yml overlay r1',
    'own/b.yml overlay r2',
    'own/c.yml filter r3',
    'own/e.yml correlation r4',
    'own/e.yml correlation r5',
  ]);
});

test('a disabled rule is known by its id and its name, whichever the overlay says', () => {
  const disabled = disabledRules(
    texts({
      'o.yml': `overlays:\n${['by_name', 'r2', 'noid.yml', 'elsewhere'].map((rule) => `  - { rule: ${rule}, disabled: true, reason: x }\n`).join('')}  - { rule: r4, level: low, reason: x }\n`,
      'a.yml': ruleText({ id: 'r1', name: 'by_name' }),
      'b.yml': ruleText({ id: 'r2', name: 'by_id' }),
      'noid.yml': ruleText({ id: 'r3', name: 'without_id' }).replace(/^id: .*\n/m, ''),
      'd.yml': ruleText({ id: 'r4' }),
      'e.yml': ruleText({ id: 'r5', title: 'as loud as by_name' }),
    }),
  );
  expect([...disabled].sort()).toEqual(['by_id', 'by_name', 'elsewhere', 'noid.yml', 'r1', 'r2', 'without_id']);
});
