import { expect, it } from 'vitest';
import { Refusal } from '../errors.ts';
import type { Depth } from '../queue/queue.ts';
import { createBacklog, createQuota } from './quota.ts';

it('refuses beyond the rate, says when to come again, and forgives with time', () => {
  let now = 0;
  const quota = createQuota({ recordsPerSecond: 100, burstRecords: 500 }, () => now);
  quota.take('a', 500);
  let refusal: Refusal | undefined;
  try {
    quota.take('a', 200);
  } catch (error) {
    refusal = error as Refusal;
  }
  expect(refusal?.code).toBe('over-quota');
  expect(refusal?.headers).toEqual({ 'retry-after': '2' });
  quota.take('b', 500);
  now = 2_000;
  quota.take('a', 200);
  expect(() => quota.take('a', 1)).toThrow(Refusal);
});

it('lets a batch larger than the burst through when the bucket is full, once', () => {
  let now = 0;
  const quota = createQuota({ recordsPerSecond: 100, burstRecords: 500 }, () => now);
  quota.take('a', 1_000);
  now = 9_000;
  expect(() => quota.take('a', 1_000)).toThrow(Refusal);
  now = 10_000;
  quota.take('a', 1_000);
});

it('does not run backwards when the clock does', () => {
  let now = 10_000;
  const quota = createQuota({ recordsPerSecond: 100, burstRecords: 100 }, () => now);
  quota.take('a', 100);
  now = 0;
  expect(() => quota.take('a', 50)).toThrow(Refusal);
});

it('refuses while the queue is too full, and looks again soon', async () => {
  let now = 0;
  const depth: Depth = { jobs: 1, records: 10, bytes: 5, dead: 0, oldestMs: 0, bySource: [] };
  let bytes = 5;
  let asked = 0;
  let fill = 0;
  const backlog = createBacklog(
    {
      depth: async () => {
        asked++;
        return { ...depth, bytes };
      },
      fill: async () => fill,
    },
    { maxBytes: 100, maxRecords: 100 },
    () => now,
  );
  await backlog.check();
  await backlog.check();
  expect(asked).toBe(1);
  bytes = 100;
  now = 300;
  await expect(backlog.check()).rejects.toThrow(Refusal);
  bytes = 5;
  fill = 0.79;
  now = 600;
  await backlog.check();
  fill = 0.8;
  now = 900;
  await expect(backlog.check()).rejects.toThrow(Refusal);
});

it('divides a source’s rate among the doors', () => {
  let now = 0;
  let doors = 2;
  const quota = createQuota(
    { recordsPerSecond: 100, burstRecords: 100 },
    () => now,
    () => doors,
  );
  quota.take('a', 50);
  expect(() => quota.take('a', 1)).toThrow(Refusal);
  now = 1_000;
  quota.take('a', 50);
  expect(() => quota.take('a', 1)).toThrow(Refusal);
  doors = 1;
  now = 2_000;
  quota.take('a', 100);
});
