/** Names and requests of members' roles; what such a role opens is tried on a real cluster in secure.test.ts. */
import { afterEach, describe, expect, it } from 'vitest';
import { need } from '../../../test/services/needed.ts';
import { configSchema } from '../../config-schema.ts';
import { memberId } from '../../model/member.ts';
import { CENTER_SCOPE } from '../../model/scope.ts';
import { openElasticsearchStore } from '../elasticsearch.ts';
import type { Change } from '../store.ts';
import { eventIndex } from './event-format.ts';
import { removeAll } from './events.fixture.ts';
import { memberRole, memberRoleName, openMemberRoles } from './roles.ts';
import { type Answer, type FakeServer, openFakeServer } from './server.fixture.ts';

/** All names of up to three of these parts: many begin or end as others do. */
const parts = ['aa', 'b', 'events', 'member'];
const names = parts.flatMap((one) => [
  one,
  ...parts.flatMap((two) => [`${one}-${two}`, ...parts.map((three) => `${one}-${two}-${three}`)]),
]);
const members = names.filter((name) => memberId.safeParse(name).success);
const prefixes = names.filter((prefix) => configSchema.safeParse({ store: { elasticsearch: { prefix } } }).success);

describe('the role of a member', () => {
  const all = prefixes.flatMap((prefix) => members.map((member) => ({ prefix, member })));

  it('has a name of its own, over all members of all centers, as their indices have', () => {
    expect(all.length).toBeGreaterThan(2_000);
    for (const nameOf of [memberRoleName, (prefix: string, member: string) => eventIndex(prefix, member, '2026.11')])
      expect(new Set(all.map(({ prefix, member }) => nameOf(prefix, member))).size).toBe(all.length);
  });

  it('opens the index of its member and of no other', () => {
    const indices = all.map(({ prefix, member }) => eventIndex(prefix, member, '2026.11'));
    all.forEach(({ prefix, member }, at) => {
      const [{ names: [pattern = ''] = [] } = {}] = memberRole(prefix, member).indices;
      const start = pattern.replace(/\*$/, '');
      expect(start).not.toContain('*');
      expect(indices.filter((index) => index.startsWith(start))).toEqual([indices[at]]);
    });
  });
});

describe('keeping roles', () => {
  let server: FakeServer;
  afterEach(() => server.close());

  async function keep(answer: Answer, ...memberIds: string[]): Promise<string[]> {
    server = await openFakeServer(({ path }) => (path === '/_security/role' ? answer : [200, { username: 'hinomi' }]));
    const told: string[] = [];
    const roles = await openMemberRoles(server.elastic, (text) => told.push(text));
    await roles.keep(memberIds);
    await roles.keep(memberIds);
    return told;
  }

  it('asks for as many as a request should carry', async () => {
    const many = Array.from({ length: 1_001 }, (_, index) => `member-${index}`);
    expect(await keep([200, { created: [] }], ...many)).toEqual([]);
    const asked = server.asked.slice(1).map(({ body }) => Object.keys(JSON.parse(body).roles));
    expect(asked.map(({ length }) => length)).toEqual([500, 500, 1, 500, 500, 1]);
    expect(asked.slice(0, 3).flat()).toEqual(many.map((name) => `hinomi-member_${name}`));
  });

  it.each<[string, Answer, RegExp]>([
    ['a role that is refused', [200, { errors: { count: 1, details: { x: { reason: 'no' } } } }], /made: x: no$/],
    ['an older version', [405, { error: 'Incorrect HTTP method', status: 405 }], /9\.4\.3 is too old, 8\.15 is needed/],
    [
      'an account without the right',
      [403, { error: { reason: 'unauthorized' } }],
      /unauthorized; give .*"global": \{"role"/,
    ],
    ['what it does not understand', [400, { error: { type: 'odd', reason: 'roles' } }], /made: .* 400 odd: roles$/],
    [
      'an answer that is no answer',
      [404, { error: { type: 'gone', reason: 'gone' } }],
      /made: Elasticsearch refused POST \/_security\/role: 404/,
    ],
  ])('tells of %s, each time, and throws nothing', async (_, answer, expected) => {
    const told = await keep(answer, 'kita');
    expect(told).toHaveLength(2);
    for (const text of told) expect(text).toMatch(expected);
  });
});

const services = await need('elasticsearch');
services.describe('a cluster without security', ({ elasticsearch, prefix }) => {
  it('is told of once, at the start, and keeps no member from being saved', async () => {
    const told: string[] = [];
    const options = { urls: [elasticsearch], prefix, memberRoles: true };
    const member = (name: string): Change => {
      const createdAt = '2026-11-20T01:00:00.000Z';
      return { kind: 'member', doc: { id: name, name, kind: 'museum', timeZone: 'Asia/Tokyo', createdAt, version: 1 } };
    };
    const store = await openElasticsearchStore(options, (text) => told.push(text));
    try {
      expect(told).toEqual([expect.stringMatching(/memberRoles: this Elasticsearch runs without security/)]);
      expect(await store.save([member('kita')])).toBe(true);
      expect(await store.save([member('minami')])).toBe(true);
      expect(await store.get('member', CENTER_SCOPE, 'minami')).toEqual(member('minami').doc);
      expect(told).toHaveLength(1);
    } finally {
      await store.close();
      await removeAll(elasticsearch, prefix);
    }
  });
});
