/** A finding folded into its alert. Does not know of incidents; never lowers a count, never forgets what an analyst set. */
import { mergeEntities } from '../correlate/entity.ts';
import type { Finding } from '../correlate/finding.ts';
import type { RuleHead } from '../detect/rule.ts';
import { timedId } from '../ids.ts';
import type { Alert } from '../model/alert.ts';

const mostEventIds = 10;
const mostSourceIds = 100;

/** 26 characters, the same for the same rule, member, key and period; sorts by period. */
export function alertId(finding: Pick<Finding, 'ruleId' | 'memberId' | 'key' | 'periodStartMs'>): string {
  const { ruleId, memberId, key, periodStartMs } = finding;
  const values = key.flatMap(({ field, value }) => [field, value]);
  return timedId(periodStartMs, 'alert', ruleId, memberId, String(periodStartMs), ...values);
}

/**
 * Why the alert must be looked at again when new events come, for the audit; undefined when it is not closed or was closed as
 * false positive, which goes on counting in silence.
 */
export function reopenReason(old: Alert | undefined): string | undefined {
  if (old?.status !== 'closed' || old.closeReason === 'false-positive') return undefined;
  return `new events came in after it was closed as ${old.closeReason ?? 'done'}`;
}

/**
 * The alert with the finding's events in it. What comes out does not depend on the order of the findings, but for title, level
 * and tags (the rule's, as given last), times of writing and version. `eventIds` are the newest by id, that is by receipt.
 */
export function foldAlert(old: Alert | undefined, finding: Finding, rule: RuleHead, now: string): Alert {
  const times = finding.events.map(({ atMs }) => atMs);
  const first = new Date(times.reduce((a, b) => Math.min(a, b))).toISOString();
  const last = new Date(times.reduce((a, b) => Math.max(a, b))).toISOString();
  const reopened = reopenReason(old) !== undefined;
  const eventIds = [...(old?.eventIds ?? []), ...finding.events.map(({ id }) => id)];
  const sourceIds = [...(old?.sourceIds ?? []), ...finding.events.map(({ sourceId }) => sourceId)];
  return {
    id: alertId(finding),
    memberId: finding.memberId,
    ruleId: finding.ruleId,
    title: rule.title,
    titleJa: rule.own.titleJa ?? null,
    level: rule.level,
    tags: [...rule.tags],
    entities: [...mergeEntities(finding.key, [...(old?.entities ?? []), ...finding.entities])],
    sourceIds: [...new Set(sourceIds)].sort().slice(0, mostSourceIds),
    count: (old?.count ?? 0) + finding.events.length,
    firstSeenAt: old !== undefined && old.firstSeenAt < first ? old.firstSeenAt : first,
    lastSeenAt: old !== undefined && old.lastSeenAt > last ? old.lastSeenAt : last,
    eventIds: [...new Set(eventIds)].sort().reverse().slice(0, mostEventIds),
    status: reopened ? 'new' : (old?.status ?? 'new'),
    closeReason: reopened ? null : (old?.closeReason ?? null),
    assignee: old?.assignee ?? null,
    incidentId: old?.incidentId ?? null,
    campaignId: old?.campaignId ?? null,
    createdAt: old?.createdAt ?? now,
    updatedAt: now,
    version: (old?.version ?? 0) + 1,
  };
}
