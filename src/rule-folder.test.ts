import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createCorrelator } from './correlate/correlator.ts';
import { compileRules } from './detect/compile.ts';
import { formatProblem } from './detect/rule.ts';
import { readRuleFolder, readRuleFolders } from './rule-folder.ts';
import { runTests } from './rule-tests.ts';

const root = await mkdtemp(join(tmpdir(), 'hinomi-rules-'));
afterAll(() => rm(root, { recursive: true, force: true }));
let folders = 0;

async function write(files: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const folder = join(root, `f${folders++}`);
  await mkdir(folder);
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}

const failed = `title: Login failed
id: r1
name: login_failed
logsource: { product: fortigate, service: event }
detection: { s: { action: ssl-login-fail }, condition: s }
`;
const sweep = `title: Sweep
id: c1
correlation: { type: event_count, rules: [login_failed], group-by: [remip], timespan: 10m, condition: { gte: 3 }, members: across, min-members: 2 }
`;

test('reads rules, tables and tests, each from its place', async () => {
  const folder = await write({
    'vpn/a.yml': failed,
    'vpn/deep/b.yaml': failed.replaceAll('r1', 'r2').replace('login_failed', 'other'),
    'c.yml': sweep,
    'quiet/d.yml': failed,
    '.hidden/e.yml': failed,
    'notes.txt': 'x',
    'fields/own.yml': 'product: own\nwhen: { kind: own }\nfields: { A: a.b }',
  });
  const { set, mapping } = await readRuleFolder(folder);
  expect(set.problems.map(formatProblem)).toEqual([]);
  expect(set.rules.map(({ id }) => id)).toEqual(['r1', 'r2']);
  expect(set.rules[0]?.where).toEqual({ file: join(folder, 'vpn/a.yml'), line: 1, column: 1 });
  expect(set.correlations.map(({ rules }) => rules)).toEqual([['r1']]);
  expect(mapping.routes({ product: 'own', category: undefined, service: undefined })).toBe(true);
  expect(mapping.routes({ product: 'windows', category: undefined, service: 'security' })).toBe(true);
  expect(mapping.ecsFields('r1', 'srcip')).toEqual(['source.ip', 'fortinet.fortigate.srcip']);
  expect(mapping.ecsFields('c1', 'user')).toEqual(['user.name', 'fortinet.fortigate.user']);
  expect(mapping.ecsFields('r1', 'source.ip')).toEqual(['source.ip']);
  expect(mapping.ecsFields('nobody', 'user')).toEqual(['user']);
});

test('a table of the same name replaces the one that comes with the product', async () => {
  const folder = await write({ 'fields/web-access.yml': 'product: mine\nwhen: { kind: web }' });
  const { mapping } = await readRuleFolder(folder);
  expect(mapping.routes({ product: undefined, category: 'webserver', service: undefined })).toBe(false);
  expect(mapping.routes({ product: 'mine', category: undefined, service: undefined })).toBe(true);
});

test('what is wrong is told with its file and leaves the rest in force', async () => {
  const one = await write({
    'a.yml': failed,
    'b.yml': Buffer.from([0xff, 0xfe, 0x00]),
    'c.yml': 'title: T\nid: x\n',
    'fields/t.yml': 'when: []',
  });
  const two = await write({ 'a.yml': failed, 'd.yml': failed.replaceAll('r1', 'r9').replace('login_failed', 'n9') });
  const { set } = await readRuleFolders([one, two]);
  expect(set.rules.map(({ id }) => id)).toEqual(['r1', 'r9']);
  expect(set.problems.map((problem) => formatProblem(problem).slice(root.length))).toEqual([
    expect.stringContaining('/b.yml:1:1: the file is not valid UTF-8'),
    expect.stringContaining('/fields/t.yml:1:1: when must be a map'),
    expect.stringContaining('/c.yml:1:1: the rule needs the key "logsource"'),
    expect.stringContaining('/c.yml:1:1: the rule needs the key "detection"'),
    expect.stringContaining('/a.yml:1:1: the id "r1" belongs to'),
  ]);
  await expect(readRuleFolder(join(root, 'nowhere'))).rejects.toThrow('cannot be read');
});

const parts = (folder: Awaited<ReturnType<typeof readRuleFolder>>) => ({
  folder,
  engine: compileRules(folder.set, folder.mapping),
  createCorrelator,
  parse: (_dataset: string, record: string) => {
    if (record === 'broken') throw new Error('not a record');
    return record === ''
      ? []
      : [{ 'event.action': record, 'fortinet.fortigate.type': 'event', 'source.ip': '192.0.2.1' }];
  },
});
const event = (record: string) => `[{ dataset: fortinet-fortigate, record: '${record}' }]`;
const step = (at: string, member: string, more = 'rule: login_failed, fields: { source.ip: 192.0.2.1 }') =>
  `      - { at: '${at}', member: ${member}, ${more} }`;
const raw = "dataset: fortinet-fortigate, record: 'ssl-login-fail'";

test.each<[string, string, string, string | undefined]>([
  ['a record that matches', failed, `expect: match\n    events: ${event('ssl-login-fail')}`, undefined],
  ['a record that does not', failed, `expect: no match\n    events: ${event('tunnel-up')}`, undefined],
  [
    'fields',
    failed,
    'expect: match\n    events: [{ dataset: fortinet-fortigate, fields: { event.action: SSL-login-fail, fortinet.fortigate.type: event } }]',
    undefined,
  ],
  ['a wrong expectation', failed, `expect: match\n    events: ${event('tunnel-up')}`, 'event 1 does not match'],
  [
    'the other wrong expectation',
    failed,
    `expect: no match\n    events: ${event('ssl-login-fail')}`,
    'event 1 matches',
  ],
  ['a record the connector refuses', failed, `expect: no match\n    events: ${event('broken')}`, 'not a record'],
  ['a record without events', failed, `expect: no match\n    events: ${event('')}`, 'no event of the record'],
  [
    'a rule that is not there',
    failed,
    `rule: zz\n    expect: match\n    events: ${event('x')}`,
    'there is no rule "zz"',
  ],
  [
    'a timeline that is enough',
    sweep,
    `expect: match\n    members: [b, a]\n    timeline:\n${step('00:01', 'a')}\n${step('00:02:30', 'b')}\n${step('00:03', 'a', raw)}`,
    undefined,
  ],
  [
    'a timeline over too long a time',
    sweep,
    `expect: no match\n    timeline:\n${step('00:01', 'a')}\n${step('00:02', 'b')}\n${step('00:12', 'a')}`,
    undefined,
  ],
  [
    'one member alone',
    sweep,
    `expect: match\n    timeline:\n${step('00:01', 'a')}\n${step('00:02', 'a')}\n${step('00:03', 'a')}`,
    'it gives no alert',
  ],
  [
    'other members than said',
    sweep,
    `expect: match\n    members: [a]\n    timeline:\n${step('00:01', 'a')}\n${step('00:02', 'b')}\n${step('00:03', 'b')}`,
    'alerts at a, b, not at a',
  ],
  [
    'a record that is not of the rule',
    sweep,
    `expect: match\n    timeline:\n${step('00:01', 'a', "rule: login_failed, dataset: d, record: 'tunnel-up'")}`,
    'does not match the rule',
  ],
])('a test with %s', async (_name, rule, body, failure) => {
  const first = rule === sweep ? `${failed}---\n` : '';
  const folder = await readRuleFolder(
    await write({ 'a.yml': `${first}${rule}---\ntests:\n  - name: t\n    ${body}\n` }),
  );
  expect(folder.set.problems.map(formatProblem)).toEqual([]);
  const [result] = runTests(parts(folder));
  if (failure === undefined) expect(result).toMatchObject({ failure: undefined, test: { name: 't' } });
  else expect(result?.failure).toContain(failure);
});

test.each([
  ['- name: t\n    expect: yes\n    events: [{ fields: { a: b } }]', '8:5: expect must be "match" or "no match"'],
  ['- name: t\n    expect: match', '8:5: the test needs either events or a timeline'],
  ['- name: t\n    expect: match\n    event: []', '10:5: a test has no key "event" (did you mean "events"?)'],
  [
    '- name: t\n    expect: match\n    events: [{ record: x }]',
    '10:14: the event needs "dataset" and "record", or "fields"',
  ],
  ['- name: t\n    expect: match\n    events: [{ fields: { a: { b: c } } }]', '10:26: "a" must be text'],
  [
    '- name: t\n    expect: match\n    timeline: [{ at: soon, fields: { a: b } }]',
    '10:16: "at" is the time since the beginning',
  ],
])('a test written wrongly is a problem: %j', async (body, expected) => {
  const { set, tests } = await readRuleFolder(await write({ 'a.yml': `${failed}---\ntests:\n  ${body}\n` }));
  expect(set.problems.map(formatProblem).join('\n')).toContain(`/a.yml:${expected}`);
  expect(set.rules.length).toBe(1);
  expect(tests.every(({ events, timeline }) => events.length + timeline.length === 0)).toBe(true);
});
