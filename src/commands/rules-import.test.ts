import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { compileRules } from '../detect/compile.ts';
import { CENTER_SCOPE } from '../model/scope.ts';
import { type RuleWords, ruleText } from '../packs/pack.fixture.ts';
import { rulePackFolders } from '../packs/pack-folder.ts';
import { readRuleFolders } from '../rule-folder.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import { UsageError } from './arguments.ts';
import { openRulesBench, type RulesBench } from './rules.fixture.ts';

let bench: RulesBench;
beforeEach(async () => {
  bench = await openRulesBench();
  const own = join(bench.folder, 'own');
  await bench.write({ 'hinomi.yml': `dataDir: data\nrules: { shipped: false, folders: [${own}] }\n`, 'own/a.txt': '' });
});
afterEach(() => bench.dispose());

const uuid = (number: number) => `0b5e4e1c-3b1f-4c7d-9a53-${String(number).padStart(12, '0')}`;
const [X, Y, Z, W] = [1, 2, 3, 4].map(uuid) as [string, string, string, string];
const logins = (action: string) => `{ s: { action: ${action} }, condition: s }`;
const pack = (folder: string, ...rules: readonly RuleWords[]) =>
  bench.write(Object.fromEntries(rules.map((rule) => [`${folder}/rules/${rule.id}.yml`, ruleText(rule)])));

const versionOne: readonly RuleWords[] = [
  { id: X, detection: logins('login') },
  { id: Y, detection: logins('login'), level: 'critical' },
  { id: Z, detection: logins('login') },
];
/** X and Y written anew, Z as it was, W in addition. */
const versionTwo: readonly RuleWords[] = [
  { id: X, detection: logins('[login, logon]') },
  { id: Y, detection: logins('[login, logon]'), level: 'critical' },
  { id: Z, detection: logins('login') },
  { id: W, detection: logins('login') },
];

async function inForce() {
  const { set, mapping } = await readRuleFolders([
    join(bench.folder, 'own'),
    ...(await rulePackFolders(join(bench.folder, 'data'))),
  ]);
  const engine = compileRules(set, mapping);
  return {
    levels: Object.fromEntries(set.rules.map(({ id, level }) => [id, level])),
    match: (action: string, host: string) =>
      engine
        .match({
          'event.dataset': 'fortinet-fortigate',
          'fortinet.fortigate.type': 'event',
          'event.action': action,
          'observer.name': host,
        })
        .map(({ id }) => id),
  };
}

test("the center's own overlays and filters survive an update, and a rollback", async () => {
  await bench.write({
    'own/overlays.yml': `overlays:
  - { rule: ${X}, disabled: true, reason: too loud here }
  - { rule: ${Y}, level: low, reason: happens every night }
`,
    'own/filter.yml': `title: The backup's own gate
id: ${uuid(9)}
logsource: { product: fortigate, service: event }
filter:
  rules: [${Z}]
  selection: { devname: backup-gate }
  condition: not selection
`,
  });
  await pack('v1', ...versionOne);
  await pack('v2', ...versionTwo);

  expect(await bench.run('import', 'v1', '--name', 'hq', '--yes')).toMatchObject({ status: 0, err: '' });
  let now = await inForce();
  expect(now.levels).toEqual({ [Y]: 'low', [Z]: 'high' });
  expect(now.match('login', 'gate')).toEqual([Y, Z]);
  expect(now.match('login', 'backup-gate')).toEqual([Y]);

  const second = await bench.run('import', 'v2', '--name', 'hq', '--yes');
  expect(second.out).toContain('New 1, changed 2, removed 0, unchanged 1');
  now = await inForce();
  expect(now.levels).toEqual({ [Y]: 'low', [Z]: 'high', [W]: 'high' });
  expect(now.match('login', 'backup-gate')).toEqual([Y, W]);
  // The update did come.
  expect(now.match('logon', 'gate')).toEqual([Y]);

  expect(await bench.run('rollback')).toMatchObject({
    status: 0,
    out: expect.stringContaining('0 back, 2 as before, 1 gone'),
  });
  now = await inForce();
  expect(now.levels).toEqual({ [Y]: 'low', [Z]: 'high' });
  expect(now.match('logon', 'gate')).toEqual([]);
});

test('what would lose its rule is told before it happens', async () => {
  await pack('v1', ...versionOne);
  await pack('v2', ...versionOne.slice(1));
  await bench.run('import', 'v1', '--name', 'hq', '--yes');
  await bench.write({
    'own/o.yml': `overlays:\n  - { rule: ${X}, disabled: true, reason: loud }\n  - { rule: ${Y}, level: low, reason: r }\n`,
  });
  const { out } = await bench.run('import', 'v2', '--name', 'hq', '--dry-run');
  expect(out).toContain('New 0, changed 0, removed 1, unchanged 2');
  expect(out).toMatch(new RegExp(`Warning: .*\\n {2}/own/o\\.yml:2:\\d+: the overlay names ${X}`));
  expect(out).not.toContain(`names ${Y}`);
});

describe('whether it is done', () => {
  test.each<[string, readonly string[], string | undefined, number, RegExp]>([
    ['without a person', [], undefined, 1, /nobody to ask here\. Run it again with --yes/],
    [
      'without a person, with --yes',
      ['--yes'],
      undefined,
      0,
      /Installed 3 rules as version [0-9a-f]{16} of the pack v1/,
    ],
    ['with --dry-run, whatever else', ['--dry-run', '--yes'], 'y', 1, /Nothing was changed \(--dry-run\)/],
    ['answered with yes', [], 'Y', 0, /Installed 3 rules/],
    ['answered with no', [], 'n', 1, /Nothing was changed\./],
    ['answered with nothing', [], '', 1, /Nothing was changed\./],
  ])('%s', async (_what, args, answer, status, said) => {
    await pack('v1', ...versionOne);
    bench.answer(answer);
    const ran = await bench.run('import', 'v1', ...args);
    expect(ran.status).toBe(status);
    expect(ran.out).toMatch(said);
    expect(existsSync(join(bench.folder, 'data'))).toBe(status === 0);
  });

  test('the same again is nothing to do', async () => {
    await pack('v1', ...versionOne);
    await bench.run('import', 'v1', '--yes', '--version', 'r1');
    const again = await bench.run('import', 'v1', '--version', 'r1');
    expect(again).toMatchObject({
      status: 0,
      out: expect.stringMatching(/Nothing to change: version r1-[0-9a-f]{8} is/),
    });
    expect(await readdir(join(bench.folder, 'data/packs/v1'))).toHaveLength(2);
  });

  test('nothing left to install is an error, not an empty pack', async () => {
    await pack('v1', { id: X, level: 'low' });
    await expect(bench.run('import', 'v1', '--yes')).rejects.toThrow('no rule is left to install');
  });
});

test('ids that are taken stay with those who have them', async () => {
  await pack('v1', ...versionOne);
  await bench.write({ 'own/mine.yml': ruleText({ id: X, title: 'Mine' }) });
  const { out } = await bench.run('import', 'v1', '--yes');
  expect(out).toContain(`Rule ${X}  (${X}, of /own/mine.yml)`);
  const { set } = await readRuleFolders([
    join(bench.folder, 'own'),
    ...(await rulePackFolders(join(bench.folder, 'data'))),
  ]);
  expect(set.rules.find(({ id }) => id === X)?.title).toBe('Mine');
});

test('names and titles bring no control characters to the terminal', async () => {
  await pack('v1', { id: X, title: '"\\e[2Jgone"' });
  const { out } = await bench.run('import', 'v1', '--yes');
  expect(out).toContain('[2Jgone');
  expect(out).not.toContain('\u001b');
});

test('with a center: members without the log source are told, and the audit knows of the change', async () => {
  await pack('v1', ...versionOne, {
    id: W,
    logsource: '{ category: webserver }',
    detection: '{ s: { c-uri: x }, condition: s }',
  });
  const open = async <T>(work: (store: Awaited<ReturnType<typeof openSqliteStore>>['store']) => Promise<T>) => {
    const host = await openSqliteStore({ folder: join(bench.folder, 'data') });
    try {
      return await work(host.store);
    } finally {
      await host.close();
    }
  };
  const createdAt = '2026-11-01T00:00:00.000Z';
  await open((store) =>
    store.save([
      {
        kind: 'member',
        doc: { id: 'kita', name: 'Kita', kind: 'other', timeZone: 'Asia/Tokyo', createdAt, version: 1 },
      },
      {
        kind: 'source',
        doc: {
          ...{ id: 'kita.vpn', memberId: 'kita', name: 'vpn', type: 'fortinet-fortigate', encoding: 'utf-8' },
          ...{ timeZone: 'Asia/Tokyo', config: {}, createdAt, version: 1 },
        },
      },
    ]),
  );
  const { out } = await bench.run('import', 'v1', '--yes');
  expect(out).toMatch(/1 rule: no member has a source .*\n {4}webserver {2}1 {2}\(web-access\)/);
  expect(out).not.toContain('fortigate');
  await bench.run('import', 'v1', '--level', 'critical', '--yes');
  await bench.run('rollback', 'v1');
  const entries = await open((store) => store.find('audit', CENTER_SCOPE, { order: 'oldest', limit: 10 }));
  expect(
    entries.items.map(({ action, target, before, after }) => [action, target.id, before !== null, after !== null]),
  ).toEqual([
    ['rules.import', 'v1', false, true],
    ['rules.import', 'v1', true, true],
    ['rules.rollback', 'v1', true, true],
  ]);
});

test.each<[readonly string[], string]>([
  [['import'], 'usage: hinomi rules import'],
  [['import', 'v1', '--level', 'hgh'], '--level cannot be "hgh"'],
  [['import', 'v1', '--status', 'stable,old'], '--status cannot be "old"'],
  [['import', 'v1', '--name', '../x'], 'write e.g. x'],
  [['import', 'v1', '--version', '../x'], '--version takes'],
  [['rollback', 'hq'], 'there is no pack "hq"; no pack is installed'],
  [['rollback'], 'say which pack; no pack is installed'],
])('wrong use is refused: %j', async (args, message) => {
  await pack('v1', ...versionOne);
  await expect(bench.run(...args)).rejects.toThrow(UsageError);
  await expect(bench.run(...args)).rejects.toThrow(message);
});

test('rules packs lists what is in force', async () => {
  await pack('v1', ...versionOne);
  await bench.run('import', 'v1', '--yes');
  const { out } = await bench.run('packs');
  expect(out.split('\n')[1]).toMatch(/^v1 +[0-9a-f]{16} +3 +\d{4}-\d\d-\d\d \d\d:\d\d +medium\+ stable,test +v1$/);
});
