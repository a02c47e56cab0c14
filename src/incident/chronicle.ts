/** What the center did by itself, for the audit, and what people want to be told of. */
import { timedId } from '../ids.ts';
import type { AuditEntry } from '../model/audit.ts';

export interface Notice {
  readonly what: 'opened' | 'reopened' | 'escalated' | 'merged';
  readonly kind: 'incident' | 'campaign';
  readonly id: string;
  /** null for a campaign, which is the center's. */
  readonly memberId: string | null;
}

export interface Act {
  readonly action:
    | 'alert.reopen'
    | 'incident.reopen'
    | 'incident.merge'
    | 'campaign.create'
    | 'campaign.reopen'
    | 'campaign.merge';
  readonly target: { readonly kind: 'alert' | 'incident' | 'campaign'; readonly id: string };
  /** The member whose thing it is, null for campaigns. An entry with a member must say nothing of others. */
  readonly memberId: string | null;
  readonly reason: string;
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
}

/** An act of the center as an audit entry. Its id follows from what was done and to which version, not from chance. */
export function auditEntry(act: Act, version: number, now: string): AuditEntry {
  return {
    id: timedId(Date.parse(now), 'audit', act.action, act.target.kind, act.target.id, String(version)),
    at: now,
    actor: 'system',
    action: act.action,
    target: act.target,
    memberId: act.memberId,
    reason: act.reason,
    before: act.before,
    after: act.after,
    version: 1,
  };
}
