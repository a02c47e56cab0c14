/** Members: the organizations watched over. A member's own people see exactly one. */
import { z } from 'zod';
import { Refusal } from '../../errors.ts';
import { type Member, member } from '../../model/member.ts';
import { CENTER_SCOPE } from '../../model/scope.ts';
import { everyRole, readerOf, wholeAdministration } from '../access.ts';
import { auditChange, difference } from '../audit-entry.ts';
import { checkVersion, readOne, saveAll, tagVersion } from '../change.ts';
import type { ApiParts, ApiServer } from '../parts.ts';
import { idParams, listOf, page, pageOf } from '../schema.ts';

/** A zone that this machine's calendar data knows. */
export const timeZone = z.string().refine((zone) => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}, 'not an IANA time zone; write e.g. Asia/Tokyo');

export function addMembers(server: ApiServer, parts: ApiParts): void {
  const { store } = parts;

  server.route({
    method: 'GET',
    url: '/api/v1/members',
    config: { access: everyRole },
    schema: {
      operationId: 'listMembers',
      summary: 'Members, by id',
      tags: ['members'],
      querystring: page,
      response: { 200: listOf(member) },
    },
    handler: (request) => store.find('member', readerOf(request).scope, { order: 'oldest', ...pageOf(request.query) }),
  });

  server.route({
    method: 'GET',
    url: '/api/v1/members/:id',
    config: { access: everyRole },
    schema: {
      operationId: 'getMember',
      summary: 'One member',
      tags: ['members'],
      params: idParams,
      response: { 200: member },
    },
    handler: async (request, reply) => {
      const doc = await readOne(store, 'member', readerOf(request), request.params.id);
      tagVersion(reply, doc);
      return doc;
    },
  });

  server.route({
    method: 'POST',
    url: '/api/v1/members',
    config: { access: wholeAdministration },
    schema: {
      operationId: 'createMember',
      summary: 'Add a member',
      tags: ['members'],
      body: z.strictObject({
        id: member.shape.id,
        name: member.shape.name,
        kind: member.shape.kind,
        timeZone: timeZone.default('Asia/Tokyo'),
      }),
      response: { 201: member },
    },
    handler: async (request, reply) => {
      const doc: Member = { ...request.body, createdAt: new Date().toISOString(), version: 1 };
      if ((await store.get('member', CENTER_SCOPE, doc.id)) !== undefined) {
        throw new Refusal('conflict', `there is a member "${doc.id}" already`);
      }
      const { id, name, kind } = doc;
      await saveAll(parts, [
        { kind: 'member', doc },
        auditChange({
          actor: readerOf(request).actor,
          action: 'member.create',
          target: { kind: 'member', id },
          memberId: id,
          after: { name, kind, timeZone: doc.timeZone },
        }),
      ]);
      tagVersion(reply.code(201), doc);
      return doc;
    },
  });

  server.route({
    method: 'PATCH',
    url: '/api/v1/members/:id',
    config: { access: wholeAdministration },
    schema: {
      operationId: 'patchMember',
      summary: 'Change a member; needs If-Match',
      tags: ['members'],
      params: idParams,
      body: z.strictObject({
        name: member.shape.name.optional(),
        kind: member.shape.kind.optional(),
        timeZone: timeZone.optional(),
      }),
      response: { 200: member },
    },
    handler: async (request, reply) => {
      const reader = readerOf(request);
      const doc = await readOne(store, 'member', reader, request.params.id);
      checkVersion(request, doc);
      const changed = difference(doc, request.body as Partial<Member>);
      const next: Member = changed === undefined ? doc : { ...doc, ...changed.after, version: doc.version + 1 };
      if (changed !== undefined) {
        await saveAll(parts, [
          { kind: 'member', doc: next },
          auditChange({
            actor: reader.actor,
            action: 'member.change',
            target: { kind: 'member', id: doc.id },
            memberId: doc.id,
            ...changed,
          }),
        ]);
      }
      tagVersion(reply, next);
      return next;
    },
  });
}
