/**
 * backup and restore as an operator runs them: beside a working center, into an empty folder, killed in the middle and run again.
 * What comes back is what was there, event by event.
 */
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CENTER_SCOPE } from '../src/model/scope.ts';
import { openSqliteQueue } from '../src/queue/sqlite.ts';
import { fill, portrait } from '../src/store/copy.contract.ts';
import type { CopyableStore } from '../src/store/copy.ts';
import { openSqliteStore } from '../src/store/sqlite.ts';
import { makeAlert, makeBatch } from '../src/store/store.fixture.ts';
import type { WorkedBatch } from '../src/store/store.ts';
import { addSource, drained, openTestCenter, withStore } from './center.ts';
import { hinomi, runHinomi } from './cluster/processes.ts';

/** `npm run faults`: more to bring back, and more kills on the way. */
const all = process.env.HINOMI_FAULTS === 'all';
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hinomi-backups-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const run = (...args: string[]) => runHinomi(args);

/** Without what a restore adds or leaves out: sessions, and its own entry in the audit. */
async function comparable(data: string, batches: readonly WorkedBatch[]): Promise<Record<string, unknown>> {
  const { census: _, docs, ...rest } = await withStore(data, (store) => portrait(store, batches));
  const { session: __, audit, ...others } = docs as Record<string, readonly { action: string }[]>;
  return { ...rest, ...others, audit: audit?.filter(({ action }) => action !== 'center.restore') };
}

it('brings a center back as it was, hostile events and all, and only into an empty folder', {
  timeout: 120_000,
}, async () => {
  const [data, file, back] = [join(folder, 'full'), join(folder, 'full.zst'), join(folder, 'full-back')];
  const { batches } = await withStore(data, fill);
  const made = await run('backup', '--data', data, '--to', file);
  expect(made, made.output).toMatchObject({ code: 0 });
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await run('backup', '--data', data, '--to', file)).toMatchObject({
    code: 2,
    output: expect.stringContaining('is there already'),
  });
  const before = await comparable(data, batches);

  const restored = await run('restore', file, '--data', back);
  expect(restored, restored.output).toMatchObject({ code: 0 });
  const after = await comparable(back, batches);
  for (const [part, value] of Object.entries(before)) expect(after[part], part).toEqual(value);
  expect(await withStore(back, (store) => store.count('session', CENTER_SCOPE, 'userId'))).toEqual({});

  const again = await run('restore', file, '--data', back);
  expect(again.code).toBe(0);
  for (const other of [data, back]) {
    const second = join(folder, `${other === data ? 'other' : 'own'}.zst`);
    expect(await run('backup', '--data', back, '--to', second)).toMatchObject({ code: 0 });
    const refused = await run('restore', second, '--data', other);
    expect(refused).toMatchObject({
      code: 2,
      output: expect.stringMatching(/must be empty, but there is .*--data DIR/s),
    });
  }
  const packed = await readFile(file);
  await writeFile(join(folder, 'cut.zst'), packed.subarray(0, packed.length - 3));
  const cut = await run('restore', join(folder, 'cut.zst'), '--data', join(folder, 'cut-back'));
  expect(cut).toMatchObject({ code: 2, output: expect.stringMatching(/cut short.*--partial/) });
  expect(await readdir(folder)).not.toContain('cut-back');
  const partial = await run('restore', '--partial', join(folder, 'cut.zst'), '--data', join(folder, 'cut-back'));
  expect(partial, partial.output).toMatchObject({ code: 0 });
  expect((await withStore(join(folder, 'cut-back'), (store) => store.stats())).events).toBeGreaterThan(0);
});

it('joins a full backup and later ones, and says when days are missing between them', {
  timeout: 120_000,
}, async () => {
  const data = join(folder, 'chain');
  const { batches } = await withStore(data, fill);
  const today = new Date().toISOString().slice(0, 10);
  const [full, later, far] = ['full', 'later', 'far'].map((name) => join(folder, `chain-${name}.zst`)) as [
    string,
    string,
    string,
  ];
  expect((await run('backup', '--data', data, '--to', full)).code).toBe(0);
  const more = makeBatch('more', {
    receivedAt: `${today}T00:00:00.500Z`,
    events: [{ message: 'later' }],
    matched: [0],
  });
  await withStore(data, async (store) => {
    await store.putBatches([more]);
    const { term } = await store.takeLead('test', AbortSignal.timeout(5_000));
    const doc = makeAlert('a3', { version: 2, memberId: 'minami', count: 2 });
    await store.save([{ kind: 'alert', doc }], { batches: [{ ...more, alerts: 1, newestMs: 9_999 }], term });
    await store.prune('2026-11-18');
  });
  expect((await run('backup', '--data', data, '--to', later, '--since', today)).code).toBe(0);
  const all = [...batches.filter(({ receivedAt }) => receivedAt > '2026-11-18'), more];
  const joined = await run('restore', later, full, '--data', join(folder, 'chain-back'));
  expect(joined, joined.output).toMatchObject({ code: 0 });
  const [before, after] = [await comparable(data, all), await comparable(join(folder, 'chain-back'), all)];
  for (const [part, value] of Object.entries(before)) expect(after[part], part).toEqual(value);

  expect((await run('backup', '--data', data, '--to', far, '--since', '2999-01-01')).code).toBe(0);
  const gap = await run('restore', full, far, '--data', join(folder, 'chain-gap'));
  expect(gap).toMatchObject({ code: 2, output: expect.stringMatching(/days are missing/) });
  const alone = await run('restore', far, '--data', join(folder, 'chain-alone'));
  expect(alone, alone.output).toMatchObject({ code: 0 });
  const sums = (data: string) =>
    withStore(data, (store) =>
      store.ledger(CENTER_SCOPE, { since: '2000-01-01T00:00:00Z', until: '2100-01-01T00:00:00Z' }),
    );
  expect(await sums(join(folder, 'chain-alone'))).toEqual(await sums(data));
});

it('goes on after kill -9, and no center starts on the half of it', { timeout: 180_000 }, async () => {
  const [data, file, back] = [join(folder, 'killed'), join(folder, 'killed.zst'), join(folder, 'killed-back')];
  const batches = Array.from({ length: 120 }, (_, index) => {
    const events = Array.from({ length: all ? 500 : 250 }, (_, at) => ({
      message: `n${index} ${at} ${'x'.repeat(200)}`,
      'source.port': at,
    }));
    return makeBatch(`k${index}`, { events, matched: [0], receivedAt: `2026-11-${10 + (index % 9)}T01:00:00.000Z` });
  });
  await withStore(data, (store) => store.putBatches(batches));
  expect((await run('backup', '--data', data, '--to', file)).code).toBe(0);
  const events = async (): Promise<number> => {
    const host = await openSqliteStore({ folder: back });
    const { events } = await host.store.stats();
    await host.close();
    return events;
  };
  let kills = 0;
  // From before it has begun, on a quick machine, to its end on a slow one.
  for (let waitMs = 350; kills < 12; waitMs *= all ? 1.15 : 1.5) {
    const child = hinomi(['restore', file, '--data', back], {});
    const exited = once(child, 'exit');
    const first = await Promise.race([pause(waitMs, 'late' as const), exited.then(() => 'done' as const)]);
    child.kill('SIGKILL');
    await exited;
    if (first === 'done') break;
    kills++;
    const there = await withStore(back, (store) => store.identity());
    if (there.origin?.finished === false) {
      const early = await run('serve', '--data', back);
      expect(early).toMatchObject({ code: 2, output: expect.stringContaining('was not finished') });
    }
  }
  expect(kills).toBeGreaterThan(1);
  const last = await run('restore', file, '--data', back);
  expect(last, last.output).toMatchObject({ code: 0 });
  expect(await events()).toBe(batches.reduce((sum, { events }) => sum + events.length, 0));
  const [before, after] = [await comparable(data, batches), await comparable(back, batches)];
  for (const [part, value] of Object.entries(before)) expect(after[part], part).toEqual(value);
  // Matches that no correlator had applied are for the next one.
  const queue = await openSqliteQueue({ file: join(back, 'queue', 'matches.db') });
  expect((await queue.queue.depth()).jobs).toBe(120);
  await queue.close();
});

it('is taken beside a working center, and what it brings back goes on without raising anything twice', {
  timeout: 120_000,
}, async () => {
  const test = await openTestCenter();
  try {
    const key = await addSource(test.center.store, 'kita-hospital', 'web', 'web-access');
    const lines = (from: number): string =>
      Array.from(
        { length: 200 },
        (_, index) =>
          `198.51.100.7 - - [20/Nov/2026:10:02:${String((from + index) % 60).padStart(2, '0')} +0900] "GET /wp-login.php?n=${from + index} HTTP/1.1" 404 512 "-" "sqlmap/1.7"`,
      ).join('\n');
    const send = async (batch: number, url = test.center.intakeUrl): Promise<{ receivedAt: string }> => {
      const answer = await fetch(`${url}/ingest`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'text/plain', 'idempotency-key': `b${batch}` },
        body: lines(batch * 200),
      });
      expect(answer.status).toBe(202);
      return (await answer.json()) as { receivedAt: string };
    };
    let sending = true;
    let sent = 0;
    const sender = (async () => {
      for (; sending && sent < 200; sent++) {
        await send(sent);
        await pause(15);
      }
    })();
    await pause(500);
    const file = join(folder, 'live.zst');
    const made = await run('backup', '--data', test.folder, '--to', file);
    sending = false;
    await sender;
    expect(made, made.output).toMatchObject({ code: 0 });
    await drained(test.center);
    expect(await run('restore', file, '--data', test.folder)).toMatchObject({
      code: 2,
      output: expect.stringContaining('a center works there'),
    });
    await test.center.close();

    // What the sender tries again finds its first receipt; what the backup did not have is taken as new.
    const back = await mkdtemp(join(folder, 'live-'));
    const restored = await run('restore', file, '--data', back);
    expect(restored, restored.output).toMatchObject({ code: 0 });
    const second = await openTestCenter({ HINOMI_DATA_DIR: back });
    try {
      for (let batch = 0; batch < sent; batch++) await send(batch, second.center.intakeUrl);
      await drained(second.center);
      const whole = await withStore(test.folder, async (store) => ({
        events: (await store.stats()).events,
        alerts: await counts(store),
      }));
      expect(whole.events).toBe(sent * 200);
      expect((await second.center.store.stats()).events).toBe(whole.events);
      expect(whole.alerts.length).toBeGreaterThan(0);
      expect(await counts(second.center.store as CopyableStore)).toEqual(whole.alerts);
    } finally {
      await second.dispose();
    }
  } finally {
    await test.dispose();
  }
});

async function counts(store: Pick<CopyableStore, 'find'>): Promise<string[]> {
  const { items } = await store.find('alert', CENTER_SCOPE, { limit: 1_000 });
  return items
    .map(
      ({ memberId, title, count, firstSeenAt, lastSeenAt }) =>
        `${memberId} ${title} ${count} ${firstSeenAt} ${lastSeenAt}`,
    )
    .sort();
}

it('says which file of the center is damaged, and makes no backup of it', { timeout: 60_000 }, async () => {
  const data = join(folder, 'damaged');
  await withStore(data, (store) =>
    store.putBatches([
      makeBatch('1', { events: Array.from({ length: 2_000 }, (_, n) => ({ message: `${Math.sin(n)}` })) }),
    ]),
  );
  const day = join(data, 'events', '2026-11-20.db');
  await truncate(day, 16_384);
  const made = await run('backup', '--data', data, '--to', join(folder, 'damaged.zst'));
  expect(made).toMatchObject({ code: 2, output: expect.stringMatching(/2026-11-20\.db: it is damaged/) });
  expect((await readdir(folder)).filter((name) => name.startsWith('damaged.zst'))).toEqual([]);
});
