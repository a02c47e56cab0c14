/** rules rollback and rules packs: the version before of a pack is in force again; what packs there are. */
import { listPacks, rollBackPack } from '../packs/pack-folder.ts';
import { planImport } from '../packs/pack-plan.ts';
import { readArguments, UsageError } from './arguments.ts';
import type { Command } from './io.ts';
import { recordAct } from './rules-import.ts';
import { counted, dataDirOf, readPackSet, rulesConfig, rulesOptions } from './rules-load.ts';
import { printTable } from './table.ts';

export const rollback: Command = async (args, io) => {
  const { options, rest } = readArguments(args, {
    usage: 'rules rollback [NAME]',
    about:
      'Puts the version before of a pack in force; once more brings the newer one back. NAME may be left out where there is one pack only.',
    arguments: { min: 0, max: 1 },
    options: rulesOptions,
  });
  const config = rulesConfig(options, io);
  const dataDir = dataDirOf(config, io);
  const names = (await listPacks(dataDir)).map(({ name }) => name);
  const name = rest[0] ?? (names.length === 1 ? names[0] : undefined);
  const known = names.length === 0 ? 'no pack is installed' : `there are the packs ${names.join(', ')}`;
  if (name === undefined) throw new UsageError(`say which pack; ${known}`);
  if (!names.includes(name)) throw new UsageError(`there is no pack "${name}"; ${known}`);
  const { from, to } = await rollBackPack(dataDir, name);
  const before = await readPackSet(from.folder, config);
  const { added, changed, removed } = planImport(before, await readPackSet(to.folder, config));
  await recordAct('rules.rollback', name, from.version, to.version, options, io);
  io.out(
    `Pack ${name}: version ${to.version} is in force again (${counted(to.rules, 'rule')}), in place of ${from.version}: ${added.length} back, ${changed.length} as before, ${removed.length} gone.`,
  );
  io.out('A running center takes them when it reads its rules anew: "hinomi rules reload", or its next start.');
  return 0;
};

export const packs: Command = async (args, io) => {
  const { options } = readArguments(args, {
    usage: 'rules packs [--json]',
    about: 'Lists the packs of rules: the version in force, its number of rules, and what a rollback would bring back.',
    options: { json: { type: 'flag', help: 'as JSON' }, ...rulesOptions },
  });
  const all = await listPacks(dataDirOf(rulesConfig(options, io), io));
  if (options.json) {
    io.out(JSON.stringify(all));
    return 0;
  }
  const rows = all.map((pack) => [
    pack.name,
    pack.version,
    String(pack.rules),
    pack.importedAt.slice(0, 16).replace('T', ' '),
    `${pack.selection.level}+ ${pack.selection.statuses.join(',')}`,
    pack.previous ?? '',
    pack.source,
  ]);
  io.out(printTable(['PACK', 'VERSION', 'RULES', 'IMPORTED (UTC)', 'CHOICE', 'BEFORE', 'SOURCE'], rows));
  return 0;
};
