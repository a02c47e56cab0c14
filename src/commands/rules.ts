/** rules: what the rules' folders hold, what is wrong with them, and whether their tests pass. Changes nothing. */
import { connectors } from '../../connectors/index.ts';
import { loadConfig } from '../config.ts';
import { createCorrelator } from '../correlate/correlator.ts';
import { compileRules } from '../detect/compile.ts';
import type { Engine } from '../detect/engine.ts';
import { formatProblem, type Problem } from '../detect/rule.ts';
import type { Fields } from '../model/event.ts';
import { type RuleFolder, readRuleFolders, ruleFolders } from '../rule-folder.ts';
import { runTests } from '../rule-tests.ts';
import { readArguments, UsageError } from './arguments.ts';
import type { Command, Io } from './io.ts';

const actions = ['check', 'test', 'list'] as const;

export const rules: Command = async (args, io) => {
  const { options, rest } = readArguments(args, {
    usage: 'rules check|test|list [--config FILE] [FOLDER…]',
    about:
      'check: reads all rules and says what is wrong with them. test: runs the tests beside them. list: one line a rule. Folders: those given, else rules.folders of the configuration.',
    options: {
      config: {
        type: 'text',
        value: 'FILE',
        help: 'configuration file (default: hinomi.yml where it is started, if there)',
      },
    },
    arguments: { min: 1, max: 100 },
  });
  const [word, ...folders] = rest;
  const action = actions.find((name) => name === word);
  if (action === undefined) throw new UsageError(`rules ${word}: there is only rules check, rules test and rules list`);
  const config = loadConfig({ env: io.env, file: options.config, cwd: io.cwd });
  const folder = await readRuleFolders(folders.length > 0 ? folders : ruleFolders(config.rules));
  const engine = compileRules(folder.set, folder.mapping, { placeholders: config.rules.placeholders });
  if (action === 'list') return list(folder, io);
  return action === 'check' ? check(folder, engine, io) : test(folder, engine, io);
};

function check(folder: RuleFolder, engine: Engine, io: Io): number {
  const problems = [...folder.set.problems, ...engine.problems].sort(byPlace);
  for (const problem of problems) {
    if (problem.severity === 'error') io.err(formatProblem(problem));
    else io.err(`${formatProblem(problem)} (warning)`);
  }
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  const warnings = problems.length - errors;
  io.out(
    `${count(engine.rules.length, 'rule')} and ${count(folder.set.correlations.length, 'correlation')} in force, ${count(folder.tests.length, 'test')}; ${count(errors, 'error')}, ${count(warnings, 'warning')}`,
  );
  return errors > 0 ? 1 : 0;
}

function test(folder: RuleFolder, engine: Engine, io: Io): number {
  const results = runTests({ folder, engine, parse: parseRecord, createCorrelator });
  const failed = results.filter(({ failure }) => failure !== undefined);
  for (const { test, failure } of failed) {
    io.err(`${test.where.file}:${test.where.line}: "${test.name}" expects ${test.expect}, but: ${failure}`);
  }
  const errors = [...folder.set.problems, ...engine.problems].filter(({ severity }) => severity === 'error');
  if (errors.length > 0) io.err(`${count(errors.length, 'error')} in the rules; "hinomi rules check" tells them`);
  io.out(`${count(results.length - failed.length, 'test')} passed, ${failed.length} failed`);
  return failed.length > 0 || errors.length > 0 ? 1 : 0;
}

function list(folder: RuleFolder, io: Io): number {
  const all = [...folder.set.rules, ...folder.set.correlations].sort((a, b) => (a.where.file < b.where.file ? -1 : 1));
  for (const rule of all) {
    const about = rule.kind === 'rule' ? Object.values(rule.logsource).filter(Boolean).join('/') : rule.type;
    io.out([rule.id, rule.level.padEnd(13), about, rule.title, `${rule.where.file}:${rule.where.line}`].join('\t'));
  }
  return 0;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function byPlace(a: Problem, b: Problem): number {
  if (a.where.file !== b.where.file) return a.where.file < b.where.file ? -1 : 1;
  return a.where.line - b.where.line;
}

/** A record as a source with the connector's default settings would bring it. Throws when it cannot be read. */
export function parseRecord(dataset: string, record: string): readonly Fields[] {
  const connector = connectors.find(({ type }) => type === dataset);
  if (connector === undefined) {
    throw new Error(`there is no connector "${dataset}"; there are ${connectors.map(({ type }) => type).join(', ')}`);
  }
  const config = connector.config.parse({});
  return connector.parse(record, { timeZone: 'Asia/Tokyo', receivedAt: '2026-11-20T09:00:00.000Z', config });
}
