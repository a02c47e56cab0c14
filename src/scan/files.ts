/**
 * Names of files and folders -> the files to read, in the order that results are told in. A zip archive gives its members. Follows no
 * links inside folders; of a file that is no archive it reads four bytes.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isZip, listMembers, type ReadAt, type ZipLimits, type ZipMember } from '../archive/zip.ts';

export interface InputFile {
  /** As it is told: the name that was given, and below a folder the way to it. */
  readonly file: string;
  readonly path: string;
  /** On disk, packed as it is. */
  readonly size: number;
  /** Of the zip archive at `path`. */
  readonly member?: ZipMember;
  /** Why it cannot be read. */
  readonly problem?: string;
}

/** Members are never held whole, so only what no evidence has is refused. */
const limits: Partial<ZipLimits> = { maxMemberBytes: 2 ** 40, maxTotalBytes: 2 ** 42 };

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
  return [...found.values()].flatMap(unfold).sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0));
}

/** `archive.zip` -> `archive.zip/inner/name`, … */
function unfold(input: InputFile): readonly InputFile[] {
  const { file, path, size } = input;
  let handle: number | undefined;
  try {
    const open = openSync(path, 'r');
    handle = open;
    const readAt = readerOf(open);
    if (!isZip(readAt(0, 4))) return [input];
    return listMembers(size, readAt, limits).map((member) => ({
      file: `${file}/${member.name}`,
      path,
      size: member.packedSize,
      member,
    }));
  } catch (error) {
    return [{ ...input, problem: (error as Error).message }];
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

/** Reads of an open file at any place. */
export function readerOf(handle: number): ReadAt {
  return (offset, length) => {
    const bytes = Buffer.alloc(length);
    let read = 0;
    while (read < length) {
      const more = readSync(handle, bytes, read, length - read, offset + read);
      if (more === 0) break;
      read += more;
    }
    return bytes.subarray(0, read);
  };
}
