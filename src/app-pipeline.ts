/**
 * The pipeline's threads as the center sees them: begun early, so that they read and compile rules while the rest opens; put to
 * work when there is something to work with; replaced when one dies (its batches come back when their lease ends).
 */
import { Worker } from 'node:worker_threads';
import type { PipelineNews, PipelineStart, PipelineThreadData } from './app-worker.ts';

/** What a thread is put to work with, made anew for each. */
export type MakeStart = () => { readonly start: PipelineStart; readonly transfer: readonly PipelineStart['records'][] };

export interface PipelineThreads {
  /** Resolves when all threads work. To be called once. Throws why one could not begin. */
  work(makeStart: MakeStart): Promise<void>;
  alive(): boolean;
  /** Takes no new batches, lets running ones finish, ends the threads. */
  stop(): Promise<void>;
}

const RESTART_MS = 1_000;

export function beginPipelineThreads(
  count: number,
  workerData: PipelineThreadData,
  log: { error(data: object, text: string): void },
): PipelineThreads {
  const working = new Set<Worker>();
  const all = new Set<Worker>();
  let stopping = false;
  let makeStart: MakeStart | undefined;

  const begin = (): Worker => {
    const thread = new Worker(new URL('./app-worker.ts', import.meta.url), { workerData });
    all.add(thread);
    thread.on('message', (news: PipelineNews) => {
      if (news.news !== 'failed') return;
      const { batches, error } = news;
      log.error({ batches, error }, 'batches failed in the pipeline; will retry, then set aside');
    });
    thread.on('error', (error) => log.error({ err: error }, 'a pipeline thread died'));
    thread.on('exit', () => {
      working.delete(thread);
      all.delete(thread);
      if (stopping || makeStart === undefined) return;
      setTimeout(() => {
        if (!stopping) putToWork(begin()).catch(() => undefined);
      }, RESTART_MS);
    });
    return thread;
  };

  const putToWork = (thread: Worker): Promise<void> =>
    new Promise((resolve, reject) => {
      if (!all.has(thread)) {
        reject(new Error('a pipeline thread ended before it worked; its error is in the log'));
        return;
      }
      thread.on('message', (news: PipelineNews) => {
        if (news.news !== 'ready') return;
        working.add(thread);
        resolve();
      });
      thread.once('error', reject);
      thread.once('exit', () => reject(new Error('a pipeline thread ended before it worked')));
      const { start, transfer } = (makeStart as MakeStart)();
      thread.postMessage(start, [...transfer]);
    });

  const first = Array.from({ length: count }, begin);
  return {
    async work(make) {
      makeStart = make;
      await Promise.all(first.map(putToWork));
    },
    alive: () => working.size > 0,
    async stop() {
      stopping = true;
      await Promise.all(
        [...all].map(async (thread) => {
          if (working.has(thread)) {
            const stopped = new Promise<void>((resolve) => {
              thread.on('message', (news: PipelineNews) => news.news === 'stopped' && resolve());
              thread.on('exit', () => resolve());
            });
            thread.postMessage('stop');
            await stopped;
          }
          await thread.terminate();
        }),
      );
    },
  };
}
