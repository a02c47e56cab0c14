/**
 * Matches, alerts, incidents. An alert is one object that updates; it never holds events of two members.
 * An incident is what one member sees of a case; a campaign is what the center sees when the case spans members.
 */
import { z } from 'zod';
import type { Fields } from './event.ts';

export const level = z.enum(['informational', 'low', 'medium', 'high', 'critical']);
export type Level = z.infer<typeof level>;

/** One rule that matched one event, as the worker passes it to the correlator. */
export interface Match {
  readonly ruleId: string;
  readonly eventId: string;
  readonly memberId: string;
  readonly sourceId: string;
  /** Event time, milliseconds since the epoch. */
  readonly atMs: number;
  /** Only the fields that correlation and incidents ask for (entities, group-by fields). */
  readonly fields: Fields;
}

/** A thing that alerts can share, in ECS terms: host.name, user.name, source.ip, … Meaningful within one member only. */
export const entity = z.object({ field: z.string(), value: z.string() });
export type Entity = z.infer<typeof entity>;

const titleJa = z.string().nullable().describe('The title in Japanese; null where the rule gives none');

export const alertStatus = z.enum(['new', 'acknowledged', 'closed']);
export const closeReason = z.enum(['true-positive', 'benign', 'false-positive', 'duplicate']);

export const alert = z.object({
  /** Deterministic in (rule, member, key, period). */
  id: z.string(),
  memberId: z.string(),
  ruleId: z.string(),
  title: z.string().describe('Title of the rule when the alert was last updated'),
  titleJa,
  level,
  /** ATT&CK tags of the rule, e.g. "attack.t1110". */
  tags: z.array(z.string()),
  /** What the alert is about: the values its rule folds by. */
  entities: z.array(entity),
  sourceIds: z.array(z.string()),
  count: z.int().describe('Events that belong to it'),
  firstSeenAt: z.iso.datetime(),
  lastSeenAt: z.iso.datetime(),
  /** Ids of the newest events, newest first, ten at most. */
  eventIds: z.array(z.string()),
  status: alertStatus,
  closeReason: closeReason.nullable(),
  assignee: z.string().nullable().describe('Login of the analyst who works on it'),
  /** The member's incident that it belongs to. */
  incidentId: z.string().nullable(),
  /** Set by a rule across members: the campaign. Never shown to a member. */
  campaignId: z.string().nullable(),
  createdAt: z.iso.datetime().describe('When the center raised it'),
  updatedAt: z.iso.datetime(),
  version: z.int(),
});
export type Alert = z.infer<typeof alert>;

export const incidentStatus = z.enum(['new', 'in-progress', 'waiting-on-member', 'closed']);

export const comment = z.object({ at: z.iso.datetime(), by: z.string(), text: z.string().min(1).max(10_000) });

/** One member's case. Built from that member's alerts alone, so that showing it cannot tell of another member. */
export const incident = z.object({
  id: z.string(),
  memberId: z.string(),
  title: z.string(),
  titleJa,
  level,
  status: incidentStatus,
  assignee: z.string().nullable(),
  alertIds: z.array(z.string()),
  entities: z.array(entity),
  firstSeenAt: z.iso.datetime(),
  lastSeenAt: z.iso.datetime(),
  /** The campaign it is a part of. Never shown to a member. */
  campaignId: z.string().nullable(),
  /** Notes that the member may read. */
  comments: z.array(comment),
  /** Incident that this one was folded into; a folded incident is kept so that its links still lead somewhere. */
  mergedInto: z.string().nullable(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
  version: z.int(),
});
export type Incident = z.infer<typeof incident>;

/** The same attack at several members: the center's view over their incidents. Readable only with a scope over all its members. */
export const campaign = z.object({
  id: z.string(),
  title: z.string(),
  titleJa,
  level,
  status: incidentStatus,
  assignee: z.string().nullable(),
  memberIds: z.array(z.string()),
  incidentIds: z.array(z.string()),
  firstSeenAt: z.iso.datetime(),
  lastSeenAt: z.iso.datetime(),
  comments: z.array(comment),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
  version: z.int(),
});
export type Campaign = z.infer<typeof campaign>;
