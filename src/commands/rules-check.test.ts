import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ruleText } from '../packs/pack.fixture.ts';
import { openRulesBench, type RulesBench } from './rules.fixture.ts';

let bench: RulesBench;
beforeEach(async () => {
  bench = await openRulesBench();
  await bench.write({
    'hinomi.yml': `dataDir: data\nrules: { shipped: false, folders: [${join(bench.folder, 'own')}] }\n`,
  });
});
afterEach(() => bench.dispose());

const id = '0b5e4e1c-3b1f-4c7d-9a53-000000000001';
const good = ruleText({ id, title: 'Someone logged in' });
const check = (...args: readonly string[]) => bench.run('check', ...args);

test('sound rules: nothing to say, and the sum', async () => {
  await bench.write({ 'own/a.yml': good });
  expect(await check()).toEqual({
    status: 0,
    out: '1 rule and 0 correlations in force, 0 tests; 0 errors, 0 warnings',
    err: '',
  });
});

test('errors, warnings and lints, a line each, in the order of places', async () => {
  await bench.write({
    'own/a.yml': good.replace('action: login', "'|all': [login]"),
    'own/b.yml': good.replace('condition: s', 'condition: x').replace(/01$/m, '02'),
  });
  const { status, out, err } = await check();
  expect(status).toBe(1);
  const lines = err.split('\n');
  expect(lines.length).toBeGreaterThanOrEqual(2);
  for (const line of lines) expect(line).toMatch(/^\/own\/[ab]\.yml:\d+:\d+: (error|warning): \S/);
  expect(lines.map((line) => line.slice(0, 10))).toEqual(lines.map((line) => line.slice(0, 10)).sort());
  expect(lines.filter((line) => line.includes(': error: '))).toEqual([
    expect.stringContaining('the condition names "x"'),
  ]);
  expect(out).toBe(
    `1 rule and 0 correlations in force, 0 tests; 1 error, ${lines.length - 1} warning${lines.length === 2 ? '' : 's'}`,
  );
});

test('warnings count with --strict only; lints are among them', async () => {
  await bench.write({ 'own/a.yml': good.replace('action: login', "action|contains: '*login*'") });
  const plain = await check();
  expect(plain).toMatchObject({
    status: 0,
    err: expect.stringMatching(/^\/own\/a\.yml:7:\d+: warning: .*\[[a-z-]+\]$/),
  });
  expect(await check('--strict')).toEqual({ ...plain, status: 1 });
});

test('a correlation that does not come to be is an error', async () => {
  await bench.write({
    'own/a.yml': `${good}---\ntitle: T\nid: 0b5e4e1c-3b1f-4c7d-9a53-000000000002\nlevel: low\ncorrelation: { type: event_count, rules: [nobody], timespan: 5m, condition: { gte: 5 } }\n`,
  });
  expect(await check()).toMatchObject({
    status: 1,
    err: expect.stringMatching(/^\/own\/a\.yml:\d+:\d+: error: .*"nobody"/),
  });
});

describe('packs', () => {
  test('what is wrong in them is counted apart, and told with --packs', async () => {
    await bench.write({
      'own/a.yml': good,
      'hq/a.yml': ruleText({ id: id.replace(/01$/, '02') }).replace('action: login', "'|all': [login]"),
    });
    await bench.run('import', 'hq', '--yes');
    const { status, out, err } = await check('--strict');
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(out).toMatch(/^2 rules and .* 0 errors, 0 warnings\nIn packs: \d+ problems?; --packs tells them$/);
    const told = await check('--strict', '--packs');
    expect(told).toMatchObject({
      status: 1,
      err: expect.stringMatching(/^packs\/hq\/a\.yml:\d+:\d+: warning: /),
    });
  });

  test('named folders are read alone', async () => {
    await bench.write({ 'own/a.yml': 'title: broken', 'other/a.yml': good });
    expect(await check(join(bench.folder, 'other'))).toMatchObject({ status: 0, err: '' });
  });
});

test('a folder that is not there is an error of its own', async () => {
  await expect(check('nowhere')).rejects.toThrow('cannot be read');
});
