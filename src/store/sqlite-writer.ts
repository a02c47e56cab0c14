/**
 * The thread that owns the files: every write of the process goes through it. Calls that wait together share one commit a file
 * (synchronous FULL, so what was answered survives a power cut). It encodes nothing and answers no question.
 */
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { Scope } from '../model/scope.ts';
import { type Call, type Caller, createCaller, serveCalls } from '../thread.ts';
import { dayOfId } from './event-place.ts';
import type { DayPut } from './sqlite-encode.ts';
import { openFile, type SqliteFile } from './sqlite-file.ts';
import { dayFormat, dayOfFile, dayPath, eventsFolder, stateFormat, statePath } from './sqlite-format.ts';
import {
  addRefused,
  beginTerm,
  coversDay,
  forgetApplied,
  forgetDay,
  type LedgerSum,
  type RefusedPut,
  type SavePut,
  saveDocs,
  widenDay,
} from './sqlite-write-docs.ts';
import { knownBatches, putDay, removeRejects } from './sqlite-write-events.ts';
import type { StoreStats } from './store.ts';

const { folder } = workerData as { folder: string };

/** Files of days that are open for writing: today's, and now and then one that a late batch belongs to. */
const MOST_OPEN = 4;

mkdirSync(eventsFolder(folder), { recursive: true });
const state = openFile(statePath(folder), stateFormat, 'write');
const open = new Map<string, SqliteFile>();
/** Readers, which must let go of a day before its file is removed. */
const readers = new Set<Caller>();

function dayFile(day: string): SqliteFile {
  let file = open.get(day);
  if (file !== undefined) {
    open.delete(day);
  } else {
    if (open.size >= MOST_OPEN) closeDay(open.keys().next().value as string);
    file = openFile(dayPath(folder, day), dayFormat, 'write');
  }
  open.set(day, file);
  return file;
}

function closeDay(day: string): void {
  open.get(day)?.close();
  open.delete(day);
}

const daysOnDisk = (): string[] =>
  readdirSync(eventsFolder(folder))
    .flatMap((name) => dayOfFile(name) ?? [])
    .sort();

function unlinkDay(day: string): void {
  for (const ending of ['', '-wal', '-shm']) rmSync(`${dayPath(folder, day)}${ending}`, { force: true });
}

/** Makes catalogue and folder agree after a crash, or after someone put a day's file in place or took it away. */
function settle(): void {
  const pruning = state.sql('SELECT day FROM pruning').all() as { day: string }[];
  for (const { day } of pruning) unlinkDay(day);
  const days = daysOnDisk();
  const spans = days.flatMap((day) => {
    const known = state.sql('SELECT 1 FROM days WHERE day = ?').get(day);
    if (known !== undefined) return [];
    const file = dayFile(day);
    const span = file.read(() => file.sql('SELECT min_ms, max_ms FROM span').get()) as Record<string, number | null>;
    closeDay(day);
    // No events, but perhaps rejects.
    return [{ day, minMs: span.min_ms ?? Date.parse(day), maxMs: span.max_ms ?? Date.parse(day) }];
  });
  state.write(() => {
    state.sql('DELETE FROM pruning').run();
    for (const { day, minMs, maxMs } of spans) widenDay(state, day, minMs, maxMs);
    const gone = (state.sql('SELECT day FROM days').all() as { day: string }[]).filter(
      ({ day }) => !days.includes(day),
    );
    for (const { day } of gone) state.sql('DELETE FROM days WHERE day = ?').run(day);
  });
}
settle();

/** One call's wish on one file, and what it becomes. */
interface Work {
  readonly call: Call;
  readonly run: () => unknown;
  result?: unknown;
  error?: unknown;
}

/** All in one transaction. One that throws is undone alone; when the commit fails, all of them fail. */
function commit(file: SqliteFile, works: readonly Work[]): void {
  if (works.length === 0) return;
  try {
    file.write(() => {
      for (const work of works) {
        file.db.exec('SAVEPOINT one');
        try {
          work.result = file.read(work.run);
        } catch (error) {
          work.error = error;
          // A full disk ends the whole transaction by itself.
          if (!file.db.isTransaction) throw error;
          file.db.exec('ROLLBACK TO one');
        }
        file.db.exec('RELEASE one');
      }
    });
  } catch (error) {
    for (const work of works) work.error ??= error;
  }
}

function write(calls: readonly Call[]): void {
  const onState: Work[] = [];
  const onDays = new Map<string, Work[]>();
  const addDay = (day: string, call: Call, run: () => unknown): void => {
    const works = onDays.get(day);
    if (works === undefined) onDays.set(day, [{ call, run }]);
    else works.push({ call, run });
  };
  for (const call of calls) {
    if (call.method === 'save') onState.push({ call, run: () => saveDocs(state, call.args[0] as SavePut) });
    else if (call.method === 'lead') onState.push({ call, run: () => beginTerm(state) });
    else if (call.method === 'refused') {
      onState.push({ call, run: () => addRefused(state, call.args[0] as RefusedPut[]) });
    } else if (call.method === 'put') {
      for (const put of call.args[0] as DayPut[]) {
        const { day } = put;
        const minMs = put.events > 0 ? put.minMs : Date.parse(day);
        const maxMs = put.events > 0 ? put.maxMs : minMs;
        try {
          dayFile(day);
          // Before the events: a catalogue that says too much costs a look, one that says too little hides events.
          if (!coversDay(state, day, minMs, maxMs))
            onState.push({ call, run: () => widenDay(state, day, minMs, maxMs) });
        } catch (error) {
          onState.push({
            call,
            run: () => {
              throw error;
            },
          });
        }
        addDay(day, call, () => {
          const file = dayFile(day);
          const known = knownBatches(file, put);
          if (known.length === 0) putDay(file, put);
          return known;
        });
      }
    } else {
      const [scope, ids] = call.args as [Scope, string[]];
      for (const [day, ofDay] of Map.groupBy(ids, dayOfId)) {
        if (day === undefined || state.sql('SELECT 1 FROM days WHERE day = ?').get(day) === undefined) continue;
        addDay(day, call, () => removeRejects(dayFile(day), ofDay, scope));
      }
    }
  }
  commit(state, onState);
  const failed = new Set(onState.filter(({ error }) => error !== undefined).map(({ call }) => call));
  const done = [...onState];
  for (const [day, works] of onDays) {
    const possible = works.filter(({ call }) => !failed.has(call));
    if (possible.length > 0) commitDay(day, possible);
    done.push(...possible);
  }
  answer(calls, done);
}

function commitDay(day: string, works: readonly Work[]): void {
  let file: SqliteFile;
  try {
    file = dayFile(day);
  } catch (error) {
    for (const work of works) work.error = error;
    return;
  }
  commit(file, works);
}

function answer(calls: readonly Call[], done: readonly Work[]): void {
  const byCall = Map.groupBy(done, ({ call }) => call);
  for (const call of calls) {
    const works = byCall.get(call) ?? [];
    const bad = works.find(({ error }) => error !== undefined);
    if (bad !== undefined) call.fail(bad.error);
    else if (call.method === 'put') {
      call.answer(works.flatMap(({ result }) => (Array.isArray(result) ? (result as string[]) : [])));
    } else call.answer(works[0]?.result);
  }
}

/** Writes that wait until a day's file is gone: a late batch of that day must find a new file, not the one on its way out. */
let held: Call[] | undefined;

async function prune(beforeDay: string): Promise<string[]> {
  const days = daysOnDisk().filter((day) => day < beforeDay);
  for (const day of days) {
    held ??= [];
    try {
      await pruneDay(day);
    } finally {
      const calls = held;
      held = undefined;
      if (calls.length > 0) write(calls);
    }
  }
  state.write(() => forgetApplied(state, beforeDay));
  return days;
}

async function pruneDay(day: string): Promise<void> {
  const file = dayFile(day);
  const sums = file.read(() => file.sql('SELECT * FROM ledger').all()) as unknown as LedgerSum[];
  closeDay(day);
  state.write(() => forgetDay(state, day, sums));
  await Promise.all([...readers].map((reader) => reader.call('drop', [day]).catch(() => readers.delete(reader))));
  unlinkDay(day);
  counted.delete(day);
  state.write(() => state.sql('DELETE FROM pruning WHERE day = ?').run(day));
}

function bytesOf(path: string): number {
  return ['', '-wal', '-shm'].reduce(
    (sum, ending) => sum + (statSync(`${path}${ending}`, { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
}

/** Events of days whose files have not changed since: opening hundreds of them would keep writes waiting. */
const counted = new Map<string, { readonly stamp: string; readonly events: number }>();

/** Differs when something was written to the file, whoever wrote it. */
function stampOf(path: string): string {
  const of = (name: string): string => {
    const found = statSync(name, { throwIfNoEntry: false });
    // A log comes and goes, empty, with those who look into the file.
    return found === undefined || found.size === 0 ? '' : `${found.size} ${found.mtimeMs}`;
  };
  return `${of(path)}/${of(`${path}-wal`)}`;
}

function countEvents(day: string): number {
  const stamp = stampOf(dayPath(folder, day));
  const known = counted.get(day);
  if (known?.stamp === stamp) return known.events;
  const file = dayFile(day);
  const { events } = file.read(() => file.sql('SELECT events FROM span').get()) as { events: number };
  counted.set(day, { stamp, events });
  return events;
}

function stats(): StoreStats {
  const days = daysOnDisk().map((day) => ({ day, events: countEvents(day), bytes: bytesOf(dayPath(folder, day)) }));
  return {
    events: days.reduce((sum, { events }) => sum + events, 0),
    bytes: days.reduce((sum, { bytes }) => sum + bytes, bytesOf(statePath(folder))),
    days,
  };
}

/** One at a time. */
let pruning: Promise<void> = Promise.resolve();

const writes = new Set(['put', 'save', 'lead', 'refused', 'removeRejects']);

const server = serveCalls((calls) => {
  const toWrite = calls.filter(({ method }) => writes.has(method));
  if (held !== undefined) held.push(...toWrite);
  else if (toWrite.length > 0) write(toWrite);
  for (const call of calls) {
    if (writes.has(call.method)) continue;
    try {
      if (call.method === 'stats') call.answer(stats());
      else if (call.method === 'prune') {
        pruning = pruning
          .then(() => prune(call.args[0] as string))
          .then(
            (days) => call.answer(days),
            (error: unknown) => call.fail(error),
          );
      } else call.fail(new Error(`the store's writer has no ${call.method}`));
    } catch (error) {
      call.fail(error);
    }
  }
});

parentPort?.on('message', (message: { port?: MessagePort; reader?: MessagePort }) => {
  if (message.port !== undefined) server.add(message.port);
  else if (message.reader !== undefined) readers.add(createCaller(message.reader));
  else {
    for (const day of [...open.keys()]) closeDay(day);
    state.close();
    process.exit();
  }
});
parentPort?.postMessage('ready');
