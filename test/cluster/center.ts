/** A whole center in processes, with a sender at its door, and the verdict on what became of what was sent. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Role } from '../../src/peers/peers.ts';
import { openBullmqQueue } from '../../src/queue/bullmq.ts';
import { removeAll } from '../../src/store/elasticsearch/events.fixture.ts';
import { openElasticsearchStore } from '../../src/store/elasticsearch.ts';
import { addSource, drained, openTestCenter } from '../center.ts';
import { alertsOf, beginOf, type Load, ledgerOf, makeLoad, type Part, sendLoad, timesStored } from './load.ts';
import { type CenterProcess, clusterEnvironment, createProcess } from './processes.ts';

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
  /** Sends the load or a part of it, over at least so long, over every refusal and every closed door. */
  send(lastsMs: number, part?: Part): Promise<void>;
  /** Number of the first record of a part of the load. */
  beginOf(part: Part): number;
  /**
   * Waits until nothing waits any more, and compares everything with what the embedded center makes of the same file. `noUsers`: the
   * store could keep no event that names a user.
   */
  judge(limitMs: number, noUsers?: boolean): Promise<void>;
  dispose(): Promise<void>;
}

const expectedAlerts = new Map<number, Promise<readonly string[]>>();

/** What the embedded center makes of the load: worked out once. */
function embeddedAlerts(load: Load): Promise<readonly string[]> {
  let known = expectedAlerts.get(load.lines.length);
  if (known === undefined) {
    known = (async () => {
      const test = await openTestCenter();
      try {
        const key = await addSource(test.center.store, 'kita-hospital', 'web', 'web-access');
        await sendLoad(load, test.center.intakeUrl, key, 0);
        await drained(test.center, 240_000);
        return await alertsOf(test.center.store);
      } finally {
        await test.dispose();
      }
    })();
    expectedAlerts.set(load.lines.length, known);
  }
  return known;
}

/** All processes ready: one intake, two workers, two correlators, one api. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { redisUrl, elasticsearchUrl, prefix, through } = options;
  const folder = await mkdtemp(join(tmpdir(), 'hinomi-cluster-'));
  const load = makeLoad(options.records);
  const open = () => openElasticsearchStore({ urls: [elasticsearchUrl], prefix });
  const first = await open();
  const key = await addSource(first, 'kita-hospital', 'web', 'web-access');
  await first.close();
  const env = clusterEnvironment(through?.redisUrl ?? redisUrl, through?.elasticsearchUrl ?? elasticsearchUrl, prefix);
  const roles: readonly Role[] = ['intake', 'worker', 'worker', 'correlator', 'correlator', 'api'];
  const processes = await Promise.all(roles.map((role) => createProcess(role, env, join(folder, 'data'))));
  try {
    await Promise.all(processes.map((process) => process.start()));
  } catch (error) {
    await Promise.all(processes.map((process) => process.kill()));
    throw error;
  }
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
    beginOf: (part) => beginOf(load, part),
    send: (lastsMs, part) => sendLoad(load, intake.url, key, lastsMs, part),
    async judge(limitMs, noUsers = false) {
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
        const { lines } = load;
        const rejects = load.rejects + (noUsers ? load.named : 0);
        const records = lines.length;
        const times = await timesStored(store, records);
        const wrong = [...times.entries()].filter(([, count]) => count !== 1);
        expect(wrong.slice(0, 20), `${wrong.length} of ${records} records are not there exactly once`).toEqual([]);
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
      await removeAll(elasticsearchUrl, prefix);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
