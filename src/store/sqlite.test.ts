import { type ChildProcess, spawn } from 'node:child_process';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CENTER_SCOPE } from '../model/scope.ts';
import { matchPages } from './records.contract.ts';
import { createSqliteStore, openSqliteStore } from './sqlite.ts';
import { storeContract } from './store.contract.ts';
import { makeAlert, makeBatch } from './store.fixture.ts';

storeContract('sqlite', async (folder) => {
  let host = await openSqliteStore({ folder });
  return {
    store: host.store,
    async reopen() {
      await host.close();
      host = await openSqliteStore({ folder });
      return host.store;
    },
    close: () => host.close(),
  };
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hinomi-sqlite-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const ever = { since: '2020-01-01T00:00:00.000Z', until: '2030-01-01T00:00:00.000Z' };

it('serves several threads and several processes', async () => {
  const one = await openSqliteStore({ folder, readers: 2 });
  const two = await openSqliteStore({ folder });
  const third = createSqliteStore(one.handle().handle);
  const alerts = Array.from({ length: 30 }, (_, index) => makeAlert(`a${index}`));
  const stores = [one.store, two.store, third];
  await Promise.all(alerts.map((doc, index) => stores[index % 3]?.save([{ kind: 'alert', doc }])));
  for (const store of stores) expect((await store.find('alert', CENTER_SCOPE, { limit: 99 })).items.length).toBe(30);
  await third.putBatches([makeBatch('1', { events: [{ message: 'hello' }] })]);
  for (const store of stores)
    expect((await store.findEvents(CENTER_SCOPE, { ...ever, limit: 9 })).items.length).toBe(1);
  await third.close();
  await expect(third.get('alert', CENTER_SCOPE, 'a1')).rejects.toThrow(/ended/);
  await Promise.all([one.close(), two.close()]);
});

it('answers short questions while a search works', async () => {
  const host = await openSqliteStore({ folder });
  const events = Array.from({ length: 20_000 }, (_, index) => ({ message: `n${index} ${'x'.repeat(200)}` }));
  await host.store.putBatches([makeBatch('1', { events })]);
  const query = { op: 'not', of: { op: 'text', text: 'x*', wildcard: true } } as const;
  const order: string[] = [];
  await Promise.all([
    host.store
      .findEvents(CENTER_SCOPE, { ...ever, limit: 1, query, budgetMs: 10_000 })
      .then(() => order.push('search')),
    host.store
      .stats()
      .then(() => host.store.get('alert', CENTER_SCOPE, 'a'))
      .then(() => order.push('get')),
  ]);
  expect(order).toEqual(['get', 'search']);
  await host.close();
});

it.each([
  ['a file that is no database', async (path: string) => writeFile(path, 'x'.repeat(8192)), /not a file of Hinomi/],
  [
    'another program’s database',
    async (path: string) => {
      const db = new DatabaseSync(path);
      db.exec('CREATE TABLE t(x)');
      db.close();
    },
    /another program/,
  ],
  [
    'a newer Hinomi’s',
    async (path: string) => {
      const db = new DatabaseSync(path);
      db.exec('CREATE TABLE t(x); PRAGMA application_id = 0x484e4d49; PRAGMA user_version = 99');
      db.close();
    },
    /newer Hinomi \(format 99/,
  ],
])('refuses %s, and names it', async (_, make, message) => {
  await make(join(folder, 'state.db'));
  const refusal = await openSqliteStore({ folder }).catch((error: Error) => error.message);
  expect(refusal).toMatch(message);
  expect(refusal).toMatch(/state\.db/);
});

it('makes a file of the first format one of today’s', async () => {
  let host = await openSqliteStore({ folder });
  await host.store.save([{ kind: 'alert', doc: makeAlert('old') }]);
  await host.close();
  const db = new DatabaseSync(join(folder, 'state.db'));
  db.exec('DROP TABLE progress; DROP TABLE identity; DROP TABLE left_out; PRAGMA user_version = 1');
  db.close();
  host = await openSqliteStore({ folder });
  expect(await host.store.progress()).toEqual({ appliedMs: undefined, advancedMs: undefined });
  const { term } = await host.store.takeLead('test', AbortSignal.timeout(5_000));
  await host.store.save([], { advancedMs: 5, term });
  expect(await host.store.progress()).toMatchObject({ advancedMs: 5 });
  expect(await host.store.get('alert', CENTER_SCOPE, 'old')).toEqual(makeAlert('old'));
  expect((await host.store.identity()).id).toMatch(/^[0-9a-f]{20}$/);
  await host.close();
});

it('names the day’s file that is damaged, and goes on with the others', async () => {
  let host = await openSqliteStore({ folder });
  await host.store.putBatches([makeBatch('1', { events: [{}] })]);
  await host.close();
  await writeFile(join(folder, 'events', '2026-11-20.db'), 'x'.repeat(8192));
  host = await openSqliteStore({ folder });
  await expect(host.store.findEvents(CENTER_SCOPE, { ...ever, limit: 9 })).rejects.toThrow(/2026-11-20\.db: it is not/);
  await expect(host.store.putBatches([makeBatch('2', { events: [{}] })])).rejects.toThrow(/2026-11-20\.db: it is not/);
  await host.store.putBatches([makeBatch('3', { receivedAt: '2026-11-21T01:00:00.000Z', events: [{}] })]);
  await host.close();
});

it('takes up a day’s file that was put in its place', async () => {
  let host = await openSqliteStore({ folder });
  const old = makeBatch('1', { receivedAt: '2026-11-18T01:00:00.000Z', events: [{ message: 'old' }] });
  await host.store.putBatches([old]);
  await host.close();
  const path = join(folder, 'events', '2026-11-18.db');
  await copyFile(path, `${path}.bak`);
  host = await openSqliteStore({ folder });
  expect(await host.store.prune('2026-11-19')).toEqual(['2026-11-18']);
  await host.close();
  await copyFile(`${path}.bak`, path);
  host = await openSqliteStore({ folder });
  expect((await host.store.findEvents(CENTER_SCOPE, { ...ever, limit: 9 })).items).toEqual(old.events);
  await host.close();
});

it('finishes at its start what a crash left of the removal of a day', async () => {
  let host = await openSqliteStore({ folder });
  await host.store.putBatches(
    ['18', '19'].map((day) => makeBatch(day, { receivedAt: `2026-11-${day}T01:00:00.000Z`, events: [{}] })),
  );
  await host.close();
  const state = new DatabaseSync(join(folder, 'state.db'));
  state.exec(`DELETE FROM days WHERE day = '2026-11-18'; INSERT INTO pruning VALUES('2026-11-18')`);
  state.close();
  host = await openSqliteStore({ folder });
  expect((await host.store.stats()).days).toMatchObject([{ day: '2026-11-19', events: 1 }]);
  expect((await host.store.findEvents(CENTER_SCOPE, { ...ever, limit: 9 })).items).toHaveLength(1);
  await host.close();
});

it('keeps what it confirmed when the process is killed', { timeout: 20_000 }, async () => {
  const program = `
    import { openSqliteStore } from ${JSON.stringify(new URL('./sqlite.ts', import.meta.url).href)};
    import { makeAlert, makeBatch } from ${JSON.stringify(new URL('./store.fixture.ts', import.meta.url).href)};
    const { store } = await openSqliteStore({ folder: ${JSON.stringify(folder)} });
    const { term } = await store.takeLead('test', AbortSignal.timeout(5_000));
    for (let n = 0; ; n++) {
      const batch = makeBatch(String(n), { events: Array.from({ length: 50 }, () => ({ message: 'n' + n })), matched: [0] });
      await store.putBatches([batch]);
      await store.save([{ kind: 'alert', doc: makeAlert('a' + n) }], { batches: [{ ...batch, alerts: 1 }], term });
      process.stdout.write(n + '\\n');
    }`;
  const main = join(folder, 'writes.mjs');
  await writeFile(main, program);
  const child: ChildProcess = spawn(process.execPath, [main], { stdio: ['ignore', 'pipe', 'inherit'] });
  let confirmed = -1;
  await new Promise<void>((resolve) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      confirmed = Number(chunk.toString().trim().split('\n').at(-1));
      if (confirmed >= 20) resolve();
    });
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGKILL');
  await ended;
  const host = await openSqliteStore({ folder });
  const alerts = (await host.store.find('alert', CENTER_SCOPE, { limit: 1_000 })).items.length;
  const { events } = await host.store.stats();
  expect(alerts).toBeGreaterThanOrEqual(confirmed + 1);
  expect(events % 50).toBe(0);
  expect(events / 50 - alerts).toBeOneOf([0, 1]);
  const matches = (await matchPages(host.store, CENTER_SCOPE)).flat();
  expect(matches.length).toBe(alerts);
  // The same again, as the queue would bring it.
  await host.store.putBatches([
    makeBatch('3', { events: Array.from({ length: 50 }, () => ({ message: 'n3' })), matched: [0] }),
  ]);
  expect((await host.store.stats()).events).toBe(events);
  await host.close();
});

it('is in a bad way when a file is damaged or was taken away, and names it', async () => {
  let host = await openSqliteStore({ folder });
  await host.store.putBatches([makeBatch('1', { events: [{}] })]);
  expect((await host.store.health()).state).not.toBe('bad');
  await host.close();
  host = await openSqliteStore({ folder });
  const path = join(folder, 'events', '2026-11-20.db');
  await writeFile(path, 'x'.repeat(8192));
  expect(await host.store.health()).toMatchObject({
    ...{
      state: 'bad',
      reason: 'unreadable',
      detail: expect.stringMatching(/2026-11-20\.db: it is not a file of Hinomi/),
    },
    diskTotalBytes: expect.any(Number),
  });
  await rm(path);
  expect((await host.store.health()).detail).toMatch(/2026-11-20\.db: it was taken away; put it back/);
  await host.close();
});

it('counts its events anew when a file has changed, whoever wrote it', async () => {
  const one = await openSqliteStore({ folder });
  const two = await openSqliteStore({ folder });
  const day = (date: number, key: string) =>
    makeBatch(key, { receivedAt: `2026-11-${10 + date}T01:00:00.000Z`, events: [{}] });
  // More days than the writer holds open.
  await one.store.putBatches(Array.from({ length: 9 }, (_, date) => day(date, 'first')));
  const eventsOf = async () => (await one.store.stats()).days.map(({ events }) => events);
  for (let times = 0; times < 3; times++) expect(await eventsOf()).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1]);
  await two.store.putBatches([day(0, 'second'), day(8, 'second')]);
  await one.store.putBatches([day(1, 'third')]);
  expect(await eventsOf()).toEqual([2, 2, 1, 1, 1, 1, 1, 1, 2]);
  expect(await one.store.prune('2026-11-11')).toEqual(['2026-11-10']);
  await one.store.putBatches([day(0, 'fourth')]);
  expect(await eventsOf()).toEqual([1, 2, 1, 1, 1, 1, 1, 1, 2]);
  await Promise.all([one.close(), two.close()]);
});
