import { expect, test } from 'vitest';
import { parseRules } from '../detect/parse.ts';
import type { SigmaRule } from '../detect/rule.ts';
import { createSample } from './sample.ts';
import { countByLevel, countByRule, countByTechnique, countMatch, createTally, noteReason } from './tally.ts';

const rule = (id: string, level: string, tags: string): SigmaRule =>
  parseRules(
    `title: Rule ${id}\nid: ${id}\nlevel: ${level}\ntags: [${tags}]\nlogsource: { product: x }\ndetection: { s: { a: 1 }, condition: s }\n`,
    `${id}.yml`,
  ).rules[0] as SigmaRule;

test('matches are counted by rule, level and technique', () => {
  const one = rule('one', 'low', 'attack.t1059.001, attack.execution');
  const two = rule('two', 'high', 'attack.t1059.001, attack.T1059, attack.t1059');
  const three = rule('three', 'high', 'cve.2026-1, attack.t105');
  const tally = createTally();
  for (const found of [one, one, one, two, three, three]) countMatch(tally, found);
  expect(countByRule(tally).map(([{ id }, count]) => [id, count])).toEqual([
    ['three', 2],
    ['two', 1],
    ['one', 3],
  ]);
  expect(countByLevel(tally)).toEqual([
    ['high', 3],
    ['low', 3],
  ]);
  expect(countByTechnique(tally)).toEqual([
    ['T1059.001', 4],
    ['T1059', 1],
  ]);
});

test('the first reasons of rejects are kept, and no more', () => {
  const tally = createTally();
  for (let line = 0; line < 1_000; line++) noteReason(tally, 'a.log', line, 'x'.repeat(10_000));
  expect(tally.reasons.map(({ line }) => line)).toEqual([0, 1, 2, 3, 4]);
  expect(JSON.stringify(tally.reasons).length).toBeLessThan(5_000);
});

test.each([0, 3, 8, 9, 100, 12_345])('a sample of %i items is spread over all of them', (count) => {
  const sample = createSample<number>(8);
  for (let item = 0; item < count; item++) sample.offer(item);
  const { items } = sample;
  expect(items.length).toBeLessThanOrEqual(8);
  expect(items.length).toBeGreaterThanOrEqual(Math.min(count, 4));
  const gaps = new Set(items.slice(1).map((item, index) => item - (items[index] as number)));
  expect(gaps.size).toBeLessThanOrEqual(1);
  if (count > 8) expect(items.at(-1)).toBeGreaterThan(count / 2);
});
