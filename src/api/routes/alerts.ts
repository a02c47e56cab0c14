/** Alerts: the queue that analysts work off, one by one with versions, or many at once. */
import { z } from 'zod';
import { problemDetails, Refusal } from '../../errors.ts';
import { type Alert, alertStatus, level } from '../../model/alert.ts';
import { type Change, VersionConflict } from '../../store/store.ts';
import { caseWork, everyRole, readerOf } from '../access.ts';
import { alertPatch, alertWish, changeCase, checkAssignee } from '../case.ts';
import { checkVersion, insist, readOne, saveAll, tagVersion } from '../change.ts';
import type { ApiParts, ApiServer } from '../parts.ts';
import { alertView, eventView, presentAlert, presentEvent } from '../present.ts';
import { notFound } from '../problem.ts';
import type { Reader } from '../reader.ts';
import {
  bounds,
  id,
  idParams,
  listOf,
  oneOrMany,
  page,
  pageOf,
  problem,
  reason,
  text,
  time,
  where,
} from '../schema.ts';

const query = page.extend({
  status: oneOrMany(alertStatus).optional(),
  level: oneOrMany(level).optional(),
  memberId: oneOrMany(id).optional(),
  ruleId: oneOrMany(z.string().min(1).max(500)).optional(),
  incidentId: id.optional(),
  campaignId: id.optional().describe('For readers of all members'),
  assignee: id.optional().describe('For readers of all members'),
  text: text.optional(),
  since: time.optional().describe('Last seen at or after'),
  until: time.optional().describe('Last seen before'),
});

const counts = z.object({
  status: z.record(alertStatus, z.int()),
  level: z.record(level, z.int()).describe('Of those not closed'),
});

const outcome = z.object({
  id: z.string(),
  ok: z.boolean(),
  version: z.int().optional(),
  error: problem.optional(),
});
type Outcome = z.infer<typeof outcome>;

/** Filters that would tell who at the center does what, or which alerts belong together across members. */
export function refuseCenterFilters(reader: Reader, filters: Readonly<Record<string, unknown>>): void {
  const [name] = Object.entries(filters).find(([, value]) => value !== undefined) ?? [];
  if (name !== undefined && !reader.whole) {
    throw new Refusal('forbidden', `query.${name}: this filter is for readers of all members`);
  }
}

/** Every name of an enumeration with its count, 0 included. */
function everyCount<T extends string>(
  names: readonly T[],
  counted: Readonly<Record<string, number>>,
): Record<T, number> {
  return Object.fromEntries(
    names.map((name) => [name, Object.hasOwn(counted, name) ? (counted[name] ?? 0) : 0]),
  ) as Record<T, number>;
}

export function addAlerts(server: ApiServer, parts: ApiParts): void {
  const { store } = parts;

  server.route({
    method: 'GET',
    url: '/api/v1/alerts',
    config: { access: everyRole },
    schema: {
      operationId: 'listAlerts',
      summary: 'Alerts, last seen first',
      tags: ['alerts'],
      querystring: query,
      response: { 200: listOf(alertView) },
    },
    handler: async (request) => {
      const reader = readerOf(request);
      const { status, level, memberId, ruleId, incidentId, campaignId, assignee, text } = request.query;
      refuseCenterFilters(reader, { campaignId, assignee });
      const found = await store.find('alert', reader.scope, {
        where: where({ status, level, memberId, ruleId, incidentId, campaignId, assignee }),
        ...(text !== undefined && { text }),
        ...bounds(request.query),
        ...pageOf(request.query),
      });
      return { ...found, items: found.items.map((doc) => presentAlert(doc, reader)) };
    },
  });

  server.route({
    method: 'GET',
    url: '/api/v1/alerts/counts',
    config: { access: everyRole },
    schema: {
      operationId: 'countAlerts',
      summary: 'How many alerts there are, by status and by level',
      tags: ['alerts'],
      querystring: z.strictObject({ memberId: oneOrMany(id).optional() }),
      response: { 200: counts },
    },
    handler: async (request) => {
      const { scope } = readerOf(request);
      const { memberId } = request.query;
      const [byStatus, byLevel] = await Promise.all([
        store.count('alert', scope, 'status', { where: where({ memberId }) }),
        store.count('alert', scope, 'level', { where: where({ memberId, status: ['new', 'acknowledged'] }) }),
      ]);
      return { status: everyCount(alertStatus.options, byStatus), level: everyCount(level.options, byLevel) };
    },
  });

  server.route({
    method: 'GET',
    url: '/api/v1/alerts/:id',
    config: { access: everyRole },
    schema: {
      operationId: 'getAlert',
      summary: 'One alert; its ETag is what a change names in If-Match',
      tags: ['alerts'],
      params: idParams,
      response: { 200: alertView },
    },
    handler: async (request, reply) => {
      const reader = readerOf(request);
      const doc = await readOne(store, 'alert', reader, request.params.id);
      tagVersion(reply, doc);
      return presentAlert(doc, reader);
    },
  });

  server.route({
    method: 'GET',
    url: '/api/v1/alerts/:id/events',
    config: { access: everyRole },
    schema: {
      operationId: 'listAlertEvents',
      summary: "The alert's newest events, newest first, ten at most",
      tags: ['alerts'],
      params: idParams,
      response: { 200: listOf(eventView) },
    },
    handler: async (request) => {
      const { scope, ...reader } = readerOf(request);
      const doc = await readOne(store, 'alert', { scope, ...reader }, request.params.id);
      return { items: (await store.getEvents(scope, doc.eventIds)).map(presentEvent) };
    },
  });

  server.route({
    method: 'PATCH',
    url: '/api/v1/alerts/:id',
    config: { access: caseWork },
    schema: {
      operationId: 'patchAlert',
      summary: 'Change status or assignee; needs If-Match',
      tags: ['alerts'],
      params: idParams,
      body: alertWish.extend({ reason: reason.optional() }),
      response: { 200: alertView },
    },
    handler: async (request, reply) => {
      const reader = readerOf(request);
      const { reason, ...wish } = request.body;
      const doc = await readOne(store, 'alert', reader, request.params.id);
      checkVersion(request, doc);
      await checkAssignee(store, reader, wish.assignee, [doc.memberId]);
      const changed = changeCase({ kind: 'alert', doc }, alertPatch(doc, wish), { reader, reason });
      if (changed !== undefined) await saveAll(parts, changed.changes);
      const next = changed?.doc ?? doc;
      tagVersion(reply, next);
      return presentAlert(next, reader);
    },
  });

  const bulkBody = z.strictObject({
    ids: z.array(id).min(1).max(1_000),
    set: alertWish,
    reason: reason.optional(),
  });

  /** Read, change, save: all of these alerts or none. Those not there or not fit for the wish are answered and left out. */
  const changeTogether = async (
    ids: readonly string[],
    { set, reason }: z.infer<typeof bulkBody>,
    reader: Reader,
  ): Promise<Map<string, Outcome>> => {
    const outcomes = new Map<string, Outcome>();
    const changes: Change[] = [];
    const docs = await Promise.all(ids.map((id) => store.get('alert', reader.scope, id)));
    const assignable = new Map<string, Promise<void>>();
    for (const [index, id] of ids.entries()) {
      try {
        const doc: Alert | undefined = docs[index];
        if (doc === undefined) throw notFound();
        let checked = assignable.get(doc.memberId);
        if (checked === undefined) {
          checked = checkAssignee(store, reader, set.assignee, [doc.memberId]);
          assignable.set(doc.memberId, checked);
        }
        await checked;
        const changed = changeCase({ kind: 'alert', doc }, alertPatch(doc, set), { reader, reason });
        changes.push(...(changed?.changes ?? []));
        outcomes.set(id, { id, ok: true, version: changed?.doc.version ?? doc.version });
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        outcomes.set(id, { id, ok: false, error: problemDetails(error) as z.infer<typeof problem> });
      }
    }
    if (changes.length > 0) await saveAll(parts, changes);
    return outcomes;
  };

  server.route({
    method: 'POST',
    url: '/api/v1/alerts/bulk',
    config: { access: caseWork },
    schema: {
      operationId: 'changeAlerts',
      summary: 'The same change to many alerts, whatever their versions; answers for each',
      tags: ['alerts'],
      body: bulkBody,
      response: { 200: z.object({ results: z.array(outcome).describe('In the order of the ids, each id once') }) },
    },
    handler: async (request) => {
      const reader = readerOf(request);
      const ids = [...new Set(request.body.ids)];
      const results: Outcome[] = [];
      for (let at = 0; at < ids.length; at += 100) {
        const chunk = ids.slice(at, at + 100);
        const done = await changeTogether(chunk, request.body, reader).catch(async (error: unknown) => {
          if (!(error instanceof VersionConflict)) throw error;
          // One of them moved on while the rest stood still: each on its own, so that only that one has to be repeated.
          const alone = new Map<string, Outcome>();
          for (const id of chunk) {
            const one = await insist(() => changeTogether([id], request.body, reader));
            for (const [key, value] of one) alone.set(key, value);
          }
          return alone;
        });
        for (const id of chunk) results.push(done.get(id) as Outcome);
      }
      return { results };
    },
  });
}
