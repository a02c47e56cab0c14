/**
 * The processes of a cluster, over Redis: messages by publish and subscribe, each process's state as a key that ends by itself.
 * A Redis that is away costs messages and nothing else; nobody waits for it here.
 */
import { Cluster, Redis } from 'ioredis';
import { untilReady } from '../redis-ready.ts';
import { GONE_MS, type PeerMessage, type PeerStatus, type Peers, REPORT_MS } from './peers.ts';

export interface RedisPeersOptions {
  readonly url: string;
  readonly cluster: boolean;
  readonly prefix: string;
  /** This process, so that it does not hear itself. */
  readonly id: string;
  readonly log: { warn(data: object, text: string): void };
  /** How long it may take until Redis is there, 5 seconds by default. */
  readonly openMs?: number;
}

const OPEN_MS = 5_000;
/** A message is for watching; a larger one would be a burden to all. */
const LONGEST_MESSAGE = 1_000_000;

/** Throws, with nothing left open, when Redis is not there in time. */
export async function openRedisPeers(options: RedisPeersOptions): Promise<Peers> {
  const { url, cluster, prefix, id, log, openMs = OPEN_MS } = options;
  // Commands that wait for a Redis that is away would pile up.
  const given = { maxRetriesPerRequest: 1, enableOfflineQueue: false } as const;
  const connect = (): Redis | Cluster =>
    cluster ? new Cluster([url], { redisOptions: given }) : new Redis(url, { ...given, autoResubscribe: false });
  const commands = connect();
  const subscriber = connect();
  let told = 0;
  let last: Error | undefined;
  for (const client of [commands, subscriber]) {
    client.on('error', (error: Error) => {
      last = error;
      // Once in a while: a Redis that is away says so with every attempt.
      if (Date.now() - told < 60_000) return;
      told = Date.now();
      log.warn({ err: error }, 'Redis cannot be reached; other processes are not told what happens here');
    });
  }
  const channel = `${prefix}:peers`;
  const keyOf = (peer: string): string => `${prefix}:peer:${peer}`;
  const names = `${prefix}:peers:known`;
  const listeners = new Set<(message: PeerMessage) => void>();
  subscriber.on('message', (_channel: string, text: string) => {
    const { from, message } = JSON.parse(text) as { from: string; message: PeerMessage };
    if (from !== id) for (const listener of listeners) listener(message);
  });
  try {
    await Promise.all([untilReady(commands, openMs), untilReady(subscriber, openMs)]);
    await subscriber.subscribe(channel);
  } catch (error) {
    // They would go on trying, and a process that has failed would never end.
    commands.disconnect();
    subscriber.disconnect();
    const { hostname, port } = new URL(url);
    throw new Error(
      `Redis at ${hostname}:${port === '' ? 6379 : port} cannot be used (${(last ?? (error as Error)).message}); start it, or correct its address and password in the configuration`,
      { cause: error },
    );
  }
  // The client's own way of hearing again leaves a failure to nobody, which ends the process.
  if (subscriber instanceof Redis) {
    subscriber.on('ready', () => void subscriber.subscribe(channel).catch(() => subscriber.disconnect(true)));
  }

  let own: (() => PeerStatus) | undefined;
  const report = async (): Promise<void> => {
    if (own === undefined) return;
    await commands.set(keyOf(id), JSON.stringify(own()), 'PX', GONE_MS);
    await commands.zadd(names, Date.now(), id);
  };
  const quietly = (work: Promise<unknown>): void => void work.catch(() => undefined);
  const timer = setInterval(() => quietly(report()), REPORT_MS);
  timer.unref();

  return {
    tell(message) {
      const text = JSON.stringify({ from: id, message });
      if (text.length <= LONGEST_MESSAGE) quietly(commands.publish(channel, text));
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    report(status) {
      own = status;
      quietly(report());
    },
    async all() {
      await commands.zremrangebyscore(names, '-inf', String(Date.now() - 10 * GONE_MS));
      const known = await commands.zrange(names, '0', '-1');
      const found = await Promise.all(known.map((peer) => commands.get(keyOf(peer))));
      return found
        .flatMap((text) => (text === null ? [] : [JSON.parse(text) as PeerStatus]))
        .sort((a, b) => (a.startedAt < b.startedAt ? -1 : a.startedAt > b.startedAt ? 1 : a.id < b.id ? -1 : 1));
    },
    async close() {
      clearInterval(timer);
      own = undefined;
      listeners.clear();
      await commands.del(keyOf(id)).catch(() => undefined);
      commands.disconnect();
      subscriber.disconnect();
    },
  };
}
