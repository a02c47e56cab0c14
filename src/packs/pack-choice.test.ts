import { expect, test } from 'vitest';
import { correlationText, ruleText } from './pack.fixture.ts';
import { choosePack } from './pack-choice.ts';

const choose = (files: Readonly<Record<string, string | undefined>>) =>
  choosePack(
    Object.entries(files).map(([path, text]) => ({ path, text })),
    { minLevel: 'medium', statuses: ['stable', 'test'], placeholders: {} },
  );

test('by level and status; what a chosen correlation stands on comes with it', () => {
  const chosen = choose({
    'high.yml': ruleText({ id: 'r1' }),
    'low.yml': ruleText({ id: 'r2', level: 'low' }),
    'new.yml': ruleText({ id: 'r3', status: 'experimental' }),
    'needed.yml': ruleText({ id: 'r4', level: 'low', name: 'login_low' }),
    'many.yml': correlationText('c1', 'login_low'),
    'few.yml': correlationText('c2', 'r2', 'low'),
    'readme.yml': 'title: not a rule\n',
  });
  expect(chosen.files.map(({ path }) => path)).toEqual(['high.yml', 'needed.yml', 'many.yml']);
  expect(chosen).toMatchObject({ belowLevel: 2, otherStatus: 1, notRules: 1, refused: [] });
  expect(chosen.set.rules.map(({ id }) => id)).toEqual(['r1', 'r4']);
  expect(chosen.set.correlations.map(({ rules }) => rules)).toEqual([['r4']]);
});

test('a file is taken whole', () => {
  const both = `${ruleText({ id: 'r1', level: 'low' })}---\n${ruleText({ id: 'r2' })}`;
  expect(choose({ 'a.yml': both }).set.rules.map(({ id }) => id)).toEqual(['r1', 'r2']);
});

test.each<[string, Readonly<Record<string, string | undefined>>, string]>([
  ['cannot be read', { 'x.yml': undefined }, 'x.yml:1:1: the file is larger than 1 MB'],
  ['has an error', { 'x.yml': ruleText({ id: 'x', level: 'hgh' }) }, 'x.yml:4:'],
  [
    'has a value that nobody can compile',
    { 'x.yml': ruleText({ id: 'x', detection: "{ s: { a|re: '(' }, condition: s }" }) },
    'x.yml:',
  ],
  ['has a twin', { 'w.yml': ruleText({ id: 'x' }), 'x.yml': ruleText({ id: 'x' }) }, 'x.yml:1'],
  ['refers to nothing', { 'x.yml': correlationText('x', 'nobody') }, 'x.yml:1'],
  ['would be read as a table', { 'fields/x.yml': ruleText({ id: 'x' }) }, 'fields/x.yml:1:1: rules below "fields"'],
  [
    'changes rules of others',
    { 'x.yml': 'overlays:\n  - { rule: somebody, disabled: true, reason: because }\n' },
    'x.yml:1:1: an overlay changes rules of others',
  ],
  [
    'silences rules of others',
    { 'x.yml': 'title: T\nlogsource: { product: fortigate }\nfilter: { rules: any, s: { a: b }, condition: not s }\n' },
    'a filter for any rule',
  ],
])('a file that %s is left out with the reason, and the others come', (_what, files, message) => {
  const chosen = choose({ 'good.yml': ruleText({ id: 'good' }), ...files });
  expect(chosen.files.map(({ path }) => path).filter((path) => path.endsWith('x.yml'))).toEqual([]);
  expect(chosen.set.rules.map(({ id }) => id)).toContain('good');
  expect(chosen.refused).toHaveLength(1);
  const [{ where, message: said }] = chosen.refused as [(typeof chosen.refused)[0]];
  expect(`${where.file}:${where.line}:${where.column}: ${said}`).toContain(message);
});

test('what stands on a refused rule falls with it', () => {
  const chosen = choose({
    'bad.yml': ruleText({ id: 'bad', detection: "{ s: { a|re: '(' }, condition: s }" }),
    'many.yml': correlationText('c1', 'bad'),
    'good.yml': ruleText({ id: 'good' }),
  });
  expect(chosen.files.map(({ path }) => path)).toEqual(['good.yml']);
  expect(chosen.refused.map(({ where }) => where.file)).toEqual(['bad.yml', 'many.yml']);
});
