/** No member learns of another: every route, with own, foreign and unknown ids, as every kind of reader of one member. */
import { request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { InjectOptions } from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSqliteStore } from '../store/sqlite.ts';
import { CAMPAIGN_ID, openTestApi, type Seeded, type TestApi } from './api.fixture.ts';

let center: TestApi;
let readers: Record<string, Record<string, string>>;
beforeAll(async () => {
  center = await openTestApi(openSqliteStore);
  const own = [center.alpha.memberId];
  readers = {
    'member, key': await center.key('member', own),
    'member, session': await center.session('alphaword-admin'),
    'analyst of one member': await center.key('analyst', own),
    'responder of one member': await center.key('responder', own),
    'auditor of one member': await center.key('auditor', own),
    'admin of one member': await center.key('admin', own),
    nobody: {},
  };
});
afterAll(() => center.close());

/** Ids to put into a route's path, by what stands before `:id`. */
const ids: Readonly<Record<string, (of: Seeded) => string>> = {
  members: (of) => of.memberId,
  sources: (of) => of.sourceId,
  users: (of) => `id-of-${of.login}`,
  keys: (of) => of.keyId,
  alerts: (of) => of.alertId,
  incidents: (of) => of.incidentId,
  campaigns: () => CAMPAIGN_ID,
  events: (of) => of.eventId,
  rules: (of) => of.word,
};
const unknown: Seeded = {
  ...{ memberId: 'gamma-school', word: 'gammaword', sourceId: 'gamma-school.gammaword-vpn', login: 'gammaword-admin' },
  ...{ alertId: 'alert-gammaword', incidentId: 'incident-gammaword', keyId: 'gammawordaaa' },
  ...{ eventId: '01ARZ3NDEKTSV4RRFFQ69G5FAV-000000', rejectId: '01ARZ3NDEKTSV4RRFFQ69G5FAV-000001' },
};

const filters: Readonly<Record<string, (of: Seeded) => Record<string, string>>> = {
  '/api/v1/sources': (of) => ({ memberId: of.memberId }),
  '/api/v1/keys': (of) => ({ sourceId: of.sourceId }),
  '/api/v1/alerts': (of) => ({ memberId: of.memberId }),
  '/api/v1/alerts/counts': (of) => ({ memberId: of.memberId }),
  '/api/v1/incidents': (of) => ({ memberId: of.memberId }),
  '/api/v1/events': (of) => ({ memberId: of.memberId, q: of.word, until: fixed.until }),
  '/api/v1/events/histogram': (of) => ({ memberId: of.memberId, ...fixed }),
  '/api/v1/rejects': (of) => ({ sourceId: of.sourceId }),
  '/api/v1/audit': (of) => ({ memberId: of.memberId }),
  '/api/v1/ledger': (of) => ({ sourceId: of.sourceId, ...fixed }),
};
const words: Readonly<Record<string, (of: Seeded) => Record<string, string>>> = {
  '/api/v1/alerts': (of) => ({ text: of.word }),
  '/api/v1/incidents': (of) => ({ text: of.word }),
  '/api/v1/events': (of) => ({ q: `${of.word}*`, sourceId: of.sourceId, until: fixed.until }),
  '/api/v1/events/histogram': (of) => ({ sourceId: of.sourceId, ...fixed }),
  '/api/v1/audit': (of) => ({ targetId: of.incidentId }),
};
const fixed = {
  since: new Date(Date.now() - 3_600_000).toISOString(),
  until: new Date(Date.now() + 3_600_000).toISOString(),
};

const bodies: Readonly<Record<string, (of: Seeded) => object>> = {
  'POST /api/v1/sources': (of) => ({ memberId: of.memberId, name: 'more', type: 'test-product', encoding: 'utf-8' }),
  'POST /api/v1/sources/:id/keys': () => ({ label: 'relay' }),
  'PATCH /api/v1/sources/:id': () => ({ encoding: 'shift_jis' }),
  'PATCH /api/v1/members/:id': () => ({ name: 'Other' }),
  'PATCH /api/v1/users/:id': () => ({ name: 'Other' }),
  'PATCH /api/v1/alerts/:id': () => ({ status: 'acknowledged' }),
  'POST /api/v1/alerts/bulk': (of) => ({ ids: [of.alertId], set: { assignee: null } }),
  'PATCH /api/v1/incidents/:id': () => ({ status: 'in-progress' }),
  'POST /api/v1/incidents/:id/comments': () => ({ text: 'a note' }),
  'PATCH /api/v1/campaigns/:id': () => ({ status: 'in-progress' }),
  'POST /api/v1/campaigns/:id/comments': () => ({ text: 'a note' }),
  'POST /api/v1/rejects/replay': (of) => ({ ids: [of.rejectId] }),
  'POST /api/v1/queue/dead/retry': (of) => ({ ids: [`dead-${of.word}`] }),
};

interface Call {
  readonly method: InjectOptions['method'];
  readonly url: string;
  readonly query?: Record<string, string>;
  readonly payload?: object;
}

function callsOf(method: string, url: string, of: Seeded): Call[] {
  const kind = /\/([a-z-]+)\/:id/.exec(url)?.[1];
  const path = kind === undefined ? url : url.replace(':id', (ids[kind] as (of: Seeded) => string)(of));
  const call = { method: method as InjectOptions['method'], url: path };
  if (method === 'POST' || method === 'PATCH') return [{ ...call, payload: bodies[`${method} ${url}`]?.(of) ?? {} }];
  return [
    call,
    ...[filters[url], words[url]]
      .filter((query) => query !== undefined)
      .map((query) => ({ ...call, query: query(of) })),
  ];
}

function forbidden(url: string): readonly string[] {
  const { word, memberId, eventId, rejectId } = center.beta;
  const values = [word, memberId, eventId, rejectId, '198.51.100.77', CAMPAIGN_ID, 'soc-analyst', 'soc-admin'];
  // The API's description names the property; no answer does.
  return url === '/openapi.json' ? values : [...values, 'campaignId'];
}

async function ask(
  call: Call,
  headers: Record<string, string>,
): Promise<{ status: number; body: string; all: string }> {
  const answer = await center.api.inject({
    ...call,
    headers: { ...headers, ...(call.method === 'PATCH' && { 'if-match': '"1"' }) },
  } as InjectOptions);
  const { date: _date, ...own } = answer.headers;
  // The bulk change answers for each id, in the words of the request itself.
  const asked = call.payload !== undefined && 'ids' in call.payload ? (call.payload.ids as string[]) : [];
  const body = asked.reduce((text, id) => text.replaceAll(`"id":"${id}"`, '"id":"…"'), answer.body);
  return { status: answer.statusCode, body, all: `${JSON.stringify(own)}\n${body}` };
}

/** The stream does not end, the console has no data; signing out comes last, for it ends what the walk walks with. */
const walked = () =>
  center.routes
    .filter(({ url, method }) => url !== '/*' && url !== '/api/v1/stream' && method !== 'HEAD')
    .sort((a, b) => Number(a.url === '/api/v1/session') - Number(b.url === '/api/v1/session'))
    .sort((a, b) => Number(a.method === 'DELETE') - Number(b.method === 'DELETE'));

test('the walk sees every route, and its seeds are visible to the center', async () => {
  expect(walked().length).toBeGreaterThan(45);
  const whole = await center.key('admin', 'all');
  for (const { method, url } of walked().filter(({ method }) => method === 'GET')) {
    for (const call of callsOf(method, url, center.beta)) {
      const { status, body } = await ask(call, whole);
      if (filters[url] !== undefined && call.query !== undefined) expect([url, status]).toEqual([url, 200]);
      if (/\/(alerts|incidents|campaigns|events|rejects|keys|sources|ledger)$/.test(url))
        expect(body).toContain('beta');
    }
  }
});

test('no answer to a reader of one member holds anything of another', async () => {
  for (const [name, headers] of Object.entries(readers)) {
    for (const { method, url } of walked()) {
      for (const of of [center.alpha, center.beta]) {
        for (const call of callsOf(method, url, of)) {
          const { status, all } = await ask(call, headers);
          const where = `${name}: ${method} ${call.url} ${JSON.stringify(call.query ?? {})} → ${status}`;
          expect(status, where).toBeLessThan(500);
          for (const text of forbidden(url))
            expect(all.includes(text), `${where}: "${text}" in ${all.slice(0, 600)}`).toBe(false);
        }
      }
    }
    if (name === 'member, session') readers[name] = await center.session('alphaword-admin');
  }
});

test("another member's id is answered like one that does not exist", async () => {
  for (const [name, headers] of Object.entries(readers)) {
    for (const { method, url } of walked()) {
      const foreign = callsOf(method, url, center.beta);
      const missing = callsOf(method, url, unknown);
      for (const [index, call] of foreign.entries()) {
        if (JSON.stringify(call) === JSON.stringify(missing[index])) continue;
        const [a, b] = [await ask(call, headers), await ask(missing[index] as Call, headers)];
        expect([a.status, a.body], `${name}: ${method} ${call.url}`).toEqual([b.status, b.body]);
      }
    }
  }
});

test('center staff read as "center", people of the same member by their login', async () => {
  const answer = await center.api.inject({
    method: 'GET',
    url: `/api/v1/incidents/${center.alpha.incidentId}`,
    headers: await center.session('alphaword-colleague'),
  });
  const { incident, timeline } = answer.json();
  const authors = incident.comments.slice(0, 2).map((comment: { by: string }) => comment.by);
  expect(authors).toEqual(['center', 'alphaword-admin']);
  expect(incident.assignee).toBe('center');
  const change = timeline.find((item: { kind: string }) => item.kind === 'change');
  expect(change).toMatchObject({ by: 'center', title: 'status: new → in-progress' });
  expect(change).not.toHaveProperty('text');
});

test('the live stream passes on own changes only, as a member may see them', async () => {
  await center.api.listen({ host: '127.0.0.1', port: 0 });
  const { port } = center.api.server.address() as AddressInfo;
  const headers = await center.session('alphaword-admin');
  const received: string[] = [];
  const ended = new Promise<void>((resolve, reject) => {
    const asked = httpRequest({ host: '127.0.0.1', port, path: '/api/v1/stream', headers }, (answer) => {
      expect(answer.headers['content-type']).toBe('text/event-stream');
      answer.setEncoding('utf8').on('data', (text: string) => received.push(text));
      answer.on('end', resolve);
    });
    asked.on('error', reject).end();
  });
  await expect.poll(() => center.live.size).toBe(1);
  const analyst = await center.key('analyst', 'all');
  for (const of of [center.beta, center.alpha]) {
    const note = { text: `to all at ${of.word}` };
    const url = `/api/v1/incidents/${of.incidentId}/comments`;
    expect((await center.api.inject({ method: 'POST', url, headers: analyst, payload: note })).statusCode).toBe(201);
  }
  const url = `/api/v1/campaigns/${CAMPAIGN_ID}/comments`;
  await center.api.inject({ method: 'POST', url, headers: analyst, payload: { text: 'between us' } });
  await expect.poll(() => received.join('')).toContain('to all at alphaword');
  await center.api.inject({ method: 'DELETE', url: '/api/v1/session', headers });
  await ended;
  const all = received.join('');
  expect(all.match(/^event: \w+$/gm)).toEqual(['event: incident']);
  for (const text of forbidden('/api/v1/stream')) expect(all).not.toContain(text);
  expect(center.live.size).toBe(0);
});
