/** Elasticsearch with security and TLS: what the center's account needs and no more, and members' compartments kept apart by it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { Client } from '@elastic/elasticsearch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openUnderTest } from '../../../test/elasticsearch-store.ts';
import { type Elasticsearch, startElasticsearch } from '../../../test/services/elasticsearch.ts';
import { needOwn } from '../../../test/services/needed.ts';
import type { Member } from '../../model/member.ts';
import { CENTER_SCOPE } from '../../model/scope.ts';
import { openElasticsearchStore } from '../elasticsearch.ts';
import { storeContract } from '../store.contract.ts';
import { makeAlert, makeBatch } from '../store.fixture.ts';
import type { Change } from '../store.ts';
import { connectElasticsearch, type Elastic, type ElasticsearchOptions } from './connection.ts';
import { docIndex } from './doc-format.ts';
import { journalIndex } from './journal.ts';
import { centerPrivileges, memberRole, memberRoleName, type RoleDescriptor } from './roles.ts';

/** Every character that an address must encode. */
const PASSWORD = 'Tr0ub4dor:/@%?#&3 パス';

const services = await needOwn('elasticsearch-full');
services.describe('Elasticsearch with security', ({ prefix: start }) => {
  let folder: string;
  let node: Elasticsearch;
  let admin: Elastic;
  let caFile: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hinomi-elasticsearch-secure-'));
    node = await startElasticsearch({ folder: join(folder, 'node'), full: true, tls: true });
    caFile = join(folder, 'ca.pem');
    await writeFile(caFile, node.ca as string);
    admin = await connectElasticsearch(as('elastic', node.password));
  }, 200_000);
  afterAll(async () => {
    await admin?.close();
    await node?.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });

  const as = (user: string, password = PASSWORD): ElasticsearchOptions => ({
    urls: [node.url.replace('//', `//${user}:${encodeURIComponent(password)}@`)],
    caFile,
  });
  const put = async (path: string, body: object): Promise<void> => {
    await admin.request({ method: 'PUT', path, body });
  };
  /** Makes it, or gives it another role. */
  async function account(user: string, role: RoleDescriptor): Promise<ElasticsearchOptions> {
    await put(`/_security/role/${user}`, role);
    await put(`/_security/user/${user}`, { password: PASSWORD, roles: [user] });
    return as(user);
  }
  async function apiKey(role: RoleDescriptor): Promise<ElasticsearchOptions> {
    const body = { name: 'center', role_descriptors: { center: role } };
    const made = await admin.request<{ encoded: string }>({ method: 'POST', path: '/_security/api_key', body });
    return { urls: [node.url], apiKey: made.body.encoded, caFile };
  }
  let number = 0;
  const nextPrefix = (): string => `${start}-${number++}`;

  describe('an account with no more than the center needs', () => {
    storeContract('elasticsearch, least privileges', async () => {
      const prefix = nextPrefix();
      return openUnderTest({ ...(await account(prefix, centerPrivileges(prefix))), prefix });
    });

    const walked = nextPrefix();
    let walks = 0;
    /** Needs every privilege once. */
    async function walk(options: ElasticsearchOptions): Promise<void> {
      const store = await openElasticsearchStore({ ...options, prefix: walked });
      const id = `walk-${walks++}`;
      try {
        await store.save([{ kind: 'alert', doc: makeAlert(id) }]);
        await store.save([{ kind: 'alert', doc: makeAlert(id, { version: 2 }) }]);
        const batch = makeBatch(id, { receivedAt: '2026-01-20T01:00:00.000Z', events: [{}], rejects: 2 });
        await store.putBatches([batch]);
        await store.removeRejects(CENTER_SCOPE, [batch.rejects[0]?.id as string]);
        await store.prune('2026-11-01');
      } finally {
        await store.close();
      }
    }

    it('works by an API key as well', { timeout: 60_000 }, async () => {
      await walk(await apiKey(centerPrivileges(walked)));
    });

    const { cluster = [], indices } = centerPrivileges(walked);
    const needed = [...cluster, ...(indices[0]?.privileges ?? [])];
    it.each(needed)('would not work without %s', { timeout: 60_000 }, async (left) => {
      const without = (list: readonly string[]): string[] => list.filter((privilege) => privilege !== left);
      const options = await account(walked, {
        cluster: without(cluster),
        indices: indices.map(({ names, privileges }) => ({ names, privileges: without(privileges) })),
      });
      await expect(walk(options)).rejects.toThrow(/security_exception: action \[.*granted by the/);
    });

    it('opens nothing else: no other center, no accounts, no settings', async () => {
      const [own, other] = [nextPrefix(), `${start}-0`];
      const center = await connectElasticsearch(await account(own, centerPrivileges(own, true)));
      try {
        for (const index of [`${other}-journal`, `${other}-events-kita_2026.11`, 'elsewhere', `${own}-two-journal`]) {
          await expect(center.request({ method: 'PUT', path: `/${index}/_doc/1`, body: {} })).rejects.toThrow(/ 403 /);
          await expect(center.request({ method: 'GET', path: `/${index}/_search` })).rejects.toThrow(/ 403 /);
        }
        const window = (names: string, ...privileges: string[]) => ({ indices: [{ names: [names], privileges }] });
        for (const [path, body] of [
          ['/_security/user/evil', { password: PASSWORD, roles: ['superuser'] }],
          ['/_security/role/evil', { cluster: ['all'], indices: [] }],
          ['/_security/role/evil', window(`${own}-events-*`, 'write')],
          ['/_security/role/evil', window(`${other}-events-*`, 'read')],
          ['/_security/role/evil', window('*', 'read')],
          ['/_cluster/settings', { persistent: { 'action.auto_create_index': 'false' } }],
        ] as const) {
          await expect(center.request({ method: 'PUT', path, body })).rejects.toThrow(/ 403 security_exception/);
        }
      } finally {
        await center.close();
      }
    });
  });

  describe('the role of a member', () => {
    const prefix = `${start}-windows`;
    const member = (id: string, version = 1): Change => {
      const createdAt = '2026-11-20T01:00:00.000Z';
      const doc: Member = { id, name: id, kind: 'hospital', timeZone: 'Asia/Tokyo', createdAt, version };
      return { kind: 'member', doc };
    };
    const indexOf = (id: string): string => `${prefix}-events-${id}_2026.11`;
    const warnings: string[] = [];
    const warn = (text: string): void => void warnings.push(text);
    let center: ElasticsearchOptions & { prefix: string };
    let tool: Client;

    /** What a person's own tool connects with. */
    const openTool = (auth: { username: string; password: string } | { apiKey: string }): Client =>
      new Client({ node: node.url, auth, tls: { ca: node.ca as string }, maxRetries: 0 });
    const statusOf = async (by: Client, method: string, path: string, body?: object): Promise<number> =>
      (await by.transport.request({ method, path, ...(body && { body }) }, { meta: true, ignore: [403] })).statusCode;
    /** Members whose documents are found. */
    async function membersIn(by: Client, index: string): Promise<unknown[]> {
      const { hits } = await by.search<Record<string, unknown>>({ index, size: 100 });
      return [...new Set(hits.hits.map(({ _source }) => _source?.['organization.id']))].sort();
    }

    beforeAll(async () => {
      center = { ...(await account('center', centerPrivileges(prefix, true))), prefix };
      // One was there before roles were wished for.
      const before = await openElasticsearchStore(center);
      await before.save([member('kita')]);
      await before.close();
      const store = await openElasticsearchStore({ ...center, memberRoles: true }, warn);
      await store.save([member('kita-hospital'), member('minami')]);
      for (const memberId of ['kita', 'kita-hospital', 'minami']) {
        await store.putBatches([makeBatch(memberId, { memberId, events: [{ message: memberId }], rejects: 1 })]);
      }
      await store.save([{ kind: 'alert', doc: makeAlert('a') }]);
      await store.close();
      await admin.request({ method: 'POST', path: `/${prefix}-*/_refresh` });
      await put('/_security/user/kita', { password: PASSWORD, roles: [memberRoleName(prefix, 'kita')] });
      tool = openTool({ username: 'kita', password: PASSWORD });
    }, 60_000);
    afterAll(() => tool?.close());

    const rolesThere = async (): Promise<Record<string, RoleDescriptor>> => {
      const { body } = await admin.request<Record<string, RoleDescriptor>>({ method: 'GET', path: '/_security/role' });
      return Object.fromEntries(Object.entries(body).filter(([name]) => name.startsWith(`${prefix}-`)));
    };

    it('is made for those who were there and those who come, without a warning', async () => {
      const roles = await rolesThere();
      expect(Object.keys(roles).sort()).toEqual(
        ['kita', 'kita-hospital', 'minami'].map((id) => `${prefix}-member_${id}`),
      );
      const nothing = { cluster: [], run_as: [], applications: [] };
      expect(roles[memberRoleName(prefix, 'kita')]).toMatchObject({ ...nothing, ...memberRole(prefix, 'kita') });
      expect(warnings).toEqual([]);
    });

    it('reads its member’s events, and of a member whose name begins the same not one', async () => {
      // Elasticsearch itself narrows what is asked for widely.
      for (const index of ['*', `${prefix}-*`, `${prefix}-events-*`, `${prefix}-events-kita*`, indexOf('kita')])
        expect([index, await membersIn(tool, index)]).toEqual([index, ['kita']]);
      expect(await statusOf(tool, 'GET', `/${indexOf('kita')}/_mapping`)).toBe(200);
      for (const id of ['kita-hospital', 'minami']) {
        for (const what of ['_search', '_count', '_mapping', '_doc/1', '_settings', '_field_caps?fields=*'])
          expect([what, await statusOf(tool, 'GET', `/${indexOf(id)}/${what}`)]).toEqual([what, 403]);
      }
    });

    it('writes nothing, removes nothing, and reads nothing of the center', async () => {
      const own = `/${indexOf('kita')}`;
      for (const [method, path, body] of [
        ['PUT', `${own}/_doc/1`, {}],
        ['DELETE', `${own}/_doc/1`],
        ['DELETE', own],
        ['PUT', `${own}/_settings`, { 'index.blocks.write': true }],
        ['PUT', `/${prefix}-events-kita_2026.12`, {}],
        ['GET', `/${docIndex(prefix, 'alert')}/_search`],
        ['GET', `/${journalIndex(prefix)}/_search`],
        ['GET', '/_security/user'],
        ['GET', '/_cluster/settings'],
      ] as const) {
        expect([path, await statusOf(tool, method, path, body)]).toEqual([path, 403]);
      }
    });

    it('bounds the keys that its people make, and is what a responder’s key may be made of', async () => {
      const all = { any: { indices: [{ names: ['*'], privileges: ['all'] }] } };
      await put(`/_security/role/${start}-keys`, { cluster: ['manage_own_api_key'], indices: [] });
      const roles = [memberRoleName(prefix, 'kita'), `${start}-keys`];
      await put('/_security/user/kita', { password: PASSWORD, roles });
      const { encoded } = await tool.security.createApiKey({ name: 'own', role_descriptors: all as never });
      const responder = await apiKey(memberRole(prefix, 'kita-hospital'));
      for (const [key, member] of [
        [encoded, 'kita'],
        [responder.apiKey as string, 'kita-hospital'],
      ] as const) {
        const by = openTool({ apiKey: key });
        expect(await membersIn(by, '*')).toEqual([member]);
        expect(await statusOf(by, 'PUT', `/${indexOf(member)}/_doc/1`, {})).toBe(403);
        await by.close();
      }
    });

    it('is put back at the next start when somebody widened or removed it', async () => {
      await put(`/_security/role/${memberRoleName(prefix, 'kita')}`, memberRole(prefix, '*'));
      expect(await membersIn(tool, `${prefix}-events-*`)).toEqual(['kita', 'kita-hospital', 'minami']);
      await admin.request({ method: 'DELETE', path: `/_security/role/${memberRoleName(prefix, 'minami')}` });
      await (await openElasticsearchStore({ ...center, memberRoles: true }, warn)).close();
      expect(await membersIn(tool, `${prefix}-events-*`)).toEqual(['kita']);
      expect(Object.keys(await rolesThere())).toContain(memberRoleName(prefix, 'minami'));
      expect(warnings).toEqual([]);
    });

    it('is asked for in vain by an account that may not make roles: that is told, and members are saved', async () => {
      const own = nextPrefix();
      const options = { ...(await account(own, centerPrivileges(own))), prefix: own, memberRoles: true };
      const told: string[] = [];
      const store = await openElasticsearchStore(options, (text) => told.push(text));
      try {
        expect(await store.save([member('kita')])).toBe(true);
        expect(await store.get('member', CENTER_SCOPE, 'kita')).toEqual(member('kita').doc);
        expect(told).toHaveLength(1);
        expect(told[0]).toMatch(
          /roles of members could not be made: .*unauthorized.*give the center's account "global": \{/,
        );
      } finally {
        await store.close();
      }
    });
  });

  describe('connecting', () => {
    async function refusal(options: ElasticsearchOptions): Promise<string> {
      const error = (await connectElasticsearch(options).catch((reason: unknown) => reason)) as Error;
      expect(error).toBeInstanceOf(Error);
      const told = `${error.message} ${error.stack} ${String(error.cause)}`;
      for (const secret of [PASSWORD, encodeURIComponent(PASSWORD), options.apiKey ?? PASSWORD])
        expect(told).not.toContain(secret);
      return error.message;
    }
    it('says what is wrong with password, key, authority and scheme, and no password', async () => {
      const whole = await account('whole', centerPrivileges(start));
      await (await connectElasticsearch(whole)).close();
      const { urls } = whole;
      expect(await refusal(as('elastic', PASSWORD))).toMatch(/user, password or API key is wrong: .*user \[elastic\]/);
      expect(await refusal({ urls: [node.url], apiKey: 'c2VjcmV0OnNlY3JldA==', caFile })).toMatch(/API key is wrong/);
      expect(await refusal({ urls: [node.url], caFile })).toMatch(/it asks who one is; write user and password into/);
      expect(await refusal({ urls })).toMatch(/not one that this machine trusts; name the authority.*in caFile/);
      const other = join(folder, 'other.pem');
      await writeFile(other, rootCertificates[0] as string);
      expect(await refusal({ urls, caFile: other })).toMatch(/not signed by the authority in .*other\.pem/);
      const plain = urls.map((url) => url.replace('https:', 'http:'));
      expect(await refusal({ urls: plain })).toMatch(/it closed the connection; if it speaks https, write https:/);
    });

    it('names no password in what is refused later', async () => {
      const prefix = nextPrefix();
      const opened = openElasticsearchStore({
        ...(await account('monitor', { cluster: ['monitor'], indices: [] })),
        prefix,
      });
      const { message } = (await opened.catch((reason: unknown) => reason)) as Error;
      expect(message).toMatch(/refused PUT .*: 403 security_exception.*granted by the index privileges/);
      expect(message).not.toContain(PASSWORD);
      expect(message).not.toContain(encodeURIComponent(PASSWORD));
    });
  });
});
