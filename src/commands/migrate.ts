/**
 * migrate: a center from one engine to the other. A first pass may go beside the working center; when it stands, the same command
 * carries the rest and counts both sides. What is carried already is told by the target itself, so that it goes on after any break.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { carryPieces } from '../backup/carrier.ts';
import { type Config, loadConfig } from '../config.ts';
import { type HeldQueues, holdQueues, openStore } from '../engines.ts';
import { formatSeconds, type Progress, showProgress } from '../progress.ts';
import type { CopyableStore } from '../store/copy.ts';
import { readArguments, UsageError } from './arguments.ts';
import { beginCopy, finishCopy } from './copy-target.ts';
import { checkCounts } from './count-check.ts';
import { auditEntry, dataOptions } from './data-folder.ts';
import type { Command, Io } from './io.ts';

const usage = {
  usage: 'migrate --from embedded|cluster --to cluster|embedded [--data DIR] [--config FILE]',
  about:
    'Carries a whole center to the other engines: members, keys, people, alerts, incidents, audit and events. Run it once while the center works, then stop the center and run it again: that carries the rest and counts both sides. Exit status 0: everything is there. After a break the same command goes on where it was.',
  options: {
    from: { type: 'text', value: 'ENGINE', help: 'where the center is: embedded (files in --data), or cluster' },
    to: {
      type: 'text',
      value: 'ENGINE',
      help: 'where it goes: cluster (store.elasticsearch and queue.redis of the configuration), or embedded',
    },
    'leave-dead': {
      type: 'flag',
      help: 'leave batches behind that the center set aside because it could not work them',
    },
    'accept-differences': {
      type: 'flag',
      help: 'let centers work on the target though the counts differ (exit status 2 all the same)',
    },
    ...dataOptions,
  },
} as const;

type Engine = 'embedded' | 'cluster';
const DAY_MS = 86_400_000;

export const migrate: Command = async (args, io) => {
  const { options } = readArguments(args, usage);
  const from = readEngine('from', options.from);
  const to = readEngine('to', options.to);
  if (from === to)
    throw new UsageError(`--from and --to are both ${from}; to copy a center as it is, use backup and restore`);
  const loaded = loadConfig({ cwd: io.cwd, env: io.env, file: options.config, overrides: { dataDir: options.data } });
  const config: Config = { ...loaded, dataDir: resolve(io.cwd, loaded.dataDir) };
  const [source, target] = [onEngine(config, from), onEngine(config, to)];
  if (from === 'embedded' && !existsSync(join(config.dataDir, 'state.db'))) {
    throw new UsageError(`${config.dataDir} holds no center; name its folder with --data DIR`);
  }

  const opened: (() => Promise<void>)[] = [];
  const opening = async <T extends { close(): Promise<void> }>(part: Promise<T>): Promise<T> => {
    const open = await part;
    opened.push(open.close);
    return open;
  };
  try {
    const sourceQueues = await holdQueues(source);
    if (sourceQueues !== undefined) {
      opened.push(sourceQueues.close);
      await checkWorked(sourceQueues, from, options['leave-dead']);
    }
    const targetQueues = await holdQueues(target);
    if (targetQueues === undefined)
      throw new UsageError(`a center works on the target (${placeOf(target)}) already; stop it first`);
    opened.push(targetQueues.close);
    if ((await targetQueues.records.depth()).jobs + (await targetQueues.matches.depth()).jobs > 0) {
      throw new UsageError(`the target's queue holds logs of a center; ${emptyOne(target)}`);
    }
    const { store: sourceStore } = await opening(openStore(source, io.err));
    const { store: targetStore } = await opening(openStore(target, io.err));
    return await move(io, {
      ...{ from, to, config, sourceStore, targetStore, sourceQueues, targetQueues },
      accept: options['accept-differences'],
    });
  } finally {
    for (let close = opened.pop(); close !== undefined; close = opened.pop()) await close();
  }
};

function readEngine(name: 'from' | 'to', given: string | undefined): Engine {
  if (given === 'embedded' || given === 'cluster') return given;
  throw new UsageError(`--${name} takes embedded or cluster${given === undefined ? '' : `, not "${given}"`}`);
}

const onEngine = (config: Config, engine: Engine): Config => ({
  ...config,
  store: { ...config.store, engine: engine === 'embedded' ? 'sqlite' : 'elasticsearch' },
  queue: { ...config.queue, engine: engine === 'embedded' ? 'sqlite' : 'redis' },
});

const placeOf = ({ store, dataDir }: Config): string =>
  store.engine === 'sqlite' ? dataDir : `prefix "${store.elasticsearch.prefix}"`;

const emptyOne = ({ store, dataDir }: Config): string =>
  store.engine === 'sqlite'
    ? `name a folder that is not there yet with --data DIR (this one is ${dataDir})`
    : `choose a store.elasticsearch.prefix and a queue.redis.prefix that nobody has used, or remove the indices ${store.elasticsearch.prefix}-*`;

/** Throws UsageError when something was accepted that the center has not worked: it would stay behind. */
async function checkWorked({ records, matches }: HeldQueues, from: Engine, leaveDead: boolean): Promise<void> {
  const [one, two] = [await records.depth(), await matches.depth()];
  if (one.jobs + two.jobs > 0) {
    throw new UsageError(
      `the ${from} center accepted ${one.jobs} batches (${one.records} records) that it has not worked, and ${two.jobs} batches wait for the correlator. ` +
        'Start it once more, without senders, until its queue is empty; then stop it and run this again',
    );
  }
  if (one.dead + two.dead > 0 && !leaveDead) {
    throw new UsageError(
      `the ${from} center set aside ${one.dead + two.dead} batches that it could not work. Start it and retry them (console, or POST /api/v1/queue/retry), ` +
        'or leave them behind with --leave-dead',
    );
  }
}

interface Move {
  readonly from: Engine;
  readonly to: Engine;
  readonly config: Config;
  readonly sourceStore: CopyableStore;
  readonly targetStore: CopyableStore;
  /** Undefined: the center works. */
  readonly sourceQueues: HeldQueues | undefined;
  readonly targetQueues: HeldQueues;
  readonly accept: boolean;
}

async function move(io: Io, parts: Move): Promise<number> {
  const { from, to, config, sourceStore, targetStore, sourceQueues } = parts;
  const { id } = await sourceStore.identity();
  const begun = (await targetStore.identity()).origin !== undefined;
  const origin = await beginCopy(targetStore, id, emptyOne(onEngine(config, to)));
  if (!begun) {
    // In the source, so that the copy has it too.
    const act = auditEntry({
      action: 'center.migrate',
      target: { kind: 'center', id },
      memberId: null,
      before: { engine: from },
      after: { engine: to },
    });
    await sourceStore.save([{ kind: 'audit', doc: act }]);
  }
  if (!(await carryAll(io, parts))) return 2;
  if (sourceQueues === undefined) {
    io.out(
      `The center works, so this was a first pass. Stop it when its queue is empty, then run the same command again: it carries what came since.`,
    );
    return 2;
  }
  if (!(await sourceQueues.held())) {
    io.err('hinomi migrate: a center began to work on the source meanwhile; stop it and run the same command again');
    return 2;
  }
  const { equal, table } = await checkCounts(sourceStore, targetStore);
  io.out(`\n${table}\n`);
  if (equal || parts.accept) await finishCopy(targetStore, origin);
  if (!equal) {
    io.err(
      `hinomi migrate: the counts differ (above: what ${to} has, not what ${from} has). ` +
        (parts.accept
          ? 'Accepted: centers may work on the target.'
          : 'Run the same command again; if they stay different, begin anew with an empty target, or accept them with --accept-differences'),
    );
    return 2;
  }
  io.out(
    `Everything is there, on both sides the same. Now ${to === 'cluster' ? 'set store.engine to "elasticsearch" and queue.engine to "redis"' : 'set store.engine and queue.engine to "sqlite"'}, start the center, and point the senders at it. Keep the old one until you have looked around.`,
  );
  return 0;
}

/** False when it was interrupted. */
async function carryAll(io: Io, parts: Move): Promise<boolean> {
  const { config, sourceStore, targetStore, targetQueues } = parts;
  const startedMs = Date.now();
  const stats = await sourceStore.stats();
  const progress: Progress = { readBytes: 0, totalBytes: stats.bytes, doneBytes: 0, doneRecords: 0 };
  const before = (await targetStore.stats()).events;
  if (before > 0) io.out(`${before.toLocaleString('en')} events are there already.`);
  const shown = showProgress(progress, io);
  try {
    await carryPieces(sourceStore.copyOut({ wanted: targetStore.lacking }), {
      store: targetStore,
      records: targetQueues.records,
      rememberFromMs: Date.now() - config.retention.rememberBatchesDays * DAY_MS,
      signal: io.signal,
      onWritten({ events, chars }) {
        progress.doneRecords += events;
        progress.doneBytes += chars;
        progress.readBytes = (stats.bytes * (before + progress.doneRecords)) / Math.max(1, stats.events);
      },
    });
  } catch (error) {
    shown.stop();
    if (!io.signal.aborted) throw error;
    io.err('hinomi migrate: interrupted; the same command goes on where it was');
    return false;
  }
  shown.stop();
  const seconds = formatSeconds((Date.now() - startedMs) / 1000);
  io.out(`Carried ${progress.doneRecords.toLocaleString('en')} events and all documents, ${seconds}.`);
  return true;
}
