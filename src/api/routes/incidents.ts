/** Incidents: one member's case, with its alerts and timeline. What spans members is campaigns.ts. */
import { z } from 'zod';
import { incidentStatus, level } from '../../model/alert.ts';
import { caseWork, commenting, everyRole, readerOf } from '../access.ts';
import { addComment, casePatch, caseWish, changeCase, checkAssignee, commentBody } from '../case.ts';
import { checkVersion, insist, readOne, saveAll, tagVersion } from '../change.ts';
import type { ApiParts, ApiServer } from '../parts.ts';
import { alertView, incidentView, presentAlert, presentIncident } from '../present.ts';
import {
  bounds,
  id,
  idParams,
  listOf,
  oneOrMany,
  page,
  pageOf,
  reason,
  text,
  time,
  timelineItem,
  where,
} from '../schema.ts';
import { buildTimeline, readHistory } from '../timeline.ts';
import { refuseCenterFilters } from './alerts.ts';

const MAX_ALERTS = 1_000;

const query = page.extend({
  status: oneOrMany(incidentStatus).optional(),
  level: oneOrMany(level).optional(),
  memberId: oneOrMany(id).optional(),
  campaignId: id.optional().describe('For readers of all members'),
  assignee: id.optional().describe('For readers of all members'),
  text: text.optional(),
  since: time.optional().describe('Last seen at or after'),
  until: time.optional().describe('Last seen before'),
});

const detail = z.object({
  incident: incidentView.describe('With `mergedInto` set when it was folded into another one: look there'),
  alerts: z.array(alertView).describe('By first seen'),
  complete: z.boolean().describe(`False when there are more than ${MAX_ALERTS} alerts; the list then has the oldest`),
  timeline: z.array(timelineItem),
});

export function addIncidents(server: ApiServer, parts: ApiParts): void {
  const { store } = parts;

  server.route({
    method: 'GET',
    url: '/api/v1/incidents',
    config: { access: everyRole },
    schema: {
      operationId: 'listIncidents',
      summary: 'Incidents, last seen first, without those folded into others',
      tags: ['incidents'],
      querystring: query,
      response: { 200: listOf(incidentView) },
    },
    handler: async (request) => {
      const reader = readerOf(request);
      const { status, level, memberId, campaignId, assignee, text } = request.query;
      refuseCenterFilters(reader, { campaignId, assignee });
      const found = await store.find('incident', reader.scope, {
        where: where({ status, level, memberId, campaignId, assignee, mergedInto: '' }),
        ...(text !== undefined && { text }),
        ...bounds(request.query),
        ...pageOf(request.query),
      });
      return { ...found, items: found.items.map((doc) => presentIncident(doc, reader)) };
    },
  });

  server.route({
    method: 'GET',
    url: '/api/v1/incidents/:id',
    config: { access: everyRole },
    schema: {
      operationId: 'getIncident',
      summary: 'One incident with its alerts and timeline',
      tags: ['incidents'],
      params: idParams,
      response: { 200: detail },
    },
    handler: async (request, reply) => {
      const reader = readerOf(request);
      const doc = await readOne(store, 'incident', reader, request.params.id);
      const found = await store.find('alert', reader.scope, {
        where: { incidentId: doc.id },
        order: 'oldest',
        limit: MAX_ALERTS,
      });
      const alerts = found.items.toSorted((a, b) => (a.firstSeenAt < b.firstSeenAt ? -1 : 1));
      const history = await readHistory(store, reader, [doc.id, ...alerts.map((alert) => alert.id)]);
      tagVersion(reply, doc);
      return {
        incident: presentIncident(doc, reader),
        alerts: alerts.map((alert) => presentAlert(alert, reader)),
        complete: found.next === undefined,
        timeline: buildTimeline({ alerts, commented: [doc], history }, reader),
      };
    },
  });

  server.route({
    method: 'PATCH',
    url: '/api/v1/incidents/:id',
    config: { access: caseWork },
    schema: {
      operationId: 'patchIncident',
      summary: 'Change status, assignee or level; needs If-Match',
      tags: ['incidents'],
      params: idParams,
      body: caseWish.extend({ reason: reason.optional() }),
      response: { 200: incidentView },
    },
    handler: async (request, reply) => {
      const reader = readerOf(request);
      const { reason, ...wish } = request.body;
      const doc = await readOne(store, 'incident', reader, request.params.id);
      checkVersion(request, doc);
      await checkAssignee(store, reader, wish.assignee, [doc.memberId]);
      const changed = changeCase({ kind: 'incident', doc }, casePatch(wish), { reader, reason });
      if (changed !== undefined) await saveAll(parts, changed.changes);
      const next = changed?.doc ?? doc;
      tagVersion(reply, next);
      return presentIncident(next, reader);
    },
  });

  server.route({
    method: 'POST',
    url: '/api/v1/incidents/:id/comments',
    config: { access: commenting },
    schema: {
      operationId: 'commentIncident',
      summary: 'Add a note; the member reads it too',
      tags: ['incidents'],
      params: idParams,
      body: commentBody,
      response: { 201: incidentView },
    },
    handler: async (request, reply) => {
      const reader = readerOf(request);
      const next = await insist(async () => {
        const doc = await readOne(store, 'incident', reader, request.params.id);
        const changed = addComment({ kind: 'incident', doc }, request.body.text, reader);
        await saveAll(parts, changed.changes);
        return changed.doc;
      });
      tagVersion(reply.code(201), next);
      return presentIncident(next, reader);
    },
  });
}
