/**
 * kill -9 of the whole center at random moments while `send` delivers: afterwards every record is there exactly once and the
 * ledger balances. `npm test` kills a few times, `npm run faults` 50; HINOMI_FAULT_KILLS says another number, HINOMI_FAULT_SEED
 * repeats a run.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { createRandom } from '../src/demo/random.ts';
import { openSqliteQueue } from '../src/queue/sqlite.ts';
import { openSqliteStore } from '../src/store/sqlite.ts';
import { addSource, freePort } from './center.ts';
import { ledgerOf, makeLoad, timesStored } from './cluster/load.ts';
import { hinomi, killChildren } from './cluster/processes.ts';

const all = process.env.HINOMI_FAULTS === 'all';
const kills = Number(process.env.HINOMI_FAULT_KILLS ?? (all ? 50 : 8));
const seed = Number(process.env.HINOMI_FAULT_SEED ?? Date.now() % 1_000_000);
/** So many that the sender has not done before most of the kills. */
const records = kills * 10_000;
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

it(`loses and doubles nothing over ${kills} kills`, { timeout: all ? 600_000 : 150_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hinomi-kill-'));
  const data = join(folder, 'data');
  const random = createRandom('kill', seed);
  const load = makeLoad(records);
  const file = join(folder, 'access.log');
  await writeFile(file, load.lines.join(''));

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
  for (let kill = 0; kill < kills; kill++) {
    await new Promise((resolve) => setTimeout(resolve, random.int(50, 900)));
    center.kill('SIGKILL');
    await once(center, 'exit');
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
  const times = await timesStored(host.store, records);
  const wrong = [...times.entries()].filter(([, count]) => count !== 1).slice(0, 20);
  expect(wrong, `seed ${seed}`).toEqual([]);
  const ledger = await ledgerOf(host.store);
  expect(ledger).toMatchObject({ events: records - load.rejects, rejects: load.rejects });
  expect(ledger.received).toBe(records + ledger.refused);
  await host.close();
  await rm(folder, { recursive: true, force: true });
});
