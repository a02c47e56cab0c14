/** The part of the store's contract that is about documents. Run by store.contract.ts. */
import { beforeAll, describe, expect, it } from 'vitest';
import { CENTER_SCOPE, type Scope } from '../model/scope.ts';
import { batchesOf } from './cause.ts';
import type { OpenedStore } from './store.fixture.ts';
import { makeAlert, makeAudit, makeCampaign, makeIncident } from './store.fixture.ts';
import { type Cause, type Change, Deposed, type DocQuery, type Kind, type Store, VersionConflict } from './store.ts';

const only = (...members: string[]): Scope => ({ members });
const alerts = (...docs: ReturnType<typeof makeAlert>[]): Change[] => docs.map((doc) => ({ kind: 'alert', doc }));
/** The correlator's, under the lead that it took last. */
async function lead(store: Store): Promise<{ term: number; mark: (batchId: string, newestMs?: number) => Cause }> {
  const { term, release } = await store.takeLead('test', AbortSignal.timeout(5_000));
  // A term lasts until the next one, whoever watches over it.
  await release();
  const receivedAt = '2026-11-20T01:00:00.000Z';
  return { term, mark: (batchId, newestMs) => ({ batches: [{ batchId, receivedAt, alerts: 3, newestMs }], term }) };
}

async function allIds(
  store: Store,
  kind: Kind,
  scope: Scope,
  query: Omit<DocQuery, 'limit'>,
  limit = 2,
): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.find(kind, scope, { ...query, limit, ...(cursor !== undefined && { cursor }) });
    expect(page.items.length).toBeLessThanOrEqual(limit);
    ids.push(...page.items.map(({ id }) => id));
    cursor = page.next;
  } while (cursor !== undefined);
  return ids;
}

export function documentsContract(open: () => OpenedStore): void {
  describe('saving documents', () => savingContract(open()));
  describe('pages of documents', () => pagesContract(open()));
  describe('whose documents', () => scopesContract(open()));
  describe('how the store is', () => healthContract(open()));
}

function healthContract(current: OpenedStore): void {
  it('knows how it is, and how much room is left', async () => {
    const health = await current.store.health();
    // The disk of whoever runs this may be nearly full; everything else is to be well.
    expect(['none', 'disk-low']).toContain(health.reason);
    expect(health.state).toBe(health.reason === 'none' ? 'good' : 'strained');
    expect(health.detail === '').toBe(health.reason === 'none');
    expect(health.diskTotalBytes).toBeGreaterThan(0);
    expect(health.diskFreeBytes).toBeGreaterThan(0);
    expect(health.diskFreeBytes).toBeLessThan(health.diskTotalBytes as number);
  });
}

function savingContract(current: OpenedStore): void {
  const get = (id: string) => current.store.get('alert', CENTER_SCOPE, id);

  it('gives a document back as it was saved, also after a restart', async () => {
    const alert = makeAlert('kept', { title: 'ウイルス検知 "quoted" \u0000', tags: ['attack.t1110'] });
    expect(await current.store.save(alerts(alert))).toBe(true);
    expect(await get('kept')).toEqual(alert);
    expect(await get('other')).toBeUndefined();
    await current.reopen();
    expect(await get('kept')).toEqual(alert);
  });

  it('takes the next version only', async () => {
    const { store } = current;
    await store.save(alerts(makeAlert('v')));
    await store.save(alerts(makeAlert('v', { version: 2, status: 'closed' })));
    for (const version of [1, 2, 4]) {
      const late = store.save(alerts(makeAlert('v', { version, count: 99 })));
      await expect(late).rejects.toThrow(VersionConflict);
      await expect(late).rejects.toMatchObject({ kind: 'alert', id: 'v' });
    }
    await expect(store.save(alerts(makeAlert('v-new', { version: 2 })))).rejects.toThrow(VersionConflict);
    expect(await get('v')).toMatchObject({ version: 2, count: 1, status: 'closed' });
  });

  it('writes all of a call or nothing', async () => {
    const { store } = current;
    const { mark } = await lead(store);
    await store.save(alerts(makeAlert('all-1')));
    await expect(store.save(alerts(makeAlert('all-2'), makeAlert('all-1')), mark('all'))).rejects.toThrow(
      VersionConflict,
    );
    expect(await get('all-2')).toBeUndefined();
    expect(await store.applied(['all'])).toEqual(new Map());
  });

  it('lets one of two writers at the same moment win, and others be', async () => {
    const { store } = current;
    await store.save(alerts(makeAlert('race')));
    const outcomes = await Promise.allSettled([
      store.save(alerts(makeAlert('race', { version: 2, assignee: 'alice' }))),
      store.save(alerts(makeAlert('race', { version: 2, assignee: 'bob' }))),
      store.save(alerts(makeAlert('bystander'))),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await get('race')).toMatchObject({ assignee: 'alice' });
    expect(await get('bystander')).toBeDefined();
  });

  it('knows which batches were applied, and applies none twice', async () => {
    const { store } = current;
    const { mark } = await lead(store);
    expect(await store.applied(['b1'])).toEqual(new Map());
    expect(await store.save(alerts(makeAlert('b-1')), mark('b1'))).toBe(true);
    expect(await store.applied(['b0', 'b1'])).toEqual(new Map([['b1', 3]]));
    expect(await store.save(alerts(makeAlert('b-2')), mark('b1'))).toBe(false);
    expect(await get('b-2')).toBeUndefined();
  });

  it('marks several batches at once, all or none', async () => {
    const { store } = current;
    const { mark } = await lead(store);
    const all = (...ids: string[]): Cause => ({ ...mark('no'), batches: ids.flatMap((id) => batchesOf(mark(id))) });
    expect(await store.save(alerts(makeAlert('several')), all('s1', 's2', 's3'))).toBe(true);
    expect([...(await store.applied(['s3', 's2', 's1', 's0']))].sort()).toEqual(
      ['s1', 's2', 's3'].map((id) => [id, 3]),
    );
    expect(await store.save(alerts(makeAlert('several', { version: 2 })), all('s1', 's2', 's3'))).toBe(false);
    await expect(store.save(alerts(makeAlert('several', { version: 2 })), all('s3', 's4'))).rejects.toThrow('s4');
    expect((await store.applied(['s4'])).size).toBe(0);
    expect(await get('several')).toMatchObject({ version: 1 });
  });

  it('knows how far the correlator has come', async () => {
    const { store } = current;
    const { term, mark } = await lead(store);
    const newest = Date.parse('2026-11-20T01:00:00.000Z');
    await store.save([], mark('progress-0'));
    expect((await store.progress()).appliedMs).toBeUndefined();
    await store.save([], mark('progress-1', newest));
    await store.save([], mark('progress-2', newest - 1));
    expect((await store.progress()).appliedMs).toBe(newest);
    // A batch that was applied before changes nothing.
    await store.save([], mark('progress-2', newest + 1));
    expect((await store.progress()).appliedMs).toBe(newest);

    expect((await store.progress()).advancedMs).toBeUndefined();
    expect(await store.save(alerts(makeAlert('advanced')), { advancedMs: 2_000, term })).toBe(true);
    expect(await store.save([], { advancedMs: 1_000, term })).toBe(true);
    expect(await store.progress()).toEqual({ appliedMs: newest, advancedMs: 2_000 });
    await expect(store.save(alerts(makeAlert('advanced')), { advancedMs: 3_000, term })).rejects.toThrow();
    expect((await store.progress()).advancedMs).toBe(2_000);
  });

  it('refuses what was found under a lead that has ended', async () => {
    const { store } = current;
    const first = await store.takeLead('first', AbortSignal.timeout(5_000));
    const receivedAt = '2026-11-20T01:00:00.000Z';
    const mark = (batchId: string, term: number): Cause => ({
      batches: [{ batchId, receivedAt, alerts: 1, newestMs: 7 }],
      term,
    });
    expect(await store.save(alerts(makeAlert('led-1')), mark('led-1', first.term))).toBe(true);
    await first.release();
    await current.reopen();
    const second = await current.store.takeLead('second', AbortSignal.timeout(5_000));
    expect(second.term).toBeGreaterThan(first.term);
    const { progress } = current.store;
    const before = await progress();
    const late = current.store.save(alerts(makeAlert('led-2')), mark('led-2', first.term));
    await expect(late).rejects.toThrow(Deposed);
    await expect(current.store.save([], { advancedMs: 9_999_999_999_999, term: first.term })).rejects.toThrow(Deposed);
    expect(await get('led-2')).toBeUndefined();
    expect(await current.store.applied(['led-2'])).toEqual(new Map());
    expect(await progress()).toEqual(before);
    expect(await current.store.save(alerts(makeAlert('led-2')), mark('led-2', second.term))).toBe(true);
    // What people do asks for no lead.
    expect(await current.store.save(alerts(makeAlert('led-2', { version: 2, status: 'closed' })))).toBe(true);
    const given = AbortSignal.abort(new Error('given up'));
    await expect(current.store.takeLead('third', given)).rejects.toThrow('given up');
  });

  it('creates if absent, and removes', async () => {
    const { store } = current;
    const create = { kind: 'incident', doc: makeIncident('i1'), ifAbsent: true } as const;
    await store.save([create]);
    await store.save([{ ...create, doc: makeIncident('i1', { title: 'other' }) }]);
    expect(await store.get('incident', CENTER_SCOPE, 'i1')).toEqual(makeIncident('i1'));
    const remove = { kind: 'incident', doc: makeIncident('i1', { version: 2 }), remove: true } as const;
    await store.save([remove]);
    expect(await store.get('incident', CENTER_SCOPE, 'i1')).toBeUndefined();
    await expect(store.save([remove])).rejects.toThrow(VersionConflict);
  });

  it('never changes an audit entry', async () => {
    const { store } = current;
    await store.save([{ kind: 'audit', doc: makeAudit('1') }]);
    const second = makeAudit('1', { version: 2, actor: 'eve' });
    await expect(store.save([{ kind: 'audit', doc: second }])).rejects.toThrow();
    await expect(store.save([{ kind: 'audit', doc: second, remove: true }])).rejects.toThrow();
    expect(await store.get('audit', CENTER_SCOPE, '1')).toEqual(makeAudit('1'));
  });
}

const seen = (minute: number): string => `2026-11-20T01:0${minute}:00.000Z`;

function pagesContract(current: OpenedStore): void {
  beforeAll(async () => {
    await current.store.save(
      alerts(
        makeAlert('a1', { lastSeenAt: seen(1), status: 'closed' }),
        makeAlert('a2', { lastSeenAt: seen(3), level: 'high', incidentId: 'i1' }),
        makeAlert('a3', { lastSeenAt: seen(3), memberId: 'minami', title: 'ﾛｸﾞｵﾝ検知', titleJa: null }),
        makeAlert('a4', { lastSeenAt: seen(2), ruleId: 'rule-2', assignee: 'alice' }),
        makeAlert('a5', { lastSeenAt: seen(5), entities: [{ field: 'user.name', value: 'Tanaka' }] }),
      ),
    );
  });

  it.each<[string, Scope, Omit<DocQuery, 'limit'>, string[]]>([
    ['newest first, the id deciding', CENTER_SCOPE, {}, ['a5', 'a3', 'a2', 'a4', 'a1']],
    ['oldest first', CENTER_SCOPE, { order: 'oldest' }, ['a1', 'a4', 'a2', 'a3', 'a5']],
    ['one value', CENTER_SCOPE, { where: { status: 'new' } }, ['a5', 'a3', 'a2', 'a4']],
    ['several values and filters', CENTER_SCOPE, { where: { level: ['high', 'low'], status: 'new' } }, ['a2']],
    ['no value at all', CENTER_SCOPE, { where: { level: [] } }, []],
    ['null', CENTER_SCOPE, { where: { incidentId: '', assignee: '' } }, ['a5', 'a3', 'a1']],
    ['null or a value', CENTER_SCOPE, { where: { assignee: ['', 'alice'] } }, ['a5', 'a3', 'a2', 'a4', 'a1']],
    ['a pivot', CENTER_SCOPE, { where: { incidentId: 'i1' } }, ['a2']],
    ['bounds of the sort key', CENTER_SCOPE, { from: seen(2), to: seen(5) }, ['a3', 'a2', 'a4']],
    ['all words, any case', CENTER_SCOPE, { text: 'SIGN-INS tanaka' }, ['a5']],
    ['a word in Japanese, half width or full', CENTER_SCOPE, { text: 'ログオン 検知' }, ['a3']],
    ['the title in Japanese', CENTER_SCOPE, { text: 'ﾛｸﾞｲﾝ失敗 tanaka' }, ['a5']],
    ['an entity', CENTER_SCOPE, { text: '203.0.113.7', where: { ruleId: 'rule-2' } }, ['a4']],
    ['text that is SQL', CENTER_SCOPE, { text: `%' OR 1=1 --` }, []],
    ['the reader’s member', only('minami'), {}, ['a3']],
    ['the reader’s members', only('minami', 'kita'), { where: { status: 'new' } }, ['a5', 'a3', 'a2', 'a4']],
    ['for a reader of nothing', only(), {}, []],
    ['another’s member by name', only('minami'), { where: { memberId: 'kita' } }, []],
  ])('finds %s', async (_, scope, query, expected) => {
    expect(await allIds(current.store, 'alert', scope, query)).toEqual(expected);
    expect(await allIds(current.store, 'alert', scope, query, 1_000)).toEqual(expected);
  });

  it('counts by a property', async () => {
    const { store } = current;
    expect(await store.count('alert', CENTER_SCOPE, 'status')).toEqual({ new: 4, closed: 1 });
    expect(await store.count('alert', only('minami'), 'status')).toEqual({ new: 1 });
    const where = { level: 'medium' };
    expect(await store.count('alert', CENTER_SCOPE, 'assignee', { where })).toEqual({ '': 3, alice: 1 });
    expect(await store.count('alert', CENTER_SCOPE, 'memberId', { from: seen(3) })).toEqual({ kita: 2, minami: 1 });
  });

  it('refuses what it does not know by name', async () => {
    const { store } = current;
    const where = { shoe: 'x' };
    await expect(store.find('alert', CENTER_SCOPE, { where, limit: 1 })).rejects.toThrow(/"shoe", only by status/);
    await expect(store.count('alert', CENTER_SCOPE, 'title')).rejects.toThrow(/"title"/);
    await expect(store.find('user', CENTER_SCOPE, { text: 'x', limit: 1 })).rejects.toThrow(/text/);
    for (const limit of [0, 1_001, 1.5]) {
      await expect(store.find('alert', CENTER_SCOPE, { limit })).rejects.toThrow(/limit/);
    }
  });

  it('refuses cursors that are not of the list', async () => {
    const find = (cursor: string, kind: Kind = 'alert', order: DocQuery['order'] = 'newest') =>
      current.store.find(kind, CENTER_SCOPE, { limit: 1, cursor, order });
    const forged = Buffer.from('["alert newest",1,2]').toString('base64url');
    for (const cursor of ['', 'x', '%%%', 'bnVsbA', forged, 'A'.repeat(9_999)]) {
      await expect(find(cursor)).rejects.toMatchObject({ name: 'BadCursor' });
    }
    const { next = '' } = await current.store.find('alert', CENTER_SCOPE, { limit: 1 });
    await expect(find(next, 'incident')).rejects.toMatchObject({ name: 'BadCursor' });
    await expect(find(next, 'alert', 'oldest')).rejects.toMatchObject({ name: 'BadCursor' });
  });

  it('does not let a cursor widen a scope', async () => {
    const { next = '' } = await current.store.find('alert', CENTER_SCOPE, { limit: 1 });
    const page = await current.store.find('alert', only('minami'), { limit: 10, cursor: next });
    expect(page.items.map(({ id }) => id)).toEqual(['a3']);
  });
}

const createdAt = '2026-11-20T01:00:00.000Z';
const memberDoc = (id: string) =>
  ({ id, name: id, kind: 'museum', timeZone: 'Asia/Tokyo', createdAt, version: 1 }) as const;
const key = { label: '', secretHash: '', role: null, members: null, revokedAt: null, createdAt, version: 1 };
const ofEachKind: readonly Change[] = [
  { kind: 'member', doc: memberDoc('kita') },
  { kind: 'member', doc: memberDoc('minami') },
  { kind: 'source', doc: { ...memberDoc('kita.vpn'), memberId: 'kita', type: 't', encoding: 'utf-8', config: {} } },
  { kind: 'key', doc: { ...key, id: 'k1', kind: 'ingest', sourceId: 'kita.vpn', memberId: 'kita' } },
  { kind: 'key', doc: { ...key, id: 'k2', kind: 'api', sourceId: null, memberId: null } },
  {
    kind: 'user',
    doc: {
      ...{ id: 'u1', login: 'alice', name: 'Alice', role: 'analyst', members: 'all', language: 'ja' },
      ...{ passwordHash: '', failedLogins: 0, lockedUntil: null, createdAt, version: 1 },
    },
  },
  {
    kind: 'session',
    doc: { id: 's1', userId: 'u1', kind: 'full', csrfToken: '', createdAt, expiresAt: createdAt, version: 1 },
  },
  { kind: 'campaign', doc: makeCampaign('c1', ['kita', 'minami']) },
  { kind: 'campaign', doc: makeCampaign('c2', []) },
  { kind: 'audit', doc: makeAudit('1') },
  { kind: 'audit', doc: makeAudit('2', { memberId: null }) },
];

function scopesContract(current: OpenedStore): void {
  const both = only('kita', 'minami', 'nishi');
  beforeAll(async () => {
    await current.store.save(ofEachKind);
  });

  it.each<[Kind, Scope, string[]]>([
    ['member', CENTER_SCOPE, ['kita', 'minami']],
    ['member', only('kita'), ['kita']],
    ['source', only('kita'), ['kita.vpn']],
    ['source', only('minami'), []],
    ['key', CENTER_SCOPE, ['k1', 'k2']],
    ['key', only('kita'), ['k1']],
    ['user', CENTER_SCOPE, ['u1']],
    ['user', both, []],
    ['session', CENTER_SCOPE, ['s1']],
    ['session', both, []],
    ['campaign', CENTER_SCOPE, ['c1', 'c2']],
    ['campaign', both, ['c1']],
    ['campaign', only('kita'), []],
    ['audit', CENTER_SCOPE, ['1', '2']],
    ['audit', both, ['1']],
  ])('shows of kind %s to %o', async (kind, scope, expected) => {
    const { store } = current;
    expect(await allIds(store, kind, scope, { order: 'oldest' }, 1)).toEqual(expected);
    for (const { kind: other, doc } of ofEachKind) {
      if (other !== kind) continue;
      expect((await store.get(kind, scope, doc.id)) !== undefined).toBe(expected.includes(doc.id));
    }
  });

  it('filters by what lies deeper', async () => {
    expect(await allIds(current.store, 'user', CENTER_SCOPE, { where: { login: 'alice' } })).toEqual(['u1']);
    const where = { 'target.kind': 'alert', 'target.id': 'a1' };
    expect(await allIds(current.store, 'audit', only('kita'), { where })).toEqual(['1']);
  });
}
