/**
 * Stored documents -> what a reader is shown. A member's forms have no property that could tell of another member: they are
 * parsed through schemas without those properties, so that a property added to the model stays hidden until it is let through.
 */
import { z } from 'zod';
import { type Alert, alert, type Campaign, campaign, comment, type Incident, incident } from '../model/alert.ts';
import type { AuditEntry } from '../model/audit.ts';
import type { Fields } from '../model/event.ts';
import { type Reader, shownName } from './reader.ts';

const memberComment = comment.pick({ at: true, by: true, text: true });

/** What one member may know of its alert: listed, not subtracted. */
const memberAlert = alert.pick({
  id: true,
  memberId: true,
  ruleId: true,
  title: true,
  titleJa: true,
  level: true,
  tags: true,
  entities: true,
  sourceIds: true,
  count: true,
  firstSeenAt: true,
  lastSeenAt: true,
  eventIds: true,
  status: true,
  closeReason: true,
  assignee: true,
  incidentId: true,
  createdAt: true,
  updatedAt: true,
  version: true,
});

const memberIncident = incident
  .pick({
    id: true,
    memberId: true,
    title: true,
    titleJa: true,
    level: true,
    status: true,
    assignee: true,
    alertIds: true,
    entities: true,
    firstSeenAt: true,
    lastSeenAt: true,
    mergedInto: true,
    createdAt: true,
    updatedAt: true,
    version: true,
  })
  .extend({ comments: z.array(memberComment) });

const campaignId = z.string().nullable().optional().describe('Shown to readers of all members only');

export const alertView = memberAlert.extend({ campaignId });
export type AlertView = z.infer<typeof alertView>;
export const incidentView = memberIncident.extend({ campaignId });
export type IncidentView = z.infer<typeof incidentView>;
export const campaignView = campaign;

/** Events keep the fields their product gave them, so no schema lists them. */
export const eventView = z.unknown().meta({
  type: 'object',
  description: 'An event in Elastic Common Schema, flat: dotted names, scalars or arrays of scalars',
  properties: {
    '@timestamp': { type: 'string', format: 'date-time' },
    'event.id': { type: 'string' },
    'event.dataset': { type: 'string' },
    'organization.id': { type: 'string' },
    'hinomi.source_id': { type: 'string' },
  },
  required: ['@timestamp', 'event.id'],
  additionalProperties: true,
});

const nameOrNull = (name: string | null, reader: Reader): string | null =>
  name === null ? null : shownName(name, reader);

function presentComments(comments: Incident['comments'], reader: Reader): Incident['comments'] {
  return comments.map(({ at, by, text }) => ({ at, by: shownName(by, reader), text }));
}

export function presentAlert(doc: Alert, reader: Reader): AlertView {
  if (reader.whole) return doc;
  return memberAlert.parse({ ...doc, assignee: nameOrNull(doc.assignee, reader) });
}

export function presentIncident(doc: Incident, reader: Reader): IncidentView {
  if (reader.whole) return doc;
  const assignee = nameOrNull(doc.assignee, reader);
  return memberIncident.parse({ ...doc, assignee, comments: presentComments(doc.comments, reader) });
}

/** Only for readers whose scope covers the campaign; the store sees to that. */
export function presentCampaign(doc: Campaign, reader: Reader): Campaign {
  if (reader.whole) return doc;
  return { ...doc, assignee: nameOrNull(doc.assignee, reader), comments: presentComments(doc.comments, reader) };
}

/** What of a change a reader of some members may know; campaigns, assignees and reasons are the center's own affair. */
const shownProperties: ReadonlySet<string> = new Set([
  ...['status', 'closeReason', 'level', 'name', 'kind', 'type', 'encoding', 'timeZone', 'config'],
  ...['comments', 'rejects', 'label', 'revokedAt'],
]);

function shownChange(values: AuditEntry['before']): AuditEntry['before'] {
  return values && Object.fromEntries(Object.entries(values).filter(([name]) => shownProperties.has(name)));
}

export function presentAudit(doc: AuditEntry, reader: Reader): AuditEntry {
  if (reader.whole) return doc;
  const { id, at, action, target, memberId, version } = doc;
  const actor = shownName(doc.actor, reader);
  const reason = actor === 'center' ? null : doc.reason;
  const changed = { before: shownChange(doc.before), after: shownChange(doc.after) };
  return { id, at, actor, action, target, memberId, reason, ...changed, version };
}

/** An event is its member's own, whole. */
export const presentEvent = (event: Fields): Fields => event;
