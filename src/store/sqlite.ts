/**
 * The embedded store: SQLite files in one folder, one thread that writes them (sqlite/writer.ts), one or more that read them
 * (sqlite/reader.ts), any number of threads that use it. Several processes may have the same folder open; the center itself once.
 */
import { once } from 'node:events';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { Match } from '../model/alert.ts';
import type { Event } from '../model/event.ts';
import { CENTER_SCOPE } from '../model/scope.ts';
import { normalise } from '../search/normalise.ts';
import { type Caller, createCaller } from '../thread.ts';
import type { CopyableStore } from './copy.ts';
import { describeDoc } from './kinds.ts';
import { createSqliteCopying } from './sqlite/copy.ts';
import { encodeBatches } from './sqlite/encode.ts';
import type { MatchPortion } from './sqlite/read-matches.ts';
import type { LinePage } from './sqlite/search.ts';
import type { DocPut, SavePut } from './sqlite/write-docs.ts';
import { type Change, Deposed, type Kind, type Progress, type Store, VersionConflict } from './store.ts';

/** What another thread needs to use the store: to be sent there together with its ports as transfer list. */
export interface StoreHandle {
  readonly writer: MessagePort;
  readonly readers: readonly MessagePort[];
}

export interface SqliteStoreHost {
  readonly store: CopyableStore;
  /** One for each thread; there, createSqliteStore makes a Store of it. */
  handle(): { handle: StoreHandle; transfer: MessagePort[] };
  /** Ends the threads; what was confirmed is in the files. */
  close(): Promise<void>;
}

/** Opens or creates the files. `readers`: threads that answer reads, 1 by default. Throws with the file's name when one is no good. */
export async function openSqliteStore(options: { folder: string; readers?: number }): Promise<SqliteStoreHost> {
  const workerData = { folder: options.folder };
  const start = async (name: string): Promise<Worker> => {
    const thread = new Worker(new URL(name, import.meta.url), { workerData });
    await once(thread, 'message');
    return thread;
  };
  const writer = await start('./sqlite/writer.ts');
  let readers: Worker[];
  try {
    readers = await Promise.all(Array.from({ length: options.readers ?? 1 }, () => start('./sqlite/reader.ts')));
  } catch (error) {
    await writer.terminate();
    throw error;
  }
  for (const reader of readers) {
    const { port1, port2 } = new MessageChannel();
    reader.postMessage({ writer: port1 }, [port1]);
    writer.postMessage({ reader: port2 }, [port2]);
  }
  const connect = (thread: Worker): MessagePort => {
    const { port1, port2 } = new MessageChannel();
    thread.postMessage({ port: port1 }, [port1]);
    return port2;
  };
  const handle = (): { handle: StoreHandle; transfer: MessagePort[] } => {
    const made: StoreHandle = { writer: connect(writer), readers: readers.map(connect) };
    return { handle: made, transfer: [made.writer, ...made.readers] };
  };
  const end = async (thread: Worker): Promise<void> => {
    const ended = once(thread, 'exit');
    thread.postMessage({});
    await ended;
  };
  const store = createSqliteStore(handle().handle);
  return {
    store,
    handle,
    async close() {
      await store.close();
      await Promise.all(readers.map(end));
      await end(writer);
    },
  };
}

function reviveError({ name, data }: { name: string; data: Readonly<Record<string, unknown>> }): Error | undefined {
  if (name === 'Deposed') return new Deposed(data.term as number, data.current as number);
  return name === 'VersionConflict' ? new VersionConflict(data.kind as Kind, data.id as string) : undefined;
}

/** The store as seen from the thread that holds the handle. */
export function createSqliteStore(handle: StoreHandle): CopyableStore {
  const writer = createCaller(handle.writer, reviveError);
  const readers = handle.readers.map((port) => ({ caller: createCaller(port), calls: 0 }));

  const read = async (method: string, ...args: readonly unknown[]): Promise<unknown> => {
    const idlest = readers.reduce((best, reader) => (reader.calls < best.calls ? reader : best));
    idlest.calls++;
    try {
      return await idlest.caller.call(method, args);
    } finally {
      idlest.calls--;
    }
  };
  const parsePage = <T>({ items, ...rest }: { items: readonly string[] }) => ({
    ...rest,
    items: items.map((item) => JSON.parse(item) as T),
  });

  const putBatches: Store['putBatches'] = async (batches) => {
    let left = batches;
    while (left.length > 0) {
      // What another worker put meanwhile is left out and the rest encoded anew, for batches share blocks.
      const known = new Set(await put(writer, left));
      if (known.size === 0) return;
      left = left.filter(({ batchId }) => !known.has(batchId));
    }
  };
  const prune: Store['prune'] = (beforeDay) => writer.call('prune', [beforeDay]) as Promise<string[]>;
  const reader = (readers[0] as (typeof readers)[number]).caller;

  return {
    ...createSqliteCopying({ writer, reader, putBatches, prune, toDocPut }),
    putBatches,
    outcome: (scope, batchId, receivedAt) =>
      read('outcome', scope, batchId, receivedAt) as ReturnType<Store['outcome']>,
    findEvents: async (scope, query) => parsePage<Event>((await read('findEvents', scope, query)) as LinePage) as never,
    getEvents: async (scope, ids) =>
      ((await read('getEvents', scope, ids)) as string[]).map((line) => JSON.parse(line)),
    countEvents: (scope, query) => read('countEvents', scope, query) as ReturnType<Store['countEvents']>,
    findRejects: async (scope, query) => parsePage((await read('findRejects', scope, query)) as { items: string[] }),
    getRejects: async (scope, ids) =>
      ((await read('getRejects', scope, ids)) as string[]).map((body) => JSON.parse(body)),
    removeRejects: async (scope, ids) => {
      await writer.call('removeRejects', [scope, ids]);
    },
    async *appliedMatches(scope, sinceMs) {
      let after: MatchPortion['next'];
      do {
        const { items, next } = (await read('matches', scope, sinceMs, after)) as MatchPortion;
        if (items.length > 0) yield items.map((item) => JSON.parse(item) as Match);
        after = next;
      } while (after !== undefined);
    },
    ledger: (scope, query) => read('ledger', scope, query) as ReturnType<Store['ledger']>,
    addRefused: async (rows) => {
      await writer.call('refused', [rows]);
    },

    find: async (kind, scope, query) => parsePage((await read('find', scope, kind, query)) as { items: string[] }),
    get: async (kind, scope, id) => {
      const body = (await read('get', scope, kind, id)) as string | undefined;
      return body === undefined ? undefined : JSON.parse(body);
    },
    count: async (kind, scope, by, query = {}) =>
      Object.fromEntries((await read('count', scope, kind, by, query)) as [string, number][]),
    save: async (changes, cause) => {
      const put: SavePut = { changes: changes.map(toDocPut), cause };
      return (await writer.call('save', [put])) as boolean;
    },
    async takeLead(_holder, signal) {
      signal.throwIfAborted();
      // The folder is open in one process, and that has one correlator: who asks leads.
      const term = (await writer.call('lead', [])) as number;
      return { term, lost: new AbortController().signal, release: async () => undefined };
    },
    progress: () => read('progress', CENTER_SCOPE) as Promise<Progress>,
    applied: async (batchIds) => new Map((await read('applied', CENTER_SCOPE, batchIds)) as [string, number][]),

    prune,
    stats: () => writer.call('stats', []) as ReturnType<Store['stats']>,
    health: () => read('health', CENTER_SCOPE) as ReturnType<Store['health']>,
    async close() {
      writer.close();
      for (const { caller } of readers) caller.close();
    },
  };
}

function toDocPut(change: Change): DocPut {
  const head = describeDoc(change);
  return {
    head: { ...head, text: head.text === null ? null : normalise(head.text) },
    body: JSON.stringify(change.doc),
    ifAbsent: change.ifAbsent ?? false,
    remove: change.remove ?? false,
  };
}

/** Answers the ids of batches that were there; then nothing of their days was written. */
async function put(writer: Caller, batches: Parameters<Store['putBatches']>[0]): Promise<string[]> {
  const days = encodeBatches(batches);
  const bodies = days.flatMap((day) => day.blocks.map((block) => block.body.buffer));
  return (await writer.call('put', [days], bodies)) as string[];
}
