import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { correlationText, ruleText } from '../packs/pack.fixture.ts';
import { openRulesBench, type RulesBench } from './rules.fixture.ts';

let bench: RulesBench;
beforeAll(async () => {
  bench = await openRulesBench();
  const own = join(bench.folder, 'own');
  await bench.write({
    'hinomi.yml': `dataDir: data\nrules: { shipped: false, folders: [${own}] }\n`,
    'own/a.yml': ruleText({
      id: 'a',
      level: 'low',
      status: 'stable',
      tags: '[attack.t1110, attack.credential-access]',
    }),
    'own/b.yml': correlationText('b', 'a'),
    'hq/c.yml': ruleText({
      id: 'c',
      logsource: '{ product: windows, category: process_creation }',
      tags: '[attack.t1059.001]',
    }),
    'hq/d.yml': ruleText({ id: 'd', logsource: '{ product: aws }', tags: '[attack.t1059.001]' }),
  });
  await bench.run('import', 'hq', '--yes');
});
afterAll(() => bench.dispose());

test.each<[readonly string[], string]>([
  [[], 'a b c d'],
  [['--level', 'medium'], 'b c d'],
  [['--status', 'stable,experimental'], 'a'],
  [['--source', 'fortigate'], 'a b'],
  [['--source', 'Windows/process_creation'], 'c'],
  [['--source', 'windows/security'], ''],
  [['--pack', 'hq'], 'c d'],
  [['--pack', 'none'], 'a b'],
  [['--pack', 'hq', '--source', 'aws'], 'd'],
])('%j lists %s', async (args, ids) => {
  const lines = (await bench.run('list', ...args)).out.split('\n');
  expect(
    lines
      .map((line) => line.split('\t')[0])
      .sort()
      .join(' '),
  ).toBe(ids);
  const json = JSON.parse((await bench.run('list', '--json', ...args)).out) as { id: string }[];
  expect(
    json
      .map(({ id }) => id)
      .sort()
      .join(' '),
  ).toBe(ids);
});

test('a line of the list, and the same as JSON', async () => {
  const { out } = await bench.run('list', '--pack', 'none', '--level', 'low', '--status', 'stable');
  expect(out).toBe('a\tlow          \tfortigate/event\tRule a\t/own/a.yml:1');
  const [rule] = JSON.parse((await bench.run('list', '--json', '--source', 'aws')).out) as unknown[];
  expect(rule).toMatchObject({
    id: 'd',
    level: 'high',
    kind: 'rule',
    pack: 'hq',
    logsource: { product: 'aws' },
    line: 1,
  });
});

test('coverage: techniques by log source, without what no connector brings', async () => {
  const { out } = await bench.run('list', '--coverage');
  expect(out).toBe(`TECHNIQUE  RULES  LOG SOURCES
T1059.001      1  windows/process_creation:1
T1110          1  fortigate/event:1

TACTIC             RULES  LOG SOURCES
credential-access      1  fortigate/event:1

2 techniques by 3 rules; 1 of them name none.
Left out: 1 rule for log sources that no connector here brings.`);
  expect(JSON.parse((await bench.run('list', '--coverage', '--json', '--level', 'high')).out)).toMatchObject({
    techniques: [{ name: 'T1059.001', rules: 1 }],
    unrouted: 1,
  });
});

test('a pack that is not there is wrong use', async () => {
  await expect(bench.run('list', '--pack', 'hp')).rejects.toThrow('there is no pack "hp"; there are: hq');
});
