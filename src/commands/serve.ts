/** serve: the center for real use, until it is told to stop. */
import { newToken } from '../access/tokens.ts';
import { type Center, startCenter } from '../app.ts';
import { loadConfig, usualConfigFile } from '../config.ts';
import { buildConsole } from '../console/build.ts';
import { hashId } from '../ids.ts';
import type { Session, User } from '../model/access.ts';
import { CENTER_SCOPE } from '../model/scope.ts';
import { type Role, roles } from '../peers/peers.ts';
import type { Store } from '../store/store.ts';
import { readArguments, UsageError } from './arguments.ts';
import type { Command } from './io.ts';
import { version } from './version.ts';

const DAY_MS = 86_400_000;

/** On a store without people: an administrator without a password, and the one-time token that sets it. */
export async function inviteFirstAdministrator(store: Store, now: number = Date.now()): Promise<string | undefined> {
  const people = await store.find('user', CENTER_SCOPE, { limit: 2 });
  const first = people.items[0];
  const waiting = people.items.length === 1 && first?.login === 'admin' && first.passwordHash === '';
  if (first !== undefined && !waiting) return undefined;
  const createdAt = new Date(now).toISOString();
  const admin: User = first ?? {
    id: hashId('first-administrator'),
    login: 'admin',
    name: 'Administrator',
    role: 'admin',
    members: 'all',
    language: 'ja',
    passwordHash: '',
    failedLogins: 0,
    lockedUntil: null,
    createdAt,
    version: 1,
  };
  const token = newToken();
  const setup: Session = {
    id: token.id,
    userId: admin.id,
    kind: 'setup',
    csrfToken: newToken().token,
    createdAt,
    expiresAt: new Date(now + DAY_MS).toISOString(),
    version: 1,
  };
  await store.save([
    { kind: 'user', doc: admin, ifAbsent: true },
    { kind: 'session', doc: setup },
  ]);
  return token.token;
}

/** Throws UsageError for a role there is not. */
function readRoles(text: string): readonly Role[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.includes('all')) return roles;
  const unknown = names.find((name) => !roles.some((role) => role === name));
  if (unknown !== undefined)
    throw new UsageError(`there is no role "${unknown}"; write all, or some of ${roles.join(', ')}`);
  return roles.filter((role) => names.includes(role));
}

/** Resolves when the signal is given. */
export const untilStopped = (signal: AbortSignal): Promise<void> =>
  signal.aborted
    ? Promise.resolve()
    : new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

/**
 * SIGHUP reads the rules again, as service managers expect it; what came of it is in the center's log. One that comes while the
 * center starts counts as well.
 */
function reloadOnHangup(): { begin(center: Pick<Center, 'reloadRules'>): void; end(): void } {
  let running: Pick<Center, 'reloadRules'> | undefined;
  let early = false;
  const listener = (): void => {
    if (running === undefined) early = true;
    // A failure is in the log, and changed nothing.
    else running.reloadRules('system').catch(() => undefined);
  };
  process.on('SIGHUP', listener);
  return {
    begin(center) {
      running = center;
      if (early) listener();
    },
    end() {
      process.off('SIGHUP', listener);
    },
  };
}

export const serve: Command = async (args, io) => {
  const { options } = readArguments(args, {
    usage: 'serve [--config FILE] [--data DIR] [--role ROLE,…]',
    about:
      'Runs the center: intake, detection, API and console. On an empty folder it prints a one-time link for the first administrator. With Redis and Elasticsearch (queue.engine, store.engine) the roles may be divided among any number of processes.',
    options: {
      config: {
        type: 'text',
        value: 'FILE',
        help: 'configuration file (default: hinomi.yml where it is started, if there)',
      },
      data: { type: 'text', value: 'DIR', help: 'folder for everything it stores (dataDir of the configuration)' },
      role: {
        type: 'text',
        value: 'ROLE,…',
        default: 'all',
        help: `what this process does: all, or some of ${roles.join(', ')}`,
      },
    },
  });
  const chosen = readRoles(options.role);
  const config = loadConfig({
    env: io.env,
    file: options.config ?? usualConfigFile(io.cwd),
    ...(options.data !== undefined && { overrides: { dataDir: options.data } }),
  });
  const serves = (role: Role): boolean => chosen.includes(role);
  const consoleFolder = serves('api') ? await buildConsole() : undefined;
  const reload = reloadOnHangup();
  const center: Center = await startCenter({ config, consoleFolder, version, roles: chosen, signal: io.signal });
  reload.begin(center);
  const publicUrl = config.api.publicUrl ?? center.apiUrl;
  const token = serves('api') ? await inviteFirstAdministrator(center.store) : undefined;
  io.out(`Hinomi ${version} watches${chosen.length < roles.length ? `, as ${chosen.join(', ')}` : ''}.`);
  if (serves('api')) io.out(`  console and API  ${publicUrl}`);
  if (serves('intake')) io.out(`  intake           ${center.intakeUrl}/ingest`);
  if (config.store.engine === 'sqlite') io.out(`  data             ${config.dataDir}`);
  if (token !== undefined) {
    io.out(
      `\nNobody can sign in yet. This link lets the first administrator choose a password, once, within 24 hours:\n  ${publicUrl}/setup#${token}\n`,
    );
  }
  await untilStopped(io.signal);
  io.out('Stopping: finishing what is being worked on.');
  reload.end();
  await center.close();
  return 0;
};
