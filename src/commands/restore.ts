/** restore: a center from backups, into an empty one and only there; interrupted, the same command goes on. */
import { resolve } from 'node:path';
import { carryPieces } from '../backup/carrier.ts';
import { type BackupPiece, countPiece } from '../backup/format.ts';
import { restorePack } from '../backup/packs.ts';
import { type Checked, checkBackup, readBackup } from '../backup/read.ts';
import { type Config, loadConfig } from '../config.ts';
import { type HeldQueues, holdQueues, openStore } from '../engines.ts';
import { timedId } from '../ids.ts';
import { CENTER_SCOPE } from '../model/scope.ts';
import { formatSeconds, type Progress, showProgress } from '../progress.ts';
import type { CopyableStore, CopyPiece } from '../store/copy.ts';
import { kindNames } from '../store/kinds.ts';
import { readArguments, UsageError } from './arguments.ts';
import { beginCopy, finishCopy } from './copy-target.ts';
import { auditEntry, dataOptions } from './data-folder.ts';
import type { Command, Io } from './io.ts';

const usage = {
  usage: 'restore FILE… [--partial] [--data DIR]',
  about:
    'Fills an empty center from a backup, or from a full one and later ones made with --since. Each file is checked to its end before anything is written. After a break the same command goes on where it was.',
  arguments: { min: 1, max: 1_000 },
  options: {
    partial: { type: 'flag', help: 'take what is there of a file that was cut short or is damaged' },
    ...dataOptions,
  },
} as const;

const DAY_MS = 86_400_000;

export const restore: Command = async (args, io) => {
  const { options, rest } = readArguments(args, usage);
  const loaded = loadConfig({ cwd: io.cwd, env: io.env, file: options.config, overrides: { dataDir: options.data } });
  const config: Config = { ...loaded, dataDir: resolve(io.cwd, loaded.dataDir) };
  const files = inOrder(await checkAll(rest, options.partial, io));

  const queues = await holdQueues(config);
  if (queues === undefined) throw new UsageError(`a center works there; stop it first, ${emptyOne(config)}`);
  try {
    const host = await openStore(config, io.err);
    try {
      return await fill(files, options.partial, { store: host.store, queues, config, io });
    } finally {
      await host.close();
    }
  } finally {
    await queues.close();
  }
};

const emptyOne = ({ store, dataDir }: Config): string =>
  store.engine === 'sqlite'
    ? `name a folder that is not there yet with --data DIR (this one is ${dataDir})`
    : `set store.elasticsearch.prefix and queue.redis.prefix to names that nobody has used (now "${store.elasticsearch.prefix}")`;

async function checkAll(names: readonly string[], partial: boolean, io: Io): Promise<Checked[]> {
  const progress: Progress = { readBytes: 0, totalBytes: undefined, doneBytes: 0, doneRecords: 0 };
  const files: Checked[] = [];
  const startedMs = Date.now();
  for (const name of names) {
    const file = await checkBackup(resolve(io.cwd, name), partial, (bytes) => {
      progress.readBytes += bytes;
      io.signal.throwIfAborted();
    });
    files.push(file);
    const { at, engine, since } = file.head;
    io.out(
      `${name}: a backup of ${at} (${engine === 'sqlite' ? 'embedded' : 'cluster'})` +
        `${since === null ? '' : since.startsWith('9999') ? ', without events' : `, with events since ${since}`}` +
        `${partial ? '; not checked' : `; whole, checked in ${formatSeconds((Date.now() - startedMs) / 1000)}`}.`,
    );
  }
  return files;
}

/** The oldest first. Throws UsageError when they are not of one center, or leave a gap. */
function inOrder(files: readonly Checked[]): readonly Checked[] {
  const sorted = [...files].sort((a, b) => (a.head.at < b.head.at ? -1 : 1));
  for (const [index, { path, head }] of sorted.entries()) {
    const before = sorted[index - 1];
    if (before === undefined) continue;
    if (head.store !== before.head.store) throw new UsageError(`${before.path} and ${path} are of different centers`);
    if ((head.since ?? '') < (before.head.since ?? '')) {
      throw new UsageError(`${path} holds more days than ${before.path}; leave the older one out`);
    }
    if (head.since !== null && head.since > before.head.at.slice(0, 10)) {
      throw new UsageError(
        `between ${before.path} (made ${before.head.at}) and ${path} (since ${head.since}) days are missing; give the backup that has them as well`,
      );
    }
  }
  return sorted;
}

interface Target {
  readonly store: CopyableStore;
  readonly queues: HeldQueues;
  readonly config: Config;
  readonly io: Io;
}

async function fill(files: readonly Checked[], partial: boolean, target: Target): Promise<number> {
  const { store, queues, config, io } = target;
  const ids = files.map(({ head }) => head.id);
  const origin = await beginCopy(store, ids.join('+'), emptyOne(config));
  const startedMs = Date.now();
  const totalBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const progress: Progress = {
    readBytes: 0,
    totalBytes: partial ? undefined : totalBytes,
    doneBytes: 0,
    doneRecords: 0,
  };
  const shown = showProgress(progress, io);
  const counts: Record<string, number> = {};
  try {
    for (const [index, { path }] of files.entries()) {
      const pieces = readBackup(path, partial, (bytes) => {
        progress.readBytes += bytes;
      });
      await carryPieces(storePieces(pieces, { first: index === 0, dataDir: config.dataDir, counts }), {
        store,
        records: queues.records,
        matches: queues.matches,
        rememberFromMs: Date.now() - config.retention.rememberBatchesDays * DAY_MS,
        signal: io.signal,
        onWritten({ events, chars }) {
          progress.doneRecords += events;
          progress.doneBytes += chars;
        },
      });
    }
  } catch (error) {
    shown.stop();
    if (!io.signal.aborted) throw error;
    io.err('hinomi restore: interrupted; the same command goes on where it was');
    return 2;
  }
  shown.stop();
  // Several files overlap: what each holds says nothing of the sum.
  const newest = files.at(-1) as Checked;
  // Behind all that the backup holds, and the same however often the command is repeated.
  const actId = timedId(Date.parse(newest.head.at), 'restore', ...ids);
  const wrong = files.length > 1 ? [] : await differences(store, files[0]?.counts ?? counts, actId);
  if (wrong.length > 0) {
    io.err(`hinomi restore: not all of it arrived: ${wrong.join('; ')}. The same command tries again`);
    return 2;
  }
  const act = auditEntry({
    action: 'center.restore',
    target: { kind: 'center', id: newest.head.store },
    memberId: null,
    before: null,
    after: { backups: ids, at: newest.head.at, partial },
  });
  await store.save([{ kind: 'audit', doc: { ...act, id: actId }, ifAbsent: true }]);
  await finishCopy(store, origin);
  const { events } = await store.stats();
  io.out(
    `Restored ${events.toLocaleString('en')} events and everything else as of ${newest.head.at}, in ${formatSeconds((Date.now() - startedMs) / 1000)}. Start the center with hinomi serve; everybody signs in again.`,
  );
  return 0;
}

/** What the store takes; packs go to their folder. Of later files, sums of days that they leave out are no sums of the whole. */
async function* storePieces(
  pieces: AsyncIterable<BackupPiece>,
  { first, dataDir, counts }: { first: boolean; dataDir: string; counts: Record<string, number> },
): AsyncGenerator<CopyPiece> {
  for await (const piece of pieces) {
    countPiece(counts, piece);
    if (piece.kind === 'pack') await restorePack(dataDir, piece);
    else if (first || piece.kind !== 'sums' || piece.of !== 'left') yield piece;
  }
}

/** What the store counts against what the backup says. */
async function differences(
  store: CopyableStore,
  expected: Readonly<Record<string, number>>,
  actId: string,
): Promise<string[]> {
  const found: Record<string, number> = {};
  if ((await store.get('audit', CENTER_SCOPE, actId)) !== undefined) found.audit = -1;
  for (const { of, count } of await store.census()) found[of] = (found[of] ?? 0) + count;
  const names = [...kindNames.filter((kind) => kind !== 'session'), 'event', 'reject', 'batch', 'match', 'mark'];
  return names.flatMap((name) => {
    const [wanted, there] = [expected[name] ?? 0, found[name] ?? 0];
    return wanted === there ? [] : [`${there} of ${wanted} of kind "${name}"`];
  });
}
