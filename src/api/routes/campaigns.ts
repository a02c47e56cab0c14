/** Campaigns: the same attack at several members, for readers whose scope covers all of them. Others find none here. */
import { z } from 'zod';
import type { Campaign, Incident } from '../../model/alert.ts';
import { incidentStatus, level } from '../../model/alert.ts';
import { caseWork, centerStaff, readerOf } from '../access.ts';
import { addComment, casePatch, caseWish, changeCase, checkAssignee, commentBody } from '../case.ts';
import { checkVersion, insist, readOne, saveAll, tagVersion } from '../change.ts';
import type { ApiParts, ApiServer } from '../parts.ts';
import { alertView, campaignView, incidentView, presentAlert, presentCampaign, presentIncident } from '../present.ts';
import type { Reader } from '../reader.ts';
import { bounds, idParams, listOf, oneOrMany, page, pageOf, reason, time, timelineItem, where } from '../schema.ts';
import { buildTimeline, readHistory } from '../timeline.ts';

const MAX_PARTS = 1_000;

const detail = z.object({
  campaign: campaignView,
  incidents: z.array(incidentView).describe('One or more for each member'),
  alerts: z.array(alertView).describe('Of all its incidents, by first seen'),
  complete: z.boolean().describe(`False when there are more than ${MAX_PARTS} alerts; the list then has the oldest`),
  timeline: z.array(timelineItem),
});

export function addCampaigns(server: ApiServer, parts: ApiParts): void {
  const { store } = parts;

  /** By id rather than by the incidents' own pointer, which readers of some members are not shown. */
  const incidentsOf = async (doc: Campaign, reader: Reader): Promise<readonly Incident[]> => {
    const ids = doc.incidentIds.slice(0, MAX_PARTS);
    const found = await Promise.all(ids.map((id) => store.get('incident', reader.scope, id)));
    return found.filter((incident) => incident !== undefined && incident.mergedInto === null) as Incident[];
  };

  server.route({
    method: 'GET',
    url: '/api/v1/campaigns',
    config: { access: centerStaff },
    schema: {
      operationId: 'listCampaigns',
      summary: 'Campaigns, last seen first',
      tags: ['campaigns'],
      querystring: page.extend({
        status: oneOrMany(incidentStatus).optional(),
        level: oneOrMany(level).optional(),
        since: time.optional().describe('Last seen at or after'),
        until: time.optional().describe('Last seen before'),
      }),
      response: { 200: listOf(campaignView) },
    },
    handler: async (request) => {
      const reader = readerOf(request);
      const { status, level } = request.query;
      const found = await store.find('campaign', reader.scope, {
        where: where({ status, level }),
        ...bounds(request.query),
        ...pageOf(request.query),
      });
      return { ...found, items: found.items.map((doc) => presentCampaign(doc, reader)) };
    },
  });

  server.route({
    method: 'GET',
    url: '/api/v1/campaigns/:id',
    config: { access: centerStaff },
    schema: {
      operationId: 'getCampaign',
      summary: 'One campaign with its incidents, their alerts and one joint timeline',
      tags: ['campaigns'],
      params: idParams,
      response: { 200: detail },
    },
    handler: async (request, reply) => {
      const reader = readerOf(request);
      const doc = await readOne(store, 'campaign', reader, request.params.id);
      const incidents = await incidentsOf(doc, reader);
      const ids = incidents.map((incident) => incident.id);
      const found =
        ids.length === 0
          ? { items: [] }
          : await store.find('alert', reader.scope, { where: { incidentId: ids }, order: 'oldest', limit: MAX_PARTS });
      const alerts = found.items.toSorted((a, b) => (a.firstSeenAt < b.firstSeenAt ? -1 : 1));
      const history = await readHistory(store, reader, [doc.id, ...ids, ...alerts.map((alert) => alert.id)]);
      tagVersion(reply, doc);
      return {
        campaign: presentCampaign(doc, reader),
        incidents: incidents.map((incident) => presentIncident(incident, reader)),
        alerts: alerts.map((alert) => presentAlert(alert, reader)),
        complete: !('next' in found) || found.next === undefined,
        timeline: buildTimeline({ alerts, commented: [{ comments: doc.comments }, ...incidents], history }, reader),
      };
    },
  });

  server.route({
    method: 'PATCH',
    url: '/api/v1/campaigns/:id',
    config: { access: caseWork },
    schema: {
      operationId: 'patchCampaign',
      summary: 'Change status, assignee or level; needs If-Match. Its incidents keep their own',
      tags: ['campaigns'],
      params: idParams,
      body: caseWish.extend({ reason: reason.optional() }),
      response: { 200: campaignView },
    },
    handler: async (request, reply) => {
      const reader = readerOf(request);
      const { reason, ...wish } = request.body;
      const doc = await readOne(store, 'campaign', reader, request.params.id);
      checkVersion(request, doc);
      await checkAssignee(store, reader, wish.assignee, doc.memberIds);
      const changed = changeCase({ kind: 'campaign', doc }, casePatch(wish), { reader, reason });
      if (changed !== undefined) await saveAll(parts, changed.changes);
      const next = changed?.doc ?? doc;
      tagVersion(reply, next);
      return presentCampaign(next, reader);
    },
  });

  server.route({
    method: 'POST',
    url: '/api/v1/campaigns/:id/comments',
    config: { access: { roles: ['admin', 'analyst', 'responder'] } },
    schema: {
      operationId: 'commentCampaign',
      summary: 'Add a note; no member reads it',
      tags: ['campaigns'],
      params: idParams,
      body: commentBody,
      response: { 201: campaignView },
    },
    handler: async (request, reply) => {
      const reader = readerOf(request);
      const next = await insist(async () => {
        const doc = await readOne(store, 'campaign', reader, request.params.id);
        const changed = addComment({ kind: 'campaign', doc }, request.body.text, reader);
        await saveAll(parts, changed.changes);
        return changed.doc;
      });
      tagVersion(reply.code(201), next);
      return presentCampaign(next, reader);
    },
  });
}
