/** users: adds people and lists them. A person chooses the password behind a one-time link; this command never sees one. */
import { z } from 'zod';
import { newToken } from '../access/tokens.ts';
import { hashId } from '../ids.ts';
import { type MemberAccess, role, type Session, type User, user } from '../model/access.ts';
import { CENTER_SCOPE } from '../model/scope.ts';
import { findAll } from '../store/find-all.ts';
import { readArguments, UsageError } from './arguments.ts';
import { checked, dataOptions, withData } from './data-folder.ts';
import type { Command } from './io.ts';
import { createSubcommands } from './subcommands.ts';
import { printTable } from './table.ts';

const SETUP_HOURS = 24;

const newLogin = z
  .string()
  .trim()
  .min(1)
  .max(120)
  .regex(/^[^\s:\p{C}]+$/u, 'no spaces, colons or control characters')
  .toLowerCase();

const add: Command = async (args, io) => {
  const { options, rest } = readArguments(args, {
    usage: 'users add LOGIN --role ROLE [--member MEMBER…] [--name NAME] [--language ja|en] [--data DIR]',
    about: 'Adds a person, and prints the one-time link with which they choose a password.',
    arguments: { min: 1, max: 1 },
    options: {
      role: { type: 'text', value: 'ROLE', help: role.options.join(', ') },
      member: { type: 'texts', value: 'MEMBER', help: 'whose data the person may see; left out: all members' },
      name: { type: 'text', help: 'name as people write it (default: the login)' },
      language: { type: 'text', default: 'ja', help: 'ja or en' },
      ...dataOptions,
    },
  });
  if (options.role === undefined)
    throw new UsageError(`say with --role what the person is: ${role.options.join(', ')}`);
  const login = checked(z.object({ login: newLogin }), { login: rest[0] }).login;
  const members: MemberAccess = options.member.length === 0 ? 'all' : [...new Set(options.member)];
  const doc: User = checked(user, {
    // As the API makes it: the id follows from the login, so that two who add the same login at once cannot both succeed.
    id: hashId('user', login),
    login,
    name: options.name ?? login,
    role: options.role,
    members,
    language: options.language,
    passwordHash: '',
    failedLogins: 0,
    lockedUntil: null,
    createdAt: new Date().toISOString(),
    version: 1,
  });
  if (doc.role === 'member' && (members === 'all' || members.length !== 1)) {
    throw new UsageError('a person with the role "member" belongs to exactly one: --member MEMBER');
  }
  return withData(io, options, async ({ store, config, save }) => {
    for (const id of members === 'all' ? [] : members) {
      if ((await store.get('member', CENTER_SCOPE, id)) === undefined)
        throw new UsageError(`there is no member "${id}"`);
    }
    const taken = `there is a login "${login}" already`;
    if ((await store.find('user', CENTER_SCOPE, { where: { login }, limit: 1 })).items.length > 0)
      throw new UsageError(taken);
    const { token, id } = newToken();
    const setup: Session = {
      id,
      userId: doc.id,
      kind: 'setup',
      csrfToken: '',
      createdAt: doc.createdAt,
      expiresAt: new Date(Date.parse(doc.createdAt) + SETUP_HOURS * 3_600_000).toISOString(),
      version: 1,
    };
    await save(
      [
        { kind: 'user', doc },
        { kind: 'session', doc: setup },
      ],
      {
        action: 'user.create',
        target: { kind: 'user', id: doc.id },
        memberId: null,
        before: null,
        after: { login, name: doc.name, role: doc.role, members },
      },
      taken,
    );
    const { publicUrl, host, port } = config.api;
    const url = publicUrl?.replace(/\/$/, '') ?? `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
    io.out(
      `Added ${login} (${doc.role}). This link lets them choose a password, once, within ${SETUP_HOURS} hours:\n\n  ${url}/setup#${token}`,
    );
    return 0;
  });
};

const list: Command = async (args, io) => {
  const { options } = readArguments(args, {
    usage: 'users list [--data DIR]',
    about: 'Lists the people who may sign in.',
    options: dataOptions,
  });
  await withData(io, options, async ({ store }) => {
    const users = await findAll(store, 'user', { order: 'oldest' });
    const now = new Date().toISOString();
    const rows = users.map(({ login, name, role: is, members, passwordHash, lockedUntil }) => [
      login,
      name,
      is,
      members === 'all' ? 'all' : members.join(' '),
      passwordHash === ''
        ? 'no password yet'
        : lockedUntil !== null && lockedUntil > now
          ? `locked until ${lockedUntil}`
          : '',
    ]);
    io.out(printTable(['LOGIN', 'NAME', 'ROLE', 'MEMBERS', ''], rows));
  });
  return 0;
};

export const users = createSubcommands('users', {
  add: { usage: 'add LOGIN --role ROLE', about: 'add a person', run: add },
  list: { usage: 'list', about: 'list the people', run: list },
});
