/** A center in a process of its own, as an operator runs it, and the ways to load and measure it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DemoMember } from '../src/demo/city.ts';
import { settleCity } from '../src/demo/settle.ts';
import { openSqliteStore } from '../src/store/sqlite.ts';
import { addApiKey, freePort, root } from '../test/center.ts';

export interface BenchCenter {
  readonly folder: string;
  readonly api: string;
  readonly intake: string;
  /** From the process's start to the first answer of /readyz. */
  readonly startedInMs: number;
  readonly process: ChildProcess;
  /** Highest resident memory of the process so far, bytes; undefined where the system does not tell. */
  peakMemory(): number | undefined;
  stop(): Promise<void>;
}

/** Members, sources, ingest keys by source id, and an API key that sees everything. */
export async function prepare(
  city: readonly DemoMember[],
): Promise<{ folder: string; keys: Map<string, string>; apiKey: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'hinomi-bench-'));
  const host = await openSqliteStore({ folder });
  const now = new Date().toISOString();
  const keys = await settleCity(host.store, city, now);
  const apiKey = await addApiKey(host.store, 'admin', 'all');
  await host.close();
  return { folder, keys, apiKey };
}

export async function serve(folder: string): Promise<BenchCenter> {
  const [apiPort, intakePort] = [await freePort(), await freePort()];
  const started = performance.now();
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(root, 'src/main.ts'), 'serve', '--data', folder],
    {
      cwd: root,
      env: {
        ...process.env,
        HINOMI_API_PORT: String(apiPort),
        HINOMI_INTAKE_PORT: String(intakePort),
        HINOMI_LOG_LEVEL: 'error',
        HINOMI_INTAKE_QUOTA_RECORDS_PER_SECOND: '1000000',
        HINOMI_INTAKE_QUOTA_BURST_RECORDS: '10000000',
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  // A measurement that fails must not leave its center running.
  process.once('exit', () => child.kill('SIGKILL'));
  const api = `http://127.0.0.1:${apiPort}`;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`serve ended with ${child.exitCode}`);
    const answer = await fetch(`${api}/readyz`).catch(() => undefined);
    if (answer?.status === 200) break;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return {
    folder,
    api,
    intake: `http://127.0.0.1:${intakePort}`,
    startedInMs: performance.now() - started,
    process: child,
    peakMemory() {
      try {
        const kilobytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1];
        return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
      } catch {
        return undefined;
      }
    },
    async stop() {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

export const forget = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true });

/** Batches that wait, both queues; from /metrics, as an operator would see it. */
export async function waiting({ api }: BenchCenter, apiKey: string): Promise<number> {
  const text = await (await fetch(`${api}/metrics`, { headers: { authorization: `Bearer ${apiKey}` } })).text();
  return [...text.matchAll(/^hinomi_queue_batches\{[^}]*\} (\d+)/gm)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );
}

export async function drained(center: BenchCenter, apiKey: string): Promise<void> {
  while ((await waiting(center, apiKey)) > 0) await new Promise((resolve) => setTimeout(resolve, 20));
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
