/** What a campaign is made of: the same attack at several members, as the center sees it. Pure; members never see it. */
import { timedId } from '../ids.ts';
import type { Alert, Campaign, Incident } from '../model/alert.ts';
import { gravestFirst, joinSpans, maxLevel } from './severity.ts';

/** Follows from what the findings of a rule across members have in common. */
export const campaignId = (campaignKey: string, periodStartMs: number): string =>
  timedId(periodStartMs, 'campaign', campaignKey);

const withOne = (list: readonly string[], one: string): string[] => [...new Set([...list, one])].sort();

/** A campaign that holds nothing but this incident yet, named after the alert, version 1. */
export function openCampaign(
  id: string,
  alert: Pick<Alert, 'title' | 'titleJa'>,
  incident: Incident,
  now: string,
): Campaign {
  return {
    id,
    title: alert.title,
    titleJa: alert.titleJa,
    level: incident.level,
    status: 'new',
    assignee: null,
    memberIds: [incident.memberId],
    incidentIds: [incident.id],
    firstSeenAt: incident.firstSeenAt,
    lastSeenAt: incident.lastSeenAt,
    comments: [],
    createdAt: now,
    updatedAt: now,
    version: 1,
  };
}

/**
 * The campaign with the incident in it, or with what is new about one it holds. `before` is the incident as the campaign knew it:
 * its level counts again only where it rose, since an analyst may have lowered the campaign's.
 */
export function joinCampaign(campaign: Campaign, incident: Incident, before?: Incident): Campaign {
  const rose = before === undefined || before.level !== incident.level;
  return {
    ...campaign,
    ...joinSpans(campaign, incident),
    level: rose ? maxLevel(campaign.level, incident.level) : campaign.level,
    memberIds: withOne(campaign.memberIds, incident.memberId),
    incidentIds: withOne(campaign.incidentIds, incident.id),
  };
}

/**
 * The campaign under the title of the gravest of its alerts, of several the first seen. `alerts`: what rules across members raised
 * in it, as far as it is at hand; while the one it is named after is not among them, it keeps its name.
 */
export function nameCampaign(campaign: Campaign, alerts: readonly Alert[]): Campaign {
  const [gravest] = [...alerts].sort(gravestFirst);
  if (gravest === undefined || !alerts.some(({ title }) => title === campaign.title)) return campaign;
  return { ...campaign, title: gravest.title, titleJa: gravest.titleJa };
}

/** The older campaign with all of the younger, and the younger as it is kept: closed, saying where it went. */
export function mergeCampaigns(
  older: Campaign,
  younger: Campaign,
  now: string,
): { older: Campaign; younger: Campaign } {
  const text = `Folded into campaign ${older.id}.`;
  return {
    older: {
      ...older,
      ...joinSpans(older, younger),
      level: maxLevel(older.level, younger.level),
      assignee: older.assignee ?? younger.assignee,
      memberIds: [...new Set([...older.memberIds, ...younger.memberIds])].sort(),
      incidentIds: [...new Set([...older.incidentIds, ...younger.incidentIds])].sort(),
    },
    younger: { ...younger, status: 'closed', comments: [...younger.comments, { at: now, by: 'system', text }] },
  };
}
