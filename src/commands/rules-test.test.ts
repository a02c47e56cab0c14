import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openRulesBench, type RulesBench } from './rules.fixture.ts';

let bench: RulesBench;
beforeEach(async () => {
  bench = await openRulesBench();
});
afterEach(() => bench.dispose());

const guess =
  '<38>Nov 20 09:00:01 gate sshd[811]: Failed password for invalid user admin from 203.0.113.9 port 50122 ssh2';
const rule = (expected: string, keyword = 'failed password') => `title: Failed login
id: 6b1d
level: low
logsource: { product: linux, service: sshd }
detection: { s: ['${keyword}'], condition: s }
---
tests:
  - name: a guess
    expect: ${expected}
    events: [{ dataset: linux-auth, record: '${guess}' }]
`;
const run = () => bench.run('test', join(bench.folder, 'own'));

test('tests that pass, and those that do not', async () => {
  await bench.write({ 'own/a.yml': rule('match') });
  expect(await run()).toEqual({ status: 0, out: '1 test passed, 0 failed', err: '' });
  await bench.write({ 'own/a.yml': rule('no match') });
  expect(await run()).toMatchObject({
    status: 1,
    out: '0 tests passed, 1 failed',
    err: expect.stringMatching(/^\/own\/a\.yml:8:\d+: "a guess" expects no match, but: event 1 matches$/),
  });
});

test('errors in the rules are a finding here too', async () => {
  await bench.write({ 'own/a.yml': `${rule('match')}---\ntitle: broken\n` });
  expect(await run()).toMatchObject({ status: 1, err: expect.stringContaining('in the rules; "hinomi rules check"') });
});

test('known-good logs must raise nothing, and be readable', async () => {
  const silent = guess.replace('Failed', 'Accepted').replace('invalid user ', '');
  await bench.write({ 'own/a.yml': rule('match'), 'own/quiet/linux-auth.log': `${silent}\n\n${silent}\n` });
  expect(await run()).toEqual({
    status: 0,
    out: '1 test passed, 0 failed\n1 known-good log, 2 records: all silent',
    err: '',
  });
  await bench.write({ 'own/quiet/linux-auth.log': `${silent}\n${guess}\n`, 'own/quiet/nothing.log': 'x\n' });
  expect(await run()).toEqual({
    status: 1,
    out: '1 test passed, 0 failed\n2 known-good logs, 3 records: 2 not silent',
    err: expect.stringMatching(
      /^\/own\/quiet\/linux-auth\.log:2: a known-good record raises 6b1d \(Failed login, low\)\n\/own\/quiet\/nothing\.log:1: the record cannot be read: there is no connector "nothing"/,
    ),
  });
});

test('what a pack raises there is told with the way out', async () => {
  const own = join(bench.folder, 'own');
  await bench.write({
    'hinomi.yml': `dataDir: data\nrules: { shipped: false, folders: [${own}] }\n`,
    'own/quiet/linux-auth.log': `${guess}\n`,
    'hq/a.yml': rule('match').replace('level: low', 'level: high\nstatus: test'),
  });
  await bench.run('import', 'hq', '--yes');
  expect(await bench.run('test')).toMatchObject({
    status: 1,
    err: expect.stringContaining('silenced by a filter or an overlay'),
  });
  await bench.write({ 'own/o.yml': 'overlays:\n  - { rule: 6b1d, disabled: true, reason: everybody mistypes }\n' });
  // The rule's own test has no rule any more, and says nothing about anything.
  expect(await bench.run('test')).toEqual({
    status: 0,
    out: '0 tests passed, 0 failed\n1 test of disabled rules left out\n1 known-good log, 1 record: all silent',
    err: '',
  });
});
