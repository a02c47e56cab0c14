/** Work on alerts, incidents and campaigns through the API: versions, bulk, pages, comments, timelines, the audit of it all. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Alert } from '../model/alert.ts';
import { CENTER_SCOPE } from '../model/scope.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import { CAMPAIGN_ID, openTestApi, type TestApi } from './api.fixture.ts';

let center: TestApi;
let analyst: { cookie: string; 'x-csrf-token': string };
/** Made anew for each test: an alert and its incident, both at version 1. */
let alertId: string;
let incidentId: string;
beforeAll(async () => {
  center = await openTestApi(openSqliteStore);
  analyst = await center.session('soc-analyst');
});
afterAll(() => center.close());

let cases = 0;
beforeEach(async () => {
  const [alert, incident] = await Promise.all([
    center.store.get('alert', CENTER_SCOPE, center.alpha.alertId),
    center.store.get('incident', CENTER_SCOPE, center.alpha.incidentId),
  ]);
  if (alert === undefined || incident === undefined) throw new Error('the seeds are missing');
  cases++;
  alertId = `case-${cases}-alert`;
  incidentId = `case-${cases}-incident`;
  await center.store.save([
    { kind: 'alert', doc: { ...alert, id: alertId, incidentId, campaignId: null } },
    { kind: 'incident', doc: { ...incident, id: incidentId, alertIds: [alertId], campaignId: null } },
  ]);
  center.saved.length = 0;
});

const get = (url: string, headers: Record<string, string> = analyst) =>
  center.api.inject({ method: 'GET', url: `/api/v1/${url}`, headers });
const patch = (url: string, payload: object, etag?: string, headers: Record<string, string> = analyst) =>
  center.api.inject({
    method: 'PATCH',
    url: `/api/v1/${url}`,
    payload,
    headers: { ...headers, ...(etag !== undefined && { 'if-match': etag }) },
  });
const post = (url: string, payload: object, headers: Record<string, string> = analyst) =>
  center.api.inject({ method: 'POST', url: `/api/v1/${url}`, payload, headers });
const entriesOf = async (id: string) =>
  (await center.store.find('audit', CENTER_SCOPE, { where: { 'target.id': id }, limit: 100 })).items;

async function addAlerts(count: number, set: Partial<Alert> = {}): Promise<string[]> {
  const doc = await center.store.get('alert', CENTER_SCOPE, center.alpha.alertId);
  const ids = Array.from({ length: count }, (_, index) => `alert-${cases}-${String(index).padStart(4, '0')}`);
  const at = (index: number) => new Date(Date.UTC(2026, 0, 1, 0, Math.floor(index / 3))).toISOString();
  await center.store.save(
    ids.map((id, index) => ({
      kind: 'alert' as const,
      doc: { ...(doc as Alert), id, incidentId: null, lastSeenAt: at(index), ...set, version: 1 },
    })),
  );
  return ids;
}

test('a change names the version it is made to, and is on record', async () => {
  const url = `alerts/${alertId}`;
  const read = await get(url);
  expect(read.headers.etag).toBe('"1"');
  const missing = await patch(url, { status: 'acknowledged' });
  expect([missing.statusCode, missing.json().type]).toEqual([428, 'about:blank#version-required']);
  const done = await patch(url, { status: 'acknowledged', reason: 'mine' }, '"1"');
  expect([done.statusCode, done.headers.etag, done.json().status]).toEqual([200, '"2"', 'acknowledged']);
  const late = await patch(url, { status: 'closed', closeReason: 'benign' }, '"1"');
  expect([late.statusCode, late.json().type]).toEqual([412, 'about:blank#version-conflict']);
  expect((await get(url)).headers.etag).toBe('"2"');
  const [entry, ...others] = await entriesOf(alertId);
  expect(others).toEqual([]);
  expect(entry).toMatchObject({
    ...{ actor: 'soc-analyst', action: 'alert.acknowledge', memberId: center.alpha.memberId, reason: 'mine' },
    ...{ before: { status: 'new' }, after: { status: 'acknowledged' } },
  });
  expect(center.saved.map(({ kind }) => kind)).toEqual(['alert']);
});

test('a change that changes nothing writes nothing', async () => {
  const done = await patch(`alerts/${alertId}`, { status: 'new' }, '"1"');
  expect([done.statusCode, done.headers.etag]).toEqual([200, '"1"']);
  expect(await entriesOf(alertId)).toEqual([]);
});

test.each([
  ['closed without a reason', { status: 'closed' }, 'closeReason'],
  ['a reason without closing', { status: 'acknowledged', closeReason: 'benign' }, 'closeReason'],
  ['an unknown status', { status: 'done' }, 'body.status'],
  ['a property that is not to be set', { status: 'new', memberId: 'beta-museum' }, 'memberId'],
  ['an assignee nobody knows', { assignee: 'nobody' }, 'assignee'],
  ['an assignee of a member', { assignee: 'alphaword-admin' }, 'assignee'],
])('refused: %s', async (_, wish, word) => {
  const answer = await patch(`alerts/${alertId}`, wish, '"1"');
  expect(answer.statusCode).toBe(400);
  expect(answer.json().detail).toContain(word);
});

test('reopening clears the reason of closing; assignment is by login', async () => {
  const url = `alerts/${alertId}`;
  expect((await patch(url, { status: 'closed', closeReason: 'false-positive' }, '"1"')).json()).toMatchObject({
    ...{ status: 'closed', closeReason: 'false-positive' },
  });
  expect((await patch(url, { status: 'new', assignee: 'SOC-Admin' }, '"2"')).json()).toMatchObject({
    ...{ status: 'new', closeReason: null, assignee: 'soc-admin' },
  });
});

test('many at once: an answer for each, versions do not matter, members do', async () => {
  const before = (await get('alerts/counts')).json();
  const ids = await addAlerts(250);
  const wish = {
    ids: [...ids, ids[0], 'alert-nowhere'],
    set: { status: 'closed', closeReason: 'benign' },
    reason: 'test',
  };
  const { results } = (await post('alerts/bulk', wish)).json();
  expect(results.length).toBe(251);
  expect(
    results.slice(0, 250).every((result: { ok: boolean; version: number }) => result.ok && result.version === 2),
  ).toBe(true);
  expect(results[250]).toMatchObject({ id: 'alert-nowhere', ok: false, error: { status: 404 } });
  const counts = (await get('alerts/counts')).json();
  expect(counts.status).toEqual({ ...before.status, closed: before.status.closed + 250 });
  expect(counts.level).toEqual(before.level);
  expect((await entriesOf(ids[7] as string))[0]).toMatchObject({ action: 'alert.close', reason: 'test' });

  const limited = await center.key('analyst', [center.beta.memberId]);
  const other = (await post('alerts/bulk', { ids: ids.slice(0, 1), set: { status: 'new' } }, limited)).json();
  expect(other.results[0]).toMatchObject({ ok: false, error: { status: 404 } });
});

test('many at once, while some are being changed by others: all are done', async () => {
  const ids = await addAlerts(60);
  const { save } = center.store;
  let others = 3;
  center.store.save = async (changes, applied) => {
    if (others-- > 0) {
      const doc = (await center.store.get('alert', CENTER_SCOPE, ids[5] as string)) as Alert;
      await save([{ kind: 'alert', doc: { ...doc, count: doc.count + 1, version: doc.version + 1 } }]);
    }
    return save(changes, applied);
  };
  const { results } = (await post('alerts/bulk', { ids, set: { status: 'acknowledged' } })).json();
  center.store.save = save;
  expect(results.every((result: { ok: boolean }) => result.ok)).toBe(true);
  const doc = await center.store.get('alert', CENTER_SCOPE, ids[5] as string);
  expect(doc?.status).toBe('acknowledged');
  expect(doc?.count).toBeGreaterThan(2);
});

test('pages follow each other without gap or repetition, filters hold', async () => {
  await addAlerts(25, { level: 'low' });
  const seen: string[] = [];
  let next: string | undefined;
  do {
    const page = (
      await get(`alerts?level=low&limit=7${next === undefined ? '' : `&cursor=${encodeURIComponent(next)}`}`)
    ).json();
    seen.push(...page.items.map((item: Alert) => item.id));
    next = page.next;
  } while (next !== undefined);
  expect(seen.length).toBe(25);
  expect(new Set(seen).size).toBe(25);
  expect((await get('alerts?level=low&level=high&limit=1000')).json().items.length).toBeGreaterThan(25);
  expect((await get('alerts?text=betaword-user')).json().items.map((item: Alert) => item.id)).toEqual([
    'alert-betaword',
  ]);
  expect((await get('alerts?level=low&since=2026-01-01T09:08:00%2B09:00')).json().items.length).toBe(1);
  const bad = await get('alerts?cursor=bm90LW91cnM');
  expect([bad.statusCode, bad.json().detail]).toEqual([400, expect.stringContaining('cursor')]);
});

test('an incident: alerts, timeline in time order, comments, changes with their reasons', async () => {
  const url = `incidents/${incidentId}`;
  expect((await post(`${url}/comments`, { text: 'called them' })).statusCode).toBe(201);
  expect(
    (await patch(url, { status: 'waiting-on-member', assignee: 'soc-analyst', reason: 'asked' }, '"2"')).statusCode,
  ).toBe(200);
  expect((await patch(`alerts/${alertId}`, { status: 'acknowledged' }, '"1"')).statusCode).toBe(200);
  const read = (await get(url)).json();
  expect(read.incident.comments.at(-1)).toMatchObject({ by: 'soc-analyst', text: 'called them' });
  expect(read.alerts.map((alert: Alert) => alert.id)).toEqual([alertId]);
  expect(read.complete).toBe(true);
  const times = read.timeline.map((item: { at: string }) => item.at);
  expect(times).toEqual([...times].sort());
  const kinds = read.timeline.map((item: { kind: string }) => item.kind);
  expect(kinds.toSorted()).toEqual(['alert-first', 'change', 'change', 'comment', 'comment', 'comment']);
  expect(read.timeline).toContainEqual(
    expect.objectContaining({
      kind: 'change',
      title: 'status: new → waiting-on-member',
      by: 'soc-analyst',
      text: 'asked',
    }),
  );
  expect(read.timeline).toContainEqual(
    expect.objectContaining({
      kind: 'change',
      title: 'Failed sign-in: status: new → acknowledged',
      titleJa: 'ログイン失敗: status: new → acknowledged',
      alertId,
    }),
  );
});

test('comments made at once all stay', async () => {
  const url = `incidents/${incidentId}/comments`;
  const answers = await Promise.all(['one', 'two', 'three', 'four'].map((text) => post(url, { text })));
  expect(answers.map((answer) => answer.statusCode)).toEqual([201, 201, 201, 201]);
  const { incident } = (await get(`incidents/${incidentId}`)).json();
  const texts = incident.comments.map((comment: { text: string }) => comment.text);
  expect(texts).toEqual(expect.arrayContaining(['one', 'two', 'three', 'four']));
});

test('an incident folded into another is off the list but still leads there', async () => {
  const doc = await center.store.get('incident', CENTER_SCOPE, incidentId);
  if (doc === undefined) throw new Error('no seed');
  await center.store.save([{ kind: 'incident', doc: { ...doc, mergedInto: 'incident-older', version: 2 } }]);
  const list = (await get('incidents')).json().items.map((item: { id: string }) => item.id);
  expect(list).toContain(center.alpha.incidentId);
  expect(list).not.toContain(incidentId);
  expect((await get(`incidents/${doc.id}`)).json().incident.mergedInto).toBe('incident-older');
});

test('a campaign is for readers of all its members', async () => {
  const read = (await get(`campaigns/${CAMPAIGN_ID}`)).json();
  expect(read.incidents.map((incident: { id: string }) => incident.id)).toEqual([
    'incident-alphaword',
    'incident-betaword',
  ]);
  expect(read.alerts.map((alert: Alert) => alert.id).toSorted()).toEqual(['alert-alphaword', 'alert-betaword']);
  expect(read.timeline.filter((item: { kind: string }) => item.kind === 'comment').length).toBe(5);
  const both = await center.key('analyst', [center.alpha.memberId, center.beta.memberId]);
  expect((await get(`campaigns/${CAMPAIGN_ID}`, both)).statusCode).toBe(200);
  const one = await center.key('analyst', [center.alpha.memberId]);
  expect((await get(`campaigns/${CAMPAIGN_ID}`, one)).statusCode).toBe(404);
  expect((await get('campaigns', one)).json().items).toEqual([]);
  const member = await center.key('member', [center.alpha.memberId]);
  expect((await get(`campaigns/${CAMPAIGN_ID}`, member)).statusCode).toBe(403);
  expect((await patch(`campaigns/${CAMPAIGN_ID}`, { status: 'in-progress' }, '"1"')).json().status).toBe('in-progress');
  expect(
    (await post(`campaigns/${CAMPAIGN_ID}/comments`, { text: 'x' }, await center.key('auditor', 'all'))).statusCode,
  ).toBe(403);
});

test('analysts of some members can take a case themselves, and learn of no colleague', async () => {
  const limited = await center.session('alpha-analyst');
  const url = `alerts/${alertId}`;
  expect((await get(url, limited)).json().assignee).toBe('center');
  expect((await patch(url, { assignee: 'soc-admin' }, '"1"', limited)).statusCode).toBe(400);
  expect((await patch(url, { assignee: 'alpha-analyst' }, '"1"', limited)).json().assignee).toBe('alpha-analyst');
  expect((await get('alerts?assignee=soc-admin', limited)).statusCode).toBe(403);
});
