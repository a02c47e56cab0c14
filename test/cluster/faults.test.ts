/**
 * Everything that goes wrong in a cluster, each under load: afterwards every record is there exactly once, the ledger balances, and
 * the alerts are those of an embedded center that nothing went wrong with. `npm run faults` runs them all, each on a cluster of its
 * own with 300,000 records and 50 kills; `npm test` a small choice, one after the other on one cluster. HINOMI_FAULT_SEED repeats
 * a run.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRandom, type Random } from '../../src/demo/random.ts';
import { type BadLine, openBadLine } from '../services/bad-line.ts';
import { type Elasticsearch, startElasticsearch } from '../services/elasticsearch.ts';
import { needOwn } from '../services/needed.ts';
import { startRedis } from '../services/redis.ts';
import type { Server } from '../services/server.ts';
import { type Cluster, startCluster } from './center.ts';

const all = process.env.HINOMI_FAULTS === 'all';
const records = Number(process.env.HINOMI_FAULT_RECORDS ?? (all ? 300_000 : 24_000));
const kills = Number(process.env.HINOMI_FAULT_KILLS ?? (all ? 50 : 4));
const seed = Number(process.env.HINOMI_FAULT_SEED ?? Date.now() % 1_000_000);

interface Stage {
  readonly cluster: Cluster;
  readonly redis: Server;
  readonly elasticsearch: Elasticsearch;
  readonly proxies: { readonly redis: BadLine; readonly elasticsearch: BadLine };
  readonly random: Random;
  readonly prefix: string;
}

interface Fault {
  readonly name: string;
  /** Part of `npm test`. */
  readonly always?: true;
  /** How long the load comes in: about as long as it takes to happen. */
  readonly lastsMs: number;
  /** Settings of a node of its own. */
  readonly settings?: Readonly<Record<string, string>>;
  /** What is so before the load comes. */
  readonly before?: (stage: Stage) => Promise<void>;
  /** See Cluster.judge. */
  readonly noUsers?: true;
  /** What happens while the load comes in. */
  readonly happen: (stage: Stage) => Promise<void>;
}

const put = async (stage: Stage, path: string, body: object): Promise<void> => {
  const answer = await fetch(`${stage.elasticsearch.url}${path}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
};

const faults: readonly Fault[] = [
  {
    name: `kill -9 of processes at random, ${kills} times`,
    lastsMs: kills * 2_500,
    always: true,
    async happen({ cluster, random }) {
      for (let kill = 0; kill < kills; kill++) {
        await pause(random.int(100, 1_500));
        const victim = random.pick(cluster.processes);
        await victim.kill();
        await victim.start();
      }
    },
  },
  {
    name: 'a rolling restart: every process is told to stop and started again, one after the other',
    always: true,
    lastsMs: all ? 20_000 : 10_000,
    async happen({ cluster }) {
      for (const process of cluster.processes) {
        expect(await process.stop(), `the ${process.role} took too long to stop`).toBeLessThan(10_000);
        await process.start();
      }
    },
  },
  {
    name: 'Redis is killed and comes back',
    lastsMs: all ? 25_000 : 6_000,
    always: true,
    async happen({ redis, random }) {
      for (let kill = 0; kill < (all ? 5 : 1); kill++) {
        await pause(random.int(500, 2_000));
        await redis.kill('SIGKILL');
        await pause(random.int(0, 5_000));
        await redis.restart();
      }
    },
  },
  {
    name: 'Redis is full for half a minute',
    lastsMs: 32_000,
    async happen({ redis }) {
      const { Redis } = await import('ioredis');
      const client = new Redis(redis.url);
      await pause(1_000);
      await client.config('SET', 'maxmemory', '1mb');
      await pause(30_000);
      await client.config('SET', 'maxmemory', '0');
      client.disconnect();
    },
  },
  {
    name: 'Elasticsearch is gone for two minutes',
    lastsMs: 125_000,
    async happen({ elasticsearch }) {
      await pause(2_000);
      await elasticsearch.kill('SIGKILL');
      await pause(120_000);
      await elasticsearch.restart();
    },
  },
  {
    name: 'Elasticsearch answers 429',
    lastsMs: 0,
    settings: { 'indexing_pressure.memory.limit': '600kb' },
    happen: async () => undefined,
  },
  {
    name: 'the disk is full: indices become read-only for a while',
    lastsMs: 25_000,
    async happen(stage) {
      const block = (blocked: true | null) =>
        put(stage, `/${stage.prefix}-*/_settings`, { 'index.blocks.read_only_allow_delete': blocked });
      await pause(2_000);
      await block(true);
      await pause(20_000);
      await block(null);
    },
  },
  {
    name: 'requests are too large (413)',
    lastsMs: 0,
    settings: { 'http.max_content_length': '256kb' },
    happen: async () => undefined,
  },
  {
    name: 'records that the mapping of their index cannot hold',
    lastsMs: 0,
    noUsers: true,
    async before(stage) {
      const month = new Date().toISOString().slice(0, 7).replace('-', '.');
      const mappings = { properties: { 'user.name': { type: 'long' } } };
      await put(stage, `/${stage.prefix}-events-kita-hospital_${month}`, { mappings });
    },
    happen: async () => undefined,
  },
  {
    name: 'answers take half a minute',
    lastsMs: 60_000,
    async happen({ proxies }) {
      await pause(2_000);
      proxies.elasticsearch.delay(30_000);
      await pause(60_000);
      proxies.elasticsearch.delay(0);
    },
  },
  {
    name: 'the network to Elasticsearch is cut, dropped and not closed',
    lastsMs: 35_000,
    async happen({ proxies }) {
      await pause(2_000);
      proxies.elasticsearch.cut();
      await pause(30_000);
      proxies.elasticsearch.mend();
    },
  },
  {
    name: 'the network to Redis is cut, dropped and not closed',
    lastsMs: 35_000,
    async happen({ proxies }) {
      await pause(2_000);
      proxies.redis.cut();
      await pause(30_000);
      proxies.redis.mend();
    },
  },
  {
    name: 'correlators take over from each other, dead and only paused, in the middle of windows',
    lastsMs: all ? 60_000 : 14_000,
    always: true,
    async happen({ cluster, random }) {
      const correlators = cluster.of('correlator');
      for (let round = 0; round < (all ? 10 : 2); round++) {
        await pause(random.int(500, 2_000));
        const victim = correlators[round % 2] as (typeof correlators)[number];
        if (round % 4 < 2) {
          // Longer than its lease: when it wakes it does not know that another leads.
          victim.signal('SIGSTOP');
          await pause(5_000);
          victim.signal('SIGCONT');
        } else {
          await victim.kill();
          await pause(4_000);
          await victim.start();
        }
      }
    },
  },
  {
    name: 'the clock of one worker is a day ahead',
    lastsMs: 15_000,
    async happen({ cluster }) {
      const worker = cluster.of('worker')[0] as Cluster['processes'][number];
      await worker.kill();
      const ahead = new URL('./day-ahead.mjs', import.meta.url).href;
      await worker.start({ NODE_OPTIONS: `--import=${ahead}` });
    },
  },
];

const chosen = faults.filter(({ always }) => always === true);

const services = await needOwn('redis', 'elasticsearch');
services.describe('faults of a cluster', ({ prefix }) => {
  let folder: string;
  let redis: Server;
  let shared: Elasticsearch;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hinomi-faults-'));
    [redis, shared] = await Promise.all([
      startRedis({ folder: join(folder, 'redis'), appendonly: true }),
      startElasticsearch({ folder: join(folder, 'elasticsearch'), ...(all && { heap: '1g' }) }),
    ]);
  }, 180_000);
  afterAll(async () => {
    await Promise.all([redis.stop(), shared.stop()]);
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  if (all)
    for (const [index, fault] of faults.entries())
      it(fault.name, { timeout: 1_200_000 }, () => play([fault], `${prefix}-${index}`));
  else it(chosen.map(({ name }) => name).join('; then '), { timeout: 240_000 }, () => play(chosen, prefix));

  /** One fault after the other, each under its part of the load; the verdict is on all of it. */
  async function play(faults: readonly Fault[], name: string): Promise<void> {
    const settings = faults.find((fault) => fault.settings !== undefined)?.settings;
    const elasticsearch =
      settings === undefined ? shared : await startElasticsearch({ folder: join(folder, name), settings });
    const at = (url: string) => ({ host: '127.0.0.1', port: Number(new URL(url).port) });
    const proxies = {
      redis: await openBadLine(at(redis.url)),
      elasticsearch: await openBadLine(at(elasticsearch.url)),
    };
    const cluster = await startCluster({
      redisUrl: redis.url,
      elasticsearchUrl: elasticsearch.url,
      prefix: name,
      records,
      through: {
        redisUrl: `redis://127.0.0.1:${proxies.redis.port}`,
        elasticsearchUrl: `http://127.0.0.1:${proxies.elasticsearch.port}`,
      },
    });
    const begun: string[] = [];
    try {
      for (const [number, fault] of faults.entries()) {
        const part = { number, of: faults.length };
        begun.push(`records from ${cluster.beginOf(part)} on: ${fault.name}`);
        const random = createRandom(fault.name, seed);
        const stage: Stage = { cluster, redis, elasticsearch, proxies, random, prefix: name };
        await fault.before?.(stage);
        await Promise.all([cluster.send(fault.lastsMs, part), fault.happen(stage)]);
      }
      await cluster.judge(
        all ? 600_000 : 150_000,
        faults.some(({ noUsers }) => noUsers === true),
      );
    } catch (error) {
      const said = cluster.processes.map((one) => `--- ${one.role}\n${one.output().slice(-3_000)}`).join('\n');
      const message = error instanceof Error ? error.message : error;
      throw new Error(`seed ${seed}: ${message}\n${begun.join('\n')}\n${said}`, { cause: error });
    } finally {
      await cluster.dispose();
      await Promise.all([proxies.redis.close(), proxies.elasticsearch.close()]);
      if (elasticsearch !== shared) await elasticsearch.stop();
    }
  }
});

const others = all ? 0 : faults.length - chosen.length;
if (others > 0)
  describe.skip(`${others} further faults of a cluster (npm run faults)`, () => void it('run', () => undefined));
