/** rules list: the rules in force, a line each, or what of ATT&CK they cover. */
import type { CorrelationRule, SigmaRule } from '../detect/rule.ts';
import { level } from '../model/alert.ts';
import { coverageOf } from '../packs/attack-coverage.ts';
import { describeSource } from '../packs/pack-fitness.ts';
import { readArguments, UsageError } from './arguments.ts';
import type { Command } from './io.ts';
import { describeCoverage } from './rules-coverage.ts';
import { listOption, loadRules, packOf, type RulesInForce, ruleStatuses, rulesOptions } from './rules-load.ts';
import { clean } from './scan-summary.ts';

type AnyRule = SigmaRule | CorrelationRule;

export const list: Command = async (args, io) => {
  const { options, rest } = readArguments(args, {
    usage: 'rules list [--level LEVEL] [--status A,B] [--source TEXT] [--pack NAME] [--coverage] [--json] [FOLDER…]',
    about:
      'Lists the rules in force: id, level, log source or type, title, place. With --coverage: for each ATT&CK technique and tactic the number of rules by log source. Folders: those given, else those of the configuration together with the packs.',
    arguments: { min: 0, max: 1_000 },
    options: {
      level: { type: 'text', value: 'LEVEL', help: `at least this level: ${level.options.join(', ')}` },
      status: { type: 'text', value: 'A,B', help: `of these statuses: ${ruleStatuses.join(', ')}` },
      source: { type: 'text', value: 'TEXT', help: 'of this log source: windows, process_creation, linux/sshd' },
      pack: { type: 'text', value: 'NAME', help: 'of this pack; "none": of no pack' },
      coverage: { type: 'flag', help: 'ATT&CK technique by log source' },
      json: { type: 'flag', help: 'as JSON' },
      ...rulesOptions,
    },
  });
  const minLevel = options.level === undefined ? undefined : listOption('level', options.level, level.options)[0];
  const statuses = options.status === undefined ? undefined : listOption('status', options.status, ruleStatuses);
  const loaded = await loadRules(rest, options, io);
  const { packs, folder, engine } = loaded;
  if (options.pack !== undefined && options.pack !== 'none' && !packs.some(({ name }) => name === options.pack)) {
    const names = packs.map(({ name }) => name);
    throw new UsageError(
      `there is no pack "${options.pack}"; ${names.length === 0 ? 'none is installed' : `there are: ${names.join(', ')}`}`,
    );
  }
  const parts = options.source?.toLowerCase().split('/');
  const byId = new Map([...engine.rules, ...folder.set.correlations].map((rule) => [rule.id, rule]));
  const wanted = (rule: AnyRule): boolean =>
    (minLevel === undefined || level.options.indexOf(rule.level) >= level.options.indexOf(minLevel)) &&
    (statuses === undefined || statuses.some((status) => status === rule.status)) &&
    (parts === undefined || isOf(rule, parts, byId)) &&
    (options.pack === undefined || (packOf(rule.where.file, packs)?.name ?? 'none') === options.pack);
  if (options.coverage) {
    const inForce = { rules: engine.rules, correlations: folder.set.correlations };
    const coverage = coverageOf(inForce, folder.mapping.routes, wanted);
    io.out(options.json ? JSON.stringify(coverage) : describeCoverage(coverage));
    return 0;
  }
  const all = [...byId.values()].filter(wanted).sort(byFile);
  if (options.json) {
    io.out(JSON.stringify(all.map((rule) => present(rule, loaded))));
    return 0;
  }
  for (const rule of all) {
    const about = rule.kind === 'rule' ? describeSource(rule.logsource) : rule.type;
    const place = `${rule.where.file}:${rule.where.line}`;
    io.out([rule.id, rule.level.padEnd(13), about, rule.title, place].map(clean).join('\t'));
  }
  return 0;
};

/** Every part names the product, the category or the service; a correlation is of the log sources of its rules. */
function isOf(rule: AnyRule, parts: readonly string[], byId: ReadonlyMap<string, AnyRule>): boolean {
  if (rule.kind === 'rule') return parts.every((part) => Object.values(rule.logsource).includes(part));
  return rule.rules.some((id) => {
    const below = byId.get(id);
    return below !== undefined && isOf(below, parts, byId);
  });
}

function present(rule: AnyRule, { packs }: RulesInForce): unknown {
  const { id, name, title, level: of, status, tags, kind, where } = rule;
  return {
    ...{ id, name, title, level: of, status, tags, kind },
    ...(rule.kind === 'rule' ? { logsource: rule.logsource } : { type: rule.type, rules: rule.rules }),
    pack: packOf(where.file, packs)?.name ?? null,
    ...{ file: where.file, line: where.line },
  };
}

function byFile(a: AnyRule, b: AnyRule): number {
  if (a.where.file !== b.where.file) return a.where.file < b.where.file ? -1 : 1;
  return a.where.line - b.where.line;
}
