/**
 * Composition root of one pipeline thread: compiles the rules it is sent, takes the ports it is given, and walks batches until told
 * to stop.
 */
import { deserialize } from 'node:v8';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { connectors } from '../connectors/index.ts';
import { compileRules } from './detect/compile.ts';
import type { Engine } from './detect/engine.ts';
import { createMapping } from './detect/mapping.ts';
import type { MappingTable } from './detect/parse-mapping.ts';
import type { Problem, SigmaRule } from './detect/rule.ts';
import { openThreadEngines, type ThreadEngines } from './engines.ts';
import { createRecordsWalk, type RecordsParts, type RulesAtWork } from './pipeline/records.ts';
import { QueueUnavailable, type Stop } from './queue/queue.ts';
import { StoreUnavailable } from './store/store.ts';
import { type Call, serveCalls } from './thread.ts';

export interface PipelineThreadData {
  readonly placeholders: Readonly<Record<string, readonly string[]>>;
  readonly limits: RecordsParts['limits'];
}

/** What the thread works with. */
export interface PipelineStart {
  readonly engines: ThreadEngines;
  readonly matchFields: readonly string[];
}

/** What an engine is made of. It travels to the threads as bytes that they share, written once by v8.serialize. */
export interface RulesToCompile {
  readonly rules: readonly SigmaRule[];
  readonly tables: readonly MappingTable[];
}

/** What compiling said. */
export interface Prepared {
  readonly problems: readonly Problem[];
  /** Ids of rules that could not be compiled. */
  readonly leftOut: readonly string[];
}

/** What the thread answers to, one call after another. */
export interface PipelineCalls {
  /** Compiles RulesToCompile and holds them ready; those at work stay at work. */
  prepare(bytes: Uint8Array): Prepared;
  /** Begins to walk batches, with the rules that are ready. */
  work(start: PipelineStart): Promise<void>;
  /** Batches from now on meet the rules that are ready; resolves when the last that met the former ones are done. */
  swap(matchFields: readonly string[]): Promise<void>;
  /** Resolves when the batches in work are done. */
  stop(): Promise<void>;
}

/** What the thread tells by itself. */
export interface PipelineNews {
  readonly error: string;
  readonly batches: readonly string[];
}

const data = workerData as PipelineThreadData & { readonly control: MessagePort };
const tell = (news: PipelineNews): void => parentPort?.postMessage(news);

let ready: Engine | undefined;
let atWork: RulesAtWork | undefined;
const running = new Set<Promise<unknown>>();
let stops: readonly Stop[] = [];

/** Lots in work at once: where a store far away takes them, one is parsed while another waits for its answers. */
const lotsAtOnce = ({ store }: ThreadEngines): number => ('sqlite' in store ? 1 : 2);

const putToWork = (matchFields: readonly string[]): void => {
  if (ready === undefined) throw new Error('no rules were compiled before the thread was put to work');
  atWork = { engine: ready, matchFields: new Set(matchFields) };
};

const calls: PipelineCalls = {
  prepare(bytes) {
    const { rules, tables } = deserialize(bytes) as RulesToCompile;
    const set = { rules, correlations: [], filters: [], overlays: [], problems: [] };
    ready = compileRules(set, createMapping(tables), { placeholders: data.placeholders });
    const compiled = new Set(ready.rules.map(({ id }) => id));
    return {
      problems: ready.problems,
      leftOut: rules.map(({ id }) => id).filter((id) => !compiled.has(id)),
    };
  },
  async work(start) {
    putToWork(start.matchFields);
    const { store, records, matches, tracer } = await openThreadEngines(start.engines);
    const walk = createRecordsWalk({
      store,
      matches,
      connectors: new Map(connectors.map((connector) => [connector.type, connector])),
      rules: () => atWork as RulesAtWork,
      tracer,
      limits: data.limits,
    });
    const walkAndNote = async (jobs: Parameters<typeof walk>[0]): Promise<void> => {
      const walked = walk(jobs);
      running.add(walked);
      try {
        await walked;
      } finally {
        running.delete(walked);
      }
    };
    const begin = (): Stop =>
      records.work(walkAndNote, {
        // Many small batches share blocks and a commit; large ones go alone, so that an alert does not wait for a megabyte of others.
        maxJobs: 64,
        maxBytes: 128 * 1024,
        leaseMs: 60_000,
        maxAttempts: 5,
        blameless: (error) => error instanceof StoreUnavailable || error instanceof QueueUnavailable,
        onError: (error, jobs) =>
          tell({
            error: error instanceof Error ? (error.stack ?? error.message) : String(error),
            batches: jobs.map((job) => job.id),
          }),
      });
    stops = Array.from({ length: lotsAtOnce(start.engines) }, begin);
  },
  async swap(matchFields) {
    putToWork(matchFields);
    await Promise.allSettled(running);
  },
  async stop() {
    await Promise.all(stops.map((stop) => stop()));
  },
};

const serve = async ({ method, args, answer, fail }: Call): Promise<void> => {
  try {
    answer(await (calls[method as keyof PipelineCalls] as (...given: readonly unknown[]) => unknown)(...args));
  } catch (error) {
    fail(error);
  }
};
let last: Promise<void> = Promise.resolve();
serveCalls((waiting) => {
  for (const call of waiting) last = last.then(() => serve(call));
}).add(data.control);
