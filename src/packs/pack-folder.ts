/**
 * Packs of rules on disk, apart from everybody's own rules: `<dataDir>/packs/<name>/<version>/…` and beside it `current.json`, which
 * alone says what is in force. A version's folder is complete or not there; a crash at any point leaves the version before.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { level } from '../model/alert.ts';

const versionName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/);

export const packManifest = z.object({
  version: versionName,
  importedAt: z.iso.datetime(),
  /** Path it was taken from, as given. */
  source: z.string(),
  selection: z.object({
    level,
    statuses: z.array(z.string()).readonly(),
    /** Empty: the usual ones of SigmaHQ, or all of another source. */
    folders: z.array(z.string()).readonly(),
  }),
  /** Rules and correlations in it. */
  rules: z.int().min(0),
});
/** What is known of one version. */
export type PackManifest = z.infer<typeof packManifest>;

const current = packManifest.extend({ previous: versionName.nullable() });
/** What is in force of one pack, and what a rollback would bring back. */
export type PackRecord = z.infer<typeof current>;

export interface Pack extends PackRecord {
  readonly name: string;
  /** Of the version in force. */
  readonly folder: string;
}

/** Versions kept, those in force and before it among them. */
const KEPT = 3;
const LOT = 64;
/** A version that was being written when its process ended; younger ones may still be written. */
const STALE_MS = 3_600_000;
const INCOMING = '.incoming-';

const packsFolder = (dataDir: string): string => join(dataDir, 'packs');

/** By name. Throws where a pack's record cannot be understood: rules must not go missing in silence. */
export async function listPacks(dataDir: string): Promise<readonly Pack[]> {
  const packs: Pack[] = [];
  for (const name of await namesIn(packsFolder(dataDir))) {
    const pack = await readPack(dataDir, name);
    if (pack !== undefined) packs.push(pack);
  }
  return packs;
}

/** Folders of the versions in force, by the name of their pack; to be read after everybody's own, so that own rules win. */
export async function rulePackFolders(dataDir: string): Promise<readonly string[]> {
  return (await listPacks(dataDir)).map(({ folder }) => folder);
}

/** Undefined when there is no such pack. Throws as listPacks does. */
export async function readPack(dataDir: string, name: string): Promise<Pack | undefined> {
  const folder = join(packsFolder(dataDir), name);
  const file = join(folder, 'current.json');
  const record = await readJson(file, current);
  return record === undefined ? undefined : { ...record, name, folder: join(folder, record.version) };
}

/**
 * Writes the version and puts it in force; afterwards it is durable. A version that is there already is only put in force. Versions
 * before the last three are removed.
 */
export async function installPack(
  dataDir: string,
  name: string,
  about: PackManifest,
  files: readonly { readonly path: string; readonly text: string }[],
): Promise<Pack> {
  const folder = join(packsFolder(dataDir), name);
  await mkdir(folder, { recursive: true });
  await removeStale(folder);
  const before = await readPack(dataDir, name);
  const target = join(folder, about.version);
  const there = await readJson(join(target, 'pack.json'), packManifest);
  if (there === undefined) {
    const incoming = join(folder, `${INCOMING}${randomUUID()}`);
    try {
      await writeAll(incoming, [...files, { path: 'pack.json', text: `${JSON.stringify(about, null, 2)}\n` }]);
      // Without its pack.json it is none of ours, and in nobody's way.
      await rm(target, { recursive: true, force: true });
      await rename(incoming, target);
    } catch (error) {
      await rm(incoming, { recursive: true, force: true });
      throw error;
    }
    await syncFolder(folder);
  }
  const previous = before?.version === about.version ? before.previous : (before?.version ?? null);
  await putInForce(folder, { ...(there ?? about), previous });
  await removeOld(folder, [about.version, ...(previous === null ? [] : [previous])]);
  return (await readPack(dataDir, name)) as Pack;
}

/** Puts the version before in force, and what was in force in its place. Throws where there is none. */
export async function rollBackPack(dataDir: string, name: string): Promise<{ from: Pack; to: Pack }> {
  const from = await readPack(dataDir, name);
  if (from === undefined) throw new Error(`there is no pack "${name}"`);
  const folder = join(packsFolder(dataDir), name);
  const about =
    from.previous === null ? undefined : await readJson(join(folder, from.previous, 'pack.json'), packManifest);
  if (about === undefined) throw new Error(`the pack "${name}" has no version before ${from.version}`);
  await putInForce(folder, { ...about, previous: from.version });
  return { from, to: (await readPack(dataDir, name)) as Pack };
}

async function putInForce(folder: string, record: PackRecord): Promise<void> {
  const incoming = join(folder, `${INCOMING}${randomUUID()}.json`);
  await writeDurably(incoming, `${JSON.stringify(record, null, 2)}\n`);
  await rename(incoming, join(folder, 'current.json'));
  await syncFolder(folder);
}

async function writeAll(
  folder: string,
  files: readonly { readonly path: string; readonly text: string }[],
): Promise<void> {
  const folders = new Set(files.map(({ path }) => dirname(join(folder, path))));
  for (const name of folders) await mkdir(name, { recursive: true });
  for (let from = 0; from < files.length; from += LOT) {
    const lot = files.slice(from, from + LOT);
    await Promise.all(lot.map(({ path, text }) => writeDurably(join(folder, path), text)));
  }
  for (const name of folders) await syncFolder(name);
  await syncFolder(folder);
}

async function writeDurably(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx', 0o644);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncFolder(folder: string): Promise<void> {
  // Windows opens no folder, and keeps its names safe by itself.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function removeOld(folder: string, inUse: readonly string[]): Promise<void> {
  const versions: { version: string; importedAt: string }[] = [];
  for (const name of await namesIn(folder)) {
    const about = await readJson(join(folder, name, 'pack.json'), packManifest);
    if (about !== undefined && !inUse.includes(name)) versions.push({ version: name, importedAt: about.importedAt });
  }
  versions.sort((a, b) => (a.importedAt < b.importedAt ? 1 : -1));
  for (const { version } of versions.slice(KEPT - inUse.length)) {
    await rm(join(folder, version), { recursive: true, force: true });
  }
}

async function removeStale(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if (!name.startsWith(INCOMING)) continue;
    const about = await stat(path).catch(() => undefined);
    if (about !== undefined && Date.now() - about.mtimeMs > STALE_MS) await rm(path, { recursive: true, force: true });
  }
}

/** Folders in it that are not hidden, by name; none where it is not there. */
async function namesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .sort();
}

async function readJson<T>(file: string, schema: z.ZodType<T>): Promise<T | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw new Error(`${file} is not what an import of rules writes; import the pack again, or remove its folder`);
  }
}
