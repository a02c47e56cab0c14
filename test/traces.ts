/** What the trace of a batch must be, wherever its stages run: the same assertions for one process and for many. */
import { expect } from 'vitest';
import type { CollectedSpan, FakeCollector } from '../src/telemetry/collector.fixture.ts';

/** The stages' names of a batch that raises an alert, in the order of their ends within it. */
export const storyOf = ['intake.accept', 'worker.batch', 'worker.detect', 'worker.store', 'correlator.apply'] as const;
export type Story = Readonly<Record<(typeof storyOf)[number], CollectedSpan>>;

const password = 'correct-horse-battery';
const attack = (number: number): string =>
  `192.0.2.7 - - [24/Nov/2025:10:00:0${number} +0900] "GET /a?q=1%27%20UNION%20SELECT%20${password}--%20 HTTP/1.1" 200 5 "-" "sqlmap/1.8"\n`;

/** Three records: two that raise an alert, one that is none. Answers the batch's id. */
export async function sendAttack(
  intakeUrl: string,
  key: string,
  headers: Record<string, string> = {},
): Promise<string> {
  const answer = await fetch(`${intakeUrl}/ingest`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'text/plain', ...headers },
    body: `${attack(1)}${attack(2)}no log line, ${password}\n`,
  });
  expect(answer.status).toBe(202);
  return ((await answer.json()) as { batchId: string }).batchId;
}

/** The spans of a trace, one of each name; fails where there are more, or less. */
export async function storyIn(collector: FakeCollector, traceId: string): Promise<Story> {
  const own = (): CollectedSpan[] => collector.spans.filter((span) => span.traceId === traceId);
  await collector.until(() => own().length >= storyOf.length);
  expect(
    own()
      .map(({ name }) => name)
      .sort(),
  ).toEqual([...storyOf].sort());
  return Object.fromEntries(own().map((span) => [span.name, span])) as unknown as Story;
}

/** Who is below whom, when, and what each says. */
export function judge(story: Story, batchId: string, engines: { queue: string; store: string }, key: string): void {
  const { 'intake.accept': intake, 'worker.batch': batch, 'correlator.apply': apply } = story;
  const parents = { 'worker.batch': intake, 'worker.detect': batch, 'worker.store': batch, 'correlator.apply': batch };
  for (const [name, parent] of Object.entries(parents))
    expect(story[name as keyof Story].parentSpanId, name).toBe(parent.spanId);
  expect(Object.values(story).filter(({ failed, endNs, startNs }) => failed || endNs < startNs)).toEqual([]);
  expect(batch.startNs >= intake.startNs && apply.startNs >= story['worker.store'].endNs).toBe(true);

  const source = { 'hinomi.member_id': 'kita-hospital', 'hinomi.source_id': 'kita-hospital.web' };
  const message = { ...source, 'messaging.system': engines.queue, 'messaging.message.id': batchId };
  expect(intake.attributes).toMatchObject({
    ...message,
    ...{ 'http.response.status_code': 202, 'hinomi.records': 3, 'hinomi.known': false },
    'http.request.body.size': expect.any(Number),
  });
  expect(batch.attributes).toMatchObject({
    ...message,
    ...{ 'messaging.destination.name': 'records', 'hinomi.attempt': 1 },
    ...{ 'hinomi.records': 3, 'hinomi.events': 2, 'hinomi.rejects': 1 },
    'hinomi.since_receipt_ms': expect.any(Number),
  });
  expect(batch.attributes['hinomi.matches']).toBeGreaterThanOrEqual(2);
  expect(story['worker.store'].attributes).toMatchObject({ 'db.system.name': engines.store });
  expect(apply.attributes).toMatchObject({
    ...message,
    ...{ 'messaging.destination.name': 'matches', 'hinomi.matches': batch.attributes['hinomi.matches'] },
  });
  expect(apply.attributes['hinomi.findings']).toBeGreaterThanOrEqual(1);
  expect(apply.attributes['hinomi.alerts']).toBeGreaterThanOrEqual(1);

  const said = JSON.stringify(Object.values(story), (_, value) => (typeof value === 'bigint' ? String(value) : value));
  for (const secret of [password, 'sqlmap', '192.0.2.7', 'UNION', 'no log line', key.slice(-20)])
    expect(said).not.toContain(secret);
}
