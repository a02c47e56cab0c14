import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { UsageError } from './arguments.ts';
import { rules } from './rules.ts';

const folder = await mkdtemp(join(tmpdir(), 'hinomi-rules-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

async function run(...args: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const io = {
    out: (text: string) => void out.push(text),
    err: (text: string) => void err.push(text),
    env: {},
    cwd: folder,
    isTerminal: false,
    signal: new AbortController().signal,
  };
  const status = await rules(args, io);
  return { status, out: out.join('\n'), err: err.join('\n').replaceAll(folder, '') };
}

const line =
  '<38>Nov 20 09:00:01 gate sshd[811]: Failed password for invalid user admin from 203.0.113.9 port 50122 ssh2';
const rule = (action: string) => `title: Failed login
id: 6b1d
level: low
logsource: { product: linux, service: sshd }
detection: { s: { '|all': ['failed password'] }, condition: s }
---
tests:
  - name: a guess
    expect: ${action}
    events: [{ dataset: linux-auth, record: '${line}' }]
`;

test('check, test and list say what holds, by text and by exit status', async () => {
  await writeFile(join(folder, 'a.yml'), rule('match'));
  expect(await run('check', folder)).toMatchObject({
    status: 0,
    out: '1 rule and 0 correlations in force, 1 test; 0 errors, 1 warning',
    err: expect.stringMatching(/^\/a\.yml:5: .*"all".*\(warning\)$/),
  });
  expect(await run('test', folder)).toMatchObject({ status: 0, out: '1 test passed, 0 failed', err: '' });
  expect(await run('list', folder)).toMatchObject({ status: 0, out: expect.stringContaining('6b1d\tlow') });
});

test('a failing test and a broken rule are findings', async () => {
  await writeFile(join(folder, 'a.yml'), rule('no match'));
  expect(await run('test', folder)).toMatchObject({
    status: 1,
    out: '0 tests passed, 1 failed',
    err: '/a.yml:8: "a guess" expects no match, but: event 1 matches',
  });
  await writeFile(join(folder, 'a.yml'), rule('match').replace('condition: s', 'condition: x'));
  expect(await run('check', folder)).toMatchObject({
    status: 1,
    err: expect.stringContaining('/a.yml:5: the condition names "x", which is not in the detection'),
  });
  expect((await run('test', folder)).status).toBe(1);
});

test('wrong use is an error of its own', async () => {
  await expect(run('chekc', folder)).rejects.toThrow(UsageError);
  await expect(run()).rejects.toThrow(UsageError);
});
