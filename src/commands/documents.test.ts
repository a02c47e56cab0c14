/** members, keys and users, on a real store. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { keyMatches, parseKey } from '../access/keys.ts';
import { tokenId } from '../access/tokens.ts';
import { CENTER_SCOPE } from '../model/scope.ts';
import { openSqliteStore, type SqliteStoreHost } from '../store/sqlite.ts';
import type { Store } from '../store/store.ts';
import type { Command, Io } from './io.ts';
import { keys } from './keys.ts';
import { members } from './members.ts';
import { printTable } from './table.ts';
import { users } from './users.ts';

// The real store, but opened once: each command would start its threads anew, which takes a quarter of a second.
const held = vi.hoisted(() => ({ host: undefined as SqliteStoreHost | undefined, open: 0 }));
vi.mock('../store/sqlite.ts', async (load) => {
  const real = await load<typeof import('../store/sqlite.ts')>();
  const openOnce: typeof real.openSqliteStore = async (options) => {
    held.host ??= await real.openSqliteStore(options);
    held.open++;
    return {
      ...held.host,
      close: async () => {
        held.open--;
      },
    };
  };
  return { ...real, openSqliteStore: openOnce };
});

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hinomi-documents-'));
  mkdirSync(join(folder, 'data'));
});
afterAll(async () => {
  await held.host?.close();
  rmSync(folder, { recursive: true, force: true });
  expect(held.open, 'stores that a command left open').toBe(0);
});

async function run(command: Command, ...args: string[]): Promise<string> {
  let text = '';
  const io: Io = {
    out: (line) => {
      text += `${line}\n`;
    },
    err: () => expect.unreachable(),
    env: { HINOMI_DATA_DIR: 'data', HINOMI_INTAKE_PORT: '9999' },
    cwd: folder,
    isTerminal: false,
    signal: new AbortController().signal,
  };
  expect(await command(args, io)).toBe(0);
  return text;
}

async function look<T>(work: (store: Store) => Promise<T>): Promise<T> {
  const host = await openSqliteStore({ folder: join(folder, 'data') });
  try {
    return await work(host.store);
  } finally {
    await host.close();
  }
}
const audit = (): Promise<readonly string[]> =>
  look(async (store) =>
    (await store.find('audit', CENTER_SCOPE, { limit: 100, order: 'oldest' })).items.map(
      ({ actor, action, target, memberId }) => `${actor.replace(/:.*/s, '')} ${action} ${target.kind} ${memberId}`,
    ),
  );

test('a member, a source with its key, people: from nothing to what a center needs', async () => {
  await run(members, 'add', 'kita-hospital', '--name', '北病院', '--kind', 'hospital');
  expect(await run(members, 'list')).toMatch(
    /^ID +NAME +KIND .*\nkita-hospital {2}北病院 {2}hospital {2}Asia\/Tokyo {2}0\n$/,
  );

  const added = await run(keys, 'add', 'kita-hospital.vpn', '--type', 'fortinet-fortigate', '--label', 'edge');
  expect(added).toContain('Added source kita-hospital.vpn (fortinet-fortigate).');
  expect(added).toContain('bin/hinomi send --to http://127.0.0.1:9999 --key hnm_');
  const text = /hnm_\S+/.exec(added)?.[0] as string;
  const { id, secret } = parseKey(text) as { id: string; secret: string };
  const { key, source } = await look(async (store) => ({
    key: await store.get('key', CENTER_SCOPE, id),
    source: await store.get('source', CENTER_SCOPE, 'kita-hospital.vpn'),
  }));
  expect(key).toMatchObject({
    kind: 'ingest',
    label: 'edge',
    sourceId: 'kita-hospital.vpn',
    memberId: 'kita-hospital',
    revokedAt: null,
  });
  expect(keyMatches(key as NonNullable<typeof key>, secret)).toBe(true);
  expect(JSON.stringify(key)).not.toContain(secret);
  expect(source).toMatchObject({ type: 'fortinet-fortigate', encoding: 'utf-8', timeZone: 'Asia/Tokyo' });

  const second = await run(keys, 'add', 'kita-hospital.vpn');
  expect(second).not.toContain('Added source');
  expect(second).not.toContain(text);
  expect(await run(keys, 'revoke', text)).toBe(`Revoked key ${id}.\n`);
  expect(await run(keys, 'revoke', id)).toContain('was revoked before');
  const listed = await run(keys, 'list', '--source', 'kita-hospital.vpn');
  expect(listed.trim().split('\n')).toHaveLength(3);
  expect(listed).toMatch(new RegExp(`${id} .* revoked \\d{4}-`));
  expect(listed).not.toContain(secret);

  const windows = await run(keys, 'add', 'kita-hospital.ad', '--type', 'windows-event');
  expect(windows).toContain('--format json');
  expect(windows).toContain('application/x-ndjson');

  const person = await run(users, 'add', 'Aki', '--role', 'member', '--member', 'kita-hospital', '--name', 'Aki 亜紀');
  const token = /http:\/\/127\.0\.0\.1:8080\/setup#(\S{43})\n/.exec(person)?.[1] as string;
  const { user, session } = await look(async (store) => ({
    user: (await store.find('user', CENTER_SCOPE, { where: { login: 'aki' }, limit: 2 })).items[0],
    session: await store.get('session', CENTER_SCOPE, tokenId(token)),
  }));
  expect(user).toMatchObject({ login: 'aki', role: 'member', members: ['kita-hospital'], passwordHash: '' });
  expect(session).toMatchObject({ kind: 'setup', userId: user?.id });
  const lasts = Date.parse(session?.expiresAt ?? '') - Date.now();
  expect(lasts).toBeGreaterThan(23.9 * 3_600_000);
  expect(lasts).toBeLessThanOrEqual(24 * 3_600_000);
  expect(await run(users, 'list')).toContain('no password yet');

  expect(await audit()).toEqual([
    'cli member.create member kita-hospital',
    'cli source.create source kita-hospital',
    'cli key.create key kita-hospital',
    'cli key.create key kita-hospital',
    'cli key.revoke key kita-hospital',
    'cli source.create source kita-hospital',
    'cli key.create key kita-hospital',
    'cli user.create user null',
  ]);

  // Again, or about what is not there: refused, and nothing is written.
  const refusals: [Command, string[], RegExp][] = [
    [members, ['add', 'kita-hospital', '--name', 'x'], /there is a member "kita-hospital" already/],
    [users, ['add', 'AKI', '--role', 'analyst'], /there is a login "aki" already/],
    [users, ['add', 'b', '--role', 'analyst', '--member', 'nobody'], /no member "nobody"/],
    [keys, ['add', 'kita-hospital.vpn', '--type', 'web-access'], /is read by fortinet-fortigate, not web-access/],
    [keys, ['add', 'kita-hospital.new'], /say with --type what it sends: .*linux-auth/],
    [
      keys,
      ['add', 'kita-hospital.new', '--type', 'web-acess'],
      /no connector "web-acess" \(did you mean "web-access"\?\)/,
    ],
    [keys, ['add', 'kita-hospital.new', '--type', 'web-access', '--encoding', 'latin1'], /encoding: /],
    [keys, ['add', 'kita-hospital.A b', '--type', 'web-access'], /name: use 1 to 39/],
    [keys, ['add', 'kita-hospitl.vpn', '--type', 'web-access'], /did you mean "kita-hospital"/],
    [keys, ['add', 'vpn', '--type', 'web-access'], /write MEMBER\.SOURCE/],
    [keys, ['revoke', 'abcdefgh2345'], /no key "abcdefgh2345"/],
  ];
  for (const [command, args, message] of refusals)
    await expect(run(command, ...args), args.join(' ')).rejects.toThrow(message);
  expect(await audit()).toHaveLength(8);
});

describe('wrong use is told before the store is opened', () => {
  test.each<[Command, string[], RegExp]>([
    [members, [], /say what to do\nUsage:\n {2}hinomi members add/],
    [members, ['ad'], /did you mean "members add"/],
    [members, ['--help'], /hinomi members list/],
    [members, ['constructor'], /there is no "members constructor"/],
    [members, ['add', 'X', '--name', 'x'], /id: use 3 to 40/],
    [members, ['add', 'abc', '--kind', 'zoo'], /kind: /],
    [members, ['add', 'abc', '--time-zone', 'Asia/Tokio'], /timeZone: not an IANA time zone/],
    [members, ['list', '--data', 'nowhere'], /there is no folder .*nowhere; .*hinomi serve --data/],
    [users, ['add', 'a'], /--role/],
    [users, ['add', 'a', '--role', 'boss'], /role: /],
    [users, ['add', 'a b', '--role', 'analyst'], /login: no spaces/],
    [users, ['add', 'a', '--role', 'member'], /exactly one/],
    [users, ['add', 'a', '--role', 'analyst', '--language', 'fr'], /language: /],
  ])('%o %j', async (command, args, message) => {
    await expect(run(command, ...args)).rejects.toThrow(message);
  });
});

test('a table lines up full-width text and keeps control characters from the terminal', () => {
  expect(
    printTable(
      ['A', 'B'],
      [
        ['北病院', 'x'],
        ['a\u001b[2Jb', 'y'],
      ],
    ),
  ).toBe('A       B\n北病院  x\na [2Jb  y');
});
