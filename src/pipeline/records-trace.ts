/**
 * What the walk of records tells the tracer: a span for each batch, below it one for parsing and detection and one for the store.
 * Batches that are stored together share that time; each shows it in its own trace. Counts and ids only.
 */
import { batchId } from '../ids.ts';
import type { TracedHead } from '../model/batch.ts';
import type { LeasedJob } from '../queue/queue.ts';
import type { WorkedBatch } from '../store/store.ts';
import type { Attributes, Span, Tracer } from '../telemetry/tracer.ts';
import { jobAttributes } from './job-attributes.ts';

export interface RecordsTrace {
  /** Walks one batch within its span, which stays open until all of them end. */
  batch(job: LeasedJob, head: TracedHead, walk: () => Promise<WorkedBatch>): Promise<WorkedBatch>;
  /** Stores all that were walked. */
  store(put: () => Promise<void>): Promise<void>;
  /** For the job that goes on with a batch. */
  headFor(batchId: string): TracedHead;
  end(): void;
  fail(error: unknown): void;
}

/** Of batches that are worked together. */
export function traceRecords(tracer: Tracer): RecordsTrace {
  const spans = new Map<string, Span>();
  const each = (act: (span: Span) => void): void => {
    for (const span of spans.values()) act(span);
  };
  return {
    async batch(job, { traceparent }, walk) {
      const id = batchId(job.id, job.receivedAt);
      const span = tracer.follow('worker.batch', 'consumer', traceparent);
      spans.set(id, span);
      span.set({ ...jobAttributes(job, 'walk', 'records', id), 'hinomi.records': job.records });
      const detecting = tracer.follow('worker.detect', 'internal', span.traceparent);
      const batch = await during([detecting], walk);
      span.set({
        'hinomi.events': batch.events.length,
        'hinomi.rejects': batch.rejects.length,
        'hinomi.matches': batch.matches.length,
      });
      return batch;
    },
    async store(put) {
      const storing = [...spans.values()].map((span) => tracer.follow('worker.store', 'client', span.traceparent));
      const together: Attributes = spans.size > 1 ? { 'db.operation.batch.size': spans.size } : {};
      for (const span of storing) span.set({ 'db.operation.name': 'putBatches', ...together });
      await during(storing, put);
    },
    headFor(id) {
      const traceparent = spans.get(id)?.traceparent;
      return traceparent === undefined ? {} : { traceparent };
    },
    end: () => each((span) => span.end()),
    fail: (error) => each((span) => span.fail(error)),
  };
}

async function during<T>(spans: readonly Span[], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    for (const span of spans) span.fail(error);
    throw error;
  } finally {
    for (const span of spans) span.end();
  }
}
