/** The queues of records and of matches: how much waits, and batches set aside after their last attempt. */
import { z } from 'zod';
import { readerOf, wholeAdministration } from '../access.ts';
import { auditChange } from '../audit-entry.ts';
import { saveAll } from '../change.ts';
import type { ApiParts, ApiServer } from '../parts.ts';
import { inScope } from '../reader.ts';
import { id } from '../schema.ts';

const count = z.int().min(0);

const queueName = z
  .enum(['records', 'matches'])
  .describe('records: logs, to be worked; matches: what rules found in them, to become alerts');
const queueNames = queueName.options;

const waiting = z.object({ sourceId: z.string(), memberId: z.string(), receivedHour: z.string(), records: count });
const dead = z.object({
  queue: queueName,
  id: z.string(),
  memberId: z.string(),
  sourceId: z.string(),
  records: count.describe('Records in it; in the queue of matches the matches'),
  receivedAt: z.string(),
  error: z.string().describe('Of the last attempt. May hold what a log said: show it as text'),
  attempts: count,
});
const depthView = z.object({
  records: count,
  jobs: count.nullable().describe('Batches; null for readers of some members'),
  bytes: count.nullable(),
  oldestMs: z.number().nullable().describe('Age of the oldest batch'),
  bySource: z.array(waiting).readonly(),
});

export function addQueue(server: ApiServer, parts: ApiParts): void {
  const { queues } = parts;

  server.route({
    method: 'GET',
    url: '/api/v1/queue',
    config: { access: { roles: ['admin', 'analyst'] } },
    schema: {
      operationId: 'getQueue',
      summary: 'Records that wait, and batches set aside (oldest first, 1,000 of each queue at most)',
      tags: ['queue'],
      response: { 200: z.object({ depth: depthView, dead: z.array(dead).readonly() }) },
    },
    handler: async (request) => {
      const { scope, whole } = readerOf(request);
      const [depth, ...lists] = await Promise.all([
        queues.records.depth(),
        ...queueNames.map(async (queue) => (await queues[queue].dead()).map((job) => ({ queue, ...job }))),
      ]);
      const bySource = depth.bySource.filter((row) => inScope(scope, row.memberId));
      return {
        depth: {
          // Sums over all members would tell a reader of some how busy the others are.
          records: bySource.reduce((sum, row) => sum + row.records, 0),
          jobs: whole ? depth.jobs : null,
          bytes: whole ? depth.bytes : null,
          oldestMs: whole ? depth.oldestMs : null,
          bySource,
        },
        dead: lists
          .flat()
          .filter((job) => inScope(scope, job.memberId))
          .sort((one, other) => Date.parse(one.receivedAt) - Date.parse(other.receivedAt)),
      };
    },
  });

  server.route({
    method: 'POST',
    url: '/api/v1/queue/dead/retry',
    config: { access: wholeAdministration },
    schema: {
      operationId: 'retryDead',
      summary: 'Put batches that were set aside back into their queue',
      tags: ['queue'],
      body: z.strictObject({ ids: z.array(id).min(1).max(1_000), queue: queueName.default('records') }),
      response: { 200: z.object({ retried: count }) },
    },
    handler: async (request) => {
      const { ids, queue } = request.body;
      const wanted = new Set(ids);
      const known = (await queues[queue].dead()).filter((job) => wanted.has(job.id));
      const retried = await queues[queue].retryDead(known.map((job) => job.id));
      const bySource = Map.groupBy(known, (job) => job.sourceId);
      const entries = [...bySource].map(([sourceId, jobs]) =>
        auditChange({
          actor: readerOf(request).actor,
          action: 'queue.retry',
          target: { kind: 'source', id: sourceId },
          memberId: jobs[0]?.memberId ?? null,
          after: { queue, batches: jobs.map((job) => job.id).slice(0, 100) },
        }),
      );
      if (entries.length > 0) await saveAll(parts, entries);
      return { retried };
    },
  });
}
