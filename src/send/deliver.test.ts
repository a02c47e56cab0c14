import { afterEach, expect, test } from 'vitest';
import { createDeliverer, type Deliverer, type DeliverOptions, retryAfterMs } from './deliver.ts';
import { deliverText, NotTheSameText } from './deliver-text.ts';
import { type Behaviour, type FakeIntake, openFakeIntake } from './fake-intake.fixture.ts';
import type { Delivered } from './resume.ts';

let intake: FakeIntake;
afterEach(() => intake.close());

const retries: string[] = [];
function deliverer(options: Partial<DeliverOptions> = {}): Deliverer {
  retries.length = 0;
  return createDeliverer({
    url: intake.url,
    key: 'hnm_key',
    contentType: 'text/plain',
    compression: 'zstd',
    patienceMs: 5_000,
    firstWaitMs: 2,
    longestWaitMs: 20,
    signal: new AbortController().signal,
    onRetry: (reason) => retries.push(reason),
    ...options,
  });
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, index) => `line ${index}`);

async function* chunksOf(text: string, size = 50): AsyncGenerator<Buffer, undefined> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** Sends numbered lines; answers the states in their order. */
async function sendText(
  text: string,
  to: Deliverer,
  delivered?: Delivered,
  onFailed: () => void = () => undefined,
): Promise<Delivered[]> {
  const states: Delivered[] = [];
  await deliverText({
    name: 'x.log',
    chunks: chunksOf(text),
    format: 'lines',
    maxRecords: 10,
    maxBytes: 1_000_000,
    delivered,
    deliverer: to,
    inFlight: 4,
    onAccepted: () => undefined,
    onDelivered: (state) => states.push(state),
    onFailed,
  });
  return states;
}

test('a batch travels with its key, packed, under the bearer key', async () => {
  intake = await openFakeIntake();
  for (const compression of ['zstd', 'gzip'] as const) {
    const accepted = await deliverer({ compression }).deliver(Buffer.from('a\nb\n'), `key-${compression}`);
    expect(accepted).toMatchObject({ records: 2, known: false });
    const { headers, body } = intake.posts.at(-1) as (typeof intake.posts)[number];
    expect(headers).toMatchObject({
      authorization: 'Bearer hnm_key',
      'content-type': 'text/plain',
      'content-encoding': compression,
      'idempotency-key': `key-${compression}`,
    });
    expect(body.toString()).toBe('a\nb\n');
  }
});

test.each<[string, readonly Behaviour[], RegExp]>([
  ['a broken connection', ['break', 'break'], /cannot be reached/],
  ['a lost answer', ['lose'], /cannot be reached/],
  ['503', [{ status: 503, body: '{"detail":"busy"}' }], /answered 503: busy$/],
  ['429', [{ status: 429, headers: { 'retry-after': '0' } }], /answered 429$/],
  ['502 of a proxy', [{ status: 502, body: '<h1>Bad\u001b[31m gateway</h1>' }], /answered 502: <h1>Bad \[31m gateway/],
])('%s is tried again with the same key', async (_, failures, reason) => {
  intake = await openFakeIntake((tries) => failures[tries - 1] ?? 'accept');
  await deliverer().deliver(Buffer.from('a'), 'k');
  expect(intake.tries()).toBe(failures.length + 1);
  expect(intake.posts.map(({ key }) => key)).toEqual(['k']);
  expect(retries).toHaveLength(failures.length);
  expect(retries[0]).toMatch(reason);
});

test('Retry-After is waited for, however short the own wait would be', async () => {
  intake = await openFakeIntake(() => ({ status: 429, headers: { 'retry-after': '7' } }));
  const stop = new AbortController();
  const waits: number[] = [];
  const onRetry = (_: string, waitMs: number): void => {
    waits.push(waitMs);
    stop.abort();
  };
  await expect(deliverer({ signal: stop.signal, onRetry }).deliver(Buffer.from('a'), 'k')).rejects.toThrow(/abort/i);
  expect(waits).toEqual([7_000]);
});

test.each<[Behaviour, RegExp]>([
  [{ status: 401, body: '{"detail":"this key is unknown"}' }, /answered 401: this key is unknown$/],
  [{ status: 413, body: '{"detail":"too long"}' }, /answered 413: too long$/],
  [{ status: 415, body: '{"title":"not taken"}' }, /answered 415: not taken$/],
  [{ status: 400, body: '' }, /answered 400$/],
  [{ status: 302, headers: { location: 'http://192.0.2.1/' } }, /answered 302$/],
  [{ status: 200, body: 'hello' }, /answered 200: hello$/],
  [{ status: 202, body: 'hello' }, /not as an intake/],
])('%j is told and not tried again', async (behaviour, message) => {
  intake = await openFakeIntake(() => behaviour);
  await expect(deliverer().deliver(Buffer.from('a'), 'k')).rejects.toThrow(message);
  expect(intake.tries()).toBe(1);
});

test('patience ends', async () => {
  intake = await openFakeIntake(() => 'break');
  await expect(deliverer({ patienceMs: 60 }).deliver(Buffer.from('a'), 'k')).rejects.toThrow(
    /cannot be reached.*given up/,
  );
  expect(intake.tries()).toBeGreaterThan(2);
});

test('an abort ends the waiting', async () => {
  intake = await openFakeIntake(() => 'break');
  const stop = new AbortController();
  const delivery = deliverer({ signal: stop.signal, firstWaitMs: 60_000, longestWaitMs: 60_000 }).deliver(
    Buffer.from('a'),
    'k',
  );
  setTimeout(() => stop.abort(), 50);
  await expect(delivery).rejects.toThrow(/abort/i);
});

test.each([
  [null, 0],
  ['7', 7_000],
  ['Mon, 23 Nov 2026 00:00:09 GMT', 9_000],
  ['Mon, 23 Nov 2020 00:00:00 GMT', 0],
  ['soon', 0],
  ['999999999', 300_000],
])('Retry-After %j is %d ms', (header, expected) => {
  expect(retryAfterMs(header, Date.parse('2026-11-23T00:00:00Z'))).toBe(expected);
});

test('a text arrives whole, a few batches at a time, whatever fails', async () => {
  intake = await openFakeIntake(
    (tries) => (['accept', 'lose', 'break', { status: 503 }] as const)[tries % 4] ?? 'accept',
  );
  const lines = numbered(500);
  const states = await sendText(`${lines.join('\n')}\n`, deliverer());
  expect(intake.lines()).toEqual(lines);
  expect(intake.posts).toHaveLength(50);
  expect(intake.most()).toBeGreaterThan(1);
  expect(intake.most()).toBeLessThanOrEqual(4);
  expect(states.at(-1)).toMatchObject({ records: 500, offset: lines.join('\n').length + 1, batch: 10 });
  for (let index = 1; index < states.length; index++)
    expect(states[index]?.offset).toBeGreaterThan(states[index - 1]?.offset as number);
});

test('the state never runs ahead of a batch that is still missing', async () => {
  const text = `${numbered(100).join('\n')}\n`;
  const missing = Buffer.from('line 30\n');
  intake = await openFakeIntake((_, { body }) => (body.includes(missing) ? { status: 413 } : 'accept'));
  const states: Delivered[] = [];
  let failed = 0;
  await expect(
    deliverText({
      name: 'x.log',
      chunks: chunksOf(text),
      format: 'lines',
      maxRecords: 10,
      maxBytes: 1_000_000,
      delivered: undefined,
      deliverer: deliverer(),
      inFlight: 4,
      onAccepted: () => undefined,
      onDelivered: (state) => states.push(state),
      onFailed: () => failed++,
    }),
  ).rejects.toThrow(/413/);
  expect(failed).toBe(1);
  expect(Math.max(...states.map(({ records }) => records))).toBe(30);
  const before = intake.posts.length;
  await intake.close();

  intake = await openFakeIntake();
  await sendText(text, deliverer(), states.at(-1));
  expect(intake.lines()).toEqual(numbered(100).slice(30));
  expect(before).toBeGreaterThanOrEqual(3);
});

test('what grew is sent from where it ended; what changed is not', async () => {
  intake = await openFakeIntake();
  const text = `${numbered(15).join('\n')}\n`;
  const delivered = (await sendText(text, deliverer())).at(-1);
  await sendText(`${text}line 15\n`, deliverer(), delivered);
  expect(intake.lines()).toEqual(numbered(16));
  const tries = intake.tries();
  for (const other of [text.replace('line 3', 'line x'), text.slice(0, -1), '']) {
    await expect(sendText(other, deliverer(), delivered)).rejects.toThrow(NotTheSameText);
  }
  expect(intake.tries()).toBe(tries);
});

test('a byte order mark goes with every batch; blank text is not sent', async () => {
  intake = await openFakeIntake();
  await sendText(`\ufeff${numbered(25).join('\n')}\n`, deliverer());
  expect(intake.posts.map(({ body }) => body.subarray(0, 3).toString('hex'))).toEqual(['efbbbf', 'efbbbf', 'efbbbf']);
  const states = await sendText('\n \n\n', deliverer());
  expect(intake.posts).toHaveLength(3);
  expect(states).toMatchObject([{ offset: 4, records: 0 }]);
});
