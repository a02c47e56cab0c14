/** scan: looks through files of logs with the rules, offline. Needs no center, sends nothing, and runs no correlations. */

import { resolve } from 'node:path';
import { setImmediate as pause } from 'node:timers/promises';
import { connectors } from '../../connectors/index.ts';
import { loadConfig } from '../config.ts';
import type { Connector } from '../connector.ts';
import { compileRules } from '../detect/compile.ts';
import { matchAll } from '../detect/linear.ts';
import type { SigmaRule } from '../detect/rule.ts';
import { openFile } from '../input.ts';
import { level } from '../model/alert.ts';
import type { Fields } from '../model/event.ts';
import { type Encoding, encoding } from '../model/member.ts';
import { type Progress, showProgress } from '../progress.ts';
import { type RuleFolder, readRuleFolders, ruleFolders } from '../rule-folder.ts';
import { createExaminer } from '../scan/examiner.ts';
import { type InputFile, listFiles } from '../scan/files.ts';
import { type FoundMatch, type MatchFile, openMatchFile } from '../scan/match-file.ts';
import { profileRules } from '../scan/profile.ts';
import { readRecords } from '../scan/records.ts';
import { createSample, type Sample } from '../scan/sample.ts';
import { countMatch, countReject, createTally, rankOf, type Tally } from '../scan/tally.ts';
import { readArguments, UsageError } from './arguments.ts';
import type { Command, Io } from './io.ts';
import { clean, describeCosts, describeFindings, describeRules } from './scan-summary.ts';

const SAMPLE_EVENTS = 256;
/** The linear evaluator is no match for a megabyte of hostile text, and one such event would outweigh the others. */
const SAMPLE_RECORD_BYTES = 32 * 1024;

const usage = {
  usage: 'scan [--rules FOLDER]… [--output FILE] [--fail-level LEVEL] [--connector TYPE] INPUT…',
  about:
    'Looks through files and folders of logs (plain, gzip or zstd; JSON a line, as an array, or one after another; plain lines for connectors of lines) with the rules and the connectors of the center, offline. Exit status: 0 without matches at or above --fail-level, 1 with, 2 after an error.',
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
    encoding: { type: 'text', value: 'NAME', default: 'utf-8', help: `of plain lines: ${encoding.options.join(', ')}` },
    'time-zone': { type: 'text', value: 'ZONE', default: 'Asia/Tokyo', help: 'of times that do not say theirs' },
    'rules-index': {
      type: 'text',
      value: 'indexed|linear',
      default: 'indexed',
      help: 'linear: ask every rule about every event; slow, to argue with the result',
    },
    profile: { type: 'flag', help: 'time each rule on a sample of the events, and show the dearest' },
    config: {
      type: 'text',
      value: 'FILE',
      help: 'configuration file (default: hinomi.yml where it is started, if there)',
    },
  },
} as const;

interface Scan {
  readonly tally: Tally;
  readonly progress: Progress;
  readonly examine: ReturnType<typeof createExaminer>;
  readonly connector: Connector;
  readonly encoding: Encoding;
  readonly output: MatchFile | undefined;
  readonly sample: Sample<Fields> | undefined;
  readonly signal: AbortSignal;
}

export const scan: Command = async (args, io) => {
  const { options, rest } = readArguments(args, usage);
  const failLevel = oneOf('fail-level', options['fail-level'], level.options);
  const index = oneOf('rules-index', options['rules-index'], ['indexed', 'linear'] as const);
  const connector = connectorOf(options.connector ?? 'windows-event');
  const config = loadConfig({ env: io.env, file: options.config, cwd: io.cwd });
  const { placeholders } = config.rules;
  const lines = oneOf('encoding', options.encoding, encoding.options);
  const timeZone = timeZoneOf(options['time-zone']);
  const files = await listFiles(rest, io.cwd, options.output);

  const folder = await readRuleFolders(
    options.rules.length > 0 ? options.rules.map((name) => resolve(io.cwd, name)) : ruleFolders(config.rules),
  );
  const engine = compileRules(folder.set, folder.mapping, { placeholders });
  if (engine.rules.length === 0) throw new Error('no rule is in force; "hinomi rules check FOLDER" says why');
  const output = options.output === undefined ? undefined : await openMatchFile(options.output, io.cwd);
  try {
    const found: Scan = {
      tally: createTally(),
      progress: {
        readBytes: 0,
        totalBytes: files.reduce((sum, { size }) => sum + size, 0),
        doneBytes: 0,
        doneRecords: 0,
      },
      examine: createExaminer({
        connector,
        context: {
          timeZone,
          receivedAt: new Date().toISOString(),
          config: connector.config.parse({}),
        },
        match:
          index === 'indexed'
            ? engine.match
            : (event) => matchAll(engine.rules, event, folder.mapping, { placeholders }),
        maxRecordBytes: config.intake.maxRecordBytes,
      }),
      connector,
      encoding: lines,
      output,
      sample: options.profile ? createSample<Fields>(SAMPLE_EVENTS) : undefined,
      signal: io.signal,
    };
    const seconds = await scanAll(files, found, io);
    const { tally, sample } = found;
    const costs =
      sample === undefined
        ? []
        : await profileRules({
            rules: engine.rules,
            events: sample.items,
            mapping: folder.mapping,
            placeholders,
            nowMs: () => performance.now(),
            signal: io.signal,
          });
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
    if (sample !== undefined) io.out(`\n${describeCosts(costs, sample.items.length)}`);
    for (const { file, message } of tally.failures) io.err(`hinomi scan: ${clean(file)}: ${clean(message)}`);
    if (tally.failures.length > 0) return 2;
    return [...tally.matches.keys()].some((rule) => rankOf(rule.level) >= rankOf(failLevel)) ? 1 : 0;
  } finally {
    await output?.close();
  }
};

/** Answers the seconds it took. A file that fails is noted, and the others are read. */
async function scanAll(files: readonly InputFile[], found: Scan, io: Io): Promise<number> {
  const startedMs = performance.now();
  const shown = io.isTerminal ? showProgress(found.progress, io) : undefined;
  try {
    for (const file of files) {
      if (io.signal.aborted) break;
      await scanFile(file, found);
    }
  } finally {
    shown?.stop();
  }
  return (performance.now() - startedMs) / 1000;
}

async function scanFile({ file, path }: InputFile, found: Scan): Promise<void> {
  const { tally, progress, connector, signal } = found;
  let line = 0;
  try {
    const input = await openFile(path, (bytes) => {
      progress.readBytes += bytes;
    });
    tally.files++;
    try {
      for await (const lot of readRecords(input.chunks, { records: connector.records, encoding: found.encoding })) {
        const matches: FoundMatch[] = [];
        for (const record of lot.records) examineRecord(record, lot.encoding, file, line++, found, matches);
        progress.doneBytes += lot.bytes;
        progress.doneRecords += lot.records.length;
        await writeMatches(found.output, matches);
        // Lots of one read follow each other without a pause: Ctrl-C and the progress line need one.
        await pause();
        if (signal.aborted) break;
      }
    } finally {
      await input.close();
    }
  } catch (error) {
    if (error instanceof OutputFailure) throw error;
    const after = line > 0 ? ` (records before that, which are in the result: ${line})` : '';
    tally.failures.push({ file, message: `${error instanceof Error ? error.message : String(error)}${after}` });
  }
}

function examineRecord(
  record: Uint8Array,
  readAs: Encoding,
  file: string,
  line: number,
  { tally, examine, sample }: Scan,
  matches: FoundMatch[],
): void {
  tally.records++;
  const examined = examine(record, readAs);
  if (typeof examined === 'string') {
    countReject(tally, file, line, examined);
    return;
  }
  tally.events += examined.events.length;
  for (const { rule, time } of examined.hits) {
    countMatch(tally, rule);
    matches.push({ file, line, rule: rule.id, title: rule.title, level: rule.level, time });
  }
  if (sample !== undefined && record.length <= SAMPLE_RECORD_BYTES) examined.events.forEach(sample.offer);
}

/** A disk that is full spoils the whole result, not one input file. */
class OutputFailure extends Error {}

async function writeMatches(output: MatchFile | undefined, matches: readonly FoundMatch[]): Promise<void> {
  await output?.write(matches).catch((error: Error) => {
    throw new OutputFailure(`${output.path} cannot be written: ${error.message}`);
  });
}

function inForce({ set, mapping }: RuleFolder, engine: ReturnType<typeof compileRules>) {
  return {
    rules: engine.rules.length,
    unrouted: engine.rules.filter((rule: SigmaRule) => !mapping.routes(rule.logsource)).length,
    correlations: set.correlations.length,
    errors: [...set.problems, ...engine.problems].filter(({ severity }) => severity === 'error'),
  };
}

function connectorOf(type: string): Connector {
  const connector = connectors.find((one) => one.type === type);
  if (connector !== undefined) return connector;
  throw new UsageError(`--connector takes ${connectors.map((one) => one.type).join(', ')}, not "${type}"`);
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
