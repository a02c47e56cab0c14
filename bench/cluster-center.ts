/**
 * A cluster on this machine to be measured: Redis and Elasticsearch of its own, each role as a process, all of SigmaHQ as its rules.
 * Everything ends with the process that started it.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Role } from '../src/peers/peers.ts';
import { type BullmqQueueHost, openBullmqQueue } from '../src/queue/bullmq.ts';
import { openElasticsearchStore } from '../src/store/elasticsearch.ts';
import type { Store } from '../src/store/store.ts';
import { type CenterProcess, clusterEnvironment, createProcess } from '../test/cluster/processes.ts';
import { corpora } from '../test/corpora.ts';
import { startElasticsearch } from '../test/services/elasticsearch.ts';
import { startRedis } from '../test/services/redis.ts';

/** Processes whose CPU time is told apart. "sender" is this process. */
export const parts = ['intake', 'worker', 'correlator', 'api', 'redis', 'elasticsearch', 'sender'] as const;
export type Part = (typeof parts)[number];
/** CPU seconds, user and system, all threads. */
export type Seconds = Readonly<Record<Part, number>>;

export interface BenchCluster {
  readonly prefix: string;
  readonly elasticsearchUrl: string;
  readonly elasticsearchHeap: string;
  readonly store: Store;
  /** So many processes of each role run when it resolves; those of another number before are stopped or started. */
  run(wanted: Readonly<Partial<Record<Role, number>>>): Promise<void>;
  of(role: Role): CenterProcess;
  /** Batches of either queue that are not done; throws when some are dead. */
  waiting(name: 'records' | 'matches'): Promise<number>;
  redisMemory(): Promise<number>;
  cpu(): Seconds;
  /** Highest resident memory of a role's processes so far, bytes. */
  peakMemory(part: Part): number;
  /** JSON request to Elasticsearch; throws what it answered when that is no success. */
  ask<T>(method: string, path: string, body?: unknown): Promise<T>;
  /** Waits until Elasticsearch has little to do: merges of what was written before. */
  calm(): Promise<void>;
  dispose(): Promise<void>;
}

const CALM_CPU = 0.15;
const CALM_MS = 60_000;

export async function openBenchCluster(heap: string): Promise<BenchCluster> {
  const folder = await mkdtemp(join(tmpdir(), 'hinomi-bench-cluster-'));
  const rules = join(folder, 'rules');
  await mkdir(rules);
  execFileSync('tar', ['xzf', `${corpora}/sigmahq-rules.tar.gz`, '-C', rules]);
  const prefix = 'bench';
  const [redis, elasticsearch] = await Promise.all([
    // As docker/redis.conf sets it up: what was accepted outlives a crash of Redis.
    startRedis({ folder: join(folder, 'redis'), appendonly: true }),
    startElasticsearch({ folder: join(folder, 'elasticsearch'), heap, bothCompilers: true }),
  ]);
  const store = await openElasticsearchStore({ urls: [elasticsearch.url], prefix });
  const queues: Record<'records' | 'matches', BullmqQueueHost> = {
    records: await openBullmqQueue({ url: redis.url, prefix, name: 'records' }),
    matches: await openBullmqQueue({ url: redis.url, prefix, name: 'matches' }),
  };
  const env = {
    ...clusterEnvironment(redis.url, elasticsearch.url, prefix),
    HINOMI_STORE_ELASTICSEARCH_LEASE_SECONDS: '30',
    HINOMI_INTAKE_QUOTA_RECORDS_PER_SECOND: '1000000',
    HINOMI_INTAKE_QUOTA_BURST_RECORDS: '10000000',
    HINOMI_RULES_FOLDERS: ['rules', 'rules-compliance', 'rules-emerging-threats', 'rules-threat-hunting']
      .map((name) => join(rules, 'sigmahq', name))
      .join(','),
    // A process is one of a worker's lanes; a machine runs as many processes as it spares cores.
    HINOMI_PIPELINE_WORKERS: '1',
  };
  let running: CenterProcess[] = [];
  /** Of processes that are gone. */
  const spent: Record<string, number> = {};

  async function stop(one: CenterProcess): Promise<void> {
    spent[one.role] = (spent[one.role] ?? 0) + cpuSeconds(one.pid);
    await one.stop();
    running = running.filter((other) => other !== one);
  }

  async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await fetch(elasticsearch.url + path, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 500)}`);
    return JSON.parse(text) as T;
  }

  return {
    prefix,
    elasticsearchUrl: elasticsearch.url,
    elasticsearchHeap: heap,
    store,
    ask,
    async run(wanted) {
      for (const role of ['intake', 'worker', 'correlator', 'api'] as const) {
        const there = running.filter((one) => one.role === role);
        const number = wanted[role] ?? 0;
        for (const one of there.slice(number)) await stop(one);
        for (let more = there.length; more < number; more++) {
          const started = await createProcess(role, env, join(folder, `${role}-${more}`));
          await started.start();
          running.push(started);
        }
      }
    },
    of(role) {
      const found = running.find((one) => one.role === role);
      if (found === undefined) throw new Error(`no ${role} runs`);
      return found;
    },
    async waiting(name) {
      const { jobs, dead } = await queues[name].queue.depth();
      if (dead > 0)
        throw new Error(`${dead} batches of ${name} are dead: ${running.map((one) => one.output()).join()}`);
      return jobs;
    },
    redisMemory: async () => (await queues.records.memory()).usedBytes,
    cpu() {
      const seconds = { ...Object.fromEntries(parts.map((part) => [part, spent[part] ?? 0])) } as Record<Part, number>;
      for (const { role, pid } of running) seconds[role] += cpuSeconds(pid);
      seconds.redis = cpuSeconds(redis.pid);
      seconds.elasticsearch = cpuSeconds(elasticsearch.pid);
      const own = process.cpuUsage();
      seconds.sender = (own.user + own.system) / 1e6;
      return seconds;
    },
    peakMemory(part) {
      const pids =
        part === 'redis'
          ? [redis.pid]
          : part === 'elasticsearch'
            ? [elasticsearch.pid]
            : running.filter(({ role }) => role === part).map(({ pid }) => pid);
      return Math.max(0, ...pids.map((pid) => 1024 * Number(/VmHWM:\s+(\d+)/.exec(proc(pid, 'status'))?.[1] ?? 0)));
    },
    async calm() {
      for (const end = Date.now() + CALM_MS; Date.now() < end; ) {
        const before = cpuSeconds(elasticsearch.pid);
        await pause(1_000);
        if (cpuSeconds(elasticsearch.pid) - before < CALM_CPU) return;
      }
    },
    async dispose() {
      await Promise.all(running.map((one) => one.kill()));
      await Promise.all([queues.records.close(), queues.matches.close(), store.close()]);
      await Promise.all([redis.stop(), elasticsearch.stop()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const proc = (pid: number, file: string): string => readFileSync(`/proc/${pid}/${file}`, 'utf8');

/** Linux counts in hundredths. */
function cpuSeconds(pid: number): number {
  const fields = proc(pid, 'stat')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

export function difference(after: Seconds, before: Seconds): Seconds {
  return Object.fromEntries(parts.map((part) => [part, after[part] - before[part]])) as Record<Part, number>;
}
