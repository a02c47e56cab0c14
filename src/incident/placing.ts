/**
 * Puts the alerts of a draft into incidents, one by one, and pulls in those that were waiting for an incident to open.
 * Never reaches from one member to another.
 */
import type { Alert, Incident } from '../model/alert.ts';
import type { Act, Notice } from './chronicle.ts';
import { incidentId, joinIncident, mergeIncidents, mostAlerts, openIncident, placeAlert } from './fold-incident.ts';
import { linkingKeys } from './linking.ts';
import { isNear, maxLevel } from './severity.ts';
import { type Documents, isLoose, isOpen } from './shelf.ts';

export interface Desk {
  readonly documents: Documents;
  readonly relays: ReadonlySet<string>;
  readonly now: string;
  readonly acts: Act[];
  readonly notices: Notice[];
  /** Pairs of campaigns that turned out to be one. */
  readonly sameCampaigns: [string, string][];
}

/** The incident itself, or the one it was folded into; undefined when that is not at hand. */
export function currentIncident(documents: Documents, id: string): Incident | undefined {
  let incident = documents.get('incident', id);
  // Folding leads to older ones only, but a document may have been edited by hand.
  for (let hops = 0; incident !== undefined && incident.mergedInto !== null; hops++) {
    if (hops === 100) return undefined;
    incident = documents.get('incident', incident.mergedInto);
  }
  return incident;
}

/** Finds the alert, and whatever it draws along, its place. `inCampaign`: it must have an incident. */
export function placeInIncident(desk: Desk, alertId: string, correlated: boolean, inCampaign: boolean): void {
  const waiting: { id: string; correlated: boolean; inCampaign: boolean }[] = [{ id: alertId, correlated, inCampaign }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const alert = desk.documents.get('alert', next.id);
    if (alert === undefined) continue;
    const home = placeOne(desk, alert, next.correlated, next.inCampaign);
    if (home === undefined) continue;
    let room = mostAlerts - home.alertIds.length - waiting.length;
    const keys = linkingKeys(alert.entities, desk.relays);
    for (const other of room > 0 ? desk.documents.find('alert', alert.memberId, keys) : []) {
      if (!isLoose(other) || !isNear(other, home)) continue;
      waiting.push({ id: other.id, correlated: false, inCampaign: false });
      if (--room <= 0) break;
    }
  }
}

/** Answers the incident that the alert is in now, if any. */
function placeOne(desk: Desk, alert: Alert, correlated: boolean, inCampaign: boolean): Incident | undefined {
  const { documents, now } = desk;
  const own = alert.incidentId === null ? undefined : currentIncident(documents, alert.incidentId);
  // Its incident has been forgotten here, which leaves the alert where it is.
  if (alert.incidentId !== null && own === undefined) return undefined;
  const keys = linkingKeys(alert.entities, desk.relays);
  const place = placeAlert({
    alert,
    correlated,
    inCampaign,
    own,
    incidents: [...documents.find('incident', alert.memberId, keys)].filter(isOpen),
    loose: own === undefined ? firstNear(documents, alert, keys) : [],
  });
  if (place.kind === 'none') return undefined;
  if (place.kind === 'join') {
    let into = reopen(desk, place.into);
    for (const younger of place.absorb) into = absorb(desk, into, younger);
    return attach(desk, into, alert);
  }
  // Known already when this alert opened it before and the alert was read anew since.
  const known = currentIncident(documents, incidentId(alert));
  if (known !== undefined) return attach(desk, reopen(desk, known), alert);
  const opened = openIncident(alert, now);
  documents.put('incident', opened);
  desk.notices.push({ what: 'opened', kind: 'incident', id: opened.id, memberId: opened.memberId });
  return attach(desk, opened, alert);
}

/** One alert of another rule is enough to open an incident, so no more are looked for. */
function firstNear(documents: Documents, alert: Alert, keys: readonly string[]): readonly Alert[] {
  for (const other of documents.find('alert', alert.memberId, keys, alert.ruleId))
    if (isLoose(other) && isNear(other, alert)) return [other];
  return [];
}

function attach(desk: Desk, incident: Incident, alert: Alert): Incident {
  const joined = joinIncident(incident, alert);
  desk.documents.put('incident', joined);
  if (joined.level !== incident.level)
    desk.notices.push({ what: 'escalated', kind: 'incident', id: joined.id, memberId: joined.memberId });
  if (alert.incidentId !== joined.id) desk.documents.put('alert', { ...alert, incidentId: joined.id });
  return joined;
}

function reopen(desk: Desk, incident: Incident): Incident {
  if (incident.status !== 'closed') return incident;
  const reopened: Incident = { ...incident, status: 'new' };
  desk.documents.put('incident', reopened);
  desk.acts.push({
    action: 'incident.reopen',
    target: { kind: 'incident', id: incident.id },
    memberId: incident.memberId,
    reason: 'an alert in it has new events',
    before: { status: 'closed' },
    after: { status: 'new' },
  });
  desk.notices.push({ what: 'reopened', kind: 'incident', id: incident.id, memberId: incident.memberId });
  return reopened;
}

function absorb(desk: Desk, into: Incident, other: Incident): Incident {
  const { documents } = desk;
  const { older, younger } = mergeIncidents(into, other);
  documents.put('incident', older);
  documents.put('incident', younger);
  for (const id of other.alertIds) {
    const moved = documents.get('alert', id);
    if (moved !== undefined) documents.put('alert', { ...moved, incidentId: older.id });
  }
  desk.acts.push({
    action: 'incident.merge',
    target: { kind: 'incident', id: other.id },
    memberId: other.memberId,
    reason: 'an alert belongs to both incidents',
    before: { status: other.status, mergedInto: null },
    after: { status: 'closed', mergedInto: older.id },
  });
  desk.notices.push({ what: 'merged', kind: 'incident', id: other.id, memberId: other.memberId });
  if (maxLevel(into.level, other.level) !== into.level)
    desk.notices.push({ what: 'escalated', kind: 'incident', id: into.id, memberId: into.memberId });
  if (into.campaignId !== null && other.campaignId !== null && into.campaignId !== other.campaignId)
    desk.sameCampaigns.push([into.campaignId, other.campaignId]);
  return older;
}
