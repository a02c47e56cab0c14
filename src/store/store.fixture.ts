/** Batches, events and documents for tests of stores. Addresses are of the ranges for documentation. */
import { batchId, eventId, hashId } from '../ids.ts';
import type { Alert, Campaign, Incident, Match } from '../model/alert.ts';
import type { AuditEntry } from '../model/audit.ts';
import type { Reject } from '../model/batch.ts';
import type { Event, Fields } from '../model/event.ts';
import type { CopyableStore } from './copy.ts';
import type { WorkedBatch } from './store.ts';

export interface BatchWish {
  readonly memberId?: string;
  readonly name?: string;
  readonly receivedAt?: string;
  /** Fields of its events; "@timestamp" where it is to differ from the receipt. */
  readonly events?: readonly Fields[];
  /** Records that became several events: record of each event. Default: one record an event. */
  readonly offsets?: readonly number[];
  readonly rejects?: number;
  /** Indexes of events that matched. */
  readonly matched?: readonly number[];
}

export function makeBatch(key: string, wish: BatchWish = {}): WorkedBatch {
  const { memberId = 'kita', name = 'vpn', receivedAt = '2026-11-20T01:00:00.000Z', rejects = 0 } = wish;
  const sourceId = `${memberId}.${name}`;
  const id = batchId(hashId('batch', sourceId, key), receivedAt);
  const fields = wish.events ?? [];
  const offsets = wish.offsets ?? fields.map((_, index) => index);
  const parsed = new Set(offsets).size;
  const events = fields.map((one, index): Event => {
    const offset = offsets[index] as number;
    return {
      '@timestamp': receivedAt,
      ...one,
      'event.id': eventId(id, offset, index - offsets.indexOf(offset)),
      'event.ingested': receivedAt,
      'event.dataset': 'test',
      'organization.id': memberId,
      'hinomi.source_id': sourceId,
    };
  });
  return {
    batchId: id,
    memberId,
    sourceId,
    receivedAt,
    records: parsed + rejects,
    parsed,
    events,
    rejects: Array.from({ length: rejects }, (_, index): Reject => {
      const reason = `record ${parsed + index}: no`;
      const raw = Buffer.from(`line ${index} of ${key}`).toString('base64');
      const rejectId = eventId(id, parsed + index);
      return { id: rejectId, memberId, sourceId, receivedAt, reason, raw, bytes: 20, encoding: 'utf-8' };
    }),
    matches: (wish.matched ?? []).map((index): Match => {
      const event = events[index] as Event;
      const atMs = Date.parse(event['@timestamp']);
      return { ruleId: 'rule', eventId: event['event.id'], memberId, sourceId, atMs, fields: {} };
    }),
  };
}

const at = '2026-11-20T01:00:00.000Z';

export const makeAlert = (id: string, wish: Partial<Alert> = {}): Alert => ({
  id,
  memberId: 'kita',
  ruleId: 'rule-1',
  title: 'Many failed sign-ins',
  titleJa: 'ログイン失敗の多発',
  level: 'medium',
  tags: [],
  entities: [{ field: 'source.ip', value: '203.0.113.7' }],
  sourceIds: ['kita.vpn'],
  count: 1,
  firstSeenAt: at,
  lastSeenAt: at,
  eventIds: [],
  status: 'new',
  closeReason: null,
  assignee: null,
  incidentId: null,
  campaignId: null,
  createdAt: at,
  updatedAt: at,
  version: 1,
  ...wish,
});

export const makeIncident = (id: string, wish: Partial<Incident> = {}): Incident => ({
  id,
  memberId: 'kita',
  title: 'Someone at the door',
  titleJa: null,
  level: 'high',
  status: 'new',
  assignee: null,
  alertIds: [],
  entities: [],
  firstSeenAt: at,
  lastSeenAt: at,
  campaignId: null,
  comments: [],
  mergedInto: null,
  createdAt: at,
  updatedAt: at,
  version: 1,
  ...wish,
});

export const makeCampaign = (id: string, memberIds: readonly string[]): Campaign => ({
  id,
  title: 'One sender, many doors',
  titleJa: null,
  level: 'critical',
  status: 'new',
  assignee: null,
  memberIds: [...memberIds],
  incidentIds: [],
  firstSeenAt: at,
  lastSeenAt: at,
  comments: [],
  createdAt: at,
  updatedAt: at,
  version: 1,
});

export const makeAudit = (id: string, wish: Partial<AuditEntry> = {}): AuditEntry => ({
  id,
  at,
  actor: 'alice',
  action: 'alert.acknowledge',
  target: { kind: 'alert', id: 'a1' },
  memberId: 'kita',
  reason: null,
  before: null,
  after: null,
  version: 1,
  ...wish,
});

/** A store for the tests of one describe, which keep out of each other's way by ids and members. */
export interface OpenedStore {
  readonly store: CopyableStore;
  reopen(): Promise<CopyableStore>;
}
