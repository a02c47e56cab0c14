/** A real center in a temporary folder, for stories: real doors on loopback, real files, real threads. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createKey } from '../src/access/keys.ts';
import { hashPassword } from '../src/access/passwords.ts';
import { type Center, startCenter } from '../src/app.ts';
import { type Config, loadConfig } from '../src/config.ts';
import { hashId } from '../src/ids.ts';
import type { Role } from '../src/model/access.ts';
import type { Encoding } from '../src/model/member.ts';
import type { CopyableStore } from '../src/store/copy.ts';
import { openSqliteStore } from '../src/store/sqlite.ts';
import type { Store } from '../src/store/store.ts';

export { freePort } from './services/port.ts';

export const root = fileURLToPath(new URL('..', import.meta.url));

export interface TestCenter {
  readonly folder: string;
  readonly config: Config;
  center: Center;
  /** Closes and starts again on the same folder, as a restart does. */
  restart(): Promise<void>;
  dispose(): Promise<void>;
}

export async function openTestCenter(environment: Record<string, string> = {}): Promise<TestCenter> {
  const folder = await mkdtemp(join(tmpdir(), 'hinomi-story-'));
  const config = loadConfig({
    env: {
      HINOMI_DATA_DIR: folder,
      HINOMI_API_PORT: '0',
      HINOMI_INTAKE_PORT: '0',
      HINOMI_LOG_LEVEL: 'fatal',
      ...environment,
    },
  });
  const start = (): Promise<Center> => startCenter({ config, consoleFolder: undefined, version: 'test' });
  const removeFolder = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const test: TestCenter = {
    folder,
    config,
    // Some are meant not to start.
    center: await start().catch(async (error) => {
      await removeFolder();
      throw error;
    }),
    async restart() {
      await test.center.close();
      test.center = await start();
    },
    async dispose() {
      try {
        await test.center.close();
      } finally {
        await removeFolder();
      }
    },
  };
  return test;
}

/** A member with one source; answers the source's ingest key. */
export async function addSource(
  store: Store,
  memberId: string,
  name: string,
  type: string,
  encoding: Encoding = 'utf-8',
): Promise<string> {
  const createdAt = new Date().toISOString();
  const key = createKey();
  const sourceId = `${memberId}.${name}`;
  await store.save([
    {
      kind: 'member',
      doc: { id: memberId, name: memberId, kind: 'other', timeZone: 'Asia/Tokyo', createdAt, version: 1 },
      ifAbsent: true,
    },
    {
      kind: 'source',
      doc: { id: sourceId, memberId, name, type, encoding, timeZone: 'Asia/Tokyo', config: {}, createdAt, version: 1 },
      ifAbsent: true,
    },
    {
      kind: 'key',
      doc: {
        id: key.id,
        kind: 'ingest',
        label: 'test',
        secretHash: key.secretHash,
        sourceId,
        memberId,
        role: null,
        members: null,
        revokedAt: null,
        createdAt,
        version: 1,
      },
    },
  ]);
  return key.text;
}

/** An API key; answers its text. */
export async function addApiKey(store: Store, role: Role, members: 'all' | string[]): Promise<string> {
  const key = createKey();
  await store.save([
    {
      kind: 'key',
      doc: {
        id: key.id,
        kind: 'api',
        label: role,
        secretHash: key.secretHash,
        sourceId: null,
        memberId: null,
        role,
        members,
        revokedAt: null,
        createdAt: new Date().toISOString(),
        version: 1,
      },
    },
  ]);
  return key.text;
}

export async function addUser(
  store: Store,
  login: string,
  password: string,
  role: Role,
  members: 'all' | string[] = 'all',
): Promise<void> {
  await store.save([
    {
      kind: 'user',
      doc: {
        id: hashId('user', login),
        login,
        name: login,
        role,
        members,
        language: 'ja',
        passwordHash: await hashPassword(password),
        failedLogins: 0,
        lockedUntil: null,
        createdAt: new Date().toISOString(),
        version: 1,
      },
    },
  ]);
}

/** What others wrote is found after this long, where processes share a store. */
const SEEN_BY_OTHERS_MS = 2_000;

/** Resolves when both queues are empty: everything accepted has been stored and correlated, and can be found. */
export async function drained({ records, matches, shared }: Center, limitMs = 60_000): Promise<void> {
  const end = Date.now() + limitMs;
  for (;;) {
    if ((await records.depth()).jobs === 0 && (await matches.depth()).jobs === 0) {
      if (shared) await new Promise((resolve) => setTimeout(resolve, SEEN_BY_OTHERS_MS));
      return;
    }
    if (Date.now() > end)
      throw new Error(`the queues did not drain: ${JSON.stringify([await records.depth(), await matches.depth()])}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Works on the store of an embedded center that stands still. */
export async function withStore<T>(data: string, work: (store: CopyableStore) => Promise<T>): Promise<T> {
  const host = await openSqliteStore({ folder: data });
  try {
    return await work(host.store);
  } finally {
    await host.close();
  }
}
