/**
 * Builds the console into src/console/dist when its sources are newer, and says where it is.
 * Never half a build in place: it is made elsewhere and moved there in one step. Does nothing but this; serving is the API's.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

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
  const bundler = findBundler();
  if (bundler === undefined) {
    if (builtMs !== undefined) return dist;
    throw new Error(`${folder}: the console is not built and its bundler is not installed; run npm ci first`);
  }

  // Beside the installed packages: on the same file system as dist, and ignored by version control if left behind.
  const made = await mkdtemp(path.join(packageFolder, 'node_modules', '.console-'));
  try {
    // In a process of its own: the center does not keep the bundler's memory, and what environment it runs in (tests have
    // NODE_ENV=test) does not put the slow development build of the libraries into the bundle.
    const options = ['--outDir', path.join(made, 'dist'), '--emptyOutDir', '--logLevel', 'warn'];
    await promisify(execFile)(process.execPath, [bundler, 'build', folder, ...options], {
      env: { ...process.env, NODE_ENV: 'production' },
    });
    await putInPlace(path.join(made, 'dist'), path.join(made, 'old'));
  } finally {
    await rm(made, { recursive: true, force: true });
  }
  return dist;
}

/** The bundler's command, as installed for this package. */
function findBundler(): string | undefined {
  try {
    return path.join(path.dirname(createRequire(import.meta.url).resolve('vite/package.json')), 'bin', 'vite.js');
  } catch {
    return undefined;
  }
}

/** Two processes may build at once; whichever is later finds a good build in place, which may be kept or replaced. */
async function putInPlace(made: string, old: string): Promise<void> {
  await rename(dist, old).catch(ignoreMissing);
  try {
    await rename(made, dist);
  } catch (error) {
    if ((await modifiedMs(path.join(dist, 'index.html'))) === undefined) throw error;
  }
}

async function newestSourceMs(): Promise<number> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const times = await Promise.all(
    files
      .filter((file) => file.isFile() && !file.name.endsWith('.test.ts'))
      .map((file) => path.join(file.parentPath, file.name))
      .filter((file) => !file.startsWith(dist + path.sep))
      .map(modifiedMs),
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
