/** Promises of the exporter: bounded, counted, never in the way; and the way of spans through threads. */
import { MessageChannel } from 'node:worker_threads';
import { afterEach, expect, test } from 'vitest';
import { type FakeCollector, openFakeCollector } from './collector.fixture.ts';
import { createOtlpTracing, type OtlpTracing } from './otlp.ts';
import { createExporter, type ExporterLimits, type ExporterOptions } from './otlp-export.ts';
import { createRelayedTracer } from './relay.ts';
import type { FinishedSpan } from './spans.ts';

const told: { dropped: number; waiting: number; failure?: string }[] = [];
let collector: FakeCollector | undefined;
afterEach(async () => {
  told.length = 0;
  await collector?.close();
  collector = undefined;
});

const options = (url: string, limits: Partial<ExporterLimits> = {}): ExporterOptions => ({
  ...{ url, headers: { authorization: 'Bearer x' }, limits },
  resource: { 'service.name': 'hinomi' },
  systems: { messaging: 'redis', db: 'elasticsearch' },
  log: { warn: (data) => told.push(data as (typeof told)[number]) },
});

const span = (number: number, attributes: FinishedSpan['attributes'] = {}): FinishedSpan => ({
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  spanId: number.toString(16).padStart(16, '0'),
  parentSpanId: undefined,
  ...{ name: 'span', kind: 'internal', startUs: 1_700_000_000_000_000, endUs: 1_700_000_000_000_001 },
  ...{ attributes, failed: false },
});

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('spans go out together, with who speaks, and every kind of value', async () => {
  collector = await openFakeCollector();
  const exporter = createExporter(options(`${collector.url}/`, { everyMs: 50 }));
  exporter.add(span(1, { text: '東京', whole: 7, part: 0.5, yes: true, 'db.operation.name': 'put' }));
  exporter.add({ ...span(2, { 'messaging.operation.name': 'push' }), parentSpanId: span(1).spanId, failed: true });
  await collector.until((spans) => spans.length === 2);
  expect(collector.requests).toHaveLength(1);
  expect(collector.requests[0]).toMatchObject({ authorization: 'Bearer x' });
  expect(collector.spans).toEqual([
    expect.objectContaining({
      attributes: {
        ...{ text: '東京', whole: 7, part: 0.5, yes: true, 'db.operation.name': 'put' },
        'db.system.name': 'elasticsearch',
      },
      ...{ startNs: 1_700_000_000_000_000_000n, endNs: 1_700_000_000_000_001_000n },
      ...{ failed: false, parentSpanId: undefined, resource: { 'service.name': 'hinomi' } },
    }),
    expect.objectContaining({
      attributes: { 'messaging.operation.name': 'push', 'messaging.system': 'redis' },
      ...{ failed: true, parentSpanId: '0000000000000001' },
    }),
  ]);
  await exporter.close();
  expect(told).toEqual([]);
});

test('many go out at once, in requests of so many, without waiting for the clock', async () => {
  collector = await openFakeCollector();
  const exporter = createExporter(options(collector.url, { everyMs: 3_600_000, maxRequest: 100 }));
  for (let number = 0; number < 1_050; number++) exporter.add(span(number));
  await collector.until((spans) => spans.length === 1_000);
  expect(collector.requests).toHaveLength(10);
  await exporter.close();
  expect(collector.spans.map(({ spanId }) => Number.parseInt(spanId, 16))).toEqual([...Array(1_050).keys()]);
});

test('where nobody listens nothing grows, nobody waits, and what is lost is counted', async () => {
  const gone = await openFakeCollector();
  await gone.close();
  const exporter = createExporter(options(gone.url, { maxSpans: 1_000, everyMs: 10, retryMs: 10, tellMs: 400 }));
  const before = performance.now();
  for (let number = 0; number < 100_000; number++) exporter.add(span(number));
  expect(performance.now() - before).toBeLessThan(1_000);
  await pause(450);
  expect(told).toHaveLength(1);
  expect(told[0]).toMatchObject({ failure: 'ECONNREFUSED' });
  const closing = performance.now();
  await exporter.close();
  expect(performance.now() - closing).toBeLessThan(2_000);
  expect(told.reduce((sum, { dropped }) => sum + dropped, 0)).toBe(100_000);
  expect(Math.max(...told.map(({ waiting }) => waiting))).toBeLessThanOrEqual(1_000);
});

test('a collector that is away for a moment gets everything later', async () => {
  collector = await openFakeCollector();
  collector.answer = (response) => response.writeHead(503).end();
  const exporter = createExporter(options(collector.url, { everyMs: 5, retryMs: 20 }));
  exporter.add(span(1));
  while (collector.requests.length < 2) await pause(5);
  exporter.add(span(2));
  collector.answer = 'take';
  await collector.until((spans) => spans.length === 2);
  await exporter.close();
  expect(told).toEqual([{ dropped: 0, waiting: 0, failure: 'the collector answered 503' }]);
});

test.each<[string, number, number, FakeCollector['answer']]>([
  ['refused for ever', 3, 1, (response) => response.writeHead(400).end('no')],
  ['sent elsewhere', 3, 4, (response) => response.writeHead(307, { location: 'http://192.0.2.1/' }).end()],
  ['tried often enough', 3, 4, (response) => response.writeHead(429, { 'retry-after': '0' }).end()],
  ['taken in part', 2, 1, (response) => response.end('{"partialSuccess":{"rejectedSpans":"2"}}')],
  ['taken in part, it lies', 3, 1, (response) => response.end('{"partialSuccess":{"rejectedSpans":"99999999999"}}')],
  ['taken, says no JSON', 0, 1, (response) => response.end('fine')],
  ['taken, speaks for long', 0, 1, (response) => response.end('x'.repeat(1_000_000))],
])('%s: %d are lost after %d requests', async (_, lost, requests, answer) => {
  collector = await openFakeCollector();
  collector.answer = answer;
  const limits = { maxAttempts: 4, everyMs: 5, retryMs: 5, tellMs: 20 };
  const exporter = createExporter(options(collector.url, limits));
  for (let number = 0; number < 3; number++) exporter.add(span(number));
  while (collector.requests.length < requests) await pause(5);
  await pause(60);
  expect(told.reduce((sum, { dropped }) => sum + dropped, 0)).toBe(lost);
  expect(collector.requests).toHaveLength(requests);
  await exporter.close();
});

test('a collector that never answers holds nobody up at the end', async () => {
  collector = await openFakeCollector();
  collector.answer = 'silent';
  const exporter = createExporter(options(collector.url, { everyMs: 5 }));
  for (let number = 0; number < 10; number++) exporter.add(span(number));
  while (collector.requests.length === 0) await pause(5);
  const before = performance.now();
  await exporter.close();
  expect(performance.now() - before).toBeLessThan(2_000);
  expect(told).toMatchObject([{ dropped: 10, waiting: 0 }]);
  exporter.add(span(11));
});

test('spans of other threads come along, those of the last moment too', async () => {
  collector = await openFakeCollector();
  const tracing: OtlpTracing = createOtlpTracing({ ...options(collector.url), ratio: 1 });
  const root = tracing.tracer.begin('root', 'server', undefined);
  const threads = [tracing.connect(), tracing.connect()].map((port) => createRelayedTracer(port));
  for (const thread of threads) thread.follow('child', 'consumer', root.traceparent).end();
  root.end();
  await tracing.close();
  expect(collector.spans.map(({ name }) => name).sort()).toEqual(['child', 'child', 'root']);
  expect(new Set(collector.spans.map(({ traceId }) => traceId)).size).toBe(1);
});

test('a main thread that is busy is sent so many spans and no more, and hears how many there were', async () => {
  const { port1, port2 } = new MessageChannel();
  const tracer = createRelayedTracer(port2, 3);
  const parent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
  for (let number = 0; number < 10; number++) tracer.follow('span', 'internal', parent).end();
  const got: { dropped: number }[] = [];
  port1.on('message', (sent) => {
    got.push(sent);
    port1.postMessage(1);
  });
  while (got.length < 3) await pause(5);
  await pause(20);
  tracer.follow('span', 'internal', parent).end();
  while (got.length < 4) await pause(5);
  expect(got.map(({ dropped }) => dropped)).toEqual([0, 0, 0, 7]);
  expect(tracer.begin('root', 'server', undefined).traceparent).toBeUndefined();
  port1.close();
});
