/** Names of files and folders -> the files to read, in the order that results are told in. Follows no links inside folders; opens nothing. */
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';

export interface InputFile {
  /** As it is told: the name that was given, and below a folder the way to it. */
  readonly file: string;
  readonly path: string;
  /** On disk, packed as it is. */
  readonly size: number;
}

/**
 * Sorted by `file`, each file once however often it is named. `output` is not read: it may be an earlier result below one of the folders.
 * Throws when a name does not exist, is neither file nor folder, or a folder holds no file.
 */
export async function listFiles(names: readonly string[], cwd: string, output?: string): Promise<readonly InputFile[]> {
  const found = new Map<string, InputFile>();
  const except = output === undefined ? undefined : await realpath(resolve(cwd, output)).catch(() => undefined);
  const add = (file: string, path: string, size: number): void => {
    if (path !== except && !found.has(path)) found.set(path, { file, path, size });
  };
  const walk = async (file: string, folder: string): Promise<number> => {
    let count = 0;
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) count += await walk(join(file, entry.name), path);
      else if (entry.isFile()) {
        count++;
        add(join(file, entry.name), path, (await stat(path)).size);
      }
    }
    return count;
  };
  for (const name of names) {
    const path = await realpath(resolve(cwd, name)).catch((error: NodeJS.ErrnoException) => {
      throw new Error(error.code === 'ENOENT' ? `there is no ${name}` : `${name} cannot be read: ${error.message}`);
    });
    const about = await stat(path);
    if (about.isFile()) add(name, path, about.size);
    else if (!about.isDirectory()) throw new Error(`${name} is neither a file nor a folder`);
    else if ((await walk(name, path)) === 0) throw new Error(`there is no file below ${name}`);
  }
  if (found.size === 0) throw new Error('there is nothing to read besides the output itself');
  return [...found.values()].sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0));
}
