/** The walk's promises to a restart: findings are written in their order, once, and event time that the clock told is kept. */
import { expect, test } from 'vitest';
import type { Correlator } from '../correlate/correlator.ts';
import type { Finding } from '../correlate/finding.ts';
import type { IncidentBook } from '../incident/book.ts';
import type { Match } from '../model/alert.ts';
import type { LeasedJob } from '../queue/queue.ts';
import { batchesOf } from '../store/cause.ts';
import type { Cause, Store } from '../store/store.ts';
import { createSpans, type FinishedSpan } from '../telemetry/spans.ts';
import { noTracer, type Tracer } from '../telemetry/tracer.ts';
import { createMatchesWalk, rebuildMemory } from './matches.ts';

const finding = (ruleId: string) => ({ ruleId }) as Finding;
const job = (id: string, atMs: number): LeasedJob =>
  ({
    id,
    receivedAt: '2026-11-24T00:00:00.000Z',
    head: '',
    body: Buffer.from(JSON.stringify([{ ruleId: id, atMs }])),
  }) as unknown as LeasedJob;

function bench(tracer: Tracer = noTracer) {
  const log: string[] = [];
  const causes: unknown[] = [];
  const applied = new Map<string, number>();
  let broken = false;
  const correlator = {
    windowMs: 1_000,
    add: (matches: readonly Match[]) => {
      log.push(`add ${matches.map(({ ruleId }) => ruleId)}`);
      if (matches.some(({ ruleId }) => ruleId === 'bad')) throw new Error('no such match');
      return matches.map(({ ruleId }) => finding(ruleId));
    },
    advance: (toMs: number) => {
      log.push(`advance ${toMs}`);
      return toMs === 500 ? [] : [finding(`at ${toMs}`)];
    },
  } as unknown as Correlator;
  const book = {
    apply: (findings: readonly Finding[]) => ({
      changes: findings.map(({ ruleId }) => ({ kind: 'alert', doc: { id: ruleId } })),
      alertIds: findings.map(({ ruleId }) => ruleId),
      commit: () => undefined,
    }),
  } as unknown as IncidentBook;
  const store = {
    save: async (changes: readonly { doc: { id: string } }[], cause: Cause) => {
      if (broken) throw new Error('the disk is full');
      log.push(`save ${changes.map(({ doc }) => doc.id)}`);
      causes.push(cause);
      for (const { batchId, alerts } of batchesOf(cause)) applied.set(batchId, alerts);
      return true;
    },
    applied: async (ids: readonly string[]) => new Map([...applied].filter(([id]) => ids.includes(id))),
  } as unknown as Store;
  const walk = createMatchesWalk({
    store,
    correlator,
    book,
    rulesById: new Map(),
    term: 1,
    tracer,
    onSaved: () => undefined,
  });
  return { walk, log, causes, applied, breakDisk: (now: boolean) => (broken = now) };
}

test('what could not be written is written before what came later, and given to the correlator once', async () => {
  const { walk, log, breakDisk } = bench();
  breakDisk(true);
  await expect(walk.apply([job('a', 1)])).rejects.toThrow('full');
  await expect(walk.advance(700)).rejects.toThrow('full');
  breakDisk(false);
  await walk.apply([job('b', 2)]);
  await walk.apply([job('a', 1)]);
  expect(log).toEqual(['add a', 'advance 700', 'add b', 'save a', 'save at 700', 'save b', 'add a', 'save a']);
});

test('one after the other, from wherever they are called; each with its cause', async () => {
  const { walk, log, causes } = bench();
  await Promise.all([walk.apply([job('a', 5)]), walk.advance(500), walk.advance(900), walk.apply([job('b', 7)])]);
  expect(log).toEqual(['add a', 'save a', 'advance 500', 'advance 900', 'save at 900', 'add b', 'save b']);
  expect(causes).toMatchObject([
    { batches: [{ batchId: 'a', newestMs: 5 }] },
    { advancedMs: 900 },
    { batches: [{ batchId: 'b', newestMs: 7 }] },
  ]);
});

test('batches that come together are given one by one and written at once, each with its own alerts', async () => {
  const { walk, log, causes } = bench();
  await walk.apply([job('a', 5), job('b', 7), { ...job('c', 3), body: Buffer.from('[]') }]);
  expect(log).toEqual(['add a', 'add b', 'add ', 'save a,b']);
  expect(causes).toMatchObject([
    {
      term: 1,
      batches: [
        { batchId: 'a', newestMs: 5, alerts: 1 },
        { batchId: 'b', newestMs: 7, alerts: 1 },
        { batchId: 'c', newestMs: undefined, alerts: 0 },
      ],
    },
  ]);
});

test('of batches that come together those written before are left out', async () => {
  const { walk, log, applied } = bench();
  applied.set('b', 1);
  await walk.apply([job('a', 5), job('b', 7)]);
  expect(log).toEqual(['add a', 'save a']);
});

test('batches that could not be written together come again one by one, and are written together', async () => {
  const { walk, log, applied, breakDisk } = bench();
  breakDisk(true);
  await expect(walk.apply([job('a', 1), job('b', 2)])).rejects.toThrow('full');
  await expect(walk.apply([job('b', 2)])).rejects.toThrow('full');
  breakDisk(false);
  await walk.apply([job('b', 2)]);
  expect(log).toEqual(['add a', 'add b', 'save a,b']);
  expect([...applied.keys()]).toEqual(['a', 'b']);
});

test('one that cannot be given keeps the others from nothing', async () => {
  const { walk, log, applied } = bench();
  await expect(walk.apply([job('a', 1), job('bad', 2), job('c', 3)])).rejects.toThrow('no such match');
  await walk.apply([job('a', 1)]);
  await expect(walk.apply([job('bad', 2)])).rejects.toThrow('no such match');
  await walk.apply([job('c', 3)]);
  expect(log).toEqual(['add a', 'add bad', 'save a', 'add bad', 'add c', 'save c']);
  expect([...applied.keys()]).toEqual(['a', 'c']);
});

test('a new correlator learns from the window before the newest match, and then how far event time had come', async () => {
  const learned: unknown[] = [];
  const correlator = {
    windowMs: 1_000,
    add: (matches: unknown) => learned.push(matches),
    advance: (toMs: number) => learned.push(toMs),
  } as unknown as Correlator;
  const rebuild = async (progress: object) => {
    learned.length = 0;
    const store = {
      progress: async () => progress,
      async *appliedMatches(_scope: unknown, sinceMs: number) {
        yield [`since ${sinceMs}`];
      },
    } as unknown as Store;
    await rebuildMemory({ store, correlator }, 10_000);
    return [...learned];
  };
  expect(await rebuild({ appliedMs: 4_000, advancedMs: 3_500 })).toEqual([['since 3000'], 3_500]);
  expect(await rebuild({ appliedMs: 90_000, advancedMs: undefined })).toEqual([['since 9000']]);
  expect(await rebuild({ appliedMs: undefined, advancedMs: undefined })).toEqual([['since 9000']]);
});

test('a batch that could not be written at first tells so in its trace, and then what was written for it', async () => {
  const spans: FinishedSpan[] = [];
  const { walk, breakDisk } = bench(createSpans({ ratio: 1, emit: (span) => spans.push(span) }));
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
  const traced = { ...job('a', 1), head: JSON.stringify({ traceparent }) };
  breakDisk(true);
  await expect(walk.apply([traced])).rejects.toThrow('full');
  breakDisk(false);
  await walk.apply([traced, job('b', 2)]);
  expect(spans).toMatchObject([
    { name: 'correlator.apply', failed: true, attributes: { 'error.type': 'Error', 'messaging.message.id': 'a' } },
    { failed: false, traceId: 'a'.repeat(32), parentSpanId: 'b'.repeat(16), attributes: { 'hinomi.findings': 1 } },
  ]);
});
