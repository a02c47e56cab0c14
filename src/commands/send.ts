/** send: files of logs to a center's intake, in batches, going on where it was after a break. */
import { randomUUID } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { parseKey } from '../access/keys.ts';
import { type Input, openFile, openStream } from '../input.ts';
import { formatSeconds, type Progress, showProgress } from '../progress.ts';
import { createDeliverer, type Deliverer } from '../send/deliver.ts';
import { deliverText, NotTheSameText } from '../send/deliver-text.ts';
import { collectReceipts } from '../send/receipts.ts';
import { type Delivered, readDelivered, stateFile, writeDelivered } from '../send/resume.ts';
import { readArguments, UsageError } from './arguments.ts';
import type { Command, Io } from './io.ts';

const IN_FLIGHT = 4;
const BATCH_BYTES = 1_000_000;
const RECEIPTS_MS = 60_000;
const SAVE_EVERY_MS = 250;

const usage = {
  usage: 'send --to URL --key KEY [--format lines|json] [--batch N] FILE…|-',
  about:
    'Sends files of logs (plain, gzip or zstd; - is standard input) and tells what became of the records. After a break the same command goes on where it was; a file that grew is sent from where it ended.',
  arguments: { min: 1, max: 10_000 },
  options: {
    to: { type: 'text', value: 'URL', help: 'address of the intake, e.g. http://127.0.0.1:8088' },
    key: {
      type: 'text',
      value: 'KEY',
      help: "key of the source (default: the environment's HINOMI_KEY, which other users cannot see)",
    },
    format: { type: 'text', value: 'lines|json', default: 'lines', help: 'json: one document a line' },
    batch: { type: 'number', default: 2_000, min: 1, max: 100_000, help: 'records a batch, or about 1 MB of them' },
    compression: { type: 'text', value: 'zstd|gzip', default: 'zstd', help: 'how batches are packed on their way' },
    patience: {
      type: 'number',
      value: 'SECONDS',
      default: 600,
      min: 1,
      help: 'how long to try again while nothing gets through',
    },
  },
} as const;

interface Sending {
  readonly io: Io;
  readonly deliverer: Deliverer;
  readonly url: string;
  readonly keyId: string;
  readonly format: 'lines' | 'json';
  readonly batch: number;
  readonly progress: Progress;
  readonly say: (text: string) => void;
  readonly batchIds: Set<string>;
  readonly counts: { known: number; earlier: number };
}

export const send: Command = async (args, io) => {
  const { options, rest } = readArguments(args, usage);
  const url = intakeUrl(options.to);
  const key = options.key ?? io.env.HINOMI_KEY;
  if (key === undefined || key === '') throw new UsageError("name the source's key: --key KEY");
  const keyId = parseKey(key)?.id;
  if (keyId === undefined)
    throw new UsageError('this is no key; "hinomi keys add MEMBER.SOURCE" makes one, beginning with hnm_');
  const format = oneOf('format', options.format, ['lines', 'json'] as const);
  const compression = oneOf('compression', options.compression, ['zstd', 'gzip'] as const);
  if (rest.filter((name) => name === '-').length > 1) throw new UsageError('standard input (-) can be sent once');

  const startedMs = Date.now();
  const files = await Promise.all(rest.map((name) => measure(name, io)));
  const sizes = files.map(({ size }) => size);
  const progress: Progress = {
    readBytes: 0,
    totalBytes: sizes.includes(undefined) ? undefined : sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0),
    doneBytes: 0,
    doneRecords: 0,
  };
  const stop = new AbortController();
  const signal = AbortSignal.any([io.signal, stop.signal]);
  const shown = showProgress(progress, io);
  const deliverer = createDeliverer({
    url,
    key,
    contentType: format === 'json' ? 'application/x-ndjson' : 'text/plain',
    compression,
    patienceMs: options.patience * 1000,
    firstWaitMs: 250,
    longestWaitMs: 15_000,
    signal,
    onRetry: createRetryTalk(shown.say),
  });
  const sending: Sending = {
    io,
    deliverer,
    url,
    keyId,
    format,
    batch: Math.floor(options.batch),
    progress,
    say: shown.say,
    batchIds: new Set(),
    counts: { known: 0, earlier: 0 },
  };
  try {
    for (const { name, path } of files) await sendOne(name, path, sending, stop);
  } catch (error) {
    shown.stop();
    if (io.signal.aborted) {
      io.err('hinomi send: interrupted; the same command goes on where it was');
      return 2;
    }
    throw error;
  }
  shown.stop();
  const { known, earlier } = sending.counts;
  const seconds = (Date.now() - startedMs) / 1000;
  io.out(
    `Sent ${progress.doneRecords} records in ${sending.batchIds.size} batches, ${formatSeconds(seconds)}.` +
      (known > 0 ? ` The center had ${known} of the batches already.` : '') +
      (earlier > 0 ? ` ${earlier} records were sent by an earlier run.` : ''),
  );
  return tellReceipts(sending);
};

/** Address without a slash at its end. Throws UsageError. */
function intakeUrl(text: string | undefined): string {
  if (text === undefined) throw new UsageError('name the address of the intake: --to http://127.0.0.1:8088');
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (
    url === undefined ||
    !/^https?:$/.test(url.protocol) ||
    url.username !== '' ||
    url.search !== '' ||
    url.hash !== ''
  ) {
    throw new UsageError(`--to takes an http or https address such as http://127.0.0.1:8088, not "${text}"`);
  }
  return url.href.replace(/\/+$/, '').replace(/\/ingest$/, '');
}

function oneOf<const T extends string>(name: string, given: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === given);
  if (found === undefined) throw new UsageError(`--${name} takes ${allowed.join(' or ')}, not "${given}"`);
  return found;
}

/** Opens each file once before anything is sent, so that a misspelt name is told at once. */
async function measure(name: string, io: Io): Promise<{ name: string; path: string; size: number | undefined }> {
  if (name === '-') return { name, path: name, size: undefined };
  try {
    const path = await realpath(resolve(io.cwd, name));
    const input = await openFile(path, () => undefined);
    await input.close();
    return { name, path, size: input.size };
  } catch (error) {
    throw new UsageError(`${name} cannot be read: ${(error as Error).message}`);
  }
}

/** The same trouble of four batches in flight is told once, and again when it lasts. */
function createRetryTalk(say: (text: string) => void): (reason: string, waitMs: number) => void {
  let last = '';
  let lastMs = 0;
  return (reason, waitMs) => {
    if (reason === last && Date.now() - lastMs < 30_000) return;
    last = reason;
    lastMs = Date.now();
    say(`  ${reason}; trying again in ${formatSeconds(waitMs / 1000)}`);
  };
}

async function sendOne(name: string, path: string, sending: Sending, stop: AbortController): Promise<void> {
  const { io, deliverer, progress, batchIds, counts } = sending;
  const isStream = path === '-';
  const file = isStream ? undefined : stateFile(io.env, path, sending.url, sending.keyId);
  const before = file === undefined ? undefined : await readDelivered(file);
  const saving = createSaving(file, sending);

  const run = async (delivered: Delivered | undefined): Promise<void> => {
    const input = await openInput(path, progress);
    // A read that waits for more standard input hears of Ctrl-C only so.
    const close = (): void => void input.close();
    io.signal.addEventListener('abort', close);
    try {
      await deliverText({
        // A stream's name is new each time: the same lines piped twice are meant twice.
        name: isStream ? randomUUID() : basename(path),
        chunks: input.chunks,
        format: sending.format,
        maxRecords: delivered?.batch ?? sending.batch,
        maxBytes: BATCH_BYTES,
        delivered,
        deliverer,
        inFlight: IN_FLIGHT,
        onAccepted: (batch, accepted) => {
          batchIds.add(accepted.batchId);
          if (accepted.known) counts.known++;
          progress.doneBytes += batch.bytes.length;
          progress.doneRecords += accepted.records;
        },
        onDelivered: saving.note,
        onFailed: () => stop.abort(),
      });
    } finally {
      io.signal.removeEventListener('abort', close);
      await input.close();
      await saving.flush();
    }
  };

  const readBefore = progress.readBytes;
  try {
    await run(before);
    counts.earlier += before?.records ?? 0;
  } catch (error) {
    if (!(error instanceof NotTheSameText)) throw named(name, error);
    sending.say(`  ${name} is not the file that was sent before; sending it from its beginning`);
    progress.readBytes = readBefore;
    await run(undefined).catch((later: unknown) => {
      throw named(name, later);
    });
  }
}

const openInput = (path: string, progress: Progress): Promise<Input> => {
  const onRead = (bytes: number): void => {
    progress.readBytes += bytes;
  };
  return path === '-' ? openStream(process.stdin, onRead) : openFile(path, onRead);
};

function named(name: string, error: unknown): Error {
  return new Error(`${name}: ${(error as Error).message}`, { cause: error });
}

/** Writes the newest state now and then, and at the end. A state that cannot be written costs only the going on. */
function createSaving(
  file: string | undefined,
  { say }: Sending,
): { note(delivered: Delivered): void; flush(): Promise<void> } {
  let newest: Delivered | undefined;
  let writing: Promise<void> = Promise.resolve();
  let savedMs = 0;
  let told = false;
  const save = (): void => {
    if (file === undefined || newest === undefined) return;
    const saved = newest;
    newest = undefined;
    savedMs = Date.now();
    writing = writing
      .then(() => writeDelivered(file, saved))
      .catch((error: unknown) => {
        if (!told)
          say(`  cannot remember how far it is (${(error as Error).message}); after a break all is sent again`);
        told = true;
      });
  };
  return {
    note(delivered) {
      newest = delivered;
      if (Date.now() - savedMs >= SAVE_EVERY_MS) save();
    },
    async flush() {
      save();
      await writing;
    },
  };
}

async function tellReceipts({ io, deliverer, batchIds }: Sending): Promise<number> {
  if (batchIds.size === 0) return 0;
  const sum = await collectReceipts(batchIds, deliverer, { maxMs: RECEIPTS_MS, signal: io.signal });
  io.out(
    `Center: ${sum.events} events, ${sum.rejects} rejects, ${sum.alerts} alerts.` +
      (sum.waiting > 0
        ? ` ${sum.waiting} batches are still being worked; the console shows what becomes of them.`
        : ''),
  );
  if (sum.dead === 0) return 0;
  io.err(
    `hinomi send: the center could not work ${sum.dead} of the batches and set them aside; its operator can retry them`,
  );
  return 1;
}
