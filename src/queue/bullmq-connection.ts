/**
 * The connections to Redis: one for commands, one that hears wake-ups. A command fails at once while Redis is away and after
 * ANSWER_MS when it is silent: nothing is kept to be sent later, so waiting and trying again are the callers'.
 */
import { Cluster, Redis } from 'ioredis';
import { untilReady } from '../redis-ready.ts';
import { defineRegistry, type RedisClient, UNREFUSED } from './bullmq-registry.ts';
import { QueueUnavailable } from './queue.ts';

/** How long a call may take that asks Redis several things, whatever Redis does. */
const CALL_MS = 10_000;
/** How long Redis may take for one answer. */
const ANSWER_MS = 5_000;
/** How long a call waits for a lost connection to come back. */
const RETURN_MS = 2_000;
const OPEN_MS = 5_000;
const LEAST_VERSION = [6, 2] as const;

export interface RedisConnection {
  readonly client: RedisClient;
  /** Host and port, for messages; never a password. */
  readonly address: string;
  /** What the commands answer, or an Error that says what to do, after CALL_MS at the latest. */
  ask<T>(what: string, commands: () => Promise<T>): Promise<T>;
  /** The error as told to people. */
  explain(what: string, error: unknown): Error;
  /** Throws when there is no connection and none comes back within some seconds. */
  reachable(): Promise<void>;
  /** Calls back with each message on the channel; what is said while the connection is away is not heard. */
  listen(channel: string, heard: (message: string) => void): Promise<void>;
  memory(): Promise<{ usedBytes: number; maxBytes: number; persistent: boolean }>;
  close(): void;
}

/** Throws when Redis does not answer within some seconds, is too old, or may evict what it was given. */
export async function connectRedis(url: string, cluster: boolean, openMs: number = OPEN_MS): Promise<RedisConnection> {
  const { protocol, hostname, port, username, password, pathname } = parseUrl(url);
  const address = `${hostname}:${port === '' ? 6379 : port}`;
  const options = {
    ...(username !== '' && { username: decodeURIComponent(username) }),
    ...(password !== '' && { password: decodeURIComponent(password) }),
    ...(protocol === 'rediss:' && { tls: { servername: hostname.replace(/^\[|\]$/g, '') } }),
    enableOfflineQueue: false,
    // What was under way when the connection broke fails then and there, and is not sent a second time behind the caller's back.
    maxRetriesPerRequest: 0,
    commandTimeout: ANSWER_MS,
    socketTimeout: ANSWER_MS,
    connectTimeout: openMs,
    retryStrategy: backoff,
    // A master that has become a replica: the name now leads to another one.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
  };
  const node = { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? 6379 : Number(port) };
  const client = cluster
    ? new Cluster([node], {
        redisOptions: options,
        enableOfflineQueue: false,
        clusterRetryStrategy: backoff,
        // Certificates name the nodes, not their addresses.
        ...(protocol === 'rediss:' && { dnsLookup: (host, answer) => answer(null, host) }),
      })
    : new Redis({ ...options, ...node, db: Number(pathname.slice(1)) });
  // A cluster's client hears on a connection of its own.
  const ear = client instanceof Redis ? client.duplicate({ enableOfflineQueue: true, autoResubscribe: false }) : client;
  let last: Error | undefined;
  const note = (error: Error): void => {
    last = error;
  };
  client.on('error', note);
  if (ear !== client) ear.on('error', note);
  const close = (): void => {
    client.disconnect();
    if (ear !== client) ear.disconnect();
  };

  const explain = (what: string, error: unknown): Error => {
    if (error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError) return error;
    const { name, message } = error as Error;
    const advice = message.startsWith('OOM')
      ? 'it is full (maxmemory): workers go on and make room, send again later; raise maxmemory if this happens often'
      : message.startsWith('MISCONF')
        ? `it cannot write to its disk: make room there (${message})`
        : name === 'ReplyError'
          ? message
          : `it does not answer (${client.status === 'ready' ? message : (last?.message ?? message)}): see that it runs, then send again`;
    const told = `${what}: Redis at ${address}: ${advice}`;
    return advice === message ? new Error(told, { cause: error }) : new QueueUnavailable(told, { cause: error });
  };

  try {
    await untilReady(client, openMs);
    await checkServers(client, address);
  } catch (error) {
    close();
    if (error instanceof UnfitServer) throw error;
    const said = (last ?? (error as Error)).message;
    throw new Error(
      `Redis at ${address} cannot be used (${said}); start it, or correct its address and password in the configuration`,
      { cause: error },
    );
  }
  keepUnrefused(client);
  defineRegistry(client);

  return {
    client,
    address,
    explain,
    async ask(what, commands) {
      const { promise: late, reject } = Promise.withResolvers<never>();
      const timer = setTimeout(() => reject(new Error(`no answer for ${CALL_MS / 1000} s`)), CALL_MS);
      try {
        return await Promise.race([untilReady(client, RETURN_MS).then(commands), late]);
      } catch (error) {
        // Whoever tries again at once must not keep out the news that the connection broke, or is back.
        await new Promise((resolve) => setImmediate(resolve));
        throw explain(what, error);
      } finally {
        clearTimeout(timer);
      }
    },
    reachable: () => untilReady(client, RETURN_MS),
    async listen(channel, heard) {
      ear.on('message', (from: string, message: string) => {
        if (from === channel) heard(message);
      });
      await ear.subscribe(channel);
      // The client's own way of hearing again leaves a failure to nobody, which ends the process.
      if (ear !== client) ear.on('ready', () => void ear.subscribe(channel).catch(() => ear.disconnect(true)));
    },
    async memory() {
      const all = await Promise.all(nodesOf(client).map(async (one) => parseInfo(await one.info())));
      const states = all.map((info) => ({
        usedBytes: Number(info.used_memory),
        maxBytes: Number(info.maxmemory),
        persistent: info.aof_enabled === '1',
      }));
      const fill = ({ usedBytes, maxBytes }: (typeof states)[number]): number =>
        maxBytes === 0 ? 0 : usedBytes / maxBytes;
      const fullest = states.reduce((one, other) => (fill(other) > fill(one) ? other : one));
      return { ...fullest, persistent: states.every(({ persistent }) => persistent) };
    },
    close,
  };
}

const backoff = (times: number): number => Math.min(1_000, 50 * 2 ** Math.min(times, 5));

function parseUrl(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !/^rediss?:$/.test(parsed.protocol) || !/^(\/\d*)?$/.test(parsed.pathname))
    throw new Error('the address of Redis must look like redis://user:password@host:6379/0, or rediss:// for TLS');
  return parsed;
}

class UnfitServer extends Error {}

async function checkServers(client: RedisClient, address: string): Promise<void> {
  for (const node of nodesOf(client)) {
    const info = parseInfo(await node.info());
    const [major = 0, minor = 0] = (info.redis_version ?? '').split('.').map(Number);
    if (major < LEAST_VERSION[0] || (major === LEAST_VERSION[0] && minor < LEAST_VERSION[1]))
      throw new UnfitServer(
        `Redis at ${address} is ${info.redis_version}; the queue needs ${LEAST_VERSION.join('.')} or newer`,
      );
    if (info.maxmemory_policy !== 'noeviction')
      throw new UnfitServer(
        `Redis at ${address} evicts data when it is full (maxmemory-policy ${info.maxmemory_policy}), and with it logs that were ` +
          'acknowledged; set maxmemory-policy to noeviction',
      );
  }
}

const nodesOf = (client: RedisClient): readonly Redis[] =>
  client instanceof Cluster ? client.nodes('master') : [client];

function parseInfo(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    text.split('\r\n').flatMap((line) => (line.includes(':') ? [line.split(/:(.*)/s, 2)] : [])),
  );
}

/**
 * BullMQ's scripts for taking, extending and finishing jobs begin with writes that a full Redis refuses: nobody could take a job, and
 * so nothing would ever make room. Only those that add jobs may be refused.
 */
function keepUnrefused(client: RedisClient): void {
  const define = client.defineCommand.bind(client);
  client.defineCommand = (name, definition) =>
    define(name, name.startsWith('add') ? definition : { ...definition, lua: UNREFUSED + definition.lua });
}
