/** A center divided into processes, one for each role, on a Redis and an Elasticsearch that are given: started, killed, frozen. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Role } from '../../src/peers/peers.ts';
import { root } from '../center.ts';
import { freePort } from '../services/port.ts';

/** Settings of hinomi.yml for engines that processes share, as the environment. */
export const clusterEnvironment = (
  redisUrl: string,
  elasticsearchUrl: string,
  prefix: string,
): Record<string, string> => ({
  HINOMI_QUEUE_ENGINE: 'redis',
  HINOMI_QUEUE_REDIS_URL: redisUrl,
  HINOMI_QUEUE_REDIS_PREFIX: prefix,
  HINOMI_STORE_ENGINE: 'elasticsearch',
  HINOMI_STORE_ELASTICSEARCH_URLS: elasticsearchUrl,
  HINOMI_STORE_ELASTICSEARCH_PREFIX: prefix,
  HINOMI_STORE_ELASTICSEARCH_LEASE_SECONDS: '3',
});

export interface CenterProcess {
  readonly role: Role;
  /** Of its door, where its role has one; the same after a restart. */
  readonly url: string;
  readonly probes: string;
  /** Of the process that runs now, or ran last; 0 before the first start. */
  readonly pid: number;
  /** What it said last. */
  output(): string;
  running(): boolean;
  signal(signal: NodeJS.Signals): void;
  /** kill -9; resolves when it is gone. */
  kill(): Promise<void>;
  /** As an operator would; answers how long it took, milliseconds. */
  stop(): Promise<number>;
  /** Starts it, again, with further settings; resolves when it is ready. */
  start(more?: Record<string, string>): Promise<void>;
}

const READY_MS = 90_000;
const KEPT_OUTPUT = 20_000;
const children = new Set<ChildProcess>();

/** Those that are still there, at once; done by itself when this process ends. */
export function killChildren(): void {
  for (const child of children) child.kill('SIGKILL');
}
process.once('exit', killChildren);

/** Any command of Hinomi as a child of this process, ended with it. */
export function hinomi(
  args: readonly string[],
  env: Record<string, string> = {},
): ChildProcess & { output: () => string } {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', join(root, 'src/main.ts'), ...args], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  child.once('exit', () => children.delete(child));
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk) => {
      output = (output + chunk).slice(-KEPT_OUTPUT);
    });
  return Object.assign(child, { output: () => output });
}

/** The same, to its end. */
export async function runHinomi(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ code: number; output: string }> {
  const child = hinomi(args, { HINOMI_LOG_LEVEL: 'error', ...env });
  const [code] = (await once(child, 'close')) as [number];
  return { code, output: child.output() };
}

/** Not started yet. `env`: clusterEnvironment and whatever else all processes share. */
export async function createProcess(role: Role, env: Record<string, string>, folder: string): Promise<CenterProcess> {
  const [door, probes] = [await freePort(), await freePort()];
  const own = {
    ...env,
    HINOMI_DATA_DIR: folder,
    HINOMI_PROBES_PORT: String(probes),
    HINOMI_LOG_LEVEL: 'warn',
    ...(role === 'api' && { HINOMI_API_PORT: String(door) }),
    ...(role === 'intake' && { HINOMI_INTAKE_PORT: String(door) }),
  };
  let child: ReturnType<typeof hinomi> | undefined;
  let told = false;
  const running = (): boolean => child !== undefined && child.exitCode === null && child.signalCode === null;
  const gone = async (): Promise<void> => {
    if (running()) await once(child as ChildProcess, 'exit');
  };
  return {
    role,
    url: `http://127.0.0.1:${door}`,
    probes: `http://127.0.0.1:${probes}`,
    get pid() {
      return child?.pid ?? 0;
    },
    output: () => child?.output() ?? '',
    running,
    signal(signal) {
      child?.kill(signal);
    },
    async kill() {
      told = true;
      child?.kill('SIGKILL');
      await gone();
    },
    async stop() {
      const began = performance.now();
      told = true;
      child?.kill('SIGTERM');
      await gone();
      return performance.now() - began;
    },
    async start(more = {}) {
      const begun = hinomi(['serve', '--role', role], { ...own, ...more });
      child = begun;
      told = false;
      begun.once('exit', (code, signal) => {
        if (!told) console.error(`the ${role} ended by itself (${code ?? signal}): ${begun.output()}`);
      });
      for (const end = Date.now() + READY_MS; Date.now() < end; await pause(50)) {
        if (begun.exitCode !== null) throw new Error(`the ${role} ended: ${begun.output()}`);
        const ready = await fetch(`http://127.0.0.1:${probes}/readyz`).catch(() => undefined);
        if (ready?.status === 200) return;
      }
      throw new Error(`the ${role} did not get ready: ${begun.output()}`);
    },
  };
}
