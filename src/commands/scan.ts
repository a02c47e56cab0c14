/** scan: looks through files of logs with the rules, offline. Needs no center, sends nothing, and runs no correlations. */

import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { connectors } from '../../connectors/index.ts';
import { loadConfig } from '../config.ts';
import type { Connector } from '../connector.ts';
import type { Engine } from '../detect/engine.ts';
import type { SigmaRule } from '../detect/rule.ts';
import { level } from '../model/alert.ts';
import type { Fields } from '../model/event.ts';
import { encoding } from '../model/member.ts';
import { type Progress, showProgress } from '../progress.ts';
import { type RuleFolder, ruleFolders } from '../rule-folder.ts';
import { createCount } from '../scan/count.ts';
import { listFiles } from '../scan/files.ts';
import { type MatchFile, openMatchFile } from '../scan/match-file.ts';
import { profileRules } from '../scan/profile.ts';
import { createTally, rankOf, type Tally } from '../scan/tally.ts';
import { splitFiles, type Unit } from '../scan/units.ts';
import { readArguments, UsageError } from './arguments.ts';
import type { Command, Io } from './io.ts';
import { connectorOf, createScanEngine, type ScanEngine, type ScanSetup } from './scan-engine.ts';
import { runLanes } from './scan-lanes.ts';
import { clean, describeCosts, describeFindings, describeRules } from './scan-summary.ts';

const SAMPLE_EVENTS = 256;
const MAX_THREADS = 64;

const usage = {
  usage: 'scan [--rules FOLDER]… [--output FILE] [--fail-level LEVEL] [--connector TYPE] [--threads N] INPUT…',
  about:
    'Looks through files and folders of logs (plain, gzip, zstd or zip; EVTX; JSON a line, as an array, or one after another; CSV with a header; plain lines for connectors of lines) with the rules and the connectors of the center, offline. Exit status: 0 without matches at or above --fail-level, 1 with, 2 after an error.',
  arguments: { min: 1, max: 100_000 },
  options: {
    rules: { type: 'texts', value: 'FOLDER', help: 'folder of rules (default: those of the configuration)' },
    output: { type: 'text', value: 'FILE', help: 'write the matches there, one JSON line each' },
    'fail-level': { type: 'text', value: 'LEVEL', default: 'low', help: level.options.join(', ') },
    connector: {
      type: 'text',
      value: 'TYPE',
      help: `what wrote the logs (default windows-event): ${connectors.map(({ type }) => type).join(', ')}`,
    },
    encoding: {
      type: 'text',
      value: 'NAME',
      default: 'utf-8',
      help: `of plain lines and CSV: ${encoding.options.join(', ')}`,
    },
    'time-zone': { type: 'text', value: 'ZONE', default: 'Asia/Tokyo', help: 'of times that do not say theirs' },
    'rules-index': {
      type: 'text',
      value: 'indexed|linear',
      default: 'indexed',
      help: 'linear: ask every rule about every event; slow, to argue with the result',
    },
    threads: { type: 'text', value: 'N|auto', default: '1', help: 'the result is the same for any number' },
    profile: { type: 'flag', help: 'time each rule on a sample of the events, and show the dearest' },
    config: {
      type: 'text',
      value: 'FILE',
      help: 'configuration file (default: hinomi.yml where it is started, if there)',
    },
  },
} as const;

export const scan: Command = async (args, io) => {
  const { options, rest } = readArguments(args, usage);
  const failLevel = oneOf('fail-level', options['fail-level'], level.options);
  const index = oneOf('rules-index', options['rules-index'], ['indexed', 'linear'] as const);
  const connector = options.connector ?? 'windows-event';
  const { records } = checkConnector(connector);
  const config = loadConfig({ env: io.env, file: options.config, cwd: io.cwd });
  const setup: ScanSetup = {
    ruleFolders:
      options.rules.length > 0 ? options.rules.map((name) => resolve(io.cwd, name)) : ruleFolders(config.rules),
    placeholders: config.rules.placeholders,
    index,
    connector,
    timeZone: timeZoneOf(options['time-zone']),
    receivedAt: new Date().toISOString(),
    encoding: oneOf('encoding', options.encoding, encoding.options),
    maxRecordBytes: config.intake.maxRecordBytes,
    sampleEvents: options.profile ? SAMPLE_EVENTS : 0,
  };
  const threads = threadsOf(options.threads);
  const files = await listFiles(rest, io.cwd, options.output);
  const units = threads > 1 ? splitFiles(files, { records, encoding: setup.encoding }) : files;
  const made = await createScanEngine(setup, io.signal);
  const { engine, folder } = made;

  const output = options.output === undefined ? undefined : await openMatchFile(options.output, io.cwd);
  try {
    const tally = createTally();
    const startedMs = performance.now();
    const sampled = await scanAll({ units, threads, setup, engine: made, tally, output, io });
    const seconds = (performance.now() - startedMs) / 1000;
    const costs = options.profile
      ? await profileRules({
          rules: engine.rules,
          events: sampled,
          mapping: folder.mapping,
          placeholders: setup.placeholders,
          nowMs: () => performance.now(),
          signal: io.signal,
        })
      : undefined;
    if (io.signal.aborted) {
      io.err('hinomi scan: interrupted; nothing was written');
      return 2;
    }
    await output?.finish();

    io.out(describeRules(inForce(folder, engine)));
    io.out(`\n${describeFindings(tally, seconds)}`);
    if (output !== undefined) io.out(`\nMatches: ${options.output}`);
    if (tally.rejects > tally.events && options.connector === undefined) {
      io.out(
        '\nMost records are no Windows events; name what wrote them with --connector (--help lists the connectors).',
      );
    }
    if (costs !== undefined) io.out(`\n${describeCosts(costs, sampled.length)}`);
    for (const { file, message } of tally.failures) io.err(`hinomi scan: ${clean(file)}: ${clean(message)}`);
    if (tally.failures.length > 0) return 2;
    return [...tally.matches.keys()].some((rule) => rankOf(rule.level) >= rankOf(failLevel)) ? 1 : 0;
  } finally {
    await output?.close();
  }
};

interface Scan {
  readonly units: readonly Unit[];
  readonly threads: number;
  readonly setup: ScanSetup;
  readonly engine: ScanEngine;
  readonly tally: Tally;
  readonly output: MatchFile | undefined;
  readonly io: Io;
}

/** Answers the events for the profile. A file that fails is noted, and the others are read. */
async function scanAll({ units, threads, setup, engine, tally, output, io }: Scan): Promise<readonly Fields[]> {
  const progress: Progress = {
    readBytes: 0,
    totalBytes: units.reduce((sum, { size }) => sum + size, 0),
    doneBytes: 0,
    doneRecords: 0,
  };
  const shown = io.isTerminal ? showProgress(progress, io) : undefined;
  const count = createCount(tally, engine.engine.rules);
  try {
    return await runLanes({
      units,
      threads,
      setup,
      engine,
      signal: io.signal,
      onProgress({ readBytes, doneBytes, records }) {
        progress.readBytes += readBytes;
        progress.doneBytes += doneBytes;
        progress.doneRecords += records;
      },
      async onLot(unit, lot) {
        const matches = count(unit, lot);
        // A disk that is full spoils the whole result, not one input file.
        await output?.write(matches).catch((error: Error) => {
          throw new Error(`${output.path} cannot be written: ${error.message}`);
        });
      },
    });
  } finally {
    shown?.stop();
  }
}

function inForce({ set, mapping }: RuleFolder, engine: Engine) {
  return {
    rules: engine.rules.length,
    unrouted: engine.rules.filter((rule: SigmaRule) => !mapping.routes(rule.logsource)).length,
    correlations: set.correlations.length,
    errors: [...set.problems, ...engine.problems].filter(({ severity }) => severity === 'error'),
  };
}

function checkConnector(type: string): Connector {
  const connector = connectorOf(type);
  if (connector !== undefined) return connector;
  throw new UsageError(`--connector takes ${connectors.map((one) => one.type).join(', ')}, not "${type}"`);
}

function threadsOf(given: string): number {
  if (given === 'auto') return availableParallelism();
  const threads = Number(given);
  if (/^[1-9]\d?$/.test(given) && threads <= MAX_THREADS) return threads;
  throw new UsageError(`--threads takes 1 to ${MAX_THREADS}, or auto, not "${given}"`);
}

function timeZoneOf(name: string): string {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    throw new UsageError(`--time-zone takes a name such as Asia/Tokyo or UTC, not "${name}"`);
  }
}

function oneOf<const T extends string>(name: string, given: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === given);
  if (found === undefined) throw new UsageError(`--${name} takes ${allowed.join(', ')}, not "${given}"`);
  return found;
}
