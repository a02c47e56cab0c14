/** What the commands about rules read: the folders that were named, or those of the configuration with the packs in force after them. */
import { join, resolve } from 'node:path';
import { connectors } from '../../connectors/index.ts';
import { type Config, loadConfig } from '../config.ts';
import { usableCorrelations } from '../correlate/usable.ts';
import { compileRules } from '../detect/compile.ts';
import type { Engine } from '../detect/engine.ts';
import type { Problem, RuleSet } from '../detect/rule.ts';
import type { Fields } from '../model/event.ts';
import { choosePack } from '../packs/pack-choice.ts';
import { listPacks, type Pack } from '../packs/pack-folder.ts';
import { type RuleFolder, readRuleFolders, ruleFolders } from '../rule-folder.ts';
import { readRuleTexts } from '../rule-texts.ts';
import { UsageError } from './arguments.ts';
import { dataOptions } from './data-folder.ts';
import type { Io } from './io.ts';

export const ruleStatuses = ['stable', 'test', 'experimental', 'deprecated', 'unsupported'] as const;

export interface RulesInForce {
  readonly config: Config;
  /** Without the correlations that cannot be run. */
  readonly folder: RuleFolder;
  readonly engine: Engine;
  /** Folders of no pack, as they were read. */
  readonly own: readonly string[];
  readonly packs: readonly Pack[];
  /** Everything that is wrong with anything, in the order of places. */
  readonly problems: readonly Problem[];
}

/** Options of every such command, for its declaration. */
export const rulesOptions = dataOptions;

export interface RulesOptions {
  readonly config: string | undefined;
  readonly data: string | undefined;
}

export function rulesConfig(options: RulesOptions, io: Io): Config {
  return loadConfig({ env: io.env, file: options.config, cwd: io.cwd, overrides: { dataDir: options.data } });
}

export const dataDirOf = (config: Config, io: Io): string => resolve(io.cwd, config.dataDir);

/** Folders in `folders` stand for all others. */
export async function loadRules(folders: readonly string[], options: RulesOptions, io: Io): Promise<RulesInForce> {
  const config = rulesConfig(options, io);
  const packs = folders.length > 0 ? [] : await listPacks(dataDirOf(config, io));
  const own = folders.length > 0 ? folders : ruleFolders(config.rules);
  const read = await readRuleFolders([...own, ...packs.map(({ folder }) => folder)]);
  const engine = compileRules(read.set, read.mapping, { placeholders: config.rules.placeholders });
  const { correlations, problems } = usableCorrelations({
    rules: read.set.rules,
    correlations: read.set.correlations,
    ecsField: read.mapping.ecsFields,
    latenessMs: config.correlate.latenessHours * 3_600_000,
  });
  return {
    config,
    folder: { ...read, set: { ...read.set, correlations } },
    engine,
    own,
    packs,
    problems: [...read.set.problems, ...engine.problems, ...problems].sort(byPlace),
  };
}

export function byPlace(a: Problem, b: Problem): number {
  if (a.where.file !== b.where.file) return a.where.file < b.where.file ? -1 : 1;
  return a.where.line - b.where.line || a.where.column - b.where.column;
}

/** What an installed version of a pack holds, as the import that brought it saw it. */
export async function readPackSet(folder: string, { rules }: Config): Promise<RuleSet> {
  const files = (await readRuleTexts([folder])).filter(({ name }) => !name.startsWith('fields/'));
  const everything = { minLevel: 'informational', statuses: ruleStatuses, placeholders: rules.placeholders } as const;
  return choosePack(
    files.map(({ name, text }) => ({ path: name, text })),
    everything,
  ).set;
}

/** The pack that a file belongs to; undefined for everybody's own. */
export const packOf = (file: string, packs: readonly Pack[]): Pack | undefined =>
  packs.find(({ name }) => file.startsWith(join('packs', name, '/')));

export const counted = (number: number, noun: string): string =>
  `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`;

/** Parts of a list such as "stable,test". Throws UsageError for a part that is not of `known`. */
export function listOption<T extends string>(option: string, text: string, known: readonly T[]): readonly T[] {
  return text.split(',').map((part) => {
    const found = known.find((word) => word === part.trim());
    if (found === undefined) throw new UsageError(`--${option} cannot be "${part}"; it is of ${known.join(', ')}`);
    return found;
  });
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
