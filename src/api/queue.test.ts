/** Batches set aside, of both queues: listed by scope, put back by those who may, and on record. Real queues, on disk. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CENTER_SCOPE } from '../model/scope.ts';
import { openSqliteQueue, type SqliteQueueHost } from '../queue/sqlite.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import { openTestApi, type TestApi } from './api.fixture.ts';

const names = ['records', 'matches'] as const;

let folder: string;
let hosts: Record<(typeof names)[number], SqliteQueueHost>;
let center: TestApi;
let admin: { authorization: string };
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hinomi-dead-'));
  const [records, matches] = await Promise.all(names.map((name) => openSqliteQueue({ file: join(folder, name) })));
  hosts = { records: records as SqliteQueueHost, matches: matches as SqliteQueueHost };
  const queues = { records: hosts.records.queue, matches: hosts.matches.queue };
  center = await openTestApi(openSqliteStore, { overrides: { queues } });
  admin = await center.key('admin', 'all');
});
afterAll(async () => {
  await center.close();
  await Promise.all(Object.values(hosts).map((host) => host.close()));
  await rm(folder, { recursive: true });
});

/** A batch of each member, received at this second of a minute, fails at its only attempt. */
async function setAside(name: (typeof names)[number], id: string, second: number): Promise<void> {
  const { queue } = hosts[name];
  const before = (await queue.dead()).length;
  await queue.push(
    [center.alpha, center.beta].map(({ memberId, sourceId, word }) => ({
      ...{ id: `${id}-${word}`, memberId, sourceId, records: 3, head: '', body: new Uint8Array([1]) },
      receivedAt: new Date(Date.UTC(2026, 10, 3, 9, 0, second)).toISOString(),
    })),
  );
  const stop = queue.work(async () => Promise.reject(new Error(`${name} cannot be worked`)), {
    ...{ maxJobs: 1, maxBytes: 1, leaseMs: 10_000, maxAttempts: 1 },
  });
  await expect.poll(async () => (await queue.dead()).length).toBe(before + 2);
  await stop();
}

const list = async (headers: Record<string, string>) =>
  (await center.api.inject({ method: 'GET', url: '/api/v1/queue', headers })).json().dead;
const retry = (payload: object, headers: Record<string, string> = admin) =>
  center.api.inject({ method: 'POST', url: '/api/v1/queue/dead/retry', headers, payload });
const retriesOnRecord = async () =>
  (await center.store.find('audit', CENTER_SCOPE, { where: { action: 'queue.retry' }, limit: 100 })).items;

test('lists both queues, oldest first, and to readers of some members theirs', async () => {
  await setAside('records', 'late', 5);
  await setAside('matches', 'found', 2);
  const all = await list(admin);
  expect(all.map(({ queue, id }: { queue: string; id: string }) => [queue, id])).toEqual([
    ['matches', 'found-alphaword'],
    ['matches', 'found-betaword'],
    ['records', 'late-alphaword'],
    ['records', 'late-betaword'],
  ]);
  expect(all[0]).toEqual({
    ...{ queue: 'matches', id: 'found-alphaword', memberId: 'alpha-hospital', sourceId: center.alpha.sourceId },
    ...{ records: 3, receivedAt: '2026-11-03T09:00:02.000Z', error: 'matches cannot be worked', attempts: 1 },
  });
  const own = await list(await center.key('analyst', [center.beta.memberId]));
  expect(own.map(({ id }: { id: string }) => id)).toEqual(['found-betaword', 'late-betaword']);
});

test('is put back by administrators of the whole center only', async () => {
  const payload = { queue: 'matches', ids: ['found-alphaword'] };
  for (const role of ['analyst', 'responder', 'auditor'] as const)
    expect((await retry(payload, await center.key(role, 'all'))).statusCode).toBe(403);
  expect((await retry(payload, await center.key('admin', [center.alpha.memberId]))).statusCode).toBe(403);
  expect((await retry(payload, await center.session('alphaword-admin'))).statusCode).toBe(403);
  expect((await retry({ ...payload, queue: 'notices' })).statusCode).toBe(400);
  expect((await list(admin)).length).toBe(4);
  expect(await retriesOnRecord()).toEqual([]);
});

test('ids alone are of records; the queue named is the only one touched; each source has it on record', async () => {
  expect((await retry({ ids: ['found-alphaword', 'nowhere'] })).json()).toEqual({ retried: 0 });
  expect(await retriesOnRecord()).toEqual([]);

  expect((await retry({ ids: ['late-alphaword'] })).json()).toEqual({ retried: 1 });
  expect(await hosts.records.queue.state('late-alphaword')).toMatchObject({ state: 'queued' });
  const found = { queue: 'matches', ids: ['found-alphaword', 'found-betaword', 'late-betaword'] };
  expect((await retry(found)).json()).toEqual({ retried: 2 });
  expect(await hosts.matches.queue.state('found-betaword')).toMatchObject({ state: 'queued' });
  expect((await list(admin)).map(({ id }: { id: string }) => id)).toEqual(['late-betaword']);
  expect((await retry(found)).json()).toEqual({ retried: 0 });

  const told = (await retriesOnRecord()).map(({ memberId, target, after }) => {
    const { queue, batches } = after as { queue: string; batches: string[] };
    return [memberId, target.kind, target.id, queue, ...batches].join(' ');
  });
  const { alpha, beta } = center;
  expect(told.sort()).toEqual([
    `${alpha.memberId} source ${alpha.sourceId} matches found-alphaword`,
    `${alpha.memberId} source ${alpha.sourceId} records late-alphaword`,
    `${beta.memberId} source ${beta.sourceId} matches found-betaword`,
  ]);
});
