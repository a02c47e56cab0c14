/** rules check: what is wrong with rules, and what is probably not meant in them. Changes nothing. */
import { lintRules } from '../detect/lint.ts';
import { formatWhere, type Problem } from '../detect/rule.ts';
import { readRuleTexts } from '../rule-texts.ts';
import { readArguments } from './arguments.ts';
import type { Command } from './io.ts';
import { byPlace, counted, loadRules, packOf, rulesOptions } from './rules-load.ts';
import { clean } from './scan-summary.ts';

export const check: Command = async (args, io) => {
  const { options, rest } = readArguments(args, {
    usage: 'rules check [--strict] [--packs] [FOLDER…]',
    about:
      'Reads all rules and says what is wrong with them, a line each: file:line:column: severity: message. Folders: those given, else those of the configuration together with the packs. Exit status: 0 no errors (with --strict: no warnings either), 1 some, 2 nothing could be read.',
    arguments: { min: 0, max: 1_000 },
    options: {
      strict: { type: 'flag', help: 'warnings count like errors' },
      packs: {
        type: 'flag',
        help: 'also tell and count what is wrong in packs, which only an update of theirs can mend',
      },
      ...rulesOptions,
    },
  });
  const { folder, engine, own, packs, problems } = await loadRules(rest, options, io);
  const texts = await readRuleTexts([...own, ...(options.packs ? packs.map((pack) => pack.folder) : [])]);
  const lints = lintRules(texts.flatMap(({ file, text }) => (text === undefined ? [] : [{ file, text }])));
  const all = withoutEchoes([...problems, ...lints]).sort(byPlace);
  const told = options.packs ? all : all.filter(({ where }) => packOf(where.file, packs) === undefined);
  for (const { where, severity, message } of told) io.err(clean(`${formatWhere(where)}: ${severity}: ${message}`));
  const errors = told.filter(({ severity }) => severity === 'error').length;
  const warnings = told.length - errors;
  io.out(
    `${counted(engine.rules.length, 'rule')} and ${counted(folder.set.correlations.length, 'correlation')} in force, ${counted(folder.tests.length, 'test')}; ${counted(errors, 'error')}, ${counted(warnings, 'warning')}`,
  );
  if (all.length > told.length) io.out(`In packs: ${counted(all.length - told.length, 'problem')}; --packs tells them`);
  return errors > 0 || (options.strict && warnings > 0) ? 1 : 0;
};

/** A lint on what an error or another warning of the same place tells already only repeats it. */
function withoutEchoes(problems: readonly Problem[]): Problem[] {
  const told = new Set<string>();
  return problems.filter(({ where, message }) => {
    const key = `${formatWhere(where)} ${message.replace(/ \[[\w-]+\]$/, '')}`;
    const fresh = !told.has(key);
    told.add(key);
    return fresh;
  });
}
