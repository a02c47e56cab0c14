/**
 * A folder or an archive of rules as others publish it -> its YAML files under safe names, and what it seems to be.
 * Writes nothing, follows no links, and is bounded in files and bytes; what a rule is, pack-choice.ts knows.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { readTar } from '../archive/tar.ts';
import { isZip, readZip } from '../archive/zip.ts';
import { didYouMean, quoted } from '../detect/suggestion.ts';

export interface SourceFile {
  /** Below the source's own top folder, with "/" between its parts; never absolute, never upwards. */
  readonly path: string;
  /** Undefined when it is larger than a rule can be. */
  read(): Promise<Uint8Array | undefined>;
}

export interface PackSource {
  readonly files: readonly SourceFile[];
  /** Whether it has the folders of a SigmaHQ checkout or release. */
  readonly sigmaHq: boolean;
  /** What to call the pack, fit for a folder's name. */
  readonly name: string;
  /** As the archive's folder or its version.txt says it; undefined when neither does. */
  readonly version: string | undefined;
}

const MAX_RULE_BYTES = 1024 * 1024;
const MAX_FILES = 200_000;
const MAX_BYTES = 1024 ** 3;

/** Folders of SigmaHQ that are taken where none is named: not the deprecated, unsupported and unfinished. */
export const usualFolders = ['rules', 'rules-emerging-threats', 'rules-threat-hunting'] as const;

/** Throws, in plain words, what keeps it from being read: missing, damaged, too large, names that lead outside. */
export async function readPackSource(path: string): Promise<PackSource> {
  const about = await stat(path).catch((error: Error) => {
    throw new Error(`${path} cannot be read: ${error.message}`);
  });
  const entries = about.isDirectory() ? await listFolder(path) : await listArchive(path, about.size);
  const { files, root } = withoutRoot(entries);
  const tops = new Set(files.map((file) => file.path.split('/', 1)[0] as string));
  const label = root ?? basename(path).replace(/\.(zip|tgz|tar|tar\.gz)$/i, '');
  const sigmaHq = tops.has('rules') && ([...tops].some((top) => /^rules-\w/.test(top)) || /^sigma/i.test(label));
  return {
    files: files.filter((file) => /\.ya?ml$/.test(file.path) && !/(^|\/)\./.test(file.path)),
    sigmaHq,
    name: sigmaHq ? 'sigmahq' : packName(label),
    version: (await versionFile(files)) ?? /^sigma[a-z_]*-([\w.-]{1,60})$/i.exec(root ?? '')?.[1],
  };
}

/** Those below the named folders. Without names: SigmaHQ's usual ones, or all. Throws for a folder that is not there. */
export function filesBelow(source: PackSource, folders: readonly string[]): readonly SourceFile[] {
  const wanted = folders.map((folder) => folder.replace(/^\.?\/+|\/+$/g, ''));
  for (const folder of wanted) {
    if (source.files.some(({ path }) => path.startsWith(`${folder}/`))) continue;
    const known = new Set(
      source.files.flatMap(({ path }) => path.split('/').map((_, at, parts) => parts.slice(0, at).join('/'))),
    );
    known.delete('');
    throw new Error(`there are no rules in a folder ${quoted(folder)}${didYouMean(folder, known)}`);
  }
  if (wanted.length === 0 && !source.sigmaHq) return source.files;
  const prefixes = (wanted.length === 0 ? usualFolders : wanted).map((folder) => `${folder}/`);
  return source.files.filter(({ path }) => prefixes.some((prefix) => path.startsWith(prefix)));
}

/** A text as a pack's name: lower case letters, digits, "-", "_" and ".". */
export function packName(text: string): string {
  const name = text.toLowerCase().replace(/[^a-z0-9._-]+/g, '-');
  return name.replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '').slice(0, 60) || 'pack';
}

/** Undefined for what is not UTF-8. */
export function decodeText(bytes: Uint8Array | undefined): string | undefined {
  try {
    return bytes === undefined ? undefined : new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

async function listFolder(folder: string): Promise<readonly SourceFile[]> {
  const files: SourceFile[] = [];
  let total = 0;
  const walk = async (below: string): Promise<void> => {
    for (const entry of await readdir(join(folder, below), { withFileTypes: true })) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.name.startsWith('.')) continue;
      if (entry.isDirectory()) await walk(path);
      else if (entry.isFile()) {
        if (files.length >= MAX_FILES) throw tooMany();
        files.push({
          path,
          async read() {
            const full = join(folder, path);
            if ((await stat(full)).size > MAX_RULE_BYTES) return undefined;
            const bytes = await readFile(full);
            total += bytes.length;
            if (total > MAX_BYTES) throw tooLarge();
            return bytes;
          },
        });
      }
    }
  };
  await walk('');
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function listArchive(file: string, size: number): Promise<readonly SourceFile[]> {
  if (size > MAX_BYTES) throw tooLarge();
  const packed = await readFile(file);
  const files: SourceFile[] = [];
  const names = new Set<string>();
  let total = 0;
  for (const { name, read } of openArchive(file, packed)) {
    const path = safePath(name);
    if (path === undefined)
      throw new Error(`${file}: the name ${quoted(name)} leads outside; this is no honest archive`);
    if (files.length >= MAX_FILES) throw tooMany();
    if (names.has(path)) throw new Error(`${file}: the name ${quoted(name)} is there twice; this is no honest archive`);
    names.add(path);
    files.push({
      path,
      async read() {
        const bytes = read();
        total += bytes.length;
        if (total > MAX_BYTES) throw tooLarge();
        return bytes.length > MAX_RULE_BYTES ? undefined : bytes;
      },
    });
  }
  return files;
}

function* openArchive(file: string, packed: Uint8Array): Generator<{ name: string; read(): Uint8Array }> {
  if (isZip(packed)) yield* readZip(packed, { maxMembers: MAX_FILES, maxTotalBytes: MAX_BYTES });
  else if (packed[0] === 0x1f && packed[1] === 0x8b) yield* readTar(unpack(file, packed));
  else if (new TextDecoder().decode(packed.subarray(257, 262)) === 'ustar') yield* readTar(packed);
  else throw new Error(`${file} is neither a folder nor an archive; give a .tar.gz, .tgz, .tar or .zip`);
}

function unpack(file: string, packed: Uint8Array): Uint8Array {
  try {
    return gunzipSync(packed, { maxOutputLength: MAX_BYTES });
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge();
    throw new Error(`${file}: no good gzip: ${(error as Error).message}`);
  }
}

/** Undefined for one that is absolute, leads upwards, or holds what has a meaning on some system. */
export function safePath(name: string): string | undefined {
  const parts = name.replace(/^(\.\/)+/, '').split('/');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a name with one is no name of a rule
  const sound = parts.every((part) => part !== '' && part !== '.' && part !== '..' && !/[\\:\u0000-\u001f]/.test(part));
  return sound && name.length <= 1_000 ? parts.join('/') : undefined;
}

/** Archives have one folder at their top, named after the version; folders are that folder already. */
function withoutRoot(files: readonly SourceFile[]): { files: readonly SourceFile[]; root: string | undefined } {
  const root = files[0]?.path.split('/', 1)[0];
  if (root === undefined || /^rules/.test(root) || !files.every(({ path }) => path.startsWith(`${root}/`))) {
    return { files, root: undefined };
  }
  const inner = files.map((file): SourceFile => ({ path: file.path.slice(root.length + 1), read: () => file.read() }));
  return { files: inner, root };
}

async function versionFile(files: readonly SourceFile[]): Promise<string | undefined> {
  const bytes = await files.find(({ path }) => path === 'version.txt')?.read();
  return /[a-z]?\d[\w.-]{0,59}/.exec(new TextDecoder().decode(bytes?.subarray(0, 200)))?.[0];
}

const tooMany = (): Error => new Error(`more than ${MAX_FILES} files; name a smaller part`);
const tooLarge = (): Error => new Error('more than 1 GB of files; name a smaller part');
