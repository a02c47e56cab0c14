/** A Redis server of a test's own, from the PATH, on loopback: one that may be filled, stopped and killed. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './center.ts';

export interface OwnRedis {
  readonly url: string;
  readonly port: number;
  kill(signal: NodeJS.Signals): Promise<void>;
  /** On the same data and port. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Why there is none; undefined when there is. */
export const redisMissing: string | undefined =
  spawnSync('redis-server', ['--version']).status === 0 ? undefined : 'redis-server is not on the PATH';

export async function startRedis(options: {
  readonly folder: string;
  readonly appendonly?: boolean;
  readonly maxmemory?: string;
  readonly config?: Readonly<Record<string, string>>;
}): Promise<OwnRedis> {
  const port = await freePort();
  await mkdir(options.folder, { recursive: true });
  const directives: Record<string, string> = {
    bind: '127.0.0.1',
    port: String(port),
    dir: options.folder,
    save: '',
    appendonly: options.appendonly === true ? 'yes' : 'no',
    ...(options.maxmemory !== undefined && { maxmemory: options.maxmemory }),
    ...options.config,
  };
  let child: ChildProcess;
  const restart = async (): Promise<void> => {
    child = spawn(
      'redis-server',
      Object.entries(directives).flatMap(([name, value]) => [`--${name}`, value]),
      { stdio: 'ignore' },
    );
    for (const end = Date.now() + 20_000; !(await answers(port)); await sleep(20))
      if (Date.now() > end || child.exitCode !== null) throw new Error(`redis-server did not start on port ${port}`);
  };
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await once(child, 'exit');
  };
  await restart();
  return { url: `redis://127.0.0.1:${port}`, port, kill, restart, stop: () => kill('SIGKILL') };
}

async function answers(port: number): Promise<boolean> {
  const socket = createConnection({ host: '127.0.0.1', port });
  socket.setTimeout(1_000, () => socket.destroy());
  try {
    socket.write('PING\r\n');
    for await (const chunk of socket) return String(chunk).startsWith('+PONG');
  } catch {
    // Not yet.
  } finally {
    socket.destroy();
  }
  return false;
}
