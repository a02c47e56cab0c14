/** Rejects: records that could not be parsed, with the reason, and their way back into the queue. */
import { z } from 'zod';
import { encoding } from '../../model/member.ts';
import { everyRole, readerOf } from '../access.ts';
import { auditChange } from '../audit-entry.ts';
import { saveAll } from '../change.ts';
import type { ApiParts, ApiServer } from '../parts.ts';
import { id, listOf, page, pageOf } from '../schema.ts';

const rejectView = z.object({
  id: z.string(),
  memberId: z.string(),
  sourceId: z.string(),
  receivedAt: z.iso.datetime(),
  reason: z.string(),
  raw: z.string().describe("The record's bytes, base64, cut when very long"),
  bytes: z.int().describe('Length before cutting'),
  encoding,
});

export function addRejects(server: ApiServer, parts: ApiParts): void {
  const { store, replay } = parts;

  server.route({
    method: 'GET',
    url: '/api/v1/rejects',
    config: { access: everyRole },
    schema: {
      operationId: 'listRejects',
      summary: 'Rejects, newest first',
      tags: ['rejects'],
      querystring: page.extend({ sourceId: id.optional() }),
      response: { 200: listOf(rejectView) },
    },
    handler: (request) => {
      const { sourceId } = request.query;
      return store.findRejects(readerOf(request).scope, {
        ...(sourceId !== undefined && { sourceId }),
        ...pageOf(request.query),
      });
    },
  });

  server.route({
    method: 'POST',
    url: '/api/v1/rejects/replay',
    config: { access: { roles: ['admin', 'analyst'] } },
    schema: {
      operationId: 'replayRejects',
      summary: 'Parse rejects again, after a connector or a declared encoding was mended',
      tags: ['rejects'],
      body: z.strictObject({ ids: z.array(id).min(1).max(1_000) }),
      response: {
        200: z.object({
          replayed: z.int().describe('Records put back into the queue; ids unknown or already replayed do not count'),
          cut: z.int().describe('Records that were stored shortened and cannot be replayed'),
        }),
      },
    },
    handler: async (request) => {
      const reader = readerOf(request);
      const ids = [...new Set(request.body.ids)];
      const rejects = await store.getRejects(reader.scope, ids);
      const done = await replay(
        reader.scope,
        rejects.map((reject) => reject.id),
      );
      const bySource = Map.groupBy(rejects, (reject) => reject.sourceId);
      const entries = [...bySource].map(([sourceId, list]) =>
        auditChange({
          actor: reader.actor,
          action: 'reject.replay',
          target: { kind: 'source', id: sourceId },
          memberId: list[0]?.memberId ?? null,
          after: { rejects: list.length },
        }),
      );
      if (entries.length > 0) await saveAll(parts, entries);
      return done;
    },
  });
}
