import { afterAll, beforeAll, expect, test } from 'vitest';
import { CENTER_SCOPE } from '../model/scope.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import { openTestApi, PASSWORD, type TestApi } from './api.fixture.ts';
import { createAttempts, createSignIn } from './sign-in.ts';

let center: TestApi;
beforeAll(async () => {
  center = await openTestApi(openSqliteStore);
});
afterAll(() => center.close());

const signIn = (login: string, password: string, headers: Record<string, string> = {}) =>
  center.api.inject({ method: 'POST', url: '/api/v1/session', payload: { login, password }, headers });
const session = (headers: Record<string, string>) =>
  center.api.inject({ method: 'GET', url: '/api/v1/session', headers });
const auditOf = async (login: string) =>
  (await center.store.find('audit', CENTER_SCOPE, { where: { 'target.id': `id-of-${login}` }, limit: 100 })).items.map(
    (entry) => entry.action,
  );

test('a session: opened, read, used for a change, closed', async () => {
  const opened = await signIn('SOC-Analyst', PASSWORD);
  expect(opened.statusCode).toBe(200);
  expect(opened.json().user).toEqual({
    ...{ login: 'soc-analyst', name: 'Name of soc-analyst', role: 'analyst', members: 'all', language: 'ja' },
  });
  expect(opened.cookies[0]).toMatchObject({ name: 'hinomi_session', httpOnly: true, sameSite: 'Strict', path: '/' });
  const headers = { cookie: `hinomi_session=${opened.cookies[0]?.value}` };
  const read = await session(headers);
  expect(read.json()).toEqual(opened.json());
  const patch = { method: 'PATCH' as const, url: '/api/v1/session/user', payload: { language: 'en' } };
  const changed = await center.api.inject({ ...patch, headers: { ...headers, 'x-csrf-token': read.json().csrfToken } });
  expect(changed.json().language).toBe('en');
  const closed = await center.api.inject({
    method: 'DELETE',
    url: '/api/v1/session',
    headers: { ...headers, 'x-csrf-token': read.json().csrfToken },
  });
  expect([closed.statusCode, closed.body]).toEqual([204, '']);
  expect((await session(headers)).statusCode).toBe(401);
  expect(await auditOf('soc-analyst')).toEqual(expect.arrayContaining(['session.open', 'session.close']));
});

test('over TLS the cookie is bound to host and TLS', async () => {
  const secure = await center.also({ config: { secureCookies: true } });
  const opened = await secure.inject({
    method: 'POST',
    url: '/api/v1/session',
    payload: { login: 'soc-analyst', password: PASSWORD },
  });
  expect(opened.cookies[0]).toMatchObject({ name: '__Host-hinomi_session', secure: true, path: '/' });
  expect(opened.cookies[0]?.domain).toBeUndefined();
  expect(opened.headers['strict-transport-security']).toBeDefined();
  await secure.close();
});

test.each([
  ['no token', {}],
  ['a wrong token', { 'x-csrf-token': 'x'.repeat(43) }],
  ['another site, with the token', { 'x-csrf-token': 'own', 'sec-fetch-site': 'cross-site' }],
  ['another origin, with the token', { 'x-csrf-token': 'own', origin: 'https://evil.example.com' }],
  ['no origin at all, with the token', { 'x-csrf-token': 'own', origin: 'null' }],
])('a change by session is refused with %s', async (_, given: Record<string, string>) => {
  const own = await center.session('soc-responder');
  const headers: Record<string, string> = { cookie: own.cookie, ...given };
  if (given['x-csrf-token'] === 'own') headers['x-csrf-token'] = own['x-csrf-token'];
  const url = `/api/v1/incidents/${center.alpha.incidentId}/comments`;
  const answer = await center.api.inject({ method: 'POST', url, headers, payload: { text: 'forged' } });
  expect([answer.statusCode, answer.json().type]).toEqual([403, 'about:blank#csrf-failed']);
});

test('the same change with the token and from the same origin is taken', async () => {
  const headers = {
    ...(await center.session('soc-responder')),
    origin: 'http://localhost:80',
    'sec-fetch-site': 'same-origin',
  };
  const url = `/api/v1/incidents/${center.alpha.incidentId}/comments`;
  const answer = await center.api.inject({
    method: 'POST',
    url,
    headers: { ...headers, host: 'localhost:80' },
    payload: { text: 'real' },
  });
  expect(answer.statusCode).toBe(201);
});

test('another site cannot sign a browser in', async () => {
  const answer = await signIn('soc-analyst', PASSWORD, { origin: 'https://evil.example.com' });
  expect(answer.json().type).toBe('about:blank#csrf-failed');
});

test('a wrong password, an unknown login and a locked login read the same; the lock ends with its time', async () => {
  let now = Date.now();
  const quiet = { warn: () => undefined };
  const own = createSignIn(center.store, { sessionHours: 1, lockAfter: 3, lockMinutes: 15 }, quiet as never, () => now);
  const said = async (login: string, password: string) =>
    own.signIn(login, password, '192.0.2.1').then(
      () => 'in',
      (error: { code: string; message: string }) => `${error.code}: ${error.message}`,
    );
  const wrong = await said('soc-auditor', 'wrong password');
  expect(wrong).toMatch(/^sign-in-failed/);
  expect(await said('nobody-of-that-name', PASSWORD)).toBe(wrong);
  await said('soc-auditor', 'wrong password');
  await said('soc-auditor', 'wrong password');
  expect(await said('soc-auditor', PASSWORD)).toBe(wrong);
  expect((await auditOf('soc-auditor')).sort()).toEqual([
    'session.fail',
    'session.fail',
    'session.fail',
    'session.lock',
  ]);
  now += 14 * 60_000;
  expect(await said('soc-auditor', PASSWORD)).toBe(wrong);
  now += 2 * 60_000;
  expect(await said('soc-auditor', 'wrong password')).toBe(wrong);
  expect(await said('soc-auditor', PASSWORD)).toBe('in');
  const user = await center.store.get('user', CENTER_SCOPE, 'id-of-soc-auditor');
  expect(user).toMatchObject({ failedLogins: 0, lockedUntil: null });
});

test('guesses sent all at once are counted one by one', async () => {
  const quiet = { warn: () => undefined };
  const own = createSignIn(center.store, { sessionHours: 1, lockAfter: 3, lockMinutes: 15 }, quiet as never);
  const guesses = [...Array.from({ length: 5 }, (_, index) => `guess number ${index}`), PASSWORD];
  const results = await Promise.allSettled(guesses.map((guess) => own.signIn('betaword-admin', guess, '192.0.2.1')));
  expect(results.every((result) => result.status === 'rejected')).toBe(true);
  const user = await center.store.get('user', CENTER_SCOPE, 'id-of-betaword-admin');
  expect(user?.failedLogins).toBe(3);
});

test('attempts of one address are bounded, other addresses are not touched; IPv6 counts by /64', () => {
  let now = 0;
  const attempts = createAttempts(2, 1_000, () => now);
  const tries = (address: string, count: number) => {
    for (let left = count; left > 0; left--) attempts.take(address);
  };
  tries('192.0.2.1', 2);
  expect(() => attempts.take('192.0.2.1')).toThrow(/try again in 1 s/);
  tries('192.0.2.2', 2);
  attempts.giveBack('192.0.2.2');
  tries('192.0.2.2', 1);
  expect(() => attempts.take('192.0.2.2')).toThrow();
  tries('2001:db8:1:2::1', 1);
  tries('2001:db8:1:2::ffff', 1);
  expect(() => attempts.take('2001:db8:1:2:3::4')).toThrow();
  now = 1_001;
  tries('192.0.2.1', 2);
});

test('setup: a person is added, chooses a password once, and is in', async () => {
  const admin = await center.key('admin', 'all');
  const call = (method: 'POST' | 'GET', url: string, payload?: object, headers: Record<string, string> = admin) =>
    center.api.inject({ method, url: `/api/v1/${url}`, headers, ...(payload !== undefined && { payload }) });
  const body = { login: 'New.Person@example.jp', name: '新人', role: 'responder', members: 'all' };
  const created = await call('POST', 'users', body);
  expect(created.statusCode).toBe(201);
  const { user, setupToken, setupPath } = created.json();
  expect(user).toMatchObject({ login: 'new.person@example.jp', hasPassword: false });
  expect(setupPath).toBe(`/setup#${setupToken}`);
  expect((await call('POST', 'users', body)).json().type).toBe('about:blank#conflict');

  expect((await session({ cookie: `hinomi_session=${setupToken}` })).statusCode).toBe(401);
  const setUp = (token: string, password: string) => call('POST', 'setup', { token, password }, {});
  const short = await setUp(setupToken, 'short');
  expect([short.statusCode, short.json().errors[0].field]).toEqual([400, 'body.password']);
  const again = (await call('POST', `users/${user.id}/setup-link`)).json();
  expect((await setUp(setupToken, PASSWORD)).statusCode).toBe(401);
  const done = await setUp(again.setupToken, PASSWORD);
  expect(done.json().user.login).toBe('new.person@example.jp');
  expect((await session({ cookie: `hinomi_session=${done.cookies[0]?.value}` })).statusCode).toBe(200);
  expect((await setUp(again.setupToken, PASSWORD)).statusCode).toBe(401);
  expect((await signIn('new.person@example.jp', PASSWORD)).statusCode).toBe(200);

  const next = (await call('POST', `users/${user.id}/setup-link`)).json();
  expect((await setUp(next.setupToken, 'another good password')).statusCode).toBe(200);
  expect((await session({ cookie: `hinomi_session=${done.cookies[0]?.value}` })).statusCode).toBe(401);
});

test.each([
  ['nothing', {}],
  ['no key', { authorization: 'Basic c29jOnNvYw==' }],
  ['an unknown key', { authorization: `Bearer hnm_aaaaaaaaaaaa_${'a'.repeat(43)}` }],
  ['an unknown session', { cookie: `hinomi_session=${'a'.repeat(43)}` }],
])('%s is refused with 401 and says how', async (_, headers) => {
  const answer = await center.api.inject({ method: 'GET', url: '/api/v1/alerts', headers });
  expect(answer.statusCode).toBe(401);
  expect(answer.headers['www-authenticate']).toBe('Bearer');
  expect(answer.headers['content-type']).toContain('application/problem+json');
});

test('a key: works, is revoked, and is refused; its secret is nowhere in the lists', async () => {
  const admin = await center.key('admin', 'all');
  const created = await center.api.inject({
    method: 'POST',
    url: '/api/v1/keys',
    headers: admin,
    payload: { label: 'report', role: 'auditor', members: [center.alpha.memberId] },
  });
  const { key, text } = created.json();
  const own = { authorization: `Bearer ${text}` };
  const members = await center.api.inject({ method: 'GET', url: '/api/v1/members', headers: own });
  expect(members.json().items.map((member: { id: string }) => member.id)).toEqual([center.alpha.memberId]);
  const list = await center.api.inject({ method: 'GET', url: '/api/v1/keys?limit=1000', headers: admin });
  expect(list.body).toContain(key.id);
  expect(list.body).not.toMatch(/secret/i);
  const revoked = await center.api.inject({ method: 'DELETE', url: `/api/v1/keys/${key.id}`, headers: admin });
  expect(revoked.statusCode).toBe(204);
  expect((await center.api.inject({ method: 'GET', url: '/api/v1/members', headers: own })).statusCode).toBe(401);
});

test("a source's key opens the intake, not the API", async () => {
  const admin = await center.key('admin', 'all');
  const url = `/api/v1/sources/${center.alpha.sourceId}/keys`;
  const { text } = (
    await center.api.inject({ method: 'POST', url, headers: admin, payload: { label: 'relay' } })
  ).json();
  const answer = await center.api.inject({
    method: 'GET',
    url: '/api/v1/alerts',
    headers: { authorization: `Bearer ${text}` },
  });
  expect(answer.statusCode).toBe(401);
});

test('a changed role holds at once, and nobody takes away their own', async () => {
  const admin = await center.session('soc-admin');
  const own = await center.api.inject({ method: 'GET', url: '/api/v1/users/id-of-soc-admin', headers: admin });
  const demote = (id: string, etag: unknown, payload: object) =>
    center.api.inject({
      method: 'PATCH',
      url: `/api/v1/users/${id}`,
      headers: { ...admin, 'if-match': String(etag) },
      payload,
    });
  expect((await demote('id-of-soc-admin', own.headers.etag, { role: 'auditor' })).statusCode).toBe(409);
  const colleague = await center.session('alphaword-colleague');
  const them = await center.api.inject({
    method: 'GET',
    url: '/api/v1/users/id-of-alphaword-colleague',
    headers: admin,
  });
  expect((await demote('id-of-alphaword-colleague', them.headers.etag, { members: 'all' })).statusCode).toBe(400);
  const moved = await demote('id-of-alphaword-colleague', them.headers.etag, { members: [center.beta.memberId] });
  expect(moved.statusCode).toBe(200);
  const seen = await center.api.inject({ method: 'GET', url: '/api/v1/members', headers: colleague });
  expect(seen.json().items.map((member: { id: string }) => member.id)).toEqual([center.beta.memberId]);
});
