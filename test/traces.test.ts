/** The trace of a batch through a real center of one process, threads included; and a center whose collector is not there. */
import { afterEach, expect, test } from 'vitest';
import { type FakeCollector, openFakeCollector } from '../src/telemetry/collector.fixture.ts';
import { addSource, drained, openTestCenter, type TestCenter } from './center.ts';
import { judge, sendAttack, storyIn } from './traces.ts';

let center: TestCenter | undefined;
let collector: FakeCollector | undefined;
afterEach(async () => {
  await center?.dispose();
  await collector?.close();
  center = undefined;
  collector = undefined;
});

async function openTraced(more: Record<string, string> = {}): Promise<{ key: string; url: string }> {
  collector = await openFakeCollector();
  center = await openTestCenter({ HINOMI_TELEMETRY_OTLP_URL: collector.url, ...more });
  const key = await addSource(center.center.store, 'kita-hospital', 'web', 'web-access');
  return { key, url: center.center.intakeUrl };
}

const senders = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' };
const traceparent = `00-${senders.traceId}-${senders.spanId}-01`;

test('one trace from the intake to the alert, below the sender where it has one', { timeout: 60_000 }, async () => {
  const { key, url } = await openTraced();
  const engines = { queue: 'sqlite', store: 'sqlite' };
  const first = await sendAttack(url, key, { traceparent, tracestate: 'a=b' });
  await drained((center as TestCenter).center);
  const known = await sendAttack(url, key, {
    traceparent: `${traceparent}, ${traceparent}`,
    'idempotency-key': 'twice',
  });
  await drained((center as TestCenter).center);
  await sendAttack(url, key, { 'idempotency-key': 'twice' });
  // Stopping sends what the center holds: nothing waits for the exporter's clock.
  await (center as TestCenter).restart();

  const story = await storyIn(collector as FakeCollector, senders.traceId);
  expect(story['intake.accept'].parentSpanId).toBe(senders.spanId);
  judge(story, first, engines, key);

  const { spans } = collector as FakeCollector;
  const roots = spans.filter(({ name, parentSpanId }) => name === 'intake.accept' && parentSpanId === undefined);
  expect(roots.map(({ attributes }) => [attributes['messaging.message.id'], attributes['hinomi.known']])).toEqual([
    [known, false],
    [known, true],
  ]);
  const own = await storyIn(collector as FakeCollector, (roots[0] as (typeof roots)[0]).traceId);
  judge(own, known, engines, key);
  // A batch that is known is not worked again: its trace ends at the door.
  expect(spans.filter(({ traceId }) => traceId === roots[1]?.traceId)).toHaveLength(1);
});

test('refusals are spans of senders with a key; none where the ratio is nil or the sender left it out', async () => {
  const { key, url } = await openTraced();
  const post = (headers: Record<string, string>) =>
    fetch(`${url}/ingest`, { method: 'POST', headers: { 'content-type': 'text/plain', ...headers }, body: '\n' });
  expect((await post({ authorization: 'Bearer nobody', traceparent })).status).toBe(401);
  expect((await post({ authorization: `Bearer ${key}`, traceparent })).status).toBe(400);
  await sendAttack(url, key, { traceparent: `00-${senders.traceId}-${senders.spanId}-00` });
  await drained((center as TestCenter).center);
  await (center as TestCenter).center.close();
  expect((collector as FakeCollector).spans).toMatchObject([
    {
      ...{ name: 'intake.accept', failed: false, traceId: senders.traceId },
      attributes: { 'http.response.status_code': 400, 'hinomi.refused': 'invalid-request' },
    },
  ]);
  await (center as TestCenter).dispose();
  await collector?.close();

  const none = await openTraced({ HINOMI_TELEMETRY_SAMPLE_RATIO: '0' });
  await sendAttack(none.url, none.key, { traceparent });
  await drained((center as TestCenter).center);
  await (center as TestCenter).center.close();
  expect((collector as FakeCollector).requests).toEqual([]);
});

test('a collector that never answers changes nothing, and holds up the end by two seconds at most', async () => {
  const { key, url } = await openTraced();
  (collector as FakeCollector).answer = 'silent';
  const batchId = await sendAttack(url, key);
  await drained((center as TestCenter).center);
  expect((await (center as TestCenter).center.store.applied([batchId])).get(batchId)).toBeGreaterThanOrEqual(1);
  const began = performance.now();
  await (center as TestCenter).center.close();
  expect(performance.now() - began).toBeLessThan(4_000);
  expect((collector as FakeCollector).requests.length).toBeGreaterThanOrEqual(1);
});
