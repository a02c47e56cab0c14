/**
 * A thread that answers reads. Short ones at once; a search works in short turns, so that nobody waits behind it. Writes nothing.
 * Each answer sees every write that was confirmed before the question came.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { Scope } from '../../model/scope.ts';
import { type Call, serveCalls } from '../../thread.ts';
import { createBlocks } from './block.ts';
import { census } from './census.ts';
import { copyBatch, copyDays, copyHeads, copyRejects, lackingOfDay } from './copy-batches.ts';
import { copyRemovedDay, createStateCopies, identity } from './copy-state.ts';
import { createDays } from './days.ts';
import { openFile } from './file.ts';
import { stateFormat, statePath } from './format.ts';
import { health } from './health.ts';
import { applied, count, find, get, progress } from './read-docs.ts';
import { countEvents, findRejects, getEvents, getRejects, ledger, outcome } from './read-events.ts';
import { matchPortion } from './read-matches.ts';
import { findEvents } from './search.ts';

const { folder } = workerData as { folder: string };

const CACHE_BYTES = 64 * 1024 * 1024;
/** Longest turn of a search while others may be waiting. */
const TURN_MS = 10;

const state = openFile(statePath(folder), stateFormat, 'read');
const days = createDays(folder, state);
const blocks = createBlocks(CACHE_BYTES);
const parts = { state, days, blocks };
const copies = createStateCopies(folder, days);

let turnBegan = 0;
function breathe(): Promise<void> | undefined {
  if (performance.now() - turnBegan < TURN_MS) return undefined;
  return new Promise((resolve) =>
    setImmediate(() => {
      turnBegan = performance.now();
      resolve();
    }),
  );
}

type Answer = (scope: Scope, ...args: never[]) => unknown;

const answers: Readonly<Record<string, Answer>> = {
  outcome: (scope, batchId: string, receivedAt: string) => outcome(parts, scope, batchId, receivedAt),
  findEvents: (scope, query: Parameters<typeof findEvents>[2]) => findEvents({ days, blocks, breathe }, scope, query),
  getEvents: (scope, ids: string[]) => getEvents(parts, scope, ids),
  countEvents: (scope, query: Parameters<typeof countEvents>[2]) => countEvents(parts, scope, query),
  findRejects: (scope, query: Parameters<typeof findRejects>[2]) => findRejects(parts, scope, query),
  getRejects: (scope, ids: string[]) => getRejects(parts, scope, ids),
  matches: (scope, sinceMs: number, after: Parameters<typeof matchPortion>[3]) =>
    matchPortion(parts, scope, sinceMs, after),
  ledger: (scope, query: Parameters<typeof ledger>[2]) => ledger(parts, scope, query),
  find: (scope, kind: Parameters<typeof find>[1], query: Parameters<typeof find>[3]) => find(state, kind, scope, query),
  get: (scope, kind: Parameters<typeof get>[1], id: string) => get(state, kind, scope, id),
  count: (scope, kind: Parameters<typeof count>[1], by: string, query: Parameters<typeof count>[4]) =>
    count(state, kind, scope, by, query),
  applied: (_scope, batchIds: readonly string[]) =>
    batchIds.flatMap((id) => {
      const alerts = applied(state, id);
      return alerts === undefined ? [] : [[id, alerts]];
    }),
  progress: () => progress(state),
  health: () => health(parts, folder),
  copyState: (_scope, copy: string, sinceDay: string | undefined) => copies.next(copy, sinceDay),
  copyEnd: (_scope, copy: string) => copies.end(copy),
  copyDays: (_scope, sinceDay: string | undefined) => copyDays(days, sinceDay),
  copyHeads: (_scope, day: string, after: number) => copyHeads(days, day, after),
  copyBatch: (_scope, day: string, seq: number) => copyBatch(parts, day, seq),
  copyRejects: (_scope, day: string, after: string) => copyRejects(days, day, after),
  copyRemovedDay: (_scope, day: string) => copyRemovedDay(state, day),
  lacking: (_scope, day: string, ids: string[]) => lackingOfDay(days, day, ids),
  census: () => census(state, days),
  identity: () => identity(state),
};

async function serve(call: Call): Promise<void> {
  try {
    const answer = Object.hasOwn(answers, call.method) ? answers[call.method] : undefined;
    if (answer === undefined) throw new Error(`the store's reader has no ${call.method}`);
    // Hot: an await would cost every short read a turn.
    const result = answer(...(call.args as Parameters<Answer>));
    call.answer(result instanceof Promise ? await result : result);
  } catch (error) {
    call.fail(error);
  }
}

const server = serveCalls((calls) => {
  for (const call of calls) void serve(call);
});

/** The writer's wishes come on a way of their own. */
const fromWriter = serveCalls((calls) => {
  for (const call of calls) {
    const day = call.args[0] as string;
    days.drop(day);
    blocks.drop(day);
    call.answer(undefined);
  }
});

parentPort?.on('message', (message: { port?: MessagePort; writer?: MessagePort }) => {
  if (message.port !== undefined) server.add(message.port);
  else if (message.writer !== undefined) fromWriter.add(message.writer);
  else {
    days.close();
    state.close();
    process.exit();
  }
});
parentPort?.postMessage('ready');
