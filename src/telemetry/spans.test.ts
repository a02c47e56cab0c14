import { expect, test } from 'vitest';
import { createSpans, type FinishedSpan, type SpansOptions } from './spans.ts';
import { parseTraceparent } from './traceparent.ts';
import { noSpan } from './tracer.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const sender = `00-${traceId}-00f067aa0ba902b7-01`;

function bench(options: Partial<SpansOptions> = {}) {
  const spans: FinishedSpan[] = [];
  return { spans, tracer: createSpans({ ratio: 1, emit: (span) => spans.push(span), ...options }) };
}

test('a trace begins anew, or goes on from the sender; what follows is below', () => {
  const { tracer, spans } = bench();
  for (const said of [undefined, 'nonsense', sender]) {
    spans.length = 0;
    const root = tracer.begin('root', 'server', said);
    const child = tracer.follow('child', 'consumer', root.traceparent);
    child.end();
    root.end();
    const [inner, outer] = spans as [FinishedSpan, FinishedSpan];
    expect(parseTraceparent(root.traceparent ?? '')).toEqual({
      traceId: outer.traceId,
      spanId: outer.spanId,
      sampled: true,
    });
    expect(inner).toMatchObject({
      name: 'child',
      kind: 'consumer',
      traceId: outer.traceId,
      parentSpanId: outer.spanId,
    });
    expect(outer.parentSpanId).toBe(said === sender ? '00f067aa0ba902b7' : undefined);
    expect(outer.traceId === traceId).toBe(said === sender);
    expect(inner.startUs).toBeGreaterThanOrEqual(outer.startUs);
    expect(inner.endUs).toBeLessThanOrEqual(outer.endUs);
  }
});

test('ids differ, and are as long as they have to be', () => {
  const { tracer, spans } = bench();
  for (let count = 0; count < 1_000; count++) tracer.begin('root', 'server', undefined).end();
  expect(new Set(spans.map((span) => span.traceId)).size).toBe(1_000);
  expect(new Set(spans.map((span) => span.spanId)).size).toBe(1_000);
  expect(spans.every((span) => /^[0-9a-f]{32}$/.test(span.traceId) && /^[0-9a-f]{16}$/.test(span.spanId))).toBe(true);
});

test.each([
  [0, 0],
  [0.25, 250],
  [1, 1_000],
])('of 1,000 traces the ratio %d keeps %d, and a sender that wants them all changes nothing', (ratio, kept) => {
  let call = 0;
  const { tracer, spans } = bench({ ratio, random: () => (call++ % 1_000) / 1_000 });
  for (let count = 0; count < 1_000; count++) tracer.begin('root', 'server', sender).end();
  expect(spans).toHaveLength(kept);
});

test('a sender may leave a trace out, and then nothing follows', () => {
  const { tracer, spans } = bench();
  const root = tracer.begin('root', 'server', `${sender.slice(0, -1)}0`);
  expect(root).toBe(noSpan);
  expect(tracer.follow('child', 'internal', root.traceparent)).toBe(noSpan);
  expect(tracer.follow('child', 'internal', 'nonsense')).toBe(noSpan);
  root.end();
  expect(spans).toEqual([]);
});

test('a span ends once, and its attributes with it', () => {
  const { tracer, spans } = bench();
  const span = tracer.begin('root', 'server', undefined);
  span.set({ a: 1, b: true });
  span.set({ a: 2 });
  span.end();
  span.set({ a: 3 });
  span.fail(new Error('late'));
  expect(spans).toMatchObject([{ attributes: { a: 2, b: true }, failed: false }]);
});

test.each<[unknown, string]>([
  [new TypeError('user=alice password=secret'), 'TypeError'],
  [Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
  [Object.assign(new Error('x'), { name: 'user=alice password=secret' }), '_OTHER'],
  [Object.assign(new Error('x'), { code: 'a'.repeat(61) }), '_OTHER'],
  ['user=alice', '_OTHER'],
  [undefined, '_OTHER'],
  [null, '_OTHER'],
])('of a failure only a word goes out: %s', (error, word) => {
  const { tracer, spans } = bench();
  tracer.begin('root', 'server', undefined).fail(error);
  expect(spans[0]?.failed).toBe(true);
  expect(spans[0]?.attributes).toEqual({ 'error.type': word });
});

test('times go on evenly, and follow the clock of the machine', () => {
  const { tracer, spans } = bench();
  const before = Date.now() * 1_000;
  for (let count = 0; count < 100; count++) tracer.begin('root', 'server', undefined).end();
  const times = spans.flatMap(({ startUs, endUs }) => [startUs, endUs]);
  expect(times.every((time, index) => Number.isSafeInteger(time) && time >= (times[index - 1] ?? 0))).toBe(true);
  expect(Math.abs((times[0] as number) - before)).toBeLessThan(600_000);
});
