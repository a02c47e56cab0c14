/** Reloads without a center: what fails changes nothing, and one comes after the other. The whole of it is test/reload.test.ts. */
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { type AppRules, openRules } from './app-rules.ts';
import type { Prepared } from './app-worker.ts';
import type { Change } from './store/store.ts';

const root = await mkdtemp(join(tmpdir(), 'hinomi-reload-'));
afterAll(() => rm(root, { recursive: true, force: true }));

const rule = (id: string, more = ''): string =>
  `title: T ${id}\nid: ${id}\nlogsource: { category: webserver }\ndetection: { s: { c-uri: /${id} }, condition: s }\n${more}`;
const correlation = (id: string, of: string): string =>
  `title: T ${id}\nid: ${id}\ncorrelation: { type: event_count, rules: [${of}], group-by: [c-ip], timespan: 5m, condition: { gte: 3 } }\n`;

let folder: string;
let rules: AppRules;
let steps: string[];
let saved: Change[];
/** What fails. */
let fail: { prepare?: string; handOver?: string; save?: string };
const write = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text);
const log = { info: () => undefined, warn: () => undefined, error: () => undefined };

beforeEach(async () => {
  folder = await mkdtemp(join(root, 'f'));
  steps = [];
  saved = [];
  fail = {};
  await write('a.yml', rule('r1'));
  await write('b.yml', rule('r2'));
  await write('c.yml', correlation('c1', 'r2'));
  rules = await openRules({
    folders: async () => [folder],
    latenessMs: 3_600_000,
    log,
    pipeline: {
      async prepare(toCompile): Promise<Prepared> {
        if (fail.prepare !== undefined) throw new Error(fail.prepare);
        steps.push('prepare');
        const leftOut = toCompile.rules.filter(({ author }) => author === 'nobody can compile it').map(({ id }) => id);
        const where = { file: join(folder, 'b.yml'), line: 1, column: 1 };
        return { leftOut, problems: leftOut.map((id) => ({ where, severity: 'error', message: `${id} is bad` })) };
      },
      swap: async () => void steps.push('swap'),
    },
  });
  rules.begin({
    async handOver(_, record) {
      if (fail.handOver !== undefined) throw new Error(fail.handOver);
      await record();
      steps.push('hand over');
    },
    async save(changes) {
      if (fail.save !== undefined) throw new Error(fail.save);
      saved.push(...changes);
      steps.push('record');
    },
  });
  steps = [];
});

const inForce = (): readonly string[] => [...rules.current().rulesById.keys()].sort();

test('compiled everywhere, put on record, then swapped', async () => {
  await write('a.yml', rule('r1', 'level: low\n'));
  await write('d.yml', rule('r3'));
  const told = await rules.reload('kai');
  expect(steps).toEqual(['prepare', 'record', 'hand over', 'swap']);
  expect(told).toMatchObject({ rules: 3, correlations: 1, added: ['r3'], removed: [], changed: ['r1'], keptOld: [] });
  expect(saved.map(({ doc }) => doc)).toMatchObject([
    {
      ...{ actor: 'kai', action: 'rules.reload', memberId: null, target: { kind: 'rules', id: told.version } },
      before: { rules: 2, correlations: 1 },
      after: { rules: 3, added: 1, changed: 1, removed: 0, keptOld: [] },
    },
  ]);
  expect((await rules.reload('kai')).version).toBe(told.version);
});

test.each<[string, typeof fail & { folder?: 'gone' }, string]>([
  ['a thread fails', { prepare: 'no memory' }, 'no memory'],
  ['the memory cannot be rebuilt', { handOver: 'no store' }, 'no store'],
  ['it cannot be put on record', { save: 'disk full' }, 'disk full'],
  ['the folder is gone', { folder: 'gone' }, 'cannot be read'],
])('%s: the rules before stay, all of them', async (_, what, why) => {
  const before = rules.current();
  await write('d.yml', rule('r3'));
  fail = what;
  if (what.folder === 'gone') await rename(folder, `${folder}-away`);
  await expect(rules.reload('kai')).rejects.toThrow(why);
  expect(rules.current()).toBe(before);
  expect(steps).not.toContain('swap');
});

test('a broken file leaves what it gave in force; the others are taken; mended, it is taken too', async () => {
  const since = rules.current().loadedAt;
  await write('a.yml', 'title: [');
  await write('b.yml', rule('r2', 'level: low\n'));
  const told = await rules.reload('kai');
  expect(inForce()).toEqual(['c1', 'r1', 'r2']);
  expect(told).toMatchObject({ changed: ['r2'], keptOld: [{ file: join(folder, 'a.yml'), since, rules: ['r1'] }] });
  expect(told.problems[0]?.message).toContain(`stays in force, since ${since}`);
  // Still broken, and still as old as it was.
  expect((await rules.reload('kai')).keptOld[0]?.since).toBe(since);
  await write('a.yml', rule('r1', 'level: high\n'));
  expect(await rules.reload('kai')).toMatchObject({ changed: ['r1'], keptOld: [], problems: expect.any(Array) });
  expect(rules.current().problems.filter(({ severity }) => severity === 'error')).toEqual([]);
});

test('a rule that parses but cannot be compiled, or no longer resolves, is kept with its file', async () => {
  await write('b.yml', rule('r2', 'author: nobody can compile it\n'));
  await write('c.yml', correlation('c1', 'r2').replace('gte: 3', 'gte: 4'));
  const compiled = await rules.reload('kai');
  // The correlation fell only because its rule did: it is taken as it is now.
  expect(compiled).toMatchObject({ changed: ['c1'], removed: [] });
  expect(compiled.keptOld.map(({ rules: ids }) => ids)).toEqual([['r2']]);
  await write('b.yml', rule('r2'));
  await write('c.yml', correlation('c1', 'misspelt'));
  expect((await rules.reload('kai')).keptOld.map(({ rules: ids }) => ids)).toEqual([['c1']]);
  expect(inForce()).toEqual(['c1', 'r1', 'r2']);
});

test('a rule that was taken out takes its correlation with it, and nothing is kept for it', async () => {
  await rm(join(folder, 'b.yml'));
  await write('c.yml', correlation('c1', 'r2').replace('gte: 3', 'gte: 4'));
  const told = await rules.reload('kai');
  expect(told).toMatchObject({ removed: ['c1', 'r2'], keptOld: [] });
  expect(told.problems.map(({ message }) => message)).toEqual([expect.stringContaining('"r2"')]);
});

test('one after the other; who asks again meanwhile shares the turn that is to come', async () => {
  const running = rules.reload('kai');
  await Promise.resolve();
  const [second, third, other] = [rules.reload('kai'), rules.reload('kai'), rules.reload('mori')];
  expect(second).toBe(third);
  await Promise.all([running, second, other]);
  expect(steps.join(' ')).toBe(Array(3).fill('prepare record hand over swap').join(' '));
});

test('closing waits for a reload that runs and refuses the next', async () => {
  const running = rules.reload('kai');
  await new Promise((resolve) => setImmediate(resolve));
  await rules.close();
  await running;
  await expect(rules.reload('kai')).rejects.toThrow('starting or stopping');
});
