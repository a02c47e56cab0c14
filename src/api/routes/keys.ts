/** Keys: ingest keys of sources and API keys. The secret is told once, at creation, and never again. */
import { z } from 'zod';
import { createKey } from '../../access/keys.ts';
import { Refusal } from '../../errors.ts';
import { type Key, key, memberAccess, role } from '../../model/access.ts';
import { administration, oversight, readerOf, wholeAdministration } from '../access.ts';
import { auditChange } from '../audit-entry.ts';
import { insist, readOne, saveAll } from '../change.ts';
import type { ApiParts, ApiServer } from '../parts.ts';
import type { Reader } from '../reader.ts';
import { id, idParams, listOf, noContent, page, pageOf, where } from '../schema.ts';
import { checkMembers } from './users.ts';

const keyView = key.omit({ secretHash: true });
const created = z.object({ key: keyView, text: z.string().describe('The key itself; it is not shown again') });
const label = z.string().trim().min(1).max(120).describe('What it is for, e.g. the machine it is kept on');

function presentKey({ secretHash: _, ...shown }: Key): z.infer<typeof keyView> {
  return shown;
}

export function addKeys(server: ApiServer, parts: ApiParts): void {
  const { store } = parts;

  const issue = async (
    reader: Reader,
    owner: Pick<Key, 'kind' | 'label' | 'sourceId' | 'memberId' | 'role' | 'members'>,
  ): Promise<z.infer<typeof created>> => {
    const { id, secretHash, text } = createKey();
    const doc: Key = { id, secretHash, ...owner, revokedAt: null, createdAt: new Date().toISOString(), version: 1 };
    await saveAll(parts, [
      { kind: 'key', doc },
      auditChange({
        actor: reader.actor,
        action: 'key.create',
        target: { kind: 'key', id },
        memberId: doc.memberId,
        after: { ...owner },
      }),
    ]);
    return { key: presentKey(doc), text };
  };

  server.route({
    method: 'POST',
    url: '/api/v1/sources/:id/keys',
    config: { access: administration },
    schema: {
      operationId: 'createSourceKey',
      summary: 'A key that sends logs as this source',
      tags: ['keys'],
      params: idParams,
      body: z.strictObject({ label }),
      response: { 201: created },
    },
    handler: async (request, reply) => {
      const reader = readerOf(request);
      const source = await readOne(store, 'source', reader, request.params.id);
      reply.code(201);
      return issue(reader, {
        kind: 'ingest',
        label: request.body.label,
        sourceId: source.id,
        memberId: source.memberId,
        role: null,
        members: null,
      });
    },
  });

  server.route({
    method: 'GET',
    url: '/api/v1/keys',
    config: { access: oversight },
    schema: {
      operationId: 'listKeys',
      summary: 'Keys, newest first, without their secrets',
      tags: ['keys'],
      querystring: page.extend({ sourceId: id.optional(), memberId: id.optional() }),
      response: { 200: listOf(keyView) },
    },
    handler: async (request) => {
      const { sourceId, memberId } = request.query;
      const found = await store.find('key', readerOf(request).scope, {
        where: where({ sourceId, memberId }),
        ...pageOf(request.query),
      });
      return { ...found, items: found.items.map(presentKey) };
    },
  });

  server.route({
    method: 'POST',
    url: '/api/v1/keys',
    config: { access: wholeAdministration },
    schema: {
      operationId: 'createApiKey',
      summary: 'A key for the API, with a role and members like a person',
      tags: ['keys'],
      body: z.strictObject({ label, role, members: memberAccess }),
      response: { 201: created },
    },
    handler: async (request, reply) => {
      const reader = readerOf(request);
      await checkMembers(store, request.body);
      reply.code(201);
      return issue(reader, { kind: 'api', ...request.body, sourceId: null, memberId: null });
    },
  });

  server.route({
    method: 'DELETE',
    url: '/api/v1/keys/:id',
    config: { access: administration },
    schema: {
      operationId: 'revokeKey',
      summary: 'Revoke a key, for good; it stays listed',
      tags: ['keys'],
      params: idParams,
      response: { 204: noContent },
    },
    handler: async (request, reply) => {
      const reader = readerOf(request);
      await insist(async () => {
        const doc = await readOne(store, 'key', reader, request.params.id);
        if (doc.revokedAt !== null) return;
        if (reader.actor === `key:${doc.id}`) {
          throw new Refusal('conflict', 'a key cannot revoke itself; use another one or sign in');
        }
        const revokedAt = new Date().toISOString();
        await saveAll(parts, [
          { kind: 'key', doc: { ...doc, revokedAt, version: doc.version + 1 } },
          auditChange({
            actor: reader.actor,
            action: 'key.revoke',
            target: { kind: 'key', id: doc.id },
            memberId: doc.memberId,
            before: { revokedAt: null },
            after: { revokedAt },
          }),
        ]);
      });
      return reply.code(204).send();
    },
  });
}
