/** backup: the whole center as one file, beside it while it works. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { BACKUP_FORMAT, type BackupHead, type BackupPiece } from '../backup/format.ts';
import { readPacks } from '../backup/packs.ts';
import { writeBackup } from '../backup/write.ts';
import type { Config } from '../config.ts';
import { holdQueues } from '../engines.ts';
import { formatSeconds, type Progress, showProgress } from '../progress.ts';
import type { CopyableStore } from '../store/copy.ts';
import { readArguments, UsageError } from './arguments.ts';
import { dataOptions, withData } from './data-folder.ts';
import type { Command, Io } from './io.ts';
import { version } from './version.ts';

const usage = {
  usage: 'backup --to FILE [--events all|none] [--since DAY] [--data DIR]',
  about:
    'Writes members, keys, people, alerts, incidents, audit, events and rule packs to one file, while the center works or when it stands. The file holds hashes of passwords and keys: keep it as you keep the center. Signed-in sessions, and logs that still wait in the queue, are not in it.',
  options: {
    to: {
      type: 'text',
      value: 'FILE',
      help: 'file to make, e.g. hinomi-2026-11-20.hinomi.zst; it must not be there yet',
    },
    events: {
      type: 'text',
      value: 'all|none',
      default: 'all',
      help: 'none: everything but events, rejects and matches',
    },
    since: { type: 'text', value: 'DAY', help: 'only events received on this day (UTC, e.g. 2026-11-20) or later' },
    ...dataOptions,
  },
} as const;

const BEHIND_ALL_DAYS = '9999-12-31';

export const backup: Command = async (args, io) => {
  const { options } = readArguments(args, usage);
  if (options.to === undefined) throw new UsageError('name the file: --to FILE.hinomi.zst');
  const path = resolve(io.cwd, options.to);
  if (existsSync(path)) throw new UsageError(`${path} is there already; name another file, or remove it first`);
  if (options.events !== 'all' && options.events !== 'none') {
    throw new UsageError(`--events takes all or none, not "${options.events}"`);
  }
  const { since } = options;
  if (since !== undefined && !(/^\d{4}-\d\d-\d\d$/.test(since) && !Number.isNaN(Date.parse(since)))) {
    throw new UsageError(`--since takes a day such as 2026-11-20, not "${since}"`);
  }
  const { events } = options;
  const sinceDay = events === 'none' ? BEHIND_ALL_DAYS : since;

  return withData(io, options, async ({ store, config, dataDir, save }) => {
    const { id } = await store.identity();
    const head: BackupHead = {
      ...{ hinomi: 'backup', format: BACKUP_FORMAT, id: randomBytes(10).toString('hex'), store: id, version },
      ...{ engine: config.store.engine, at: new Date().toISOString(), since: sinceDay ?? null, events },
    };
    // In the copy as well: whoever restores it sees where it comes from.
    await save(
      [],
      {
        action: 'center.backup',
        target: { kind: 'center', id },
        memberId: null,
        before: null,
        after: { backup: head.id, since: head.since, events },
      },
      'another act was written at the same moment; try again',
    );
    const waiting = await waitingIn({ ...config, dataDir });
    const startedMs = Date.now();
    const { progress, follow } = await createFollower(store, sinceDay);
    const shown = showProgress(progress, io);
    try {
      const { counts, bytes } = await writeBackup(path, head, pieces(store, dataDir, sinceDay, io), follow);
      shown.stop();
      const seconds = formatSeconds((Date.now() - startedMs) / 1000);
      const of = (name: string): string => (counts[name] ?? 0).toLocaleString('en');
      io.out(
        `${path}: ${of('event')} events, ${of('reject')} rejects, ${of('alert')} alerts, ${of('incident')} incidents, ` +
          `${of('member')} members, ${of('audit')} entries of the audit; ${(bytes / 1e6).toFixed(1)} MB, ${seconds}.`,
      );
      if (waiting > 0) io.out(`${waiting} batches wait in the queue and are not in it; the center will work them.`);
      return 0;
    } catch (error) {
      shown.stop();
      if (!io.signal.aborted) throw error;
      io.err('hinomi backup: interrupted; nothing is left of the file');
      return 2;
    }
  });
};

async function* pieces(
  store: CopyableStore,
  dataDir: string,
  sinceDay: string | undefined,
  io: Io,
): AsyncGenerator<BackupPiece> {
  yield* readPacks(dataDir);
  for await (const piece of store.copyOut(sinceDay === undefined ? {} : { sinceDay })) {
    io.signal.throwIfAborted();
    yield piece;
  }
}

/** Progress by events, of which the store knows how many there are. */
async function createFollower(store: CopyableStore, sinceDay = '') {
  const { days } = await store.stats();
  const wanted = days.filter(({ day }) => day >= sinceDay);
  const total = wanted.reduce((sum, { events }) => sum + events, 0);
  const totalBytes = wanted.reduce((sum, { bytes }) => sum + bytes, 0);
  const progress: Progress = { readBytes: 0, totalBytes, doneBytes: 0, doneRecords: 0 };
  const follow = (piece: BackupPiece, bytes: number): void => {
    progress.doneBytes += bytes;
    if (piece.kind === 'batch') progress.doneRecords += piece.batch.events.length;
    progress.readBytes = total === 0 ? 0 : (totalBytes * progress.doneRecords) / total;
  };
  return { progress, follow };
}

/** Batches that a center which stands has not worked yet; of one that works it is not asked. */
async function waitingIn(config: Config): Promise<number> {
  const queues = await holdQueues(config);
  if (queues === undefined) return 0;
  try {
    return (await queues.records.depth()).jobs;
  } finally {
    await queues.close();
  }
}
