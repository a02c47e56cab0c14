/** Rule packs in a backup: the versions in force, file by file. They lie beside the store, and a center without them detects less. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { installPack, listPacks, packManifest, readPack } from '../packs/pack-folder.ts';
import { BadBackup, type PackPiece } from './format.ts';

export async function* readPacks(dataDir: string): AsyncGenerator<PackPiece> {
  for (const { name, folder, previous: _, ...about } of await listPacks(dataDir)) {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    const files: { path: string; text: string }[] = [];
    for (const path of paths.sort()) {
      const own = path.slice(folder.length + 1).replaceAll('\\', '/');
      // Made anew from `about`.
      if (own !== 'pack.json') files.push({ path: own, text: await readFile(path, 'utf8') });
    }
    yield { kind: 'pack', name, about, files };
  }
}

/** Of a folder or file, below the one it is put in. */
const plainName = /^[A-Za-z0-9_][A-Za-z0-9._ ()+,&-]*$/;

/** Puts it in force, unless some version is in force already. Answers whether it did. Throws BadBackup for names that lead elsewhere. */
export async function restorePack(dataDir: string, { name, about, files }: PackPiece): Promise<boolean> {
  if ((await readPack(dataDir, name)) !== undefined) return false;
  const stray = [name, ...files.map(({ path }) => path)].find(
    (path) => !path.split('/').every((part) => plainName.test(part)),
  );
  if (stray !== undefined) throw new BadBackup(`pack "${name}": "${stray}" is no name of a rule's file`);
  await installPack(dataDir, name, packManifest.parse(about), files);
  return true;
}
