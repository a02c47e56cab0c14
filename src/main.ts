/** Dispatches to commands/<name>.ts. The only file that reads argv and the environment, and that exits. */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { HelpWanted, nearest, UsageError } from './commands/arguments.ts';
import type { Command, Io } from './commands/io.ts';

const commands: Readonly<Record<string, { readonly about: string; readonly load: () => Promise<Command> }>> = {
  serve: { about: 'run the center', load: async () => (await import('./commands/serve.ts')).serve },
  demo: {
    about: 'run a small city with an attack, to look at',
    load: async () => (await import('./commands/demo.ts')).demo,
  },
  members: { about: 'add and list members', load: async () => (await import('./commands/members.ts')).members },
  keys: {
    about: 'add, list and revoke the keys of sources',
    load: async () => (await import('./commands/keys.ts')).keys,
  },
  users: { about: 'add and list people', load: async () => (await import('./commands/users.ts')).users },
  send: { about: 'send files of logs to a center', load: async () => (await import('./commands/send.ts')).send },
  scan: { about: 'look through files of logs, offline', load: async () => (await import('./commands/scan.ts')).scan },
  rules: { about: 'check, test, list and import rules', load: async () => (await import('./commands/rules.ts')).rules },
  replay: {
    about: 'work rejected records again, after a fix',
    load: async () => (await import('./commands/replay.ts')).replay,
  },
  backup: {
    about: 'write the whole center to one file',
    load: async () => (await import('./commands/backup.ts')).backup,
  },
  restore: {
    about: 'fill an empty center from backups',
    load: async () => (await import('./commands/restore.ts')).restore,
  },
  migrate: {
    about: 'carry a center to the other engines',
    load: async () => (await import('./commands/migrate.ts')).migrate,
  },
  config: {
    about: 'print the effective configuration',
    load: async () => (await import('./commands/config.ts')).config,
  },
};

const version = (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string })
  .version;

function overview(): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  const lines = Object.entries(commands).map(([name, { about }]) => `  ${name.padEnd(width)}  ${about}`);
  return `Hinomi ${version}: a joint security operations center\n\nUsage: hinomi COMMAND [OPTIONS]\n\n${lines.join('\n')}\n\nhinomi COMMAND --help tells more.`;
}

async function run(name: string | undefined, args: readonly string[], io: Io): Promise<number> {
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    io.out(overview());
    return name === undefined ? 2 : 0;
  }
  if (name === '--version') {
    io.out(version);
    return 0;
  }
  if (!Object.hasOwn(commands, name)) {
    const meant = nearest(name, Object.keys(commands));
    io.err(
      `hinomi: there is no command "${name}"${meant === undefined ? '' : ` (did you mean "${meant}"?)`}; see hinomi --help`,
    );
    return 2;
  }
  try {
    return await (await (commands[name] as (typeof commands)[string]).load())(args, io);
  } catch (error) {
    if (error instanceof HelpWanted) {
      io.out(error.message);
      return 0;
    }
    if (error instanceof UsageError || (error as Error)?.name === 'ConfigError')
      io.err(`hinomi ${name}: ${(error as Error).message}`);
    else
      io.err(
        `hinomi ${name}: ${error instanceof Error ? error.message : String(error)}${io.env.HINOMI_TRACE ? `\n${(error as Error)?.stack}` : ''}`,
      );
    return 2;
  }
}

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // A second Ctrl-C means it: no waiting for what still runs.
    if (stopping.signal.aborted) process.exit(130);
    stopping.abort();
  });
}
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
});

async function ask(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    // Without this an end of input would leave the question open, and the process would end as if all were well.
    const ended = new Promise<string>((resolve) => terminal.once('close', () => resolve('')));
    return await Promise.race([terminal.question(question, { signal: stopping.signal }), ended]);
  } finally {
    terminal.close();
  }
}

process.exitCode = await run(process.argv[2], process.argv.slice(3), {
  out: (text) => process.stdout.write(`${text}\n`),
  err: (text) => process.stderr.write(`${text}\n`),
  env: process.env,
  cwd: process.cwd(),
  isTerminal: process.stdout.isTTY === true,
  ...(process.stdin.isTTY === true && process.stdout.isTTY === true && { ask }),
  signal: stopping.signal,
});
