/** Finds a Java that Elasticsearch runs on, among those installed. Installs none. */
import { execFile } from 'node:child_process';
import { glob, realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram, isExecutable, MissingService } from './server.ts';

const run = promisify(execFile);

export interface Java {
  readonly home: string;
  readonly version: number;
  readonly modules: ReadonlySet<string>;
}

/** Where distributions and package systems put them; one `*` stands for any folder. */
const usualHomes = [
  '/usr/lib/jvm/*',
  '/opt/java/*',
  '/Library/Java/JavaVirtualMachines/*/Contents/Home',
  '/opt/homebrew/opt/openjdk*/libexec/openjdk.jdk/Contents/Home',
  join(homedir(), '.sdkman/candidates/java/*'),
];

/**
 * The first Java of at least this version that has these modules: ES_JAVA_HOME, JAVA_HOME, the PATH, then the usual folders.
 * Rejects with MissingService.
 */
export async function findJava(atLeast: number, modules: readonly string[]): Promise<Java> {
  const seen: string[] = [];
  for await (const home of candidates()) {
    const java = await describeJava(home);
    if (java === undefined || seen.some((line) => line.startsWith(`${java.home} `))) continue;
    const lacking = modules.filter((name) => !java.modules.has(name));
    if (java.version >= atLeast && lacking.length === 0) return java;
    seen.push(`${java.home} is ${java.version}${lacking.length > 0 ? ` without ${lacking.join(', ')}` : ''}`);
  }
  throw new MissingService(
    `no Java of version ${atLeast} or later with ${modules.join(', ')} (a full JDK has it) was found` +
      `${seen.length > 0 ? `: ${seen.join('; ')}` : ''}. Install a JDK, or name its folder in ES_JAVA_HOME`,
  );
}

async function* candidates(): AsyncGenerator<string> {
  for (const home of [process.env.ES_JAVA_HOME, process.env.JAVA_HOME]) if (home) yield home;
  const onPath = await findProgram('java');
  if (onPath !== undefined) yield dirname(dirname(await realpath(onPath)));
  for (const pattern of usualHomes) {
    const homes: string[] = [];
    for await (const home of glob(pattern)) homes.push(home);
    yield* homes.sort().reverse();
  }
}

async function describeJava(home: string): Promise<Java | undefined> {
  const program = join(home, 'bin/java');
  if (!(await isExecutable(program))) return undefined;
  try {
    const { stdout } = await run(program, ['--list-modules'], { timeout: 20_000 });
    const listed = [...stdout.matchAll(/^([\w.]+)@(\d+)/gm)];
    const version = Number(listed.find(([, name]) => name === 'java.base')?.[2] ?? 0);
    return { home: await realpath(home), version, modules: new Set(listed.map(([, name]) => name as string)) };
  } catch {
    // Java 8 knows no modules; others may be for another processor.
    return undefined;
  }
}
