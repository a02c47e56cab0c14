/** What someone did -> an entry of the audit, to be saved together with the change itself. */
import { actId } from '../ids.ts';
import type { AuditEntry } from '../model/audit.ts';
import type { Change } from '../store/store.ts';

export interface Act {
  /** Login, or "key:<id>". */
  readonly actor: string;
  readonly action: string;
  readonly target: AuditEntry['target'];
  readonly memberId: string | null;
  readonly reason?: string | null | undefined;
  readonly before?: Readonly<Record<string, unknown>> | null;
  readonly after?: Readonly<Record<string, unknown>> | null;
}

export function auditChange(act: Act, now: number = Date.now()): Change {
  return {
    kind: 'audit',
    doc: {
      id: actId(now),
      at: new Date(now).toISOString(),
      actor: act.actor,
      action: act.action,
      target: act.target,
      memberId: act.memberId,
      reason: act.reason ?? null,
      before: act.before === undefined || act.before === null ? null : { ...act.before },
      after: act.after === undefined || act.after === null ? null : { ...act.after },
      version: 1,
    },
  };
}

/** The properties of `patch` that differ from `doc`, before and after; undefined when none does. */
export function difference<T extends object>(
  doc: T,
  patch: Partial<T>,
): { before: Partial<T>; after: Partial<T> } | undefined {
  const before: Partial<T> = {};
  const after: Partial<T> = {};
  for (const name of Object.keys(patch) as (keyof T)[]) {
    if (patch[name] === undefined || JSON.stringify(patch[name]) === JSON.stringify(doc[name])) continue;
    before[name] = doc[name];
    after[name] = patch[name];
  }
  return Object.keys(after).length === 0 ? undefined : { before, after };
}
