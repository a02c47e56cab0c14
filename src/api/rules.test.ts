/** Reading the rules again: who may, what it answers, and what it says when nothing changed hands. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { MemberAccess, Role } from '../model/access.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import { openTestApi, type TestApi } from './api.fixture.ts';

let center: TestApi;
beforeAll(async () => {
  center = await openTestApi(openSqliteStore);
});
afterAll(() => center.close());

const url = '/api/v1/rules/reload';

test.each<[Role, MemberAccess, number]>([
  ['admin', 'all', 200],
  ['admin', ['alpha-hospital'], 403],
  ['analyst', 'all', 403],
  ['responder', 'all', 403],
  ['auditor', 'all', 403],
  ['member', ['alpha-hospital'], 403],
])('%s of %s: %i', async (role, members, status) => {
  const headers = await center.key(role, members);
  expect((await center.api.inject({ method: 'POST', url, headers })).statusCode).toBe(status);
});

test('answers what changed and what is wrong; the list says which set it is', async () => {
  const headers = await center.key('admin', 'all');
  const told = (await center.api.inject({ method: 'POST', url, headers })).json();
  expect(told).toMatchObject({
    rules: 1,
    correlations: 1,
    changed: ['rule-one'],
    keptOld: [],
    version: '0123456789ab',
  });
  expect(told.problems[0].message).toBe('unknown modifier "contain"');
  const list = (await center.api.inject({ method: 'GET', url: '/api/v1/rules', headers })).json();
  expect(list).toMatchObject({ version: '0123456789ab', loadedAt: '2026-11-20T00:00:00.000Z' });
});

test('a reading that fails is told as such, with its reason, and who asked is passed on', async () => {
  const asked: string[] = [];
  const api = await center.also({
    overrides: {
      reloadRules: async (actor) => {
        asked.push(actor);
        throw new Error("the rules' folder packs cannot be read: gone");
      },
    },
  });
  const headers = await center.key('admin', 'all');
  const answer = await api.inject({ method: 'POST', url, headers });
  expect([answer.statusCode, answer.json()]).toMatchObject([
    409,
    { type: 'about:blank#not-reloaded', detail: "the rules' folder packs cannot be read: gone" },
  ]);
  expect(asked).toEqual([expect.stringMatching(/^key:/)]);
  await api.close();
});
