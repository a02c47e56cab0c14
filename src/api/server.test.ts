/** What holds for every route: roles, refusals as problems, the API's own description, headers, probes. */
import { readdir, readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import fastify, { type InjectOptions } from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { errorCodes } from '../errors.ts';
import type { Role } from '../model/access.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import { addAccessCheck } from './access.ts';
import { openTestApi, type TestApi } from './api.fixture.ts';

let center: TestApi;
let admin: { authorization: string };
beforeAll(async () => {
  center = await openTestApi(openSqliteStore);
  admin = await center.key('admin', 'all');
});
afterAll(() => center.close());

const get = (url: string, headers: Record<string, string> = admin) =>
  center.api.inject({ method: 'GET', url, headers });
const roles: readonly Role[] = ['admin', 'analyst', 'responder', 'member', 'auditor'];
const own = ['DELETE /api/v1/session', 'PATCH /api/v1/session/user'];
const cases = ['alerts', 'incidents', 'campaigns'].map((kind) => `PATCH /api/v1/${kind}/:id`);

test.each<[Role, string[]]>([
  [
    'analyst',
    [
      ...cases,
      'POST /api/v1/alerts/bulk',
      'POST /api/v1/campaigns/:id/comments',
      'POST /api/v1/incidents/:id/comments',
      'POST /api/v1/rejects/replay',
      ...own,
    ],
  ],
  ['responder', ['POST /api/v1/campaigns/:id/comments', 'POST /api/v1/incidents/:id/comments', ...own]],
  ['member', ['POST /api/v1/incidents/:id/comments', ...own]],
  ['auditor', own],
])('what the role "%s" can change is exactly this', (role, expected) => {
  const allowed = center.routes
    .filter(({ method, access }) => method !== 'GET' && method !== 'HEAD' && access.roles.includes(role))
    .map(({ method, url }) => `${method} ${url}`);
  expect(allowed.toSorted()).toEqual(expected.toSorted());
});

test('open to anyone is exactly this', () => {
  const open = center.routes
    .filter(({ access }) => access.roles === 'public')
    .map(({ method, url }) => `${method} ${url}`);
  expect(open.toSorted()).toEqual([
    ...['GET /*', 'GET /healthz', 'GET /metrics', 'GET /openapi.json', 'GET /readyz'],
    ...['HEAD /*', 'HEAD /healthz', 'HEAD /readyz', 'POST /api/v1/session', 'POST /api/v1/setup'],
  ]);
});

test('the declared roles are what holds', async () => {
  const keys = new Map<Role, Record<string, string>>();
  for (const role of roles) keys.set(role, await center.key(role, role === 'member' ? [center.alpha.memberId] : 'all'));
  for (const { method, url, access } of center.routes) {
    if (access.roles === 'public' || url === '/api/v1/stream') continue;
    for (const [role, headers] of keys) {
      // Ids that are nowhere: what gets past the check of roles is refused later, and changes nothing.
      const answer = await center.api.inject({ method, url: url.replace(':id', 'nowhere'), headers } as InjectOptions);
      const allowed = access.roles.includes(role) && access.session === undefined;
      const what = `${role}: ${method} ${url}`;
      if (allowed) expect([200, 204, 400, 404], what).toContain(answer.statusCode);
      else expect([what, answer.statusCode, answer.json().type]).toEqual([what, 403, 'about:blank#forbidden']);
    }
  }
});

test('a route that does not say who may use it cannot be registered', () => {
  const bare = fastify();
  addAccessCheck(bare, () => Promise.reject(new Error('nobody is known')));
  expect(() => bare.get('/forgotten', async () => 'x')).toThrow('GET /forgotten does not say which roles may use it');
});

const json = { ...{ 'content-type': 'application/json' } };
test.each<[string, InjectOptions, number, string, string]>([
  ['unknown route', { method: 'GET', url: '/api/v1/nothing' }, 404, 'not-found', 'what does not exist'],
  ['unknown method', { method: 'DELETE', url: '/api/v1/alerts' }, 404, 'not-found', 'what does not exist'],
  [
    'broken JSON',
    { method: 'POST', url: '/api/v1/session', headers: json, payload: '{"login":' },
    400,
    'invalid-request',
    'not the JSON',
  ],
  [
    '__proto__',
    {
      method: 'POST',
      url: '/api/v1/session',
      headers: json,
      payload: '{"__proto__":{"x":1},"login":"a","password":"b"}',
    },
    400,
    'invalid-request',
    'JSON',
  ],
  ['no body', { method: 'POST', url: '/api/v1/session', headers: json }, 400, 'invalid-request', 'body is empty'],
  [
    'a form',
    {
      method: 'POST',
      url: '/api/v1/session',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: 'login=a',
    },
    415,
    'unsupported-media-type',
    'application/json',
  ],
  [
    'text',
    { method: 'POST', url: '/api/v1/session', headers: { 'content-type': 'text/plain' }, payload: '{}' },
    415,
    'unsupported-media-type',
    'application/json',
  ],
  [
    '2 MB',
    { method: 'POST', url: '/api/v1/session', headers: json, payload: `"${'a'.repeat(2_000_000)}"` },
    413,
    'too-large',
    '1048576',
  ],
  ['bad encoding', { method: 'GET', url: '/api/v1/alerts/%zz' }, 400, 'invalid-request', 'encoded'],
  [
    'deep nesting',
    { method: 'POST', url: '/api/v1/session', headers: json, payload: `${'['.repeat(10_000)}${']'.repeat(10_000)}` },
    400,
    'invalid-request',
    'body',
  ],
])('%s → a problem that says what to mend', async (_, request, status, code, detail) => {
  const answer = await center.api.inject(request);
  expect(answer.statusCode).toBe(status);
  expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
  const told = answer.json();
  expect(told).toMatchObject({ type: `about:blank#${code}`, status, title: errorCodes[code as 'not-found'].title });
  expect(told.detail).toContain(detail);
});

test('every wrong field is listed', async () => {
  const answer = await get('/api/v1/alerts?limit=0&status=open&since=yesterday&memberID=x');
  expect(answer.json().errors.map((error: { field: string }) => error.field)).toEqual([
    ...['query.limit', 'query.status', 'query.since', 'query'],
  ]);
});

test('a mistake in a search is told with its place', async () => {
  const answer = await get(`/api/v1/events?q=${encodeURIComponent('user:bob AND (')}`);
  expect(answer.statusCode).toBe(400);
  expect(answer.json()).toMatchObject({ position: expect.any(Number), detail: expect.stringContaining('query.q') });
});

test('a failure of ours tells an id and nothing else', async () => {
  const { find } = center.store;
  center.store.find = async () => {
    throw new Error('SQLITE_CORRUPT: /var/lib/hinomi/state.db');
  };
  const answer = await get('/api/v1/members');
  center.store.find = find;
  expect([answer.statusCode, answer.json().type]).toEqual([500, 'about:blank#internal']);
  expect(answer.body).not.toMatch(/sqlite|state\.db/i);
  expect(answer.json().detail).toMatch(/[0-9a-f]{8}-[0-9a-f]{4}/);
});

test('HTTP that cannot be parsed is answered as a problem too', async () => {
  if (!center.api.server.listening) await center.api.listen({ host: '127.0.0.1', port: 0 });
  const { port } = center.api.server.address() as AddressInfo;
  const text = await new Promise<string>((resolve, reject) => {
    let all = '';
    connect(port, '127.0.0.1', function (this: import('node:net').Socket) {
      this.end('NOT HTTP AT ALL\r\n\r\n');
    })
      .on('data', (bytes) => {
        all += bytes;
      })
      .on('end', () => resolve(all))
      .on('error', reject);
  });
  expect(text).toContain('400 Bad Request');
  expect(text).toContain('application/problem+json');
  expect(text).toContain('about:blank#invalid-request');
});

test('/openapi.json describes every route with an answer, and refers to nothing that is missing', async () => {
  const document = (await get('/openapi.json', {})).json();
  expect(document.openapi).toBe('3.1.0');
  for (const code of Object.keys(errorCodes)) expect(document.info.description).toContain(`\`${code}\``);
  const names = new Set<string>();
  for (const { method, url } of center.routes.filter(({ url }) => url.startsWith('/api/'))) {
    const path = url.replaceAll(/:(\w+)/g, '{$1}');
    const operation = document.paths[path]?.[method.toLowerCase()];
    expect(operation, `${method} ${url}`).toBeDefined();
    expect(operation.summary, `${method} ${url}`).toMatch(/\w/);
    expect(operation.tags, `${method} ${url}`).toHaveLength(1);
    names.add(operation.operationId);
    const good = Object.keys(operation.responses).filter((status) => status.startsWith('2'));
    expect(good, `${method} ${url}`).toHaveLength(1);
    const answer = operation.responses[good[0] as string];
    if (good[0] !== '204') expect(Object.values(answer.content)[0], `${method} ${url}`).toHaveProperty('schema');
    expect(operation.responses['4XX'].content).toHaveProperty('application/problem+json');
    const inPath = (operation.parameters ?? []).filter((parameter: { in: string }) => parameter.in === 'path');
    expect(inPath.map((parameter: { name: string }) => parameter.name)).toEqual(
      [...url.matchAll(/:(\w+)/g)].map(([, name]) => name),
    );
  }
  expect(names.size).toBe(center.routes.filter(({ url }) => url.startsWith('/api/')).length);
  for (const [, ref] of JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)) {
    let at = document;
    for (const part of (ref as string).split('/')) at = at?.[part];
    expect(at, ref).toBeDefined();
  }
});

test('every error code is used somewhere', async () => {
  const src = new URL('../', import.meta.url);
  const files = (await readdir(src, { recursive: true })).filter((file) =>
    /^(api|intake|access)\/.*(?<!\.test)\.ts$/.test(file),
  );
  const all = (await Promise.all(files.map((file) => readFile(new URL(file, src), 'utf8')))).join('\n');
  for (const code of Object.keys(errorCodes)) expect(all, code).toContain(`'${code}'`);
});

test('every answer keeps browsers from running, framing or keeping it; no other site is let in', async () => {
  for (const url of ['/', '/api/v1/alerts', '/api/v1/nothing', '/healthz', '/openapi.json']) {
    const { headers } = await get(url, { ...admin, origin: 'https://evil.example.com' });
    expect(headers['content-security-policy'], url).toContain("default-src 'self'");
    expect(headers['content-security-policy'], url).toContain("frame-ancestors 'none'");
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' });
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  }
});

test('alive, ready with reasons, metrics', async () => {
  expect((await get('/healthz', {})).json()).toEqual({ alive: true });
  expect((await get('/readyz', {})).json().checks.queue.detail).toContain('wait');
  const metrics = await get('/metrics', {});
  expect(metrics.headers['content-type']).toContain('text/plain');
  expect(metrics.body).toMatch(
    /^hinomi_api_requests_total\{method="GET",route="\/api\/v1\/alerts",status="[24]xx"\} \d+$/m,
  );
  expect(metrics.body).toMatch(/^more 1$/m);
  for (const line of metrics.body.trimEnd().split('\n'))
    expect(line).toMatch(/^(# (HELP|TYPE) \S+ .+|\S+(\{.*\})? [0-9.e+-]+)$/);
});

test.each([
  ['through a proxy on this machine', { headers: { 'x-forwarded-for': '203.0.113.9' } }],
  ['from elsewhere', { remoteAddress: '203.0.113.9' }],
])('metrics and reasons are not for strangers: %s', async (_, from) => {
  const stranger = await center.api.inject({ method: 'GET', url: '/metrics', ...from });
  expect(stranger.statusCode).toBe(401);
  const ready = await center.api.inject({ method: 'GET', url: '/readyz', ...from });
  expect(ready.json()).toEqual({ ready: true, checks: { queue: { ok: true } } });
  const auditor = await center.key('auditor', 'all');
  const allowed = await center.api.inject({
    method: 'GET',
    url: '/metrics',
    ...from,
    headers: { ...('headers' in from && from.headers), ...auditor },
  });
  expect(allowed.statusCode).toBe(200);
});

test('not ready is 503 and says why', async () => {
  const down = await center.also({
    overrides: { health: async () => ({ ready: false, checks: { store: { ok: false, detail: 'disk full' } } }) },
  });
  const answer = await down.inject({ method: 'GET', url: '/readyz' });
  expect([answer.statusCode, answer.json().checks.store]).toEqual([503, { ok: false, detail: 'disk full' }]);
  await down.close();
});
