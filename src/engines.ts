/**
 * Configuration -> adapters: files of this machine, or servers that many processes share. The only file that names an adapter;
 * everything else sees the ports.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { MessagePort } from 'node:worker_threads';
import type { Config } from './config.ts';
import { createAlone } from './peers/alone.ts';
import type { Peers } from './peers/peers.ts';
import { openRedisPeers } from './peers/redis.ts';
import { type BullmqQueueOptions, openBullmqQueue } from './queue/bullmq.ts';
import type { Queue } from './queue/queue.ts';
import { createSqliteQueue, openSqliteQueue } from './queue/sqlite.ts';
import type { CopyableStore } from './store/copy.ts';
import { type ElasticsearchStoreOptions, openElasticsearchStore } from './store/elasticsearch.ts';
import { createSqliteStore, openSqliteStore, type StoreHandle } from './store/sqlite.ts';
import type { Store } from './store/store.ts';
import { noTracer, type Tracer } from './telemetry/tracer.ts';

/** What another thread needs to use the same engines. */
export interface ThreadEngines {
  readonly store: { readonly sqlite: StoreHandle } | { readonly elasticsearch: ElasticsearchStoreOptions };
  readonly records: ThreadQueue;
  readonly matches: ThreadQueue;
  /** Where its spans go; undefined where nothing is traced. */
  readonly spans: MessagePort | undefined;
}
type ThreadQueue = { readonly sqlite: MessagePort } | { readonly redis: BullmqQueueOptions };

export interface Engines {
  readonly store: Store;
  readonly records: Queue;
  readonly matches: Queue;
  readonly peers: Peers;
  readonly tracer: Tracer;
  /** This process's own among its peers. */
  readonly id: string;
  /** Other processes work on the same data: roles may be divided, and a correlator may have to wait for its turn. */
  readonly shared: boolean;
  /** Share of the memory that the queue may use, 0 to 1; 0 where it has no such limit. */
  queueFill(): Promise<number>;
  /** One for each thread. */
  forThread(): { readonly engines: ThreadEngines; readonly transfer: MessagePort[] };
}

const DAY_MS = 86_400_000;
/** All processes of a machine that has just started ask at once. */
const OPEN_MS = 20_000;
/** Elasticsearch takes half a minute to start on two cores, and longer beside processes that fail and begin again meanwhile. */
const STORE_OPEN_MS = 60_000;

interface Opened {
  readonly close: () => Promise<void>;
}

/**
 * Registers each part with `onClose` as soon as it is open, so that a later part's failure leaves nothing open. Waits a while for
 * servers that are not there yet, until `signal`. Throws what to do.
 */
export async function openEngines(
  config: Config,
  onClose: (part: () => Promise<void>) => void,
  log: { warn(data: object, text: string): void },
  { version, signal }: { readonly version: string; readonly signal?: AbortSignal | undefined },
): Promise<Engines> {
  const id = randomUUID();
  const opening = async <Part extends Opened>(part: Promise<Part>): Promise<Part> => {
    const open = await part;
    onClose(open.close);
    return open;
  };
  const tracing = await openTracing(config, { id, version }, log);
  onClose(tracing.close);
  const [store, records, matches, peers] = await allOrNone([
    opening(openStore(config, (text) => log.warn({}, text), { openMs: STORE_OPEN_MS, signal })),
    opening(openQueue(config, 'records')),
    opening(openQueue(config, 'matches')),
    opening(openPeers(config, id, log)),
  ]);
  if ((await store.store.identity()).origin?.finished === false) {
    throw new Error(
      'this store holds a restore or a move that was not finished: run "hinomi restore" or "hinomi migrate" as before, it goes on where it was; or begin with an empty store',
    );
  }
  if (!(await records.persistent())) {
    log.warn({}, 'Redis keeps nothing on disk: a restart of it loses logs that were accepted; set appendonly yes');
  }
  return {
    ...{ store: store.store, records: records.queue, matches: matches.queue, peers, id },
    tracer: tracing.tracer,
    shared: config.store.engine === 'elasticsearch' && config.queue.engine === 'redis',
    queueFill: async () => Math.max(await records.fill(), await matches.fill()),
    forThread() {
      const parts = { store: store.forThread(), records: records.forThread(), matches: matches.forThread() };
      const spans = tracing.connect();
      const transfer = Object.values(parts).flatMap((part) => part.transfer);
      return {
        engines: { store: parts.store.engine, records: parts.records.engine, matches: parts.matches.engine, spans },
        transfer: spans === undefined ? transfer : [...transfer, spans],
      };
    },
  };
}

/** The ports in another thread, as `forThread` described them. */
export async function openThreadEngines({ store, records, matches, spans }: ThreadEngines) {
  const queue = async (part: ThreadQueue): Promise<{ queue: Queue } & Opened> => {
    if ('redis' in part) return openBullmqQueue(part.redis);
    const queue = createSqliteQueue(part.sqlite);
    return { queue, close: () => queue.close() };
  };
  const opened = await Promise.all([
    'sqlite' in store ? createSqliteStore(store.sqlite) : openElasticsearchStore(store.elasticsearch),
    queue(records),
    queue(matches),
  ]);
  return {
    store: opened[0],
    records: opened[1].queue,
    matches: opened[2].queue,
    tracer: spans === undefined ? noTracer : (await import('./telemetry/relay.ts')).createRelayedTracer(spans),
    close: async () => {
      await Promise.all(opened.map((part) => part.close()));
    },
  };
}

export interface OpenedStore extends Opened {
  readonly store: CopyableStore;
  forThread(): { readonly engine: ThreadEngines['store']; readonly transfer: MessagePort[] };
}

/**
 * The store alone, for commands that work beside a center or without one. `warn`: told what goes wrong but stops nothing. `waiting`:
 * for a server that is not there yet.
 */
export async function openStore(
  { store: settings, dataDir }: Config,
  warn: (text: string) => void,
  waiting?: ElasticsearchStoreOptions['waiting'],
): Promise<OpenedStore> {
  if (settings.engine === 'sqlite') {
    const host = await openSqliteStore({ folder: dataDir });
    return {
      store: host.store,
      close: host.close,
      forThread() {
        const { handle, transfer } = host.handle();
        return { engine: { sqlite: handle }, transfer };
      },
    };
  }
  const { leaseSeconds, memberRoles, ...rest } = settings.elasticsearch;
  const options: ElasticsearchStoreOptions = { ...rest, leaseMs: leaseSeconds * 1_000 };
  const store = await openElasticsearchStore({ ...options, memberRoles, ...(waiting && { waiting }) }, warn);
  return {
    store,
    close: () => store.close(),
    // A thread saves no members.
    forThread: () => ({ engine: { elasticsearch: options }, transfer: [] }),
  };
}

/** A center that works holds its files until it ends: whoever only asks whether one does need not wait for that. */
const HOLD_MS = 500;

/** The queues of a center that stands still. */
export interface HeldQueues extends Opened {
  readonly records: Queue;
  readonly matches: Queue;
  /** Whether it stands still even now. */
  held(): Promise<boolean>;
}

/**
 * Undefined when a center works there. Files are held: until close no center can begin to work on them. A Redis cannot be held; it
 * knows which processes there are.
 */
export async function holdQueues(config: Config): Promise<HeldQueues | undefined> {
  const opened: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (let part = opened.pop(); part !== undefined; part = opened.pop()) await part();
  };
  try {
    let held = async (): Promise<boolean> => true;
    if (config.queue.engine === 'redis') {
      const peers = await openPeers(config, randomUUID(), { warn: () => undefined });
      opened.push(() => peers.close());
      held = async () => (await peers.all()).length === 0;
    }
    const open = async (name: 'records' | 'matches'): Promise<Queue> => {
      const { queue, close: closeQueue } = await openQueue(config, name, HOLD_MS);
      opened.push(closeQueue);
      return queue;
    };
    const [records, matches] = [await open('records'), await open('matches')];
    if (await held()) return { records, matches, held, close };
    await close();
    return undefined;
  } catch (error) {
    await close();
    if ((error as { code?: unknown }).code === 'QUEUE_IN_USE') return undefined;
    throw error;
  }
}

/** `waitMs`: how long another process that has the file is waited for. */
async function openQueue(
  { queue: settings, dataDir, retention }: Config,
  name: 'records' | 'matches',
  waitMs?: number,
) {
  const rememberMs = retention.rememberBatchesDays * DAY_MS;
  if (settings.engine === 'sqlite') {
    const host = await openSqliteQueue({
      file: join(dataDir, 'queue', `${name}.db`),
      rememberMs,
      ...(waitMs !== undefined && { waitMs }),
    });
    return {
      queue: host.queue,
      close: host.close,
      fill: async () => 0,
      persistent: async () => true,
      forThread() {
        const port = host.connect();
        return { engine: { sqlite: port } as ThreadQueue, transfer: [port] };
      },
    };
  }
  const { url, cluster, prefix, shards } = settings.redis;
  const options: BullmqQueueOptions = { url, cluster, prefix, shards, name, rememberMs, openMs: OPEN_MS };
  const host = await openBullmqQueue(options);
  return {
    queue: host.queue,
    close: host.close,
    async fill() {
      const { usedBytes, maxBytes } = await host.memory();
      return maxBytes === 0 ? 0 : usedBytes / maxBytes;
    },
    persistent: async () => (await host.memory()).persistent,
    forThread: () => ({ engine: { redis: options } as ThreadQueue, transfer: [] }),
  };
}

async function openPeers(
  { queue }: Config,
  id: string,
  log: { warn(data: object, text: string): void },
): Promise<Peers> {
  if (queue.engine === 'sqlite') return createAlone();
  const { url, cluster, prefix } = queue.redis;
  return openRedisPeers({ url, cluster, prefix, id, log, openMs: OPEN_MS });
}

/** Loads nothing where nothing is to be traced. */
async function openTracing(
  { telemetry, queue, store }: Config,
  { id, version }: { id: string; version: string },
  log: { warn(data: object, text: string): void },
) {
  const { otlpUrl: url, otlpHeaders: headers, sampleRatio: ratio } = telemetry;
  if (url === undefined) return { tracer: noTracer, connect: () => undefined, close: async () => undefined };
  const { createOtlpTracing } = await import('./telemetry/otlp.ts');
  return createOtlpTracing({
    ...{ url, headers, ratio, log },
    resource: {
      ...{ 'service.name': 'hinomi', 'service.version': version, 'service.instance.id': id },
      ...{ 'host.name': hostname(), 'process.pid': process.pid },
    },
    systems: { messaging: queue.engine, db: store.engine },
  });
}

/** As Promise.all, but waits for all of them before it fails: what opened late must be known to those who close. */
export async function allOrNone<Values extends readonly unknown[]>(
  promises: {
    readonly [Index in keyof Values]: Promise<Values[Index]>;
  },
): Promise<Values> {
  await Promise.allSettled(promises);
  return (await Promise.all(promises)) as unknown as Values;
}
