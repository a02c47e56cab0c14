/** Events, sources, the ledger, rejects, rules, the console's files, and the streams: what their routes answer. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSqliteStore } from '../store/sqlite.ts';
import { openTestApi, type TestApi } from './api.fixture.ts';

let center: TestApi;
let admin: { authorization: string };
beforeAll(async () => {
  center = await openTestApi(openSqliteStore, { heartbeatMs: 50 });
  admin = await center.key('admin', 'all');
});
afterAll(() => center.close());

const get = (url: string, headers: Record<string, string> = admin) =>
  center.api.inject({ method: 'GET', url, headers });

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
  expect((await get(`/api/v1/rules/${encodeURIComponent('vpn/two.yml')}`)).json()).toMatchObject({
    kind: 'correlation',
    titleJa: null,
    descriptionJa: null,
  });
  expect((await get('/api/v1/rules/rule-one')).json()).toMatchObject({
    titleJa: 'ログイン失敗',
    descriptionJa: '同じ送信元が何度も失敗。',
  });
  expect((await get('/api/v1/rules/problems')).json().items[0].text).toBe(
    'rules/vpn/x.yml:14:1: unknown modifier "contain"',
  );
  expect((await get('/api/v1/rules/nothing')).statusCode).toBe(404);
});

test('the console: files, one page for all its addresses, nothing outside the folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hinomi-console-'));
  await mkdir(join(folder, 'dist', 'assets'), { recursive: true });
  await writeFile(join(folder, 'dist', 'index.html'), '<!doctype html><title>the page</title>');
  await writeFile(join(folder, 'dist', 'icon.svg'), '<svg/>');
  await writeFile(join(folder, 'dist', 'assets', 'main-abc.js'), 'let a = 1');
  await writeFile(join(folder, 'secret.txt'), 'secret');
  const built = await center.also({ overrides: { consoleFolder: join(folder, 'dist') } });
  const read = (url: string) => built.inject({ method: 'GET', url });
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

test('the status of the center is for its staff', async () => {
  const own = [center.alpha.memberId];
  for (const role of ['admin', 'analyst', 'responder', 'auditor'] as const) {
    const answer = await get('/api/v1/status', await center.key(role, 'all'));
    expect(answer.json()).toMatchObject({ processes: [{ host: 'watchtower' }], waiting: [{}, {}], problems: [{}] });
    expect((await get('/api/v1/status', await center.key(role, own))).statusCode).toBe(403);
  }
  expect((await get('/api/v1/status', await center.session('alphaword-admin'))).statusCode).toBe(403);
});
