import { expect, test } from 'vitest';
import { batchId } from '../ids.ts';
import type { LeasedJob } from '../queue/queue.ts';
import type { WorkedBatch } from '../store/store.ts';
import { createSpans, type FinishedSpan } from '../telemetry/spans.ts';
import { noTracer } from '../telemetry/tracer.ts';
import { traceRecords } from './records-trace.ts';

const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
const receivedAt = '2026-11-24T00:00:00.000Z';
const job = (id: string): LeasedJob =>
  ({
    id,
    memberId: 'm',
    sourceId: 'm.s',
    records: 3,
    receivedAt,
    attempt: 2,
    head: '',
    body: new Uint8Array(9),
  }) as const;
const worked = { events: [1, 2], rejects: [1], matches: [] } as unknown as WorkedBatch;
const batchIdOf = (id: string): string => batchId(id, receivedAt);

function bench() {
  const spans: FinishedSpan[] = [];
  const trace = traceRecords(createSpans({ ratio: 1, emit: (span) => spans.push(span) }));
  return { spans, trace, of: (name: string) => spans.filter((span) => span.name === name) };
}

test('batches that are stored together share that time, each in its own trace; one that is not traced has none', async () => {
  const { trace, of } = bench();
  const jobs = ['AAAAAAAAAAAAAAAA', 'BBBBBBBBBBBBBBBB', 'CCCCCCCCCCCCCCCC'].map(job);
  for (const [index, one] of jobs.entries())
    expect(await trace.batch(one, index === 2 ? {} : { traceparent }, async () => worked)).toBe(worked);
  await trace.store(async () => undefined);
  const heads = jobs.map(({ id }) => trace.headFor(batchIdOf(id)));
  trace.end();
  const batches = of('worker.batch');
  expect(batches.map(({ spanId }) => `00-${'a'.repeat(32)}-${spanId}-01`)).toEqual(
    heads.slice(0, 2).map((head) => head.traceparent),
  );
  expect(heads[2]).toEqual({});
  expect(batches[0]?.attributes).toMatchObject({
    ...{ 'hinomi.records': 3, 'hinomi.events': 2, 'hinomi.rejects': 1, 'hinomi.matches': 0, 'hinomi.attempt': 2 },
    'messaging.message.id': batchIdOf('AAAAAAAAAAAAAAAA'),
  });
  for (const name of ['worker.detect', 'worker.store'])
    expect(of(name).map(({ parentSpanId }) => parentSpanId)).toEqual(batches.map(({ spanId }) => spanId));
  expect(of('worker.store')[0]?.attributes['db.operation.batch.size']).toBe(3);
});

test.each(['walk', 'store'] as const)(
  'when the %s fails, so do its span and the batches, and the error goes on',
  async (part) => {
    const { trace, spans } = bench();
    const failing = async (): Promise<never> => {
      throw new RangeError('a line of a log');
    };
    const walked = trace.batch(
      job('AAAAAAAAAAAAAAAA'),
      { traceparent },
      part === 'walk' ? failing : async () => worked,
    );
    if (part === 'walk') await expect(walked).rejects.toThrow(RangeError);
    else {
      await walked;
      await expect(trace.store(failing)).rejects.toThrow(RangeError);
    }
    trace.fail(new RangeError('a line of a log'));
    const failed = spans.filter((span) => span.failed);
    expect(failed.map(({ name }) => name)).toEqual([
      part === 'walk' ? 'worker.detect' : 'worker.store',
      'worker.batch',
    ]);
    expect(failed.map(({ attributes }) => attributes['error.type'])).toEqual(['RangeError', 'RangeError']);
    expect(JSON.stringify(spans)).not.toContain('a line');
  },
);

test('without a tracer the walk is the same, and no head says anything', async () => {
  const trace = traceRecords(noTracer);
  expect(await trace.batch(job('AAAAAAAAAAAAAAAA'), { traceparent }, async () => worked)).toBe(worked);
  await trace.store(async () => undefined);
  expect(trace.headFor(batchIdOf('AAAAAAAAAAAAAAAA'))).toEqual({});
});
