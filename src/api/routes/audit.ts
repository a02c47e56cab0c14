/** The audit: who did what, when and why. Read only; entries are made by the changes themselves. */
import { timedId } from '../../ids.ts';
import { auditEntry } from '../../model/audit.ts';
import { oversight, readerOf } from '../access.ts';
import type { ApiParts, ApiServer } from '../parts.ts';
import { presentAudit } from '../present.ts';
import { id, listOf, oneOrMany, page, pageOf, time, where } from '../schema.ts';
import { refuseCenterFilters } from './alerts.ts';

/** Entries sort by id, which begins with their time. */
const idBound = (at: string): string => timedId(Date.parse(at)).slice(0, 10);

export function addAudit(server: ApiServer, { store }: ApiParts): void {
  server.route({
    method: 'GET',
    url: '/api/v1/audit',
    config: { access: oversight },
    schema: {
      operationId: 'listAudit',
      summary: 'What was done, newest first',
      tags: ['audit'],
      querystring: page.extend({
        actor: id.optional().describe('For readers of all members'),
        action: oneOrMany(id).optional(),
        memberId: id.optional(),
        targetKind: id.optional(),
        targetId: id.optional(),
        since: time.optional(),
        until: time.optional(),
      }),
      response: { 200: listOf(auditEntry) },
    },
    handler: async (request) => {
      const reader = readerOf(request);
      const { actor, action, memberId, targetKind, targetId, since, until } = request.query;
      refuseCenterFilters(reader, { actor });
      const found = await store.find('audit', reader.scope, {
        where: where({ actor, action, memberId, 'target.kind': targetKind, 'target.id': targetId }),
        ...(since !== undefined && { from: idBound(since) }),
        ...(until !== undefined && { to: idBound(until) }),
        ...pageOf(request.query),
      });
      return { ...found, items: found.items.map((doc) => presentAudit(doc, reader)) };
    },
  });
}
