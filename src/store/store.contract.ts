/** What every store must do, whatever it is built on: documents here, events in events.contract.ts. An adapter's test is one call of this. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CENTER_SCOPE, type Scope } from '../model/scope.ts';
import { eventsContract } from './events.contract.ts';
import { makeAlert, makeAudit, makeCampaign, makeIncident } from './store.fixture.ts';
import { type Change, type DocQuery, type Kind, type Store, VersionConflict } from './store.ts';

export interface StoreUnderTest {
  readonly store: Store;
  /** Ends the store and opens it again on the same data. */
  reopen(): Promise<Store>;
  close(): Promise<void>;
}

const only = (...members: string[]): Scope => ({ members });

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

export function storeContract(name: string, open: (folder: string) => Promise<StoreUnderTest>): void {
  describe(`store contract: ${name}`, () => {
    /** A store for the tests of one describe; they keep out of each other's way by ids and members. */
    const opened = (): OpenedStore => {
      let folder: string;
      let under: StoreUnderTest;
      let store: Store;
      beforeAll(async () => {
        folder = await mkdtemp(join(tmpdir(), 'hinomi-store-'));
        under = await open(folder);
        store = under.store;
      });
      afterAll(async () => {
        await under.close();
        await rm(folder, { recursive: true, force: true });
      });
      return {
        get store() {
          return store;
        },
        async reopen() {
          store = await under.reopen();
        },
      };
    };
    documentsContract(opened);
    pagesContract(opened);
    eventsContract(opened);
  });
}

      const alerts = (...docs: ReturnType<typeof makeAlert>[]): Change[] => docs.map((doc) => ({ kind: 'alert', doc }));

      it('gives a document back as it was saved, also after a restart', async () => {
        const alert = makeAlert('a1', { title: 'ウイルス検知 "quoted" \u0000', tags: ['attack.t1110'] });
        expect(await store.save(alerts(alert))).toBe(true);
        expect(await store.get('alert', CENTER_SCOPE, 'a1')).toEqual(alert);
        expect(await store.get('alert', CENTER_SCOPE, 'a2')).toBeUndefined();
        expect(await (await under.reopen()).get('alert', CENTER_SCOPE, 'a1')).toEqual(alert);
      });

      it('takes the next version only', async () => {
        await store.save(alerts(makeAlert('a1')));
        await store.save(alerts(makeAlert('a1', { version: 2, status: 'closed' })));
        for (const version of [1, 2, 4]) {
          const late = store.save(alerts(makeAlert('a1', { version, count: 99 })));
          await expect(late).rejects.toThrow(VersionConflict);
          await expect(late).rejects.toMatchObject({ kind: 'alert', id: 'a1' });
        }
        await expect(store.save(alerts(makeAlert('new', { version: 2 })))).rejects.toThrow(VersionConflict);
        expect(await store.get('alert', CENTER_SCOPE, 'a1')).toMatchObject({ version: 2, count: 1, status: 'closed' });
      });

      it('writes all of a call or nothing', async () => {
        await store.save(alerts(makeAlert('a1')));
        const mark = { batchId: 'b1', receivedAt: '2026-11-20T01:00:00.000Z', alerts: 1 };
        await expect(store.save(alerts(makeAlert('a2'), makeAlert('a1')), mark)).rejects.toThrow(VersionConflict);
        expect(await store.get('alert', CENTER_SCOPE, 'a2')).toBeUndefined();
        expect(await store.applied('b1')).toBeUndefined();
      });

      it('lets one of two writers at the same moment win, and others be', async () => {
        await store.save(alerts(makeAlert('a1')));
        const outcomes = await Promise.allSettled([
          store.save(alerts(makeAlert('a1', { version: 2, assignee: 'alice' }))),
          store.save(alerts(makeAlert('a1', { version: 2, assignee: 'bob' }))),
          store.save(alerts(makeAlert('a3'))),
        ]);
        expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
        expect(await store.get('alert', CENTER_SCOPE, 'a1')).toMatchObject({ assignee: 'alice' });
      });

      it('knows which batches were applied, and applies none twice', async () => {
        const mark = { batchId: 'b1', receivedAt: '2026-11-20T01:00:00.000Z', alerts: 3 };
        expect(await store.applied('b1')).toBeUndefined();
        expect(await store.save(alerts(makeAlert('a1')), mark)).toBe(true);
        expect(await store.applied('b1')).toBe(3);
        expect(await store.save(alerts(makeAlert('a2')), mark)).toBe(false);
        expect(await store.get('alert', CENTER_SCOPE, 'a2')).toBeUndefined();
      });

      it('creates if absent, and removes', async () => {
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
        await store.save([{ kind: 'audit', doc: makeAudit('1') }]);
        await expect(
          store.save([{ kind: 'audit', doc: makeAudit('1', { version: 2, actor: 'eve' }) }]),
        ).rejects.toThrow();
        await expect(
          store.save([{ kind: 'audit', doc: makeAudit('1', { version: 2 }), remove: true }]),
        ).rejects.toThrow();
        expect(await store.get('audit', CENTER_SCOPE, '1')).toEqual(makeAudit('1'));
      });

      const seen = (minute: number): string => `2026-11-20T01:0${minute}:00.000Z`;
      const queue = () =>
        alerts(
          makeAlert('a1', { lastSeenAt: seen(1), status: 'closed' }),
          makeAlert('a2', { lastSeenAt: seen(3), level: 'high', incidentId: 'i1' }),
          makeAlert('a3', { lastSeenAt: seen(3), memberId: 'minami', title: 'ﾛｸﾞｵﾝ検知' }),
          makeAlert('a4', { lastSeenAt: seen(2), ruleId: 'rule-2', assignee: 'alice' }),
          makeAlert('a5', { lastSeenAt: seen(5), entities: [{ field: 'user.name', value: 'Tanaka' }] }),
        );

      it.each<[string, Scope, Omit<DocQuery, 'limit'>, string[]]>([
        ['newest first, the id deciding', CENTER_SCOPE, {}, ['a5', 'a3', 'a2', 'a4', 'a1']],
        ['oldest first', CENTER_SCOPE, { order: 'oldest' }, ['a1', 'a4', 'a2', 'a3', 'a5']],
        ['one value', CENTER_SCOPE, { where: { status: 'new' } }, ['a5', 'a3', 'a2', 'a4']],
        ['several values, several filters', CENTER_SCOPE, { where: { level: ['high', 'low'], status: 'new' } }, ['a2']],
        ['no value at all', CENTER_SCOPE, { where: { level: [] } }, []],
        ['null', CENTER_SCOPE, { where: { incidentId: '', assignee: '' } }, ['a5', 'a3', 'a1']],
        ['null or a value', CENTER_SCOPE, { where: { assignee: ['', 'alice'] } }, ['a5', 'a3', 'a2', 'a4', 'a1']],
        ['bounds of the sort key', CENTER_SCOPE, { from: seen(2), to: seen(5) }, ['a3', 'a2', 'a4']],
        ['all words, any case', CENTER_SCOPE, { text: 'SIGN-INS tanaka' }, ['a5']],
        ['a word in Japanese, half width or full', CENTER_SCOPE, { text: 'ログオン 検知' }, ['a3']],
        ['an entity', CENTER_SCOPE, { text: '203.0.113.7', where: { ruleId: 'rule-2' } }, ['a4']],
        ['text that is SQL', CENTER_SCOPE, { text: `%' OR 1=1 --` }, []],
        ['the reader’s members', only('minami'), {}, ['a3']],
        ['several of them', only('minami', 'kita'), { where: { status: 'new' } }, ['a5', 'a3', 'a2', 'a4']],
        ['none of them', only(), {}, []],
        ['a filter on another’s member', only('minami'), { where: { memberId: 'kita' } }, []],
      ])('finds pages: %s', async (_, scope, query, expected) => {
        await store.save(queue());
        expect(await allIds(store, 'alert', scope, query)).toEqual(expected);
        expect(await allIds(store, 'alert', scope, query, 1_000)).toEqual(expected);
      });

      it('counts by a property', async () => {
        await store.save(queue());
        expect(await store.count('alert', CENTER_SCOPE, 'status')).toEqual({ new: 4, closed: 1 });
        expect(await store.count('alert', only('minami'), 'status')).toEqual({ new: 1 });
        const where = { level: 'medium' };
        expect(await store.count('alert', CENTER_SCOPE, 'assignee', { where })).toEqual({ '': 3, alice: 1 });
        expect(await store.count('alert', CENTER_SCOPE, 'memberId', { from: seen(3) })).toEqual({ kita: 2, minami: 1 });
      });

      it('refuses what it does not know by name', async () => {
        await expect(store.find('alert', CENTER_SCOPE, { where: { shoe: 'x' }, limit: 1 })).rejects.toThrow(/"shoe"/);
        await expect(store.count('alert', CENTER_SCOPE, 'title')).rejects.toThrow(/"title"/);
        await expect(store.find('user', CENTER_SCOPE, { text: 'x', limit: 1 })).rejects.toThrow(/text/);
        for (const limit of [0, 1_001, 1.5]) {
          await expect(store.find('alert', CENTER_SCOPE, { limit })).rejects.toThrow(/limit/);
        }
      });

      it('refuses cursors that are not of the list', async () => {
        await store.save(queue());
        const { next } = await store.find('alert', CENTER_SCOPE, { limit: 1 });
        const strange = [
          '',
          'x',
          '%%%',
          'bnVsbA',
          Buffer.from('["alert newest",1,2]').toString('base64url'),
          'A'.repeat(9999),
        ];
        for (const cursor of strange) {
          await expect(store.find('alert', CENTER_SCOPE, { limit: 1, cursor })).rejects.toMatchObject({
            name: 'BadCursor',
          });
        }
        const other = { limit: 1, cursor: next as string };
        await expect(store.find('incident', CENTER_SCOPE, other)).rejects.toMatchObject({ name: 'BadCursor' });
        await expect(store.find('alert', CENTER_SCOPE, { ...other, order: 'oldest' })).rejects.toMatchObject({
          name: 'BadCursor',
        });
      });

      it('does not let a cursor widen a scope', async () => {
        await store.save(queue());
        const { next } = await store.find('alert', CENTER_SCOPE, { limit: 1 });
        const page = await store.find('alert', only('minami'), { limit: 10, cursor: next as string });
        expect(page.items.map(({ id }) => id)).toEqual(['a3']);
      });

      it('shows each kind to those it belongs to', async () => {
        const createdAt = '2026-11-20T01:00:00.000Z';
        const member = (id: string) =>
          ({ id, name: id, kind: 'museum', timeZone: 'Asia/Tokyo', createdAt, version: 1 }) as const;
        const key = { label: '', secretHash: '', role: null, members: null, revokedAt: null, createdAt, version: 1 };
        await store.save([
          { kind: 'member', doc: member('kita') },
          { kind: 'member', doc: member('minami') },
          {
            kind: 'source',
            doc: { ...member('kita.vpn'), memberId: 'kita', type: 't', encoding: 'utf-8', config: {} },
          },
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
        ]);
        const both = only('kita', 'minami', 'nishi');
        const cases: [Kind, Scope, string[]][] = [
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
        ];
        for (const [kind, scope, expected] of cases) {
          const found = await store.find(kind, scope, { order: 'oldest', limit: 10 });
          expect([kind, found.items.map(({ id }) => id)]).toEqual([kind, expected]);
          for (const { id } of (await store.find(kind, CENTER_SCOPE, { limit: 10 })).items) {
            expect((await store.get(kind, scope, id)) !== undefined).toBe(expected.includes(id));
          }
        }
        expect(await allIds(store, 'user', CENTER_SCOPE, { where: { login: 'alice' } })).toEqual(['u1']);
        const target = { 'target.kind': 'alert', 'target.id': 'a1' };
        expect(await allIds(store, 'audit', only('kita'), { where: target })).toEqual(['1']);
      });
    }
  });
}
