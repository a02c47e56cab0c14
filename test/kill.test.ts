/**
 * kill -9 of the whole center at random moments while `send` delivers: afterwards every record is there exactly once and the
 * ledger balances. HINOMI_KILL_SEED repeats a run.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { afterAll, expect, it } from 'vitest';
import { createRandom } from '../src/demo/random.ts';
import { CENTER_SCOPE } from '../src/model/scope.ts';
import { openSqliteQueue } from '../src/queue/sqlite.ts';
import { openSqliteStore } from '../src/store/sqlite.ts';
import { addSource, freePort } from './center.ts';
import { hinomi, killChildren } from './cluster/processes.ts';

const LINES = 200_000;
const KILLS = 20;
afterAll(killChildren);

async function ready(url: string, child: ChildProcess & { output: () => string }): Promise<void> {
  const end = Date.now() + 30_000;
  while (Date.now() < end) {
    if (child.exitCode !== null) throw new Error(`serve ended: ${child.output()}`);
    try {
      if ((await fetch(`${url}/readyz`)).status === 200) return;
    } catch {}
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`serve did not get ready: ${child.output()}`);
}

it(`loses and doubles nothing over ${KILLS} kills`, { timeout: 280_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hinomi-kill-'));
  const data = join(folder, 'data');
  const seed = Number(process.env.HINOMI_KILL_SEED ?? Date.now() % 1_000_000);
  const random = createRandom('kill', seed);

  const file = join(folder, 'access.log');
  const writing = createWriteStream(file);
  for (let index = 0; index < LINES; index++) {
    // Every hundredth line is no access log: rejects must be kept as surely as events.
    const line =
      index % 100 === 99
        ? `not a log line ${index}\n`
        : `192.0.2.${index % 250} - - [20/Nov/2026:10:02:33 +0900] "GET /item/${index} HTTP/1.1" 200 512 "-" "Mozilla/5.0"\n`;
    if (!writing.write(line)) await once(writing, 'drain');
  }
  writing.end();
  await finished(writing);

  const store = await openSqliteStore({ folder: data });
  const key = await addSource(store.store, 'kita-hospital', 'web', 'web-access');
  await store.close();

  const apiPort = await freePort();
  const intakePort = await freePort();
  const env = { HINOMI_API_PORT: String(apiPort), HINOMI_INTAKE_PORT: String(intakePort), HINOMI_LOG_LEVEL: 'error' };
  const serve = async () => {
    const child = hinomi(['serve', '--data', data], env);
    await ready(`http://127.0.0.1:${apiPort}`, child);
    return child;
  };

  let center = await serve();
  const sendArguments = ['send', '--to', `http://127.0.0.1:${intakePort}`, '--key', key, '--batch', '1000', file];
  const sendEnv = { XDG_STATE_HOME: join(folder, 'state') };
  let send = hinomi(sendArguments, sendEnv);
  let sent = false;
  let kills = 0;
  while (kills < KILLS) {
    await new Promise((resolve) => setTimeout(resolve, random.int(50, 900)));
    center.kill('SIGKILL');
    await once(center, 'exit');
    kills++;
    // Now and then the sender dies as well, and begins again where it was.
    if (!sent && random.chance(0.3) && send.exitCode === null) {
      send.kill('SIGKILL');
      await once(send, 'exit');
      send = hinomi(sendArguments, sendEnv);
    }
    center = await serve();
    sent ||= send.exitCode === 0;
  }
  if (send.exitCode === null) await once(send, 'exit');
  expect(send.exitCode, send.output()).toBe(0);

  const end = Date.now() + 90_000;
  center.kill('SIGTERM');
  await once(center, 'exit');
  const queue = await openSqliteQueue({ file: join(data, 'queue', 'records.db') });
  const waiting = (await queue.queue.depth()).records;
  await queue.close();
  if (waiting > 0) {
    center = await serve();
    while (Date.now() < end) {
      const metrics = await (await fetch(`http://127.0.0.1:${apiPort}/metrics`)).text();
      if (/hinomi_queue_batches\{queue="records"\} 0\n/.test(metrics)) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    center.kill('SIGTERM');
    await once(center, 'exit');
  }

  const host = await openSqliteStore({ folder: data });
  const seen = new Uint8Array(LINES);
  const mark = (index: number): void => {
    seen[index] = (seen[index] as number) + 1;
  };
  let cursor: string | undefined;
  do {
    const page = await host.store.findEvents(CENTER_SCOPE, {
      since: '2026-01-01T00:00:00.000Z',
      until: '2027-01-01T00:00:00.000Z',
      limit: 1_000,
      budgetMs: 60_000,
      ...(cursor !== undefined && { cursor }),
    });
    for (const event of page.items) mark(Number((event['url.path'] as string).slice('/item/'.length)));
    cursor = page.next;
  } while (cursor !== undefined);
  do {
    const page = await host.store.findRejects(CENTER_SCOPE, { limit: 1_000, ...(cursor !== undefined && { cursor }) });
    for (const reject of page.items)
      mark(Number(Buffer.from(reject.raw, 'base64').toString().slice('not a log line '.length)));
    cursor = page.next;
  } while (cursor !== undefined);
  const wrong = [...seen.entries()].filter(([, times]) => times !== 1).slice(0, 20);
  expect(wrong, `seed ${seed}`).toEqual([]);

  const rows = await host.store.ledger(CENTER_SCOPE, {
    since: '2000-01-01T00:00:00.000Z',
    until: '2100-01-01T00:00:00.000Z',
  });
  const sum = (property: 'received' | 'events' | 'rejects' | 'refused'): number =>
    rows.reduce((all, row) => all + row[property], 0);
  expect({ events: sum('events'), rejects: sum('rejects') }).toEqual({
    events: LINES - LINES / 100,
    rejects: LINES / 100,
  });
  expect(sum('received')).toBe(sum('events') + sum('rejects') + sum('refused'));
  await host.close();
  await rm(folder, { recursive: true, force: true });
});
