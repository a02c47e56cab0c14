/** What hostile and broken senders do at the door: a reject or a refusal that says what and where, never a crash or a silent loss. */
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Receipt, Reject } from '../src/model/batch.ts';
import type { Event } from '../src/model/event.ts';
import { CENTER_SCOPE } from '../src/model/scope.ts';
import { replayRejects } from '../src/pipeline/replay.ts';
import { addSource, drained, openTestCenter, type TestCenter } from './center.ts';

let test: TestCenter;
const keys: Record<string, string> = {};
beforeAll(async () => {
  test = await openTestCenter({
    HINOMI_INTAKE_MAX_UNPACKED_BYTES: String(32 * 1024 * 1024),
    HINOMI_INTAKE_QUOTA_BURST_RECORDS: '5000',
    HINOMI_INTAKE_QUOTA_RECORDS_PER_SECOND: '1000',
  });
  for (const [name, type, encoding] of [
    ['windows', 'windows-event', 'utf-8'],
    ['web', 'web-access', 'utf-8'],
    ['sjis', 'yamaha-rtx', 'shift_jis'],
    ['wide', 'yamaha-rtx', 'utf-16le'],
    ['linux', 'linux-auth', 'iso-2022-jp'],
  ] as const) {
    keys[name] = await addSource(test.center.store, 'kita-hospital', name, type, encoding);
  }
});
afterAll(() => test?.dispose());

interface Sent {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

async function send(source: string, body: string | Uint8Array, headers: Record<string, string> = {}): Promise<Sent> {
  const answer = await fetch(`${test.center.intakeUrl}/ingest`, {
    method: 'POST',
    headers: { authorization: `Bearer ${keys[source]}`, 'content-type': 'text/plain', ...headers },
    body: body as BodyInit,
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

async function outcome(
  source: string,
  body: string | Uint8Array,
  headers: Record<string, string> = {},
): Promise<{ receipt: Receipt; rejects: Reject[]; events: Event[] }> {
  const sent = await send(source, body, headers);
  expect(sent.status, JSON.stringify(sent.body)).toBe(202);
  await drained(test.center);
  const batchId = sent.body.batchId as string;
  const answer = await fetch(`${test.center.intakeUrl}/ingest/receipts/${batchId}`, {
    headers: { authorization: `Bearer ${keys[source]}` },
  });
  const receipt = (await answer.json()) as Receipt;
  expect(receipt.state).toBe('done');
  expect(receipt.events + receipt.rejects).toBe(receipt.records);
  const rejects = await test.center.store.findRejects(CENTER_SCOPE, {
    sourceId: `kita-hospital.${source}`,
    limit: 1_000,
  });
  const page = await test.center.store.findEvents(CENTER_SCOPE, {
    since: '1970-01-01T00:00:00.000Z',
    until: '2100-01-01T00:00:00.000Z',
    limit: 1_000,
    budgetMs: 20_000,
  });
  return {
    receipt,
    rejects: rejects.items.filter(({ id }) => id.startsWith(batchId)),
    events: page.items.filter((event) => event['event.id'].startsWith(batchId)),
  };
}

const json = { 'content-type': 'application/json' };
const windows = (more: object): string =>
  JSON.stringify({
    Channel: 'Security',
    EventID: 4624,
    Computer: 'ad01',
    TimeCreated: '2026-11-20T01:12:33Z',
    ...more,
  });

describe('refusals', () => {
  it.each<[string, () => Promise<Sent>, number, RegExp]>([
    ['no key', () => send('web', 'x', { authorization: '' }), 401, /Authorization/],
    [
      'an unknown key',
      () => send('web', 'x', { authorization: `Bearer hnm_aaaaaaaaaaaa_${'a'.repeat(43)}` }),
      401,
      /unknown or was revoked/,
    ],
    ['an unknown content type', () => send('web', 'x', { 'content-type': 'image/png' }), 415, /image\/png/],
    ['an unknown content encoding', () => send('web', 'x', { 'content-encoding': 'br' }), 415, /"br".*gzip, zstd/],
    [
      'damaged gzip',
      () => send('web', gzipSync('hello hello hello').subarray(0, 20), { 'content-encoding': 'gzip' }),
      400,
      /gzip/,
    ],
    ['a body over the limit', () => send('web', Buffer.alloc(17 * 1024 * 1024, 0x61)), 413, /larger than/],
    [
      'a small body that unpacks to too much',
      () => send('web', zstdCompressSync(Buffer.alloc(40 * 1024 * 1024)), { 'content-encoding': 'zstd' }),
      413,
      /unpacked/,
    ],
    ['an empty body', () => send('web', ''), 400, /no record/],
    ['a JSON array cut short', () => send('windows', `[${windows({})},`, json), 400, /not closed/],
    ['a JSON string cut short', () => send('windows', '{"a":"b', json), 400, /byte 5/],
    ['a bad batch key', () => send('web', 'x', { 'idempotency-key': 'a b' }), 400, /Idempotency-Key/],
  ])('%s', async (_name, act, status, detail) => {
    const sent = await act();
    expect(sent.status).toBe(status);
    expect(sent.body).toMatchObject({ status, title: expect.any(String) });
    expect(sent.body.detail).toMatch(detail);
  });
});

it('refuses what is over the quota, says when to come again, and counts it', async () => {
  const lines = 'sshd\n'.repeat(4_000);
  expect((await send('linux', lines)).status).toBe(202);
  const answer = await fetch(`${test.center.intakeUrl}/ingest`, {
    method: 'POST',
    headers: { authorization: `Bearer ${keys.linux}`, 'content-type': 'text/plain' },
    body: lines,
  });
  expect(answer.status).toBe(429);
  expect(answer.headers.get('content-type')).toContain('application/problem+json');
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await answer.json()) as object).toMatchObject({ status: 429, detail: expect.stringMatching(/4000 records/) });
  await drained(test.center);
});

describe('rejects', () => {
  it.each<[string, string, string | Uint8Array, RegExp]>([
    ['broken JSON in a line', 'windows', '{"Channel":', /record 0: /],
    [
      'nesting 10,000 deep',
      'windows',
      windows({ deep: 0 }).replace('0}', `${'['.repeat(10_000)}${']'.repeat(10_000)}}`),
      /record 0: .*(deep|nest)/i,
    ],
    [
      'binary',
      'web',
      Uint8Array.from({ length: 500 }, (_, index) => (index * 37 + 128) % 256 || 1),
      /record \d+: byte \d+ is not utf-8/,
    ],
    ['CP932 sent as UTF-8', 'web', Uint8Array.of(0x8c, 0x9f, 0x92, 0x6d), /byte 0 is not utf-8/],
    ['UTF-8 sent as CP932', 'sjis', Buffer.from('検知'), /is not shift_jis|record 0/],
    ['an odd byte in UTF-16', 'wide', Uint8Array.of(0x41), /is not utf-16le/],
    ['a line of 10 MB', 'web', 'a'.repeat(10_000_000), /10000000 bytes, more than the 1048576/],
    ['an escape sequence cut off', 'linux', Uint8Array.of(0x1b, 0x24, 0x42, 0x38), /record 0/],
    ['no log line at all', 'web', 'hello', /record 0: /],
  ])('%s', async (_name, source, body, reason) => {
    const { receipt, rejects } = await outcome(source, body);
    expect(receipt.rejects).toBeGreaterThan(0);
    const first = rejects.find(({ reason: told }) => reason.test(told));
    expect(first, JSON.stringify(rejects)).toBeDefined();
    expect(first?.raw).not.toBe('');
  });

  it('one bad record does not take its neighbours along', async () => {
    const { receipt, rejects } = await outcome('windows', `${windows({})}\n{"Channel"\n${windows({})}\n`, {
      'content-type': 'application/x-ndjson',
    });
    expect(receipt).toMatchObject({ records: 3, events: 2, rejects: 1 });
    expect(rejects[0]?.reason).toMatch(/^record 1: /);
  });
});

describe('odd but taken', () => {
  it('names that mean something to JavaScript are only names', async () => {
    const { events } = await outcome(
      'windows',
      windows({}).replace(
        '{',
        '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":2}},"hasOwnProperty":"x",',
      ),
    );
    expect(events).toHaveLength(1);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it.each([
    ['years ahead', '2099-01-01T00:00:00Z'],
    ['in 1601', '1601-01-01T00:00:00Z'],
  ])('a clock %s: filed under its receipt, the claim is kept', async (_name, claimed) => {
    const { events, receipt } = await outcome('windows', windows({ TimeCreated: claimed }));
    expect(receipt.events).toBe(1);
    expect(events[0]?.['@timestamp']).toBe(receipt.receivedAt);
    expect(String(events[0]?.['hinomi.claimed_time'])).toContain(claimed.slice(0, 4));
  });

  it('a clock some years behind is believed: old logs are uploaded', async () => {
    const { events } = await outcome('windows', windows({ TimeCreated: '2019-05-01T00:00:00Z' }));
    expect(events[0]?.['@timestamp']).toBe('2019-05-01T00:00:00.000Z');
  });

  it('the same batch key twice is the same receipt, and nothing is doubled', async () => {
    const headers = { 'idempotency-key': 'twice' };
    const first = await send('windows', windows({}), headers);
    const again = await send('windows', windows({}), headers);
    expect(again.body).toEqual({ ...first.body, known: true });
    await drained(test.center);
    const third = await send('windows', windows({}), headers);
    expect(third.body).toEqual({ ...first.body, known: true });
    const { items } = await test.center.store.findEvents(CENTER_SCOPE, {
      since: '2026-11-20T00:00:00.000Z',
      until: '2026-11-21T00:00:00.000Z',
      limit: 1_000,
      budgetMs: 20_000,
    });
    expect(items.filter((event) => event['event.id'].startsWith(first.body.batchId as string))).toHaveLength(1);
  });

  it("another source's receipt is no receipt", async () => {
    const first = await send('windows', windows({}));
    const answer = await fetch(`${test.center.intakeUrl}/ingest/receipts/${first.body.batchId}`, {
      headers: { authorization: `Bearer ${keys.web}` },
    });
    expect(answer.status).toBe(404);
  });

  it('a mended declaration lets rejects be replayed', async () => {
    const { store, records } = test.center;
    const source = await store.get('source', CENTER_SCOPE, 'kita-hospital.linux');
    const { rejects } = await outcome(
      'linux',
      Buffer.from(
        '<86>Nov 20 10:05:12 web01 sshd[99]: 検知 Failed password for root from 192.0.2.9 port 50000 ssh2\n',
        'utf8',
      ),
    );
    if (source === undefined || rejects[0] === undefined) throw new Error('expected a reject');
    await store.save([{ kind: 'source', doc: { ...source, encoding: 'utf-8', version: source.version + 1 } }]);
    // Workers read a source again after five seconds.
    await new Promise((resolve) => setTimeout(resolve, 5_100));
    expect(await replayRejects({ store, records }, CENTER_SCOPE, [rejects[0].id])).toEqual({ replayed: 1, cut: 0 });
    await drained(test.center);
    expect(await store.getRejects(CENTER_SCOPE, [rejects[0].id])).toEqual([]);
    const found = await store.findEvents(CENTER_SCOPE, {
      since: '2026-01-01T00:00:00.000Z',
      until: '2100-01-01T00:00:00.000Z',
      query: { op: 'text', text: '検知', wildcard: false },
      limit: 10,
      budgetMs: 20_000,
    });
    expect(found.items).toHaveLength(1);
  });
});

it('the ledger balances after all of it, and the center is well', async () => {
  const rows = await test.center.store.ledger(CENTER_SCOPE, {
    since: '2000-01-01T00:00:00.000Z',
    until: '2100-01-01T00:00:00.000Z',
  });
  for (const row of rows) expect(row.received, row.sourceId).toBe(row.events + row.rejects + row.refused);
  const refused = rows.filter(({ sourceId }) => sourceId === 'kita-hospital.linux').map((row) => row.refused);
  expect(refused.reduce((sum, one) => sum + one, 0)).toBe(4_000);
  expect((await fetch(`${test.center.apiUrl}/readyz`)).status).toBe(200);
});
