/** rules import: a folder or an archive of others' rules becomes the version in force of a pack; shows what that means, and asks. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Config } from '../config.ts';
import { level } from '../model/alert.ts';
import { createFeeders } from '../packs/feeders.ts';
import { choosePack } from '../packs/pack-choice.ts';
import { judgeFitness } from '../packs/pack-fitness.ts';
import { installPack, listPacks, type PackManifest } from '../packs/pack-folder.ts';
import { contentHash, planImport } from '../packs/pack-plan.ts';
import { decodeText, filesBelow, packName, readPackSource, usualFolders } from '../packs/pack-source.ts';
import { findReferences } from '../packs/references.ts';
import { readRuleFolders, ruleFolders } from '../rule-folder.ts';
import { readRuleTexts } from '../rule-texts.ts';
import { findAll } from '../store/find-all.ts';
import { readArguments, UsageError } from './arguments.ts';
import { withData } from './data-folder.ts';
import type { Command, Io } from './io.ts';
import { describeImport, type ImportPlan } from './rules-import-text.ts';
import {
  counted,
  dataDirOf,
  listOption,
  parseRecord,
  type RulesOptions,
  readPackSet,
  ruleStatuses,
  rulesConfig,
  rulesOptions,
} from './rules-load.ts';

const usage = {
  usage: 'rules import [--level LEVEL] [--status A,B] [--folder A,B] [--name NAME] [--yes | --dry-run] FOLDER|ARCHIVE',
  about: `Takes a SigmaHQ checkout or release (or any other folder of Sigma rules; .tar.gz, .tgz, .tar, .zip) as a pack of rules. Shows what is new, changed and removed against what is installed and what cannot work here, asks, and puts it in force; "rules rollback" takes it back. Own rules, overlays and filters stand in folders of their own and stay as they are. Of a SigmaHQ checkout come the folders ${usualFolders.join(', ')}, unless --folder names others. Exit status: 0 installed, or nothing to change; 1 something to change, but it was not done (--dry-run, answered with no, or nobody to ask and no --yes); 2 an error.`,
  arguments: { min: 1, max: 1 },
  options: {
    level: { type: 'text', value: 'LEVEL', default: 'medium', help: `at least: ${level.options.join(', ')}` },
    status: { type: 'text', value: 'A,B', default: 'stable,test', help: `${ruleStatuses.join(', ')}; or all` },
    folder: { type: 'text', value: 'A,B', help: 'only files below these folders of the source' },
    name: {
      type: 'text',
      value: 'NAME',
      help: 'of the pack (default: sigmahq for SigmaHQ, else the name of the source)',
    },
    version: { type: 'text', value: 'TEXT', help: 'what to call this version (default: as the source says)' },
    all: { type: 'flag', help: 'show every rule that changes, not the first ten' },
    yes: { type: 'flag', help: 'do it without asking' },
    'dry-run': { type: 'flag', help: 'show it and change nothing' },
    ...rulesOptions,
  },
} as const;

export const importPack: Command = async (args, io) => {
  const { options, rest } = readArguments(args, usage);
  const [given = ''] = rest;
  const minLevel = listOption('level', options.level, level.options)[0] ?? 'medium';
  const statuses = options.status === 'all' ? ruleStatuses : listOption('status', options.status, ruleStatuses);
  const folders = options.folder?.split(',').map((folder) => folder.trim()) ?? [];
  if (options.version !== undefined && !/^[A-Za-z0-9][\w.-]{0,59}$/.test(options.version)) {
    throw new UsageError('--version takes up to 60 letters, digits and . _ -, the first a letter or digit');
  }
  if (options.name !== undefined && packName(options.name) !== options.name) {
    throw new UsageError(`--name "${options.name}" cannot be a folder's name; write e.g. ${packName(options.name)}`);
  }
  const config = rulesConfig(options, io);
  const dataDir = dataDirOf(config, io);

  const source = await readPackSource(resolve(io.cwd, given));
  const name = options.name ?? source.name;
  const files: { path: string; text: string | undefined }[] = [];
  for (const file of filesBelow(source, folders)) files.push({ path: file.path, text: decodeText(await file.read()) });
  const chosen = choosePack(files, { minLevel, statuses, placeholders: config.rules.placeholders });
  const rules = chosen.set.rules.length + chosen.set.correlations.length;
  const hash = contentHash(chosen.files);
  const versionText = options.version ?? source.version;
  const about: PackManifest = {
    version: versionText === undefined ? hash : `${versionText}-${hash.slice(0, 8)}`,
    importedAt: new Date().toISOString(),
    source: given,
    selection: { level: minLevel, statuses, folders },
    rules,
  };
  const plan = await planOf({ name, about, chosen }, config, options, io);
  io.out(describeImport(plan, options.all));
  if (rules === 0) throw new Error('no rule is left to install; choose with --level, --status and --folder');

  const { installed } = plan;
  if (installed?.version === about.version) {
    io.out(`\nNothing to change: version ${about.version} is in force.`);
    return 0;
  }
  if (!(await isWanted(options, io))) return 1;
  const pack = await installPack(dataDir, name, about, chosen.files);
  await recordAct('rules.import', name, installed?.version, pack.version, options, io);
  const back = pack.previous === null ? '' : ` "hinomi rules rollback ${name}" brings ${pack.previous} back.`;
  io.out(`\nInstalled ${counted(pack.rules, 'rule')} as version ${pack.version} of the pack ${name}.${back}`);
  io.out('A running center takes them when it reads its rules anew: "hinomi rules reload", or its next start.');
  return 0;
};

async function planOf(
  { name, about, chosen }: Pick<ImportPlan, 'name' | 'about' | 'chosen'>,
  config: Config,
  options: RulesOptions,
  io: Io,
): Promise<ImportPlan> {
  const packs = await listPacks(dataDirOf(config, io));
  const installed = packs.find((pack) => pack.name === name);
  const before = installed === undefined ? undefined : await readPackSet(installed.folder, config);
  const plan = planImport(
    before ?? { rules: [], correlations: [], filters: [], overlays: [], problems: [] },
    chosen.set,
  );

  const ownFolders = ruleFolders(config.rules);
  const others = [...ownFolders, ...packs.filter((pack) => pack !== installed).map(({ folder }) => folder)];
  const { set, mapping } = await readRuleFolders(others);
  const ids = new Map([...set.rules, ...set.correlations].map((rule) => [rule.id, rule]));
  const coming = [...chosen.set.rules, ...chosen.set.correlations];

  const gone = new Set(plan.removed.flatMap((rule) => [rule.id, ...(rule.name === undefined ? [] : [rule.name])]));
  for (const rule of [...coming, ...ids.values()]) {
    gone.delete(rule.id);
    if (rule.name !== undefined) gone.delete(rule.name);
  }
  const texts = gone.size === 0 ? [] : await readRuleTexts(ownFolders);

  // The product's tables and known-good logs count also where its rules are switched off.
  const shipped = ruleFolders({ shipped: true, folders: [] });
  const fitness = judgeFitness(chosen.set.rules, {
    mapping,
    feeders: await createFeeders([...shipped, ...config.rules.folders], parseRecord),
    sent: await sentConnectors(config, options, io),
  });
  return {
    ...{ name, about, installed, chosen, plan, fitness },
    taken: coming
      .filter(({ id }) => ids.has(id))
      .map(({ id, title }) => `${title}  (${id}, of ${ids.get(id)?.where.file})`),
    orphans: findReferences(texts).filter(({ rule }) => gone.has(rule)),
  };
}

/** Of a center that never ran there is nothing to ask, and making one is not this command's to do. */
const hasCenter = ({ store }: Config, dataDir: string): boolean =>
  store.engine !== 'sqlite' || existsSync(join(dataDir, 'state.db'));

async function sentConnectors(config: Config, options: RulesOptions, io: Io): Promise<ReadonlySet<string> | undefined> {
  if (!hasCenter(config, dataDirOf(config, io))) return undefined;
  return withData(io, options, async ({ store }) => {
    const sources = await findAll(store, 'source');
    return sources.length === 0 ? undefined : new Set(sources.map(({ type }) => type));
  });
}

async function isWanted(options: { readonly yes: boolean; readonly 'dry-run': boolean }, io: Io): Promise<boolean> {
  if (options['dry-run']) {
    io.out('\nNothing was changed (--dry-run).');
    return false;
  }
  if (options.yes) return true;
  if (io.ask === undefined) {
    io.out('\nNothing was changed: there is nobody to ask here. Run it again with --yes to install this.');
    return false;
  }
  const answer = await io.ask('\nInstall this? [y/N] ');
  if (/^\s*y(es)?\s*$/i.test(answer)) return true;
  io.out('Nothing was changed.');
  return false;
}

/** The center's audit knows of changed rules, where there is a center. */
export async function recordAct(
  action: 'rules.import' | 'rules.rollback',
  pack: string,
  before: string | undefined,
  after: string,
  options: RulesOptions,
  io: Io,
): Promise<void> {
  const config = rulesConfig(options, io);
  if (!hasCenter(config, dataDirOf(config, io))) return;
  await withData(io, options, ({ save }) =>
    save(
      [],
      {
        action,
        target: { kind: 'pack', id: pack },
        memberId: null,
        before: before === undefined ? null : { version: before },
        after: { version: after },
      },
      'the audit could not be written; the rules are in force all the same',
    ),
  );
}
