/** The audit: who did what, when and why. Read only; entries are made by the changes themselves. */
import { timedId } from '../../ids.ts';
import { auditEntry } from '../../model/audit.ts';
import { oversight, readerOf } from '../access.ts';
import type { ApiParts, ApiServer } from '../parts.ts';
import { id, listOf, oneOrMany, page, pageOf, time, where } from '../schema.ts';

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
        actor: id.optional(),
        action: oneOrMany(id).optional(),
        memberId: id.optional(),
        targetKind: id.optional(),
        targetId: id.optional(),
        since: time.optional(),
        until: time.optional(),
      }),
      response: { 200: listOf(auditEntry) },
    },
    handler: (request) => {
      const { actor, action, memberId, targetKind, targetId, since, until } = request.query;
      return store.find('audit', readerOf(request).scope, {
        where: where({ actor, action, memberId, 'target.kind': targetKind, 'target.id': targetId }),
        ...(since !== undefined && { from: idBound(since) }),
        ...(until !== undefined && { to: idBound(until) }),
        ...pageOf(request.query),
      });
    },
  });
}
