/** Findings, rules and a small stand-in for the store, for tests of the incident part. */
import type { Finding } from '../correlate/finding.ts';
import type { Alert, Campaign, Entity, Incident, Level } from '../model/alert.ts';
import type { Change } from '../store/store.ts';
import { type BookOptions, type BookRule, createIncidentBook } from './book.ts';

export const dayMs = Date.UTC(2026, 10, 23);
const hourMs = 3_600_000;

/** 'host srv1 user bob source 203.0.113.7' -> entities. */
export function entitiesFrom(text: string): Entity[] {
  const fields: Record<string, string> = {
    host: 'host.name',
    user: 'user.name',
    source: 'source.ip',
    destination: 'destination.ip',
  };
  const words = text.split(' ').filter((word) => word !== '');
  const entities: Entity[] = [];
  for (let index = 0; index < words.length; index += 2)
    entities.push({ field: fields[words[index] as string] as string, value: words[index + 1] as string });
  return entities;
}

/** A finding of `ruleId` at `member` about these entities, with one event at that hour of the day. */
export function finding(
  ruleId: string,
  about: string,
  hour = 12,
  more: Partial<Finding> & { member?: string } = {},
): Finding {
  const { member = 'kita', ...rest } = more;
  return {
    ruleId,
    memberId: member,
    key: entitiesFrom(about),
    entities: [],
    periodStartMs: dayMs,
    events: [{ id: `${member}-${ruleId}-${about}-${hour}`, atMs: dayMs + hour * hourMs, sourceId: `${member}.vpn` }],
    campaignKey: undefined,
    ...rest,
  };
}

export function rule(id: string, level: Level = 'low', kind: 'rule' | 'correlation' = 'rule'): BookRule {
  return {
    id,
    kind,
    name: undefined,
    title: `Title of ${id}`,
    description: '',
    status: 'stable',
    level,
    tags: ['attack.t1110'],
    references: [],
    falsepositives: [],
    author: '',
    where: { file: 'test.yml', line: 1, column: 1 },
    own: { titleJa: `${id}の題名`, descriptionJa: undefined, by: undefined, periodMs: 24 * hourMs },
  };
}

/** low1, low2, medium1, high1, critical1, info1: base rules; chain: a correlation of level medium; sweep and breakin: across members. */
export const rules: ReadonlyMap<string, BookRule> = new Map(
  [
    rule('low1'),
    rule('low2'),
    rule('medium1', 'medium'),
    rule('high1', 'high'),
    rule('critical1', 'critical'),
    rule('info1', 'informational'),
    rule('chain', 'medium', 'correlation'),
    rule('lowchain', 'low', 'correlation'),
    rule('sweep', 'low', 'correlation'),
    rule('breakin', 'high', 'correlation'),
  ].map((one) => [one.id, one]),
);

export interface Written {
  alert: Map<string, Alert>;
  incident: Map<string, Incident>;
  campaign: Map<string, Campaign>;
  audit: { action: string; memberId: string | null; text: string }[];
}

export const nothingWritten = (): Written => ({
  alert: new Map(),
  incident: new Map(),
  campaign: new Map(),
  audit: [],
});

/** Writes as the store would: every document once a call, one version after the one before. Throws where the store would refuse. */
export function write(written: Written, changes: readonly Change[]): void {
  const seen = new Set<string>();
  for (const { kind, doc } of changes) {
    if (seen.has(`${kind} ${doc.id}`)) throw new Error(`two changes of ${kind} ${doc.id} in one call`);
    seen.add(`${kind} ${doc.id}`);
    if (kind === 'audit') {
      written.audit.push({ action: doc.action, memberId: doc.memberId, text: JSON.stringify(doc) });
    } else if (kind === 'alert' || kind === 'incident' || kind === 'campaign') {
      const before = written[kind].get(doc.id)?.version ?? 0;
      if (doc.version !== before + 1) throw new Error(`${kind} ${doc.id}: version ${doc.version} after ${before}`);
      (written[kind] as Map<string, typeof doc>).set(doc.id, doc);
    }
  }
}

/** A book with its store. Each call of add is one apply, written and committed, a minute after the last. */
export function createCenter(options: BookOptions = {}) {
  const book = createIncidentBook(options);
  const written = nothingWritten();
  let minute = 0;
  const now = () => new Date(Date.UTC(2026, 10, 23, 12, minute++)).toISOString();
  return {
    book,
    written,
    now,
    add(...findings: Finding[]) {
      const applied = book.apply(findings, rules, now());
      write(written, applied.changes);
      applied.commit();
      return applied;
    },
    /** Open incidents as lists of rules, each sorted. */
    cases: () =>
      [...written.incident.values()]
        .filter(({ mergedInto, status }) => mergedInto === null && status !== 'closed')
        .map(({ alertIds }) => alertIds.map((id) => written.alert.get(id)?.ruleId as string).sort())
        .sort(),
    incidents: () => [...written.incident.values()].filter(({ mergedInto }) => mergedInto === null),
  };
}

/** A finding of the rule across members about an address; the same key, the same campaign. */
export const sweep = (member: string, campaignKey: string, address = '203.0.113.7', hour = 12) =>
  finding('sweep', `source ${address}`, hour, { member, campaignKey });
export const sweepOf = (...members: string[]) => members.map((member) => sweep(member, 'k1'));
