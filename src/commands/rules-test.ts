/** rules test: the tests beside rules, and known-good logs, which must raise nothing. Uses what the center uses. */
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createCorrelator } from '../correlate/correlator.ts';
import { formatWhere } from '../detect/rule.ts';
import type { Match } from '../model/alert.ts';
import { disabledRules } from '../packs/references.ts';
import { runTests } from '../rule-tests.ts';
import { readRuleTexts } from '../rule-texts.ts';
import { readArguments } from './arguments.ts';
import type { Command } from './io.ts';
import { counted, loadRules, packOf, parseRecord, type RulesInForce, rulesOptions } from './rules-load.ts';
import { clean } from './scan-summary.ts';

export const test: Command = async (args, io) => {
  const { options, rest } = readArguments(args, {
    usage: 'rules test [FOLDER…]',
    about:
      'Runs the tests that stand beside rules, and looks whether the known-good logs in quiet/ stay silent. Folders: those given, else those of the configuration together with the packs. Exit status: 0 all is as it should be, 1 not.',
    arguments: { min: 0, max: 1_000 },
    options: rulesOptions,
  });
  const loaded = await loadRules(rest, options, io);
  const { folder, engine, own, problems, packs } = loaded;
  const disabled = disabledRules(await readRuleTexts([...own, ...packs.map((pack) => pack.folder)]));
  const tests = folder.tests.filter(({ rule }) => !disabled.has(rule));
  const results = runTests({ folder: { ...folder, tests }, engine, parse: parseRecord, createCorrelator });
  const failed = results.filter(({ failure }) => failure !== undefined);
  for (const { test: one, failure } of failed) {
    io.err(clean(`${formatWhere(one.where)}: "${one.name}" expects ${one.expect}, but: ${failure}`));
  }
  const quiet: QuietResult[] = [];
  for (const name of own) quiet.push(...(await watchQuietLogs(name, loaded)));
  for (const { file, line, what } of quiet.flatMap(({ noises }) => noises)) io.err(clean(`${file}:${line}: ${what}`));
  if (quiet.some(({ noises }) => noises.some(({ ofPack }) => ofPack))) {
    io.err('What a pack raises there is silenced by a filter or an overlay in a folder of your own (docs/rules.md)');
  }
  const errors = problems.filter(
    ({ severity, where }) => severity === 'error' && packOf(where.file, packs) === undefined,
  );
  if (errors.length > 0) io.err(`${counted(errors.length, 'error')} in the rules; "hinomi rules check" tells them`);

  const loud = quiet.filter(({ noises }) => noises.length > 0).length;
  io.out(`${counted(results.length - failed.length, 'test')} passed, ${failed.length} failed`);
  const left = folder.tests.length - tests.length;
  if (left > 0) io.out(`${counted(left, 'test')} of disabled rules left out`);
  if (quiet.length > 0) {
    const records = quiet.reduce((sum, one) => sum + one.records, 0);
    io.out(
      `${counted(quiet.length, 'known-good log')}, ${counted(records, 'record')}: ${loud === 0 ? 'all silent' : `${loud} not silent`}`,
    );
  }
  return failed.length > 0 || errors.length > 0 || loud > 0 ? 1 : 0;
};

interface Noise {
  readonly file: string;
  readonly line: number;
  readonly what: string;
  readonly ofPack: boolean;
}

interface QuietResult {
  readonly records: number;
  readonly noises: readonly Noise[];
}

/** `quiet/<connector>.log` of a folder, one record a line. */
async function watchQuietLogs(folder: string, loaded: RulesInForce): Promise<readonly QuietResult[]> {
  const names = await readdir(join(folder, 'quiet')).catch(() => []);
  const results: QuietResult[] = [];
  for (const name of names.filter((each) => each.endsWith('.log')).sort()) {
    const file = join(folder, 'quiet', name);
    results.push(watchQuietLog(file, (await readFile(file, 'utf8')).split('\n'), loaded));
  }
  return results;
}

const receivedAt = '2026-11-20T09:00:00.000Z';

function watchQuietLog(file: string, lines: readonly string[], { folder, engine, packs }: RulesInForce): QuietResult {
  const { set, mapping } = folder;
  const correlator = createCorrelator({
    rules: engine.rules,
    correlations: set.correlations,
    ecsField: mapping.ecsFields,
  });
  const dataset = basename(file, '.log');
  const titles = new Map([...set.rules, ...set.correlations].map((rule) => [rule.id, rule]));
  const noises: Noise[] = [];
  let records = 0;
  lines.forEach((record, index) => {
    if (record === '') return;
    records++;
    const line = index + 1;
    try {
      const matches = parseRecord(dataset, record).flatMap((parsed, part): readonly Match[] => {
        const event = { '@timestamp': receivedAt, ...parsed, 'event.dataset': dataset };
        const atMs = Date.parse(String(event['@timestamp']));
        return engine.match(event).map(
          ({ id }): Match => ({
            ...{ ruleId: id, eventId: `quiet-${line}-${part}`, memberId: 'quiet', sourceId: 'quiet.log', atMs },
            fields: event,
          }),
        );
      });
      for (const { ruleId } of correlator.add(matches)) {
        const rule = titles.get(ruleId);
        const ofPack = rule !== undefined && packOf(rule.where.file, packs) !== undefined;
        noises.push({
          file,
          line,
          ofPack,
          what: `a known-good record raises ${ruleId} (${rule?.title ?? ''}, ${rule?.level ?? ''})`,
        });
      }
    } catch (error) {
      noises.push({
        file,
        line,
        ofPack: false,
        what: `the record cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      });
    }
  });
  return { records, noises };
}
