import { expect, test } from 'vitest';
import { parseRules } from '../detect/parse.ts';
import { resolveRules } from '../detect/resolve.ts';
import { correlationText, type RuleWords, ruleText } from './pack.fixture.ts';
import { contentHash, planImport } from './pack-plan.ts';

const setOf = (...texts: readonly string[]) =>
  resolveRules(texts.map((text, index) => parseRules(text, `${index}.yml`, `${index}.yml`)));
const was: RuleWords = { id: 'r1' };

test('new, removed and unchanged, whatever the files are called', () => {
  const plan = planImport(
    setOf(ruleText({ id: 'r1' }), ruleText({ id: 'r2' })),
    setOf(ruleText({ id: 'r3' }), `# moved\n${ruleText({ id: 'r1' })}`, correlationText('c1', 'r3')),
  );
  expect(plan.added.map(({ id }) => id)).toEqual(['r3', 'c1']);
  expect(plan.removed.map(({ id }) => id)).toEqual(['r2']);
  expect(plan).toMatchObject({ changed: [], unchanged: 1 });
});

test.each<[RuleWords, readonly string[]]>([
  [{ id: 'r1', detection: '{ s: { action: [login] }, condition: s }' }, []],
  [{ id: 'r1', detection: '{ s: { action: logout }, condition: s }' }, ['detection']],
  [{ id: 'r1', detection: "{ s: { action: '1' }, condition: s }" }, ['detection']],
  [{ id: 'r1', logsource: '{ product: fortigate }' }, ['detection']],
  [{ id: 'r1', level: 'low', status: 'stable' }, ['level high -> low', 'status test -> stable']],
  [{ id: 'r1', title: 'Another' }, ['text']],
  [{ id: 'r1', tags: '[attack.t1059]' }, ['text']],
])('%j is told as %j', (is, what) => {
  const { changed, unchanged } = planImport(setOf(ruleText(was)), setOf(ruleText(is)));
  expect(changed.map((change) => change.what)).toEqual(what.length === 0 ? [] : [what]);
  expect(unchanged).toBe(what.length === 0 ? 1 : 0);
});

test('a selection called "where" is compared like any other', () => {
  const named = (value: string) =>
    ruleText({ id: 'r1', detection: `{ where: { action: ${value} }, condition: where }` });
  expect(planImport(setOf(named('a')), setOf(named('b'))).changed).toHaveLength(1);
});

test('a correlation changes with its threshold', () => {
  const rule = ruleText({ id: 'r1' });
  const after = correlationText('c1', 'r1').replace('gte: 5', 'gte: 6');
  const { changed } = planImport(setOf(rule, correlationText('c1', 'r1')), setOf(rule, after));
  expect(changed.map(({ what }) => what)).toEqual([['detection']]);
});

test('the hash of contents knows no order, and nothing of two files can stand for one', () => {
  const a = { path: 'a', text: '1' };
  const b = { path: 'b', text: '2' };
  expect(contentHash([a, b])).toBe(contentHash([b, a]));
  expect(contentHash([a, b])).not.toBe(contentHash([a, { path: 'b', text: '3' }]));
  expect(contentHash([a])).toMatch(/^[0-9a-f]{16}$/);
});
