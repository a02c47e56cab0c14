/**
 * Composition root of one pipeline thread: takes the ports it is given, compiles the rules, and walks batches until told to stop.
 * The only file besides app.ts that names an adapter.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { connectors } from '../connectors/index.ts';
import { compileRules } from './detect/compile.ts';
import { createRecordsWalk, type RecordsParts } from './pipeline/records.ts';
import { createSqliteQueue } from './queue/sqlite.ts';
import { readRuleFolders } from './rule-folder.ts';
import { createSqliteStore, type StoreHandle } from './store/sqlite.ts';

export interface PipelineThreadData {
  readonly store: StoreHandle;
  readonly records: MessagePort;
  readonly matches: MessagePort;
  readonly ruleFolders: readonly string[];
  readonly placeholders: Readonly<Record<string, readonly string[]>>;
  readonly matchFields: readonly string[];
  readonly limits: RecordsParts['limits'];
}

/** What the thread tells the center: that it works, that a batch failed, that it has stopped. */
export type PipelineNews =
  | { readonly news: 'ready' | 'stopped' }
  | { readonly news: 'failed'; readonly error: string; readonly batches: readonly string[] };

const data = workerData as PipelineThreadData;
const tell = (news: PipelineNews): void => parentPort?.postMessage(news);

const { set, mapping } = await readRuleFolders(data.ruleFolders);
const records = createSqliteQueue(data.records);
const walk = createRecordsWalk({
  store: createSqliteStore(data.store),
  matches: createSqliteQueue(data.matches),
  connectors: new Map(connectors.map((connector) => [connector.type, connector])),
  engine: compileRules(set, mapping, { placeholders: data.placeholders }),
  matchFields: new Set(data.matchFields),
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
parentPort?.on('message', async () => {
  await stop();
  tell({ news: 'stopped' });
});
tell({ news: 'ready' });
