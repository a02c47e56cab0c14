/** A whole center in processes, with a sender at its door, and the verdict on what became of what was sent. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Role } from '../../src/peers/peers.ts';
import { openBullmqQueue } from '../../src/queue/bullmq.ts';
import { openElasticsearchStore } from '../../src/store/elasticsearch.ts';
import { addSource, drained, openTestCenter } from '../center.ts';
import { alertsOf, type Load, ledgerOf, timesStored, writeLoad } from './load.ts';
import { type CenterProcess, clusterEnvironment, createProcess, hinomi } from './processes.ts';

export interface ClusterOptions {
  readonly redisUrl: string;
  readonly elasticsearchUrl: string;
  readonly prefix: string;
  readonly records: number;
  /** Ways of the processes to the servers, where they differ from the verdict's own. */
  readonly through?: { readonly redisUrl?: string; readonly elasticsearchUrl?: string };
}

export interface Cluster {
  readonly processes: readonly CenterProcess[];
  of(role: Role): readonly CenterProcess[];
  /** Begins to send the load; goes on over every refusal and every closed door. */
  send(): { readonly done: Promise<void>; sending(): boolean };
  /** Waits until nothing waits any more, and compares everything with what the embedded center makes of the same file. */
  judge(limitMs: number): Promise<void>;
  dispose(): Promise<void>;
}

const expectedAlerts = new Map<number, Promise<readonly string[]>>();

/** What the embedded center makes of the load: worked out once. */
function embeddedAlerts(load: Load): Promise<readonly string[]> {
  let known = expectedAlerts.get(load.records);
  if (known === undefined) {
    known = (async () => {
      const test = await openTestCenter();
      try {
        const key = await addSource(test.center.store, 'kita-hospital', 'web', 'web-access');
        await sendFile(load.file, test.center.intakeUrl, key, test.folder);
        await drained(test.center, 240_000);
        return await alertsOf(test.center.store);
      } finally {
        await test.dispose();
      }
    })();
    expectedAlerts.set(load.records, known);
  }
  return known;
}

async function sendFile(file: string, url: string, key: string, folder: string): Promise<void> {
  const args = ['send', '--to', url, '--key', key, '--batch', '500', file];
  const child = hinomi(args, {
    XDG_STATE_HOME: join(folder, createHash('sha256').update(key).digest('hex').slice(0, 8)),
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`send ended with ${code}: ${child.output()}`);
}

/** All processes ready: one intake, two workers, two correlators, one api. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { redisUrl, elasticsearchUrl, prefix, through } = options;
  const folder = await mkdtemp(join(tmpdir(), 'hinomi-cluster-'));
  const load = await writeLoad(join(folder, 'access.log'), options.records);
  const open = () => openElasticsearchStore({ urls: [elasticsearchUrl], prefix });
  const first = await open();
  const key = await addSource(first, 'kita-hospital', 'web', 'web-access');
  await first.close();
  const env = clusterEnvironment(through?.redisUrl ?? redisUrl, through?.elasticsearchUrl ?? elasticsearchUrl, prefix);
  const roles: readonly Role[] = ['intake', 'worker', 'worker', 'correlator', 'correlator', 'api'];
  const processes = await Promise.all(roles.map((role) => createProcess(role, env, join(folder, 'data'))));
  await Promise.all(processes.map((process) => process.start()));
  const intake = processes[0] as CenterProcess;

  async function waiting(): Promise<number> {
    const [records, matches] = await Promise.all(
      (['records', 'matches'] as const).map((name) => openBullmqQueue({ url: redisUrl, prefix, name })),
    );
    try {
      const depths = await Promise.all([records?.queue.depth(), matches?.queue.depth()]);
      return depths.reduce((sum, depth) => sum + (depth?.jobs ?? 0) + (depth?.dead ?? 0), 0);
    } finally {
      await Promise.all([records?.close(), matches?.close()]);
    }
  }

  return {
    processes,
    of: (role) => processes.filter((process) => process.role === role),
    send() {
      let running = true;
      const done = sendFile(load.file, intake.url, key, folder).finally(() => {
        running = false;
      });
      done.catch(() => undefined);
      return { done, sending: () => running };
    },
    async judge(limitMs) {
      const end = Date.now() + limitMs;
      for (let calm = 0; calm < 2; ) {
        calm = (await waiting()) === 0 ? calm + 1 : 0;
        if (Date.now() > end)
          throw new Error(
            `${await waiting()} batches still wait.\n${processes.map((one) => `${one.role}: ${one.output()}`).join('\n')}`,
          );
        await pause(500);
      }
      const store = await open();
      try {
        const times = await timesStored(store, load.records);
        const wrong = [...times.entries()].filter(([, count]) => count !== 1);
        expect(wrong.slice(0, 20), `${wrong.length} of ${load.records} records are not there exactly once`).toEqual([]);
        const { records, rejects } = load;
        const ledger = await ledgerOf(store);
        expect(ledger).toMatchObject({ events: records - rejects, rejects });
        expect(ledger.received).toBe(records + ledger.refused);
        expect(await alertsOf(store)).toEqual(await embeddedAlerts(load));
      } finally {
        await store.close();
      }
    },
    async dispose() {
      await Promise.all(processes.map((process) => process.kill()));
      await fetch(`${elasticsearchUrl}/${prefix}-*`, { method: 'DELETE' });
      await rm(folder, { recursive: true, force: true });
    },
  };
}
