/**
 * Builds the console into src/console/dist when its sources are newer, and says where it is.
 * Never half a build in place: it is made elsewhere and moved there in one step. Does nothing but this; serving is the API's.
 */
import { mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = path.dirname(fileURLToPath(import.meta.url));
const packageFolder = path.resolve(folder, '../..');
const dist = path.join(folder, 'dist');

/**
 * The folder with index.html and its assets. Builds only when a source file is newer than the last build.
 * Where the bundler is not installed (a production image) an existing build is taken as it is; without one it throws.
 */
export async function buildConsole(): Promise<string> {
  const builtMs = await modifiedMs(path.join(dist, 'index.html'));
  if (builtMs !== undefined && builtMs >= (await newestSourceMs())) return dist;
  const vite = await import('vite').catch((error: unknown) => {
    if (builtMs !== undefined) return undefined;
    throw new Error(`${folder}: the console is not built and its bundler is not installed; run npm ci first`, {
      cause: error,
    });
  });
  if (vite === undefined) return dist;

  // Beside the installed packages: on the same file system as dist, and ignored by version control if left behind.
  const made = await mkdtemp(path.join(packageFolder, 'node_modules', '.console-'));
  try {
    await vite.build({
      configFile: path.join(folder, 'vite.config.ts'),
      logLevel: 'warn',
      build: { outDir: made, emptyOutDir: true, reportCompressedSize: false },
    });
    await putInPlace(made);
  } finally {
    await rm(made, { recursive: true, force: true });
  }
  return dist;
}

/** Two processes may build at once; whichever is later finds a good build in place, which may be kept or replaced. */
async function putInPlace(made: string): Promise<void> {
  const old = `${made}-old`;
  await rename(dist, old).catch(ignoreMissing);
  try {
    await rename(made, dist);
  } catch (error) {
    if ((await modifiedMs(path.join(dist, 'index.html'))) === undefined) throw error;
  } finally {
    await rm(old, { recursive: true, force: true });
  }
}

async function newestSourceMs(): Promise<number> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const times = await Promise.all(
    files
      .filter((file) => file.isFile() && !path.join(file.parentPath, file.name).startsWith(dist + path.sep))
      .map((file) => modifiedMs(path.join(file.parentPath, file.name))),
  );
  return times.reduce<number>((newest, time) => Math.max(newest, time ?? 0), 0);
}

async function modifiedMs(file: string): Promise<number | undefined> {
  const found = await stat(file).catch(ignoreMissing);
  return found?.mtimeMs;
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
}
