/**
 * The pipeline's threads as the center sees them: begun early, so that they compile rules while the rest opens; put to work when
 * there is something to work with; given new rules while they work; replaced when one dies (its batches come back when their lease
 * ends). All of them work with the same rules, or are on their way to.
 */
import { serialize } from 'node:v8';
import { MessageChannel, type MessagePort, type Transferable, Worker } from 'node:worker_threads';
import type {
  PipelineCalls,
  PipelineNews,
  PipelineStart,
  PipelineThreadData,
  Prepared,
  RulesToCompile,
} from './app-worker.ts';
import { createCaller } from './thread.ts';
import { within } from './within.ts';

/** What a thread is put to work with, made anew for each. */
export type MakeStart = () => { readonly start: PipelineStart; readonly transfer: readonly MessagePort[] };

export interface PipelineThreads {
  /** All threads compile these rules and hold them ready. Throws when one cannot; what is at work stays at work. */
  prepare(rules: RulesToCompile): Promise<Prepared>;
  /** Puts the threads to work with the rules prepared last; to be called once. Throws why one could not begin. */
  work(makeStart: MakeStart): Promise<void>;
  /** The rules prepared last take over, in each thread between two lots of batches. Resolves when no thread works with others. */
  swap(matchFields: ReadonlySet<string>): Promise<void>;
  alive(): boolean;
  /** Takes no new batches, lets running ones finish within `finishMs`, ends the threads. */
  stop(finishMs: number): Promise<void>;
}

interface Thread {
  readonly worker: Worker;
  call<Method extends keyof PipelineCalls>(
    method: Method,
    args: Parameters<PipelineCalls[Method]>,
    transfer?: readonly Transferable[],
  ): Promise<Awaited<ReturnType<PipelineCalls[Method]>>>;
}

const RESTART_MS = 1_000;
/**
 * A lot's events live until they are stored; with twice the room for young objects they die there, in place of being copied over and
 * over: a tenth of the thread's CPU time (measured).
 */
const YOUNG_MB = 96;

export function beginPipelineThreads(
  count: number,
  data: PipelineThreadData,
  log: { error(data: object, text: string): void },
): PipelineThreads {
  const all = new Set<Thread>();
  const working = new Set<Thread>();
  let stopping = false;
  let makeStart: MakeStart | undefined;
  /** What a thread that takes the place of a dead one begins with. */
  let inForce: Uint8Array | undefined;
  let prepared: Uint8Array | undefined;

  const begin = (): Thread => {
    const { port1, port2 } = new MessageChannel();
    const worker = new Worker(new URL('./app-worker.ts', import.meta.url), {
      workerData: { ...data, control: port2 },
      transferList: [port2],
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    });
    const caller = createCaller(port1);
    const died = new Promise<never>((_, reject) => {
      worker.once('error', (error) => {
        log.error({ err: error }, 'a pipeline thread died');
        reject(error);
      });
      worker.once('exit', (code) => reject(new Error(`a pipeline thread ended with ${code}; see the log before this`)));
    });
    died.catch(() => undefined);
    let closed = false;
    port1.once('close', () => {
      closed = true;
    });
    const thread: Thread = {
      worker,
      call: async (method, args, transfer) => {
        try {
          return (await caller.call(method, args, transfer)) as never;
        } catch (error) {
          // Why it ended says more than that nobody answers.
          if (closed) await died;
          throw error;
        }
      },
    };
    all.add(thread);
    worker.on('message', ({ batches, error }: PipelineNews) =>
      log.error({ batches, error }, 'batches failed in the pipeline; will retry, then set aside'),
    );
    worker.once('exit', () => {
      working.delete(thread);
      all.delete(thread);
      if (!stopping && makeStart !== undefined) setTimeout(replace, RESTART_MS);
    });
    return thread;
  };

  const putToWork = async (thread: Thread): Promise<void> => {
    const { start, transfer } = (makeStart as MakeStart)();
    await thread.call('work', [start], transfer);
    working.add(thread);
  };

  /** Says all at once, in the order in which it must happen: a swap may come next. */
  const replace = (): void => {
    if (stopping || inForce === undefined) return;
    const thread = begin();
    const steps = [thread.call('prepare', [inForce]), putToWork(thread)];
    if (prepared !== undefined) steps.push(thread.call('prepare', [prepared]));
    Promise.all(steps).catch(() => thread.worker.terminate());
  };

  for (let number = 0; number < count; number++) begin();
  return {
    async prepare(rules) {
      const bytes = shared(serialize(rules));
      prepared = bytes;
      try {
        const [first] = await Promise.all([...all].map((thread) => thread.call('prepare', [bytes])));
        if (first === undefined) throw new Error('no pipeline thread runs at the moment; try again');
        return first;
      } catch (error) {
        prepared = undefined;
        throw error;
      }
    },
    async work(make) {
      makeStart = make;
      inForce = prepared;
      prepared = undefined;
      await Promise.all([...all].map(putToWork));
    },
    async swap(matchFields) {
      inForce = prepared;
      prepared = undefined;
      await Promise.all(
        [...all].map((thread) =>
          // Whoever takes its place begins with the new rules.
          thread.call('swap', [[...matchFields]]).catch(() => thread.worker.terminate()),
        ),
      );
    },
    alive: () => working.size > 0,
    async stop(finishMs) {
      stopping = true;
      await Promise.all(
        [...all].map(async (thread) => {
          if (working.has(thread)) await within(finishMs, thread.call('stop', [])).catch(() => undefined);
          await thread.worker.terminate();
        }),
      );
    },
  };
}

/** The same bytes where every thread sees them. */
function shared(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}
