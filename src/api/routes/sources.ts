/** Sources: the log feeds of members, how they are doing, and the keys they send with. */
import { z } from 'zod';
import type { Connector } from '../../connector.ts';
import { Refusal } from '../../errors.ts';
import { type Source, source } from '../../model/member.ts';
import { administration, everyRole, readerOf } from '../access.ts';
import { auditChange, difference } from '../audit-entry.ts';
import { checkVersion, readOne, saveAll, tagVersion } from '../change.ts';
import type { ApiParts, ApiServer } from '../parts.ts';
import { found } from '../problem.ts';
import { narrowed } from '../reader.ts';
import { id, idParams, listOf, page, pageOf, where } from '../schema.ts';
import { readSourceStates } from '../source-health.ts';
import { timeZone } from './members.ts';

const count = z.int().min(0);
const stored = source.extend({
  encoding: source.shape.encoding.removeDefault(),
  timeZone: z.string(),
  config: source.shape.config.removeDefault(),
});
const sourceView = stored.extend({
  counters: z
    .object({ received: count, events: count, rejects: count, refused: count, pending: count })
    .describe('Records of the last 24 hours; `pending` is what waits now'),
  lastReceivedAt: z.iso.datetime().nullable().describe('Exact to the minute for live logs, else to the hour'),
  health: z.enum(['ok', 'silent', 'failing', 'never']),
});

export function addSources(server: ApiServer, parts: ApiParts): void {
  const { store, queues } = parts;
  const connectors = new Map(parts.connectors.map((connector) => [connector.type, connector]));

  /** The settings as the connector's schema leaves them. Throws Refusal with every wrong setting. */
  const checkConfig = (connector: Connector, config: Record<string, unknown>): Record<string, unknown> => {
    const checked = connector.config.safeParse(config);
    if (checked.success) return checked.data as Record<string, unknown>;
    const errors = checked.error.issues.map((issue) => ({
      field: ['body.config', ...issue.path].join('.'),
      message: issue.message,
    }));
    const detail = errors.map(({ field, message }) => `${field}: ${message}`).join('; ');
    throw new Refusal('invalid-request', detail, { extra: { errors } });
  };

  const connectorOf = (type: string): Connector => {
    const connector = connectors.get(type);
    if (connector === undefined) {
      throw new Refusal(
        'invalid-request',
        `body.type: no connector reads this; one of ${[...connectors.keys()].join(', ')}`,
      );
    }
    return connector;
  };

  server.route({
    method: 'GET',
    url: '/api/v1/sources',
    config: { access: everyRole },
    schema: {
      operationId: 'listSources',
      summary: 'Sources with their counters and health, by id',
      tags: ['sources'],
      querystring: page.extend({ memberId: id.optional(), type: id.optional() }),
      response: { 200: listOf(sourceView) },
    },
    handler: async (request) => {
      const { scope } = readerOf(request);
      const { memberId, type } = request.query;
      const [list, depth] = await Promise.all([
        store.find('source', scope, { where: where({ memberId, type }), order: 'oldest', ...pageOf(request.query) }),
        queues.records.depth(),
      ]);
      return { ...list, items: await readSourceStates(store, narrowed(scope, memberId), list.items, depth) };
    },
  });

  server.route({
    method: 'GET',
    url: '/api/v1/sources/:id',
    config: { access: everyRole },
    schema: {
      operationId: 'getSource',
      summary: 'One source with its counters and health',
      tags: ['sources'],
      params: idParams,
      response: { 200: sourceView },
    },
    handler: async (request, reply) => {
      const reader = readerOf(request);
      const doc = await readOne(store, 'source', reader, request.params.id);
      const [withState] = await readSourceStates(store, reader.scope, [doc], await queues.records.depth());
      tagVersion(reply, doc);
      return found(withState);
    },
  });

  server.route({
    method: 'POST',
    url: '/api/v1/sources',
    config: { access: administration },
    schema: {
      operationId: 'createSource',
      summary: 'Add a source to a member',
      tags: ['sources'],
      body: z.strictObject({
        memberId: id,
        name: source.shape.name,
        type: id,
        encoding: source.shape.encoding,
        timeZone: timeZone
          .optional()
          .describe("IANA zone for records that do not say theirs; the member's when left out"),
        config: source.shape.config,
      }),
      response: { 201: stored },
    },
    handler: async (request, reply) => {
      const reader = readerOf(request);
      const { body } = request;
      const member = await store.get('member', reader.scope, body.memberId);
      if (member === undefined) throw new Refusal('invalid-request', 'body.memberId: there is no such member');
      const doc: Source = {
        ...body,
        id: `${member.id}.${body.name}`,
        timeZone: body.timeZone ?? member.timeZone,
        config: checkConfig(connectorOf(body.type), body.config),
        createdAt: new Date().toISOString(),
        version: 1,
      };
      if ((await store.get('source', reader.scope, doc.id)) !== undefined) {
        throw new Refusal('conflict', `there is a source "${doc.id}" already`);
      }
      const { type, encoding, config } = doc;
      await saveAll(parts, [
        { kind: 'source', doc },
        auditChange({
          actor: reader.actor,
          action: 'source.create',
          target: { kind: 'source', id: doc.id },
          memberId: member.id,
          after: { type, encoding, timeZone: doc.timeZone, config },
        }),
      ]);
      tagVersion(reply.code(201), doc);
      return doc;
    },
  });

  server.route({
    method: 'PATCH',
    url: '/api/v1/sources/:id',
    config: { access: administration },
    schema: {
      operationId: 'patchSource',
      summary: 'Change how a source is read; needs If-Match',
      tags: ['sources'],
      params: idParams,
      body: z.strictObject({
        encoding: source.shape.encoding.removeDefault().optional(),
        timeZone: timeZone.optional(),
        config: source.shape.config.removeDefault().optional(),
      }),
      response: { 200: stored },
    },
    handler: async (request, reply) => {
      const reader = readerOf(request);
      const doc = await readOne(store, 'source', reader, request.params.id);
      checkVersion(request, doc);
      const { config, ...rest } = request.body;
      const patch = { ...rest, ...(config !== undefined && { config: checkConfig(connectorOf(doc.type), config) }) };
      const changed = difference(doc, patch as Partial<Source>);
      const next: Source = changed === undefined ? doc : { ...doc, ...changed.after, version: doc.version + 1 };
      if (changed !== undefined) {
        await saveAll(parts, [
          { kind: 'source', doc: next },
          auditChange({
            actor: reader.actor,
            action: 'source.change',
            target: { kind: 'source', id: doc.id },
            memberId: doc.memberId,
            ...changed,
          }),
        ]);
      }
      tagVersion(reply, next);
      return next;
    },
  });
}
