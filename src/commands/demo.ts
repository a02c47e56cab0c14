/** demo: a small city and an attack on it, through the real center, in a folder of its own. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Center, startCenter } from '../app.ts';
import { loadConfig } from '../config.ts';
import { buildConsole } from '../console/build.ts';
import { createCity } from '../demo/city.ts';
import { play, readProgress } from '../demo/play.ts';
import { type DemoPerson, inventPeople, settleCity, settlePeople } from '../demo/settle.ts';
import { storyEndsMs } from '../demo/story.ts';
import { CENTER_SCOPE } from '../model/scope.ts';
import { readArguments } from './arguments.ts';
import type { Command } from './io.ts';
import { version } from './version.ts';

interface DemoState {
  readonly seed: number;
  readonly members: number;
  readonly people: readonly DemoPerson[];
}

/** The folder's seed, members and passwords; made at the first start. They are only for this folder, which listens on loopback. */
async function readState(
  file: string,
  wanted: Omit<DemoState, 'people'>,
): Promise<{ state: DemoState; fresh: boolean }> {
  try {
    return { state: JSON.parse(await readFile(file, 'utf8')) as DemoState, fresh: false };
  } catch {
    const state: DemoState = { ...wanted, people: inventPeople() };
    await writeFile(file, JSON.stringify(state, null, 2), { mode: 0o600 });
    return { state, fresh: true };
  }
}

async function countOf(center: Center): Promise<string> {
  const day = {
    since: new Date(Date.now() - 86_400_000).toISOString(),
    until: new Date(Date.now() + 3_600_000).toISOString(),
  };
  const [ledger, depth, alerts, incidents, campaigns] = await Promise.all([
    center.store.ledger(CENTER_SCOPE, day),
    center.records.depth(),
    center.store.count('alert', CENTER_SCOPE, 'status'),
    center.store.count('incident', CENTER_SCOPE, 'mergedInto'),
    center.store.count('campaign', CENTER_SCOPE, 'status'),
  ]);
  const sum = (counts: Record<string, number>): number => Object.values(counts).reduce((all, one) => all + one, 0);
  const events = ledger.reduce((all, row) => all + row.events, 0);
  const rejects = ledger.reduce((all, row) => all + row.rejects, 0);
  return `events ${events}  rejects ${rejects}  waiting ${depth.records}  alerts ${sum(alerts)}  incidents ${incidents[''] ?? 0}  campaigns ${sum(campaigns)}`;
}

export const demo: Command = async (args, io) => {
  const { options } = readArguments(args, {
    usage: 'demo [--seed N] [--speed X] [--members N] [--minutes N] [--port N] [--data DIR] [--fresh]',
    about:
      'Runs a small invented city: ordinary logs of its members through the real intake, and an attack that unfolds in two minutes.',
    options: {
      seed: { type: 'number', default: 1, help: 'the same seed gives the same city' },
      speed: { type: 'number', default: 1, min: 0.1, max: 1000, help: "seconds of the city's time in one second" },
      members: { type: 'number', default: 8, min: 3, max: 8, help: 'how many members' },
      minutes: { type: 'number', min: 0.05, help: 'stop after so many minutes (default: run until Ctrl-C)' },
      port: {
        type: 'number',
        default: 8080,
        min: 0,
        max: 65_535,
        help: 'console and API; the intake takes the port 8 above it',
      },
      data: { type: 'text', default: 'hinomi-data/demo', value: 'DIR', help: 'where the demo keeps its data' },
      fresh: { type: 'flag', help: 'forget what an earlier demo stored' },
    },
  });
  const folder = resolve(io.cwd, options.data);
  if (options.fresh) await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const { state, fresh } = await readState(join(folder, 'demo.json'), { seed: options.seed, members: options.members });
  if (!fresh && (state.seed !== options.seed || state.members !== options.members)) {
    io.out(
      `Going on with the city of seed ${state.seed}, ${state.members} members, that is in ${options.data}; --fresh begins another.`,
    );
  }
  const config = loadConfig({
    env: { HINOMI_LOG_LEVEL: 'warn', ...io.env },
    overrides: {
      dataDir: folder,
      api: { host: '127.0.0.1', port: options.port },
      intake: { host: '127.0.0.1', port: options.port === 0 ? 0 : options.port + 8 },
    },
  });
  const consoleFolder = await buildConsole();
  const center = await startCenter({ config, consoleFolder, version });
  const city = createCity(state.seed, state.members);
  const now = new Date().toISOString();
  await settlePeople(center.store, state.people, city, now);
  const keys = await settleCity(center.store, city, now);

  io.out(`Hinomi ${version}: a city of ${city.length} members is running.\n`);
  io.out(`  console   ${center.apiUrl}`);
  for (const { login, password, role } of state.people) {
    const sees =
      role === 'member'
        ? `sees only ${city[0]?.name} (${city[0]?.id})`
        : role === 'admin'
          ? 'may change everything'
          : 'works on alerts and incidents of all';
    io.out(`  sign in   ${login.padEnd(8)} ${password}   ${sees}`);
  }
  const progressFile = join(folder, 'progress.json');
  const played = await readProgress(progressFile);
  io.out(
    played === 0
      ? `\n  An attack on three members begins after 12 s of the city's time and ends after ${storyEndsMs / 1000} s. Ctrl-C stops; the data stays.\n`
      : `\n  Going on after ${played} s of the city's time${played * 1000 > storyEndsMs ? '; the attack is over, its alerts are in the console' : ''}. --fresh begins again.\n`,
  );

  const stopped =
    options.minutes === undefined
      ? io.signal
      : AbortSignal.any([io.signal, AbortSignal.timeout(options.minutes * 60_000)]);
  const show = async (): Promise<void> => {
    const line = await countOf(center).catch(() => undefined);
    if (line === undefined || stopped.aborted) return;
    io.out(io.isTerminal ? `\u001b[1A\u001b[2K  ${line}` : `  ${line}`);
  };
  if (io.isTerminal) io.out('');
  const counters = setInterval(() => void show(), io.isTerminal ? 1_000 : 10_000);
  try {
    await play({
      intakeUrl: center.intakeUrl,
      city,
      seed: state.seed,
      keys,
      speed: options.speed,
      progressFile,
      story: true,
      signal: stopped,
    });
  } finally {
    clearInterval(counters);
    io.out('Stopping: finishing what is being worked on.');
    await center.close();
  }
  return 0;
};
