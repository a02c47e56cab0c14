/**
 * An API over a store in a temporary folder, with two members whose every name, id and value is recognisable. For tests only;
 * the adapter comes from the test, this file knows the port.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { z } from 'zod';
import { createKey } from '../access/keys.ts';
import { hashPassword } from '../access/passwords.ts';
import type { Connector } from '../connector.ts';
import { batchId, eventId, jobId } from '../ids.ts';
import type { MemberAccess, Role, User } from '../model/access.ts';
import type { Alert, Campaign, Incident } from '../model/alert.ts';
import type { Reject } from '../model/batch.ts';
import type { Event } from '../model/event.ts';
import type { CenterStatus } from '../model/status.ts';
import type { DeadJob, Depth } from '../queue/queue.ts';
import type { Change, Store } from '../store/store.ts';
import type { Access } from './access.ts';
import { auditChange } from './audit-entry.ts';
import { createLive, type Live } from './live.ts';
import { testRules } from './rules.fixture.ts';
import { type ApiOptions, type ApiParts, createApi } from './server.ts';

/** Something of a member that must never reach another; `word` is part of every text, name and id. */
export interface Seeded {
  readonly memberId: string;
  readonly word: string;
  readonly sourceId: string;
  readonly alertId: string;
  readonly incidentId: string;
  readonly eventId: string;
  readonly rejectId: string;
  readonly keyId: string;
  readonly login: string;
}

export const PASSWORD = 'a lantern on the tower';
export const CAMPAIGN_ID = 'campaign-alpha-beta';

export interface TestApi {
  readonly api: FastifyInstance;
  readonly store: Store;
  readonly live: Live;
  /** Changes that were told to the keeper of copies. */
  readonly saved: Change[];
  readonly routes: readonly { readonly method: string; readonly url: string; readonly access: Access }[];
  readonly alpha: Seeded;
  readonly beta: Seeded;
  /** Headers of a new API key. */
  key(role: Role, members: MemberAccess): Promise<{ authorization: string }>;
  /** Headers of a new session of a user. */
  session(login: string): Promise<{ cookie: string; 'x-csrf-token': string }>;
  /** Another API over the same store. */
  also(options: TestOptions): Promise<FastifyInstance>;
  close(): Promise<void>;
}

export interface TestOptions {
  readonly overrides?: Partial<ApiParts>;
  readonly config?: Partial<ApiParts['config']>;
  readonly heartbeatMs?: number;
}

type OpenStore = (options: { folder: string }) => Promise<{ store: Store; close(): Promise<void> }>;

const connector: Connector = {
  type: 'test-product',
  summary: { en: 'A product for tests', ja: '試験用' },
  records: 'lines',
  config: z.strictObject({ facility: z.string().optional() }),
  parse: () => [],
};

const iso = (ms: number): string => new Date(ms).toISOString();

interface Seed {
  readonly memberId: string;
  readonly word: string;
  readonly address: string;
}

function seedDocs(
  { memberId, word, address }: Seed,
  now: number,
): { seeded: Seeded; changes: Change[]; event: Event; reject: Reject } {
  const at = iso(now);
  const seeded: Seeded = {
    memberId,
    word,
    sourceId: `${memberId}.${word}-vpn`,
    alertId: `alert-${word}`,
    incidentId: `incident-${word}`,
    eventId: eventId(batchId(jobId(`${memberId}.${word}-vpn`, word), at), 0),
    rejectId: eventId(batchId(jobId(`${memberId}.${word}-vpn`, word), at), 1),
    keyId: word.padEnd(12, 'a').slice(0, 12),
    login: `${word}-admin`,
  };
  const { sourceId, alertId, incidentId } = seeded;
  const span = { firstSeenAt: iso(now - 60_000), lastSeenAt: at, createdAt: at, updatedAt: at, version: 1 };
  const entities = [
    { field: 'user.name', value: `${word}-user` },
    { field: 'source.ip', value: address },
  ];
  const alert: Alert = {
    id: alertId,
    memberId,
    ruleId: 'rule-one',
    title: 'Failed sign-in',
    titleJa: 'ログイン失敗',
    level: 'high',
    tags: ['attack.t1110'],
    entities,
    sourceIds: [sourceId],
    count: 2,
    eventIds: [seeded.eventId],
    status: 'new',
    closeReason: null,
    assignee: 'soc-analyst',
    incidentId,
    campaignId: CAMPAIGN_ID,
    ...span,
  };
  const incident: Incident = {
    id: incidentId,
    memberId,
    title: `Failed sign-in of ${word}`,
    titleJa: `${word}のログイン失敗`,
    level: 'high',
    status: 'new',
    assignee: 'soc-analyst',
    alertIds: [alertId],
    entities,
    campaignId: CAMPAIGN_ID,
    comments: [
      { at, by: 'soc-analyst', text: `The center on ${word}` },
      { at, by: seeded.login, text: `We at ${word} look into it` },
    ],
    mergedInto: null,
    ...span,
  };
  const event: Event = {
    '@timestamp': at,
    'event.id': seeded.eventId,
    'event.ingested': at,
    'event.dataset': 'test-product',
    'organization.id': memberId,
    'hinomi.source_id': sourceId,
    'user.name': `${word}-user`,
    'source.ip': address,
    message: `sign-in of ${word}-user failed`,
  };
  const reject: Reject = {
    id: seeded.rejectId,
    memberId,
    sourceId,
    receivedAt: at,
    reason: `no such field near "${word}"`,
    raw: Buffer.from(`garbage of ${word}`).toString('base64'),
    bytes: Buffer.byteLength(`garbage of ${word}`),
    encoding: 'utf-8',
  };
  const who = { memberId, createdAt: at, version: 1 };
  const changes: Change[] = [
    {
      kind: 'member',
      doc: {
        id: memberId,
        name: `Hospital ${word}`,
        kind: 'hospital',
        ...{ timeZone: 'Asia/Tokyo', createdAt: at, version: 1 },
      },
    },
    {
      kind: 'source',
      doc: {
        ...who,
        id: sourceId,
        name: `${word}-vpn`,
        type: 'test-product',
        encoding: 'utf-8',
        timeZone: 'Asia/Tokyo',
        config: { facility: `${word}-facility` },
      },
    },
    {
      kind: 'key',
      doc: {
        ...who,
        id: seeded.keyId,
        kind: 'ingest',
        label: `${word} relay`,
        secretHash: '',
        ...{ sourceId, role: null, members: null, revokedAt: null },
      },
    },
    { kind: 'alert', doc: alert },
    { kind: 'incident', doc: incident },
    auditChange({
      actor: 'soc-analyst',
      action: 'incident.start',
      target: { kind: 'incident', id: incidentId },
      memberId,
      reason: `because of ${word} and the other`,
      before: { status: 'new', campaignId: null },
      after: { status: 'in-progress', campaignId: CAMPAIGN_ID },
    }),
  ];
  return { seeded, changes, event, reject };
}

const config: ApiParts['config'] = {
  trustedProxies: ['loopback'],
  ...{ secureCookies: false, sessionHours: 12, lockAfter: 3, lockMinutes: 15, version: '0.0.0-test' },
};

/** Whatever the members' names can stand in. */
function testStatus(at: string, members: readonly Seeded[]): CenterStatus {
  const queue = { jobs: 3, records: 12, bytes: 4096, dead: 1, oldestMs: 1500 };
  const ids = members.map(({ memberId }) => memberId);
  return {
    at,
    problems: [
      {
        ...{
          code: 'records-behind',
          severity: 'warning',
          memberIds: ids,
          detail: members.map(({ word }) => word).join(),
        },
        ...{ title: 'Late', titleJa: '遅れ', advice: 'Wait.', adviceJa: 'お待ちください。' },
      },
    ],
    engines: { store: 'sqlite', queue: 'sqlite', shared: false },
    processes: [
      {
        ...{ id: 'one', roles: ['intake', 'worker', 'correlator', 'api'], version: '0.0.0-test', host: 'watchtower' },
        ...{ pid: 7, startedAt: at, seenAt: at, rules: 'v1', cpu: 0.25, memoryBytes: 2 ** 28 },
        correlator: { leads: true, term: 1, groups: 3 },
      },
    ],
    queues: { records: queue, matches: { ...queue, dead: 0 }, memoryShare: 0, backlogShare: 0.01 },
    waiting: ids.map((memberId) => ({ memberId, records: 6, oldestHour: at, leastMs: 0, mostMs: 1500 })),
    correlator: { lagMs: 1500, leader: 'one' },
    store: {
      ...{ state: 'good', reason: 'none', detail: '', diskFreeBytes: 2 ** 36, diskTotalBytes: 2 ** 37 },
      ...{ events: 2, bytes: 2 ** 20 },
    },
  };
}

/** Sign-in costs tens of milliseconds by design, so all people of the tests share one password hash. */
let passwordHash: Promise<string> | undefined;

export async function openTestApi(openStore: OpenStore, options: TestOptions = {}): Promise<TestApi> {
  passwordHash ??= hashPassword(PASSWORD);
  const folder = await mkdtemp(join(tmpdir(), 'hinomi-api-'));
  const host = await openStore({ folder });
  const { store } = host;
  const now = Date.now();
  const at = iso(now);
  const alpha = seedDocs({ memberId: 'alpha-hospital', word: 'alphaword', address: '192.0.2.11' }, now);
  const beta = seedDocs({ memberId: 'beta-museum', word: 'betaword', address: '198.51.100.77' }, now);

  const hash = await passwordHash;
  const person = (login: string, role: Role, members: MemberAccess): Change => {
    const doc: User = {
      ...{ id: `id-of-${login}`, login, name: `Name of ${login}`, role, members, language: 'ja', passwordHash: hash },
      ...{ failedLogins: 0, lockedUntil: null, createdAt: at, version: 1 },
    };
    return { kind: 'user', doc };
  };
  const campaign: Campaign = {
    id: CAMPAIGN_ID,
    title: 'Many failed sign-ins',
    titleJa: 'ログイン失敗の多発',
    level: 'high',
    status: 'new',
    assignee: null,
    memberIds: [alpha.seeded.memberId, beta.seeded.memberId],
    incidentIds: [alpha.seeded.incidentId, beta.seeded.incidentId],
    firstSeenAt: iso(now - 60_000),
    lastSeenAt: at,
    comments: [{ at, by: 'soc-analyst', text: 'alphaword and betaword are hit by the same address' }],
    createdAt: at,
    updatedAt: at,
    version: 1,
  };
  await store.save([
    ...alpha.changes,
    ...beta.changes,
    { kind: 'campaign', doc: campaign },
    person('soc-admin', 'admin', 'all'),
    person('soc-analyst', 'analyst', 'all'),
    person('soc-responder', 'responder', 'all'),
    person('soc-auditor', 'auditor', 'all'),
    person('alpha-analyst', 'analyst', [alpha.seeded.memberId]),
    person('alphaword-admin', 'member', [alpha.seeded.memberId]),
    person('alphaword-colleague', 'member', [alpha.seeded.memberId]),
    person('betaword-admin', 'member', [beta.seeded.memberId]),
  ]);
  await store.putBatches(
    [alpha, beta].map(({ seeded, event, reject }) => ({
      batchId: seeded.eventId.slice(0, 26),
      memberId: seeded.memberId,
      sourceId: seeded.sourceId,
      receivedAt: at,
      records: 2,
      parsed: 1,
      events: [event],
      rejects: [reject],
      matches: [],
    })),
  );

  const depth: Depth = {
    ...{ jobs: 3, records: 12, bytes: 4096, dead: 1, oldestMs: 1500 },
    bySource: [alpha, beta].map(({ seeded: { sourceId, memberId } }) => ({
      ...{ sourceId, memberId, receivedHour: `${at.slice(0, 13)}:00:00.000Z`, records: 6 },
    })),
  };
  const dead = (id: string, receivedAt: string) =>
    [alpha, beta].map(({ seeded: { sourceId, memberId, word } }) => ({
      ...{ id: `${id}-${word}`, memberId, sourceId, records: 1, receivedAt, error: `${word} is broken`, attempts: 5 },
    }));
  const queueOf = (jobs: readonly DeadJob[]): ApiParts['queues']['records'] => ({
    depth: async () => depth,
    dead: async () => jobs,
    retryDead: async (ids) => ids.length,
  });
  const status = testStatus(at, [alpha.seeded, beta.seeded]);
  const saved: Change[] = [];
  const routes: { method: string; url: string; access: Access }[] = [];
  const live = createLive();
  const build = async (options: TestOptions, onRoute: ApiOptions['onRoute']): Promise<FastifyInstance> => {
    const api = await createApi(
      {
        store,
        queues: { records: queueOf(dead('dead', at)), matches: queueOf(dead('dead-matches', iso(now - 1_000))) },
        rules: () => testRules,
        reloadRules: async () => ({
          ...testRules,
          ...{ rules: testRules.rules.length, correlations: testRules.correlations.length },
          ...{ added: [], removed: [], changed: ['rule-one'] },
        }),
        connectors: [connector],
        onSaved: (changes) => {
          saved.push(...changes);
          live.publish(changes);
        },
        live,
        replay: async (_scope, ids) => ({ replayed: ids.length, cut: 0 }),
        log: pino({ level: 'silent' }),
        config: { ...config, ...options.config },
        consoleFolder: undefined,
        health: async () => ({ ready: true, checks: { queue: { ok: true, detail: '12 records of alphaword wait' } } }),
        status: async () => status,
        metrics: async () => '# HELP more More.\n# TYPE more gauge\nmore 1\n',
        ...options.overrides,
      },
      {
        ...(onRoute !== undefined && { onRoute }),
        ...(options.heartbeatMs !== undefined && { heartbeatMs: options.heartbeatMs }),
      },
    );
    await api.ready();
    return api;
  };
  const api = await build(options, (route) => void routes.push(route));

  return {
    also: (more) => build(more, undefined),
    ...{ api, store, live, saved, routes, alpha: alpha.seeded, beta: beta.seeded },
    async key(role, members) {
      const { id, text, secretHash } = createKey();
      const of = { kind: 'api' as const, label: 'test', sourceId: null, memberId: null, role, members };
      await store.save([{ kind: 'key', doc: { id, secretHash, ...of, revokedAt: null, createdAt: at, version: 1 } }]);
      return { authorization: `Bearer ${text}` };
    },
    async session(login) {
      const answer = await api.inject({
        method: 'POST',
        url: '/api/v1/session',
        payload: { login, password: PASSWORD },
      });
      const [cookie] = answer.cookies;
      return { cookie: `${cookie?.name}=${cookie?.value}`, 'x-csrf-token': answer.json().csrfToken };
    },
    async close() {
      await api.close();
      await host.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
