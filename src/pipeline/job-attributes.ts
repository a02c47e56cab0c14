/** What the spans of a job say, by the names of OpenTelemetry where it has some (messaging.*), by our own elsewhere. Nothing of its body. */
import type { LeasedJob } from '../queue/queue.ts';
import type { Attributes } from '../telemetry/tracer.ts';

/** What is said of a job that `queue` handed over; `name` is what is done with it, `id` the batch's. */
export function jobAttributes(job: LeasedJob, name: string, queue: string, id: string): Attributes {
  return {
    'messaging.operation.name': name,
    'messaging.operation.type': 'process',
    'messaging.destination.name': queue,
    'messaging.message.id': id,
    'messaging.message.body.size': job.body.length,
    'hinomi.member_id': job.memberId,
    'hinomi.source_id': job.sourceId,
    'hinomi.attempt': job.attempt,
    // By the clocks of two machines, perhaps.
    'hinomi.since_receipt_ms': Math.max(0, Date.now() - Date.parse(job.receivedAt)),
  };
}
