/**
 * Ties incidents of several members into campaigns: those that a rule across members found together. The only place where
 * members meet; nothing flows from here into an incident but the campaign's id, which no member is shown.
 */
import type { Finding } from '../correlate/finding.ts';
import type { Alert, Campaign, Incident } from '../model/alert.ts';
import { alertId } from './fold-alert.ts';
import { campaignId, joinCampaign, mergeCampaigns, nameCampaign, openCampaign } from './fold-campaign.ts';
import { byAge } from './fold-incident.ts';
import type { Desk } from './placing.ts';
import { currentIncident } from './placing.ts';

/** Findings of one campaign key; the alerts they went into are placed by now. */
export function tieCampaign(desk: Desk, findings: readonly Finding[]): void {
  const { documents, now } = desk;
  const [first] = findings;
  if (first?.campaignKey === undefined) return;
  const parts = findings.flatMap((finding) => partOf(desk, alertId(finding)) ?? []);
  if (parts.length === 0) return;
  const siblings = parts.every(({ alert }) => alert.campaignId !== null) ? [] : siblingsOf(desk, first);
  const ownId = campaignId(first.campaignKey, first.periodStartMs);

  const ids = new Set<string>([ownId]);
  for (const { alert, incident } of [...parts, ...siblings])
    for (const id of [alert.campaignId, incident.campaignId]) if (id !== null) ids.add(id);
  const known = new Map<string, Campaign>();
  for (const id of ids) {
    const campaign = currentCampaign(desk, id);
    if (campaign !== undefined) known.set(campaign.id, campaign);
  }

  let campaign: Campaign;
  const [oldest, ...others] = [...known.values()].sort(byAge);
  if (oldest !== undefined) {
    campaign = reopen(desk, oldest);
    for (const other of others) campaign = merge(desk, campaign, other);
  } else {
    const all = [...parts, ...siblings];
    if (new Set(all.map(({ alert }) => alert.memberId)).size < 2) return;
    const [{ alert, incident }] = all as [Part];
    campaign = openCampaign(ownId, alert, incident, now);
    desk.notices.push({ what: 'opened', kind: 'campaign', id: ownId, memberId: null });
    desk.acts.push({
      action: 'campaign.create',
      target: { kind: 'campaign', id: ownId },
      memberId: null,
      reason: `the rule "${alert.title}" found the same at several members`,
      before: null,
      after: { title: campaign.title, status: 'new' },
    });
  }
  for (const { alert, incident } of [...parts, ...siblings]) {
    if (alert.campaignId !== campaign.id) documents.put('alert', { ...alert, campaignId: campaign.id });
    const current = documents.get('incident', incident.id) as Incident;
    if (current.campaignId !== campaign.id) documents.put('incident', { ...current, campaignId: campaign.id });
    campaign = joinCampaign(campaign, current, current.campaignId === campaign.id ? current : undefined);
  }
  documents.put('campaign', nameCampaign(campaign, tiedAlerts(desk, campaign)));
}

/** Two campaigns that share an incident now become one. */
export function tieSame(desk: Desk, oneId: string, otherId: string): void {
  const one = currentCampaign(desk, oneId);
  const other = currentCampaign(desk, otherId);
  if (one === undefined || other === undefined || one.id === other.id) return;
  const [older, younger] = [one, other].sort(byAge) as [Campaign, Campaign];
  const campaign = merge(desk, older, younger);
  desk.documents.put('campaign', nameCampaign(campaign, tiedAlerts(desk, campaign)));
}

/** Brings the campaign of a changed incident up to date. `before`: the incident as it was. */
export function followIncident(desk: Desk, incident: Incident, before: Incident | undefined): void {
  if (incident.campaignId === null) return;
  const campaign = desk.documents.get('campaign', incident.campaignId);
  if (campaign === undefined) return;
  const joined = joinCampaign(campaign, incident, before?.campaignId === campaign.id ? before : undefined);
  // An incident that was folded away is no part any more; the one it went into is.
  const gone = joined.incidentIds.filter((id) => (currentIncident(desk.documents, id)?.id ?? id) !== id);
  const incidentIds = joined.incidentIds.filter((id) => !gone.includes(id));
  if (joined.level !== campaign.level)
    desk.notices.push({ what: 'escalated', kind: 'campaign', id: campaign.id, memberId: null });
  desk.documents.put('campaign', { ...joined, incidentIds });
}

interface Part {
  readonly alert: Alert;
  readonly incident: Incident;
}

function partOf(desk: Desk, id: string): Part | undefined {
  const alert = desk.documents.get('alert', id);
  if (alert === undefined || alert.incidentId === null || alert.status === 'closed') return undefined;
  const incident = currentIncident(desk.documents, alert.incidentId);
  return incident === undefined ? undefined : { alert, incident };
}

/** Alerts of the same campaign key at all members: their ids follow from the finding's. */
function siblingsOf(desk: Desk, finding: Finding): readonly Part[] {
  const parts: Part[] = [];
  for (const memberId of desk.documents.memberIds()) {
    const part = partOf(desk, alertId({ ...finding, memberId }));
    if (part !== undefined) parts.push(part);
  }
  return parts;
}

/** What rules across members raised in the campaign: alerts of its incidents that only belong to those are not tied to it. */
function tiedAlerts({ documents }: Desk, campaign: Campaign): readonly Alert[] {
  return campaign.incidentIds.flatMap((incidentId) =>
    (currentIncident(documents, incidentId)?.alertIds ?? []).flatMap((id) => {
      const alert = documents.get('alert', id);
      return alert?.campaignId === campaign.id ? alert : [];
    }),
  );
}

/** The campaign itself, or the one it was folded into: where its incidents are now. */
function currentCampaign(desk: Desk, id: string): Campaign | undefined {
  const { documents } = desk;
  let campaign = documents.get('campaign', id);
  const seen = new Set<string>();
  while (campaign !== undefined && campaign.status === 'closed' && !seen.has(campaign.id)) {
    seen.add(campaign.id);
    let next: Campaign | undefined;
    for (const incidentId of campaign.incidentIds) {
      const movedTo = currentIncident(documents, incidentId)?.campaignId ?? campaign.id;
      if (movedTo === campaign.id) continue;
      next = documents.get('campaign', movedTo);
      if (next !== undefined) break;
    }
    if (next === undefined) return campaign;
    campaign = next;
  }
  return campaign;
}

function reopen(desk: Desk, campaign: Campaign): Campaign {
  if (campaign.status !== 'closed') return campaign;
  desk.acts.push({
    action: 'campaign.reopen',
    target: { kind: 'campaign', id: campaign.id },
    memberId: null,
    reason: 'its rule found new events',
    before: { status: 'closed' },
    after: { status: 'new' },
  });
  desk.notices.push({ what: 'reopened', kind: 'campaign', id: campaign.id, memberId: null });
  return { ...campaign, status: 'new' };
}

function merge(desk: Desk, into: Campaign, other: Campaign): Campaign {
  const { documents, now } = desk;
  const { older, younger } = mergeCampaigns(into, other, now);
  documents.put('campaign', older);
  documents.put('campaign', younger);
  for (const id of other.incidentIds) {
    const incident = currentIncident(documents, id);
    if (incident === undefined || (incident.campaignId !== other.id && incident.campaignId !== older.id)) continue;
    if (incident.campaignId !== older.id) documents.put('incident', { ...incident, campaignId: older.id });
    for (const alertIdOfIt of incident.alertIds) {
      const alert = documents.get('alert', alertIdOfIt);
      if (alert?.campaignId === other.id) documents.put('alert', { ...alert, campaignId: older.id });
    }
  }
  desk.acts.push({
    action: 'campaign.merge',
    target: { kind: 'campaign', id: other.id },
    memberId: null,
    reason: `an incident belongs to both; folded into campaign ${older.id}`,
    before: { status: other.status },
    after: { status: 'closed' },
  });
  desk.notices.push({ what: 'merged', kind: 'campaign', id: other.id, memberId: null });
  return older;
}
