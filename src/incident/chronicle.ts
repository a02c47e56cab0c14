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

/** Each notice once; of an incident that opened only to be folded into another at once, none. */
export function worthTelling(notices: readonly Notice[]): readonly Notice[] {
  const told = new Map(notices.map((notice) => [`${notice.what} ${notice.kind} ${notice.id}`, notice]));
  const has = (what: Notice['what'], { kind, id }: Notice) => told.has(`${what} ${kind} ${id}`);
  return [...told.values()].filter((notice) => {
    if (has('merged', notice)) return notice.what === 'merged' && !has('opened', notice);
    return notice.what !== 'escalated' || !has('opened', notice);
  });
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
