import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { queueContract } from './queue.contract.ts';
import { createSqliteQueue, openSqliteQueue } from './sqlite.ts';

queueContract('sqlite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hinomi-queue-'));
  const file = join(folder, 'records.db');
  let host = await openSqliteQueue({ file });
  return {
    queue: host.queue,
    async reopen() {
      await host.close();
      host = await openSqliteQueue({ file });
      return host.queue;
    },
    async dispose() {
      await host.close();
      await rm(folder, { recursive: true });
    },
  };
});

it('gives out again what a vanished thread held, after its lease', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hinomi-queue-'));
  const host = await openSqliteQueue({ file: join(folder, 'records.db') });
  const receivedAt = '2026-11-20T01:00:00.000Z';
  await host.queue.push([
    { id: '1', memberId: 'a', sourceId: 'a.s', records: 1, receivedAt, head: '', body: new Uint8Array(1) },
  ]);
  const options = { maxJobs: 1, maxBytes: 1, leaseMs: 300, maxAttempts: 3, onError: () => {} };
  const vanishing = createSqliteQueue(host.connect());
  const held = await new Promise<number>((resolve) => {
    vanishing.work((jobs) => {
      resolve(jobs.length);
      return new Promise(() => {});
    }, options);
  });
  expect(held).toBe(1);
  await vanishing.close();
  const vanishedAt = Date.now();
  let stop = async (): Promise<void> => {};
  await new Promise<void>((resolve) => {
    stop = host.queue.work(async () => resolve(), options);
  });
  expect(Date.now() - vanishedAt).toBeGreaterThan(150);
  await stop();
  await host.close();
  await rm(folder, { recursive: true });
});
