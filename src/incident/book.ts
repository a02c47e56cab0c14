/**
 * The book of alerts, incidents and campaigns: turns findings into the documents to write, and takes note of them only when they
 * were written. The only writer of these documents besides people, whose changes it must be told.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Finding } from '../correlate/finding.ts';
import type { RuleHead } from '../detect/rule.ts';
import type { Alert } from '../model/alert.ts';
import type { Change } from '../store/store.ts';
import { followIncident, tieCampaign, tieSame } from './campaigning.ts';
import { auditEntry, type Notice, worthTelling } from './chronicle.ts';
import { alertId, foldAlert, reopenReason } from './fold-alert.ts';
import { type Desk, placeInIncident } from './placing.ts';
import { gravestFirst } from './severity.ts';
import { createDraft, createShelf, type Draft, type ShelfKind, shelfKinds } from './shelf.ts';

export type { Notice } from './chronicle.ts';

/** What a rule is to the book. `kind` is "correlation" for correlations. */
export type BookRule = RuleHead & { readonly kind?: string };

export interface BookOptions {
  /** Documents not written for this long are forgotten here. Default 7 days; at least the longest lateness plus an alert's period. */
  readonly keepMs?: number;
  /** Alerts held; beyond it those longest not written are forgotten. Default 200,000. */
  readonly maxAlerts?: number;
  /** Names of hosts that only pass on the logs of others: they tie nothing together. */
  readonly relays?: readonly string[];
}

export interface Applied {
  /** At most one per document, with the versions they will have; audit entries of the actor "system" included. */
  readonly changes: readonly Change[];
  /** Of the alert that each finding went into, in the findings' order. */
  readonly alertIds: readonly string[];
  readonly notices: readonly Notice[];
  /** To be called when the changes were written, and not otherwise. */
  commit(): void;
}

export interface IncidentBook {
  /**
   * What the findings make of the documents; the book stays as it is until commit(). `now` is ISO 8601 UTC. When the write was
   * refused for a version, replace() that document and apply again. Throws for a finding of a rule that is not in `rules`.
   */
  apply(findings: readonly Finding[], rules: ReadonlyMap<string, BookRule>, now: string): Applied;
  /**
   * A document as it stands in the store: read at start or after a version conflict, or just written by someone else. Kinds that
   * the book does not hold are passed over, and so is an older version than it has.
   */
  replace(change: Change): void;
  /** Documents held. */
  stats(): { alerts: number; incidents: number; campaigns: number };
}

export function createIncidentBook(options: BookOptions = {}): IncidentBook {
  const { keepMs = 7 * 86_400_000, maxAlerts = 200_000 } = options;
  const relays = new Set((options.relays ?? []).map((name) => name.toLowerCase().split('.', 1)[0] as string));
  const shelf = createShelf(relays);
  let tidiedAt = Number.NEGATIVE_INFINITY;

  function forget(nowMs: number): void {
    if (shelf.size('alert') > maxAlerts) {
      const byWriting = [...shelf.all('alert')].sort((a, b) => (a.updatedAt < b.updatedAt ? -1 : 1));
      // A tenth more than needed, so that this is rare.
      for (const { id } of byWriting.slice(0, byWriting.length - Math.floor(maxAlerts * 0.9)))
        shelf.remove('alert', id);
    }
    if (nowMs < tidiedAt + 3_600_000) return;
    tidiedAt = nowMs;
    for (const kind of shelfKinds)
      for (const { id, updatedAt } of shelf.all(kind))
        if (Date.parse(updatedAt) < nowMs - keepMs) shelf.remove(kind, id);
  }

  return {
    apply(findings, rules, now) {
      const draft = createDraft(shelf, relays);
      const desk: Desk = { documents: draft, relays, now, acts: [], notices: [], sameCampaigns: [] };
      const byCampaign = new Map<string, Finding[]>();
      const touched = new Map<string, Finding>();
      const alertIds = findings.map(alertId);
      for (const [index, finding] of findings.entries()) {
        foldIn(desk, finding, ruleOf(rules, finding));
        touched.set(alertIds[index] as string, finding);
        if (finding.campaignKey === undefined) continue;
        byCampaign.set(finding.campaignKey, [...(byCampaign.get(finding.campaignKey) ?? []), finding]);
      }
      // So that an incident is opened by, and named after, the gravest alert that came with it.
      for (const { id } of [...touched.keys()].map((id) => draft.get('alert', id) as Alert).sort(gravestFirst)) {
        const finding = touched.get(id) as Finding;
        const correlated = ruleOf(rules, finding).kind === 'correlation';
        placeInIncident(desk, id, correlated, finding.campaignKey !== undefined);
      }
      for (const ofKey of byCampaign.values()) tieCampaign(desk, ofKey);
      for (const [one, other] of desk.sameCampaigns) tieSame(desk, one, other);
      for (const incident of draft.changed('incident'))
        followIncident(desk, incident, shelf.get('incident', incident.id));

      const changes = written(draft, now);
      for (const act of desk.acts) {
        const { kind, id } = act.target;
        changes.push({ kind: 'audit', doc: auditEntry(act, (shelf.get(kind, id)?.version ?? 0) + 1, now) });
      }
      return {
        changes,
        alertIds,
        notices: worthTelling(desk.notices),
        commit() {
          for (const change of changes) noteChange(change);
          forget(Date.parse(now));
        },
      };
    },
    replace: noteChange,
    stats: () => ({
      alerts: shelf.size('alert'),
      incidents: shelf.size('incident'),
      campaigns: shelf.size('campaign'),
    }),
  };

  function noteChange(change: Change): void {
    const { kind } = change;
    if (kind !== 'alert' && kind !== 'incident' && kind !== 'campaign') return;
    if (change.remove) shelf.remove(kind, change.doc.id);
    else if ((shelf.get(kind, change.doc.id)?.version ?? 0) <= change.doc.version) shelf.put(kind, change.doc);
  }

  function written(draft: Draft, now: string): Change[] {
    const next = <K extends ShelfKind>(kind: K) =>
      draft.changed(kind).flatMap((doc) => nextVersion(shelf.get(kind, doc.id), doc, now) ?? []);
    return [
      ...next('alert').map((doc): Change => ({ kind: 'alert', doc })),
      ...next('incident').map((doc): Change => ({ kind: 'incident', doc })),
      ...next('campaign').map((doc): Change => ({ kind: 'campaign', doc })),
    ];
  }
}

/** The document as it is to be written over the one before; undefined when nothing in it changed. */
function nextVersion<T extends { readonly version: number; readonly updatedAt: string }>(
  before: T | undefined,
  doc: T,
  now: string,
): T | undefined {
  if (before === undefined) return { ...doc, version: 1, updatedAt: now };
  const { version, updatedAt } = before;
  return isDeepStrictEqual({ ...doc, version, updatedAt }, before)
    ? undefined
    : { ...doc, version: version + 1, updatedAt: now };
}

function ruleOf(rules: ReadonlyMap<string, BookRule>, finding: Finding): BookRule {
  const rule = rules.get(finding.ruleId);
  if (rule === undefined) throw new Error(`a finding names the rule "${finding.ruleId}", which is not among the rules`);
  return rule;
}

function foldIn(desk: Desk, finding: Finding, rule: RuleHead): void {
  const old = desk.documents.get('alert', alertId(finding));
  const alert = foldAlert(old, finding, rule, desk.now);
  desk.documents.put('alert', alert);
  const reason = reopenReason(old);
  if (old === undefined || reason === undefined) return;
  desk.acts.push({
    action: 'alert.reopen',
    target: { kind: 'alert', id: alert.id },
    memberId: alert.memberId,
    reason,
    before: { status: old.status, closeReason: old.closeReason },
    after: { status: alert.status, closeReason: alert.closeReason },
  });
}
