/**
 * Composition root of one pipeline thread: takes the ports it is given, compiles the rules, and walks batches until told to stop.
 * The only file besides app.ts that names an adapter.
 */
import { once } from 'node:events';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { connectors } from '../connectors/index.ts';
import { compileRules } from './detect/compile.ts';
import { createRecordsWalk, type RecordsParts } from './pipeline/records.ts';
import { createSqliteQueue } from './queue/sqlite.ts';
import { readRuleFolders } from './rule-folder.ts';
import { createSqliteStore, type StoreHandle } from './store/sqlite.ts';

export interface PipelineThreadData {
  readonly ruleFolders: readonly string[];
  readonly placeholders: Readonly<Record<string, readonly string[]>>;
  readonly limits: RecordsParts['limits'];
}

/** The first message to the thread: what it works with. The second tells it to stop. */
export interface PipelineStart {
  readonly store: StoreHandle;
  readonly records: MessagePort;
  readonly matches: MessagePort;
  readonly matchFields: readonly string[];
}

/** What the thread tells the center: that it works, that a batch failed, that it has stopped. */
export type PipelineNews =
  | { readonly news: 'ready' | 'stopped' }
  | { readonly news: 'failed'; readonly error: string; readonly batches: readonly string[] };

const data = workerData as PipelineThreadData;
const tell = (news: PipelineNews): void => parentPort?.postMessage(news);

const started = once(parentPort as MessagePort, 'message') as Promise<[PipelineStart]>;
const { set, mapping } = await readRuleFolders(data.ruleFolders);
const engine = compileRules(set, mapping, { placeholders: data.placeholders });
const [start] = await started;
const records = createSqliteQueue(start.records);
const walk = createRecordsWalk({
  store: createSqliteStore(start.store),
  matches: createSqliteQueue(start.matches),
  connectors: new Map(connectors.map((connector) => [connector.type, connector])),
  engine,
  matchFields: new Set(start.matchFields),
  limits: data.limits,
});
const stop = records.work(walk, {
  // Many small batches share blocks and a commit; large ones go alone, so that an alert does not wait for a megabyte of others.
  maxJobs: 64,
  maxBytes: 128 * 1024,
  leaseMs: 60_000,
  maxAttempts: 5,
  onError: (error, jobs) =>
    tell({
      news: 'failed',
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      batches: jobs.map((job) => job.id),
    }),
});
parentPort?.once('message', async () => {
  await stop();
  tell({ news: 'stopped' });
});
tell({ news: 'ready' });
