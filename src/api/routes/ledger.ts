/** The ledger: received = events + rejects + refused + pending, per source and hour of receipt. */
import { z } from 'zod';
import { Refusal } from '../../errors.ts';
import type { LedgerRow } from '../../model/batch.ts';
import { everyRole, readerOf } from '../access.ts';
import type { ApiParts, ApiServer } from '../parts.ts';
import { inScope } from '../reader.ts';
import { id, listOf, time } from '../schema.ts';

const DAY_MS = 86_400_000;
const MAX_DAYS = 92;
const count = z.int().min(0);

const row = z.object({
  memberId: z.string(),
  sourceId: z.string(),
  hour: z.iso.datetime(),
  received: count,
  events: count.describe('Records that became events'),
  rejects: count,
  refused: count.describe('Turned away at the door; the sender was told and still has them'),
  pending: count.describe('Accepted, not yet worked'),
});

export function addLedger(server: ApiServer, { store, queues }: ApiParts): void {
  server.route({
    method: 'GET',
    url: '/api/v1/ledger',
    config: { access: everyRole },
    schema: {
      operationId: 'listLedger',
      summary: 'Records received and what became of them, oldest hour first',
      tags: ['ledger'],
      querystring: z.strictObject({
        since: time.optional().describe('24 hours before `until` when left out'),
        until: time.optional().describe('Now when left out'),
        sourceId: id.optional(),
      }),
      response: { 200: listOf(row).omit({ next: true }) },
    },
    handler: async (request) => {
      const { scope } = readerOf(request);
      const { sourceId } = request.query;
      const untilMs = request.query.until === undefined ? Date.now() : Date.parse(request.query.until);
      const sinceMs = request.query.since === undefined ? untilMs - DAY_MS : Date.parse(request.query.since);
      if (sinceMs >= untilMs) throw new Refusal('invalid-request', 'query.since: must be before `until`');
      if (untilMs - sinceMs > MAX_DAYS * DAY_MS) {
        throw new Refusal('invalid-request', `query.since: at most ${MAX_DAYS} days at once`);
      }
      const bounds = { since: new Date(sinceMs).toISOString(), until: new Date(untilMs).toISOString() };
      const [stored, depth] = await Promise.all([
        store.ledger(scope, { ...bounds, ...(sourceId !== undefined && { sourceId }) }),
        queues.records.depth(),
      ]);
      const rows = new Map<string, LedgerRow>(
        stored.map((entry) => [`${entry.sourceId} ${entry.hour}`, { ...entry, pending: 0 }]),
      );
      for (const waiting of depth.bySource) {
        const { memberId, receivedHour: hour, records } = waiting;
        if (!inScope(scope, memberId) || (sourceId !== undefined && waiting.sourceId !== sourceId)) continue;
        if (hour < bounds.since || hour >= bounds.until) continue;
        const key = `${waiting.sourceId} ${hour}`;
        const old = rows.get(key);
        rows.set(key, {
          ...(old ?? { memberId, sourceId: waiting.sourceId, hour, events: 0, rejects: 0, refused: 0 }),
          received: (old?.received ?? 0) + records,
          pending: (old?.pending ?? 0) + records,
        });
      }
      const order = (entry: LedgerRow): string => `${entry.hour} ${entry.sourceId}`;
      return { items: [...rows.values()].sort((a, b) => (order(a) < order(b) ? -1 : 1)) };
    },
  });
}
