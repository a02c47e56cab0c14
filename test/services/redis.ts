/** A real Redis of one's own on loopback, for tests and developers: `redis-server` from the PATH. Installs nothing. */
import { mkdir } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { freePort } from './port.ts';
import { findProgram, MissingService, type Server, startServer } from './server.ts';

export interface RedisOptions {
  /** Holds the data; is made where it is missing. One server to a folder. */
  readonly folder: string;
  readonly port?: number;
  /** Keep every write in a log on disk: what was answered outlives `kill('SIGKILL')`. Off by default. */
  readonly appendonly?: boolean;
  /** As in redis.conf, "64mb". */
  readonly maxmemory?: string;
  /** Further directives of redis.conf. */
  readonly config?: Readonly<Record<string, string>>;
}

/** Where redis-server is. Rejects with MissingService. */
export async function prepareRedis(): Promise<string> {
  if (process.platform === 'win32') throw new MissingService('redis-server does not run on Windows');
  const command = await findProgram('redis-server');
  if (command === undefined)
    throw new MissingService('redis-server is not on the PATH; install it (Debian: apt-get install redis-server)');
  return command;
}

/** Resolves when it answers; its url is `redis://127.0.0.1:<port>`. */
export async function startRedis(options: RedisOptions): Promise<Server> {
  const command = await prepareRedis();
  const port = options.port ?? (await freePort());
  await mkdir(options.folder, { recursive: true });
  const directives: Record<string, string> = {
    bind: '127.0.0.1',
    port: String(port),
    dir: options.folder,
    save: '',
    appendonly: options.appendonly === true ? 'yes' : 'no',
    // By default it answers before it writes when the disk is slow.
    ...(options.appendonly === true && { appendfsync: 'always' }),
    ...(options.maxmemory === undefined ? {} : { maxmemory: options.maxmemory }),
    ...options.config,
  };
  return await startServer({
    name: 'Redis',
    url: `redis://127.0.0.1:${port}`,
    command,
    args: Object.entries(directives).flatMap(([name, value]) => [`--${name}`, value]),
    answers: () => isLoaded(port),
    startLimitMs: 30_000,
  });
}

/** Whether it answers PING, be it only to ask for a password; while it reads its log it answers -LOADING. */
async function isLoaded(port: number): Promise<boolean> {
  const socket = createConnection({ host: '127.0.0.1', port });
  socket.setTimeout(1000, () => socket.destroy(new Error('no answer')));
  try {
    socket.write('PING\r\n');
    for await (const chunk of socket) return /^(\+PONG|-NOAUTH)/.test(String(chunk));
    return false;
  } finally {
    socket.destroy();
  }
}
