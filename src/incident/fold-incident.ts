/**
 * Where an alert belongs, and what an incident is made of. Pure decisions over documents of one member: nothing of another
 * member can get into an incident here.
 */
import { mergeEntities } from '../correlate/entity.ts';
import { hashId } from '../ids.ts';
import type { Alert, Incident } from '../model/alert.ts';
import { isAtLeast, isNear, joinSpans, maxLevel } from './severity.ts';

/** An incident this large takes no more by shared entities: it would be a heap, and its document would grow with every event. */
export const mostAlerts = 1000;
const mostEntities = 100;
const mostEntitiesPerField = 20;

export interface Placing {
  readonly alert: Alert;
  /** The alert's rule is a correlation. */
  readonly correlated: boolean;
  /** The alert comes from a rule across members. */
  readonly inCampaign: boolean;
  /** Incident that the alert is in already. */
  readonly own: Incident | undefined;
  /** Open incidents of the member that share a linking entity with the alert. */
  readonly incidents: readonly Incident[];
  /** Alerts of the member, in no incident and not closed, that share a linking entity with it. */
  readonly loose: readonly Alert[];
}

export type Place =
  | { readonly kind: 'none' }
  | { readonly kind: 'open' }
  /** `absorb`: further incidents that the alert ties to it; they are younger and are folded into it. */
  | { readonly kind: 'join'; readonly into: Incident; readonly absorb: readonly Incident[] };

/**
 * An alert of level low or above joins the open incident near which it shares an entity; of several, the oldest, and the others
 * are folded into that. Without one, an incident is opened for a level of high or critical, for a correlation of medium or above,
 * for a part of a campaign, and for two alerts of different rules. A closed alert stays where it is.
 */
export function placeAlert({ alert, correlated, inCampaign, own, incidents, loose }: Placing): Place {
  if (alert.status === 'closed' || !isAtLeast(alert.level, 'low')) return { kind: 'none' };
  const fitting = incidents.filter(
    (incident) => incident.id !== own?.id && incident.alertIds.length < mostAlerts && isNear(incident, alert),
  );
  const [into, ...others] = [...(own === undefined ? [] : [own]), ...fitting].sort(byAge);
  if (into !== undefined) {
    let room = mostAlerts - into.alertIds.length;
    const absorb = others.filter((incident) => {
      if (incident.alertIds.length > room) return false;
      room -= incident.alertIds.length;
      return true;
    });
    // When the alert's own incident is too large to be folded, the alert stays there.
    if (own !== undefined && into.id !== own.id && !absorb.includes(own))
      return { kind: 'join', into: own, absorb: [] };
    return { kind: 'join', into, absorb };
  }
  const opens =
    isAtLeast(alert.level, 'high') ||
    (correlated && isAtLeast(alert.level, 'medium')) ||
    inCampaign ||
    loose.some((other) => other.ruleId !== alert.ruleId && isAtLeast(other.level, 'low') && isNear(other, alert));
  return { kind: opens ? 'open' : 'none' };
}

/** Oldest first. */
export function byAge(a: OfAge, b: OfAge): number {
  return compare(a.createdAt, b.createdAt) || compare(a.firstSeenAt, b.firstSeenAt) || compare(a.id, b.id);
}

type OfAge = { readonly id: string; readonly createdAt: string; readonly firstSeenAt: string };
const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** Follows from the alert that opens it; sorts with it. */
export const incidentId = (alert: Pick<Alert, 'id' | 'memberId'>): string =>
  alert.id.slice(0, 10) + hashId('incident', alert.memberId, alert.id);

/** An incident of that one alert, version 1. */
export function openIncident(alert: Alert, now: string): Incident {
  return {
    id: incidentId(alert),
    memberId: alert.memberId,
    title: alert.title,
    titleJa: alert.titleJa,
    level: alert.level,
    status: 'new',
    assignee: null,
    alertIds: [alert.id],
    entities: [...alert.entities],
    firstSeenAt: alert.firstSeenAt,
    lastSeenAt: alert.lastSeenAt,
    campaignId: null,
    comments: [],
    mergedInto: null,
    createdAt: now,
    updatedAt: now,
    version: 1,
  };
}

/** The incident with the alert in it, or with what is new about an alert that it holds. Title and level are its gravest alert's. */
export function joinIncident(incident: Incident, alert: Alert): Incident {
  const known = incident.alertIds.includes(alert.id);
  // A known alert has had its say; an analyst may have lowered the level since.
  const graver = !known && !isAtLeast(incident.level, alert.level);
  return {
    ...incident,
    ...joinSpans(incident, alert),
    alertIds: known ? incident.alertIds : [...incident.alertIds, alert.id],
    entities: mergeIncidentEntities(incident.entities, alert.entities),
    ...(graver && { level: alert.level, title: alert.title, titleJa: alert.titleJa }),
  };
}

/** The older incident with all of the younger, and the younger as it is kept: folded, closed, leading to the older. */
export function mergeIncidents(older: Incident, younger: Incident): { older: Incident; younger: Incident } {
  const { title, titleJa } = isAtLeast(older.level, younger.level) ? older : younger;
  return {
    older: {
      ...older,
      ...joinSpans(older, younger),
      title,
      titleJa,
      level: maxLevel(older.level, younger.level),
      assignee: older.assignee ?? younger.assignee,
      status: older.status === 'new' && younger.status !== 'closed' ? younger.status : older.status,
      alertIds: [...new Set([...older.alertIds, ...younger.alertIds])],
      entities: mergeIncidentEntities(older.entities, younger.entities),
      comments: [...older.comments, ...younger.comments].sort((a, b) => compare(a.at, b.at)),
      campaignId: older.campaignId ?? younger.campaignId,
    },
    younger: { ...younger, status: 'closed', mergedInto: older.id, campaignId: null },
  };
}

function mergeIncidentEntities(a: Incident['entities'], b: Incident['entities']): Incident['entities'] {
  return [...mergeEntities([], [...a, ...b], mostEntities, mostEntitiesPerField)];
}
