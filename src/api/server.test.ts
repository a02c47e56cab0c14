/** What holds for every route: roles, refusals as problems, the API's own description, headers, the console's addresses. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { InjectOptions } from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { errorCodes } from '../errors.ts';
import type { Role } from '../model/access.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import { openTestApi, type TestApi } from './fixture.ts';

let center: TestApi;
let admin: { authorization: string };
beforeAll(async () => {
  center = await openTestApi(openSqliteStore, { heartbeatMs: 50 });
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
  // Registered late, but the check at registration comes first.
  expect(() => center.api.route({ method: 'GET', url: '/api/v1/forgotten', handler: async () => 'x' })).toThrow();
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
  const answer = await get('/api/v1/alerts?limit=0&status=open&since=yesterday');
  expect(answer.json().errors.map((error: { field: string }) => error.field)).toEqual([
    ...['query.limit', 'query.status', 'query.since'],
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

test('events: search, counts, one by id', async () => {
  const found = (await get('/api/v1/events?q=alphaword*')).json();
  expect(found.items.map((event: Record<string, string>) => event['event.id'])).toEqual([center.alpha.eventId]);
  const narrow = (await get(`/api/v1/events?sourceId=${center.beta.sourceId}`)).json();
  expect(narrow.items.length).toBe(1);
  expect(narrow.items[0]['organization.id']).toBe(center.beta.memberId);
  const buckets = (await get('/api/v1/events/histogram?step=60000')).json().items;
  expect(buckets.reduce((sum: number, bucket: { events: number }) => sum + bucket.events, 0)).toBe(2);
  expect((await get('/api/v1/events/histogram?step=60000&since=2020-01-01T00:00:00Z')).statusCode).toBe(400);
  expect((await get(`/api/v1/events/${center.alpha.eventId}`)).json()['user.name']).toBe('alphaword-user');
  expect((await get('/api/v1/events/nowhere')).statusCode).toBe(404);
  const since = '2026-01-02T00:00:00Z';
  expect((await get(`/api/v1/events?since=${since}&until=${since}`)).statusCode).toBe(400);
});

test('a source: made, changed, its settings checked by its connector', async () => {
  const send = (method: 'POST' | 'PATCH', url: string, payload: object, etag?: string) =>
    center.api.inject({ method, url, payload, headers: { ...admin, ...(etag !== undefined && { 'if-match': etag }) } });
  const body = { memberId: 'alpha-hospital', name: 'mail', type: 'test-product', config: { facility: 'x' } };
  const bad = await send('POST', '/api/v1/sources', { ...body, config: { facility: 1, more: true } });
  expect(bad.json().errors.map((error: { field: string }) => error.field)).toEqual([
    'body.config.facility',
    'body.config',
  ]);
  expect((await send('POST', '/api/v1/sources', { ...body, type: 'nothing' })).statusCode).toBe(400);
  const made = await send('POST', '/api/v1/sources', body);
  expect(made.json()).toMatchObject({ id: 'alpha-hospital.mail', timeZone: 'Asia/Tokyo', encoding: 'utf-8' });
  expect((await send('POST', '/api/v1/sources', body)).statusCode).toBe(409);
  const url = '/api/v1/sources/alpha-hospital.mail';
  expect((await send('PATCH', url, { timeZone: 'Mars/Olympus' }, '"1"')).statusCode).toBe(400);
  expect((await send('PATCH', url, { encoding: 'shift_jis' }, '"1"')).json().encoding).toBe('shift_jis');
  const read = (await get(url)).json();
  expect(read).toMatchObject({ health: 'never', lastReceivedAt: null, counters: { received: 0, pending: 0 } });
});

test('the ledger balances, what waits included', async () => {
  const rows = (await get('/api/v1/ledger')).json().items;
  expect(rows.length).toBe(2);
  for (const row of rows) {
    expect(row.received).toBe(row.events + row.rejects + row.refused + row.pending);
    expect(row).toMatchObject({ events: 1, rejects: 1, pending: 6 });
  }
  const source = (await get(`/api/v1/sources/${center.alpha.sourceId}`)).json();
  expect(source).toMatchObject({ health: 'failing', counters: { received: 8, events: 1, rejects: 1, pending: 6 } });
});

test('replay is on record, and only for rejects that are there', async () => {
  const payload = { ids: [center.alpha.rejectId, 'nowhere'] };
  const done = await center.api.inject({ method: 'POST', url: '/api/v1/rejects/replay', headers: admin, payload });
  expect(done.json()).toEqual({ replayed: 1, cut: 0 });
  const audit = (await get('/api/v1/audit?action=reject.replay')).json();
  expect(audit.items[0]).toMatchObject({
    target: { kind: 'source', id: center.alpha.sourceId },
    after: { rejects: 1 },
  });
});

test('rules, their problems, and rules without an id of their own', async () => {
  expect((await get('/api/v1/rules')).json().items.map((rule: { id: string }) => rule.id)).toEqual([
    'rule-one',
    'vpn/two.yml',
  ]);
  expect((await get(`/api/v1/rules/${encodeURIComponent('vpn/two.yml')}`)).json().kind).toBe('correlation');
  expect((await get('/api/v1/rules/problems')).json().items[0].text).toBe(
    'rules/vpn/x.yml:14: unknown modifier "contain"',
  );
  expect((await get('/api/v1/rules/nothing')).statusCode).toBe(404);
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
  const down = await openTestApi(openSqliteStore, {
    overrides: { health: async () => ({ ready: false, checks: { store: { ok: false, detail: 'disk full' } } }) },
  });
  const answer = await down.api.inject({ method: 'GET', url: '/readyz' });
  expect([answer.statusCode, answer.json().checks.store]).toEqual([503, { ok: false, detail: 'disk full' }]);
  await down.close();
});

test('the console: files, one page for all its addresses, nothing outside the folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hinomi-console-'));
  await mkdir(join(folder, 'dist', 'assets'), { recursive: true });
  await writeFile(join(folder, 'dist', 'index.html'), '<!doctype html><title>the page</title>');
  await writeFile(join(folder, 'dist', 'icon.svg'), '<svg/>');
  await writeFile(join(folder, 'dist', 'assets', 'main-abc.js'), 'let a = 1');
  await writeFile(join(folder, 'secret.txt'), 'secret');
  const built = await openTestApi(openSqliteStore, { overrides: { consoleFolder: join(folder, 'dist') } });
  const read = (url: string) => built.api.inject({ method: 'GET', url });
  for (const url of ['/', '/alerts', '/incidents/01ABC', '/members/kita.vpn', '/setup']) {
    const page = await read(url);
    expect([url, page.statusCode, page.body]).toEqual([url, 200, '<!doctype html><title>the page</title>']);
    expect(page.headers['cache-control']).toContain('max-age=0');
  }
  expect((await read('/assets/main-abc.js')).headers['cache-control']).toContain('immutable');
  expect((await read('/icon.svg')).headers['content-type']).toContain('svg');
  for (const url of [
    '/assets/none.js',
    '/none.svg',
    '/api',
    '/api/v1/none',
    '/assets/../../secret.txt',
    '/assets/%2e%2e/%2e%2e/secret.txt',
    '/metrics/x',
  ]) {
    const answer = await read(url);
    expect([url, answer.statusCode]).toEqual([url, 404]);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
  }
  await built.close();
  await rm(folder, { recursive: true });
  expect((await get('/', {})).body).toContain('has not been built');
});

test('streams: a sign of life, bounded per reader, gone when the key is revoked or the reader leaves', async () => {
  if (!center.api.server.listening) await center.api.listen({ host: '127.0.0.1', port: 0 });
  const { port } = center.api.server.address() as AddressInfo;
  const created = await center.api.inject({
    method: 'POST',
    url: '/api/v1/keys',
    headers: admin,
    payload: { label: 'watcher', role: 'analyst', members: 'all' },
  });
  const headers = { authorization: `Bearer ${created.json().text}` };
  const open = () =>
    new Promise<{ status: number; text: () => string; ended: Promise<void>; leave: () => void }>((resolve, reject) => {
      const asked = httpRequest(
        { host: '127.0.0.1', port, path: '/api/v1/stream', headers, agent: false },
        (answer) => {
          let all = '';
          answer.setEncoding('utf8').on('data', (text: string) => {
            all += text;
          });
          const ended = new Promise<void>((done) => answer.on('close', done));
          answer.on('error', () => undefined);
          resolve({ status: answer.statusCode ?? 0, text: () => all, ended, leave: () => asked.destroy() });
        },
      );
      asked.on('error', reject).end();
    });
  const streams = await Promise.all(Array.from({ length: 20 }, open));
  expect(streams.every(({ status }) => status === 200)).toBe(true);
  expect((await open()).status).toBe(429);
  const [first, second] = streams;
  await expect.poll(() => first?.text()).toContain(': still here');
  second?.leave();
  await expect.poll(() => center.live.size).toBe(19);
  const url = `/api/v1/keys/${created.json().key.id}`;
  expect((await center.api.inject({ method: 'DELETE', url, headers: admin })).statusCode).toBe(204);
  await first?.ended;
  await expect.poll(() => center.live.size).toBe(0);
});
