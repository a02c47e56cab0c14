/**
 * A server as a child process: started, killed, started again, and never left behind, not even when this process is killed -9.
 * Ends what it started, by process id; knows nothing of what the server does.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** This machine lacks something that a server is made of; the message says what it is and how it is had. */
export class MissingService extends Error {}

export interface Server {
  readonly url: string;
  /** Of the server that runs now, or ran last. */
  readonly pid: number;
  /** Sends a signal; resolves when the server has ended, or at once for signals that do not end it (SIGSTOP, SIGCONT). */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Ends it if it runs, starts it on the same data and port, and resolves when it answers again. */
  restart(): Promise<void>;
  /** Ends it as an operator would, and hard if it does not listen. Its folder stays. */
  stop(): Promise<void>;
}

export interface ServerOptions {
  readonly name: string;
  readonly url: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Run as nobody: for servers that refuse to run as root. */
  readonly asNobody?: boolean;
  /** Where the server writes its process id, when the command is not the server itself but starts it. */
  readonly pidFile?: string;
  /** Whether it answers. A throw counts as no. */
  readonly answers: () => Promise<boolean>;
  readonly startLimitMs: number;
}

export const NOBODY = 65_534;
const STOP_LIMIT_MS = 15_000;
const KEPT_OUTPUT = 8_000;

/** Starts a server and resolves when it answers. Rejects with the last of its output when it ends first or takes too long. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { name, url, pidFile, answers, startLimitMs } = options;
  let running: Running;
  let pid: number;

  async function start(): Promise<void> {
    const begun = launch(options);
    running = begun;
    pid = begun.group;
    for (const end = Date.now() + startLimitMs; ; await pause(50)) {
      if (begun.hasEnded()) throw new Error(`${name} ended while it started. Its last words:\n${begun.output()}`);
      if (await answers().catch(() => false)) break;
      if (Date.now() < end) continue;
      signalGroup(begun.group, 'SIGKILL');
      throw new Error(
        `${name} did not answer at ${url} within ${startLimitMs / 1000} s. Its last words:\n${begun.output()}`,
      );
    }
    // Something else may have taken the port in between, and answer in its place.
    if (begun.hasEnded()) throw new Error(`${name} ended, and another answers at ${url}:\n${begun.output()}`);
    if (pidFile !== undefined) pid = Number((await readFile(pidFile, 'utf8')).trim());
  }

  /** Whether it ended in time. */
  async function ended(limitMs: number): Promise<boolean> {
    const waiting = new AbortController();
    const late = pause(limitMs, false, { signal: waiting.signal }).catch(() => false);
    const inTime = await Promise.race([running.ended.then(() => true), late]);
    waiting.abort();
    return inTime;
  }

  async function stop(): Promise<void> {
    if (running.hasEnded()) return;
    signalOne(pid, 'SIGTERM');
    signalOne(pid, 'SIGCONT');
    if (await ended(STOP_LIMIT_MS)) return;
    signalGroup(running.group, 'SIGKILL');
    if (!(await ended(STOP_LIMIT_MS))) throw new Error(`${name} (process ${pid}) did not end on SIGKILL`);
  }

  await start();
  return {
    url,
    get pid() {
      return pid;
    },
    async kill(signal) {
      if (running.hasEnded()) return;
      signalOne(pid, signal);
      if (!['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGABRT'].includes(signal)) return;
      if (!(await ended(STOP_LIMIT_MS))) throw new Error(`${name} (process ${pid}) did not end on ${signal}`);
    },
    async restart() {
      await stop();
      await start();
    },
    stop,
  };
}

interface Running {
  /** The id of the process and of the group that it leads. */
  readonly group: number;
  readonly ended: Promise<void>;
  hasEnded(): boolean;
  output(): string;
}

function launch({ name, command, args, env, asNobody }: ServerOptions): Running {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own: Ctrl-C in the terminal reaches this process only, which then decides.
    detached: true,
    ...(env === undefined ? {} : { env }),
    ...(asNobody === true ? { uid: NOBODY, gid: NOBODY } : {}),
  });
  let output = '';
  let over = false;
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => (output = (output + chunk).slice(-KEPT_OUTPUT)));
  const watch = child.pid === undefined ? undefined : watchOver(child.pid);
  const ended = new Promise<void>((resolve) => {
    const end = (): void => {
      over = true;
      watch?.kill('SIGKILL');
      resolve();
    };
    child.once('exit', end);
    child.once('error', (error) => {
      output += `${name} could not be run: ${error.message}`;
      end();
    });
  });
  return { group: child.pid ?? 0, ended, hasEnded: () => over, output: () => output };
}

/** A shell that waits for the end of this process, however it comes, and then ends the group. */
function watchOver(group: number): ChildProcess {
  const watch = spawn('/bin/sh', ['-c', 'read -r _; kill -s KILL -- "-$0"', String(group)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  watch.unref();
  (watch.stdin as unknown as { unref(): void } | null)?.unref();
  return watch;
}

function signalOne(pid: number, signal: NodeJS.Signals): void {
  // 0 and below would mean whole groups.
  if (pid > 0) ignoreGone(() => process.kill(pid, signal));
}

function signalGroup(group: number, signal: NodeJS.Signals): void {
  if (group > 0) ignoreGone(() => process.kill(-group, signal));
}

function ignoreGone(send: () => void): void {
  try {
    send();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Where the PATH finds a program. */
export async function findProgram(name: string): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, name);
    if (folder !== '' && (await isExecutable(path))) return path;
  }
  return undefined;
}

export async function isExecutable(path: string): Promise<boolean> {
  return await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
