/** Puts the demo's members, sources, keys and people into a store. Again on the same store: what is there stays, keys are new. */
import { randomBytes } from 'node:crypto';
import { createKey } from '../access/keys.ts';
import { hashPassword } from '../access/passwords.ts';
import { hashId } from '../ids.ts';
import type { Role, User } from '../model/access.ts';
import { CENTER_SCOPE } from '../model/scope.ts';
import type { Change, Store } from '../store/store.ts';
import type { DemoMember } from './city.ts';

export interface DemoPerson {
  readonly login: string;
  readonly password: string;
  readonly role: Role;
}

/** Ingest keys by source id. Keys of an earlier start are revoked: their secrets were never written down. */
export async function settleCity(store: Store, city: readonly DemoMember[], now: string): Promise<Map<string, string>> {
  const keys = new Map<string, string>();
  const changes: Change[] = [];
  const old = await store.find('key', CENTER_SCOPE, { where: { kind: 'ingest' }, limit: 1_000 });
  for (const key of old.items) {
    if (key.label !== 'demo' || key.revokedAt !== null) continue;
    changes.push({ kind: 'key', doc: { ...key, revokedAt: now, version: key.version + 1 } });
  }
  for (const { id, name, kind, sources } of city) {
    changes.push({
      kind: 'member',
      doc: { id, name, kind, timeZone: 'Asia/Tokyo', createdAt: now, version: 1 },
      ifAbsent: true,
    });
    for (const source of sources) {
      const sourceId = `${id}.${source.name}`;
      const key = createKey();
      keys.set(sourceId, key.text);
      changes.push(
        {
          kind: 'source',
          doc: {
            id: sourceId,
            memberId: id,
            name: source.name,
            type: source.type,
            encoding: source.encoding,
            timeZone: 'Asia/Tokyo',
            config: {},
            createdAt: now,
            version: 1,
          },
          ifAbsent: true,
        },
        {
          kind: 'key',
          doc: {
            id: key.id,
            kind: 'ingest',
            label: 'demo',
            secretHash: key.secretHash,
            sourceId,
            memberId: id,
            role: null,
            members: null,
            revokedAt: null,
            createdAt: now,
            version: 1,
          },
        },
      );
    }
  }
  await store.save(changes);
  return keys;
}

/** An analyst of the center and an administrator of the first member, with passwords made for this folder. */
export function inventPeople(): readonly DemoPerson[] {
  const password = (): string => randomBytes(9).toString('base64url');
  return [
    { login: 'analyst', password: password(), role: 'analyst' },
    { login: 'admin', password: password(), role: 'admin' },
    { login: 'member', password: password(), role: 'member' },
  ];
}

/** Creates those who are not there yet. */
export async function settlePeople(
  store: Store,
  people: readonly DemoPerson[],
  city: readonly DemoMember[],
  now: string,
): Promise<void> {
  const names: Record<string, string> = {
    analyst: '当番の分析官',
    admin: 'センター管理者',
    member: `${city[0]?.name}の担当者`,
  };
  const users = await Promise.all(
    people.map(
      async ({ login, password, role }): Promise<User> => ({
        id: hashId('demo-user', login),
        login,
        name: names[login] ?? login,
        role,
        members: role === 'member' && city[0] !== undefined ? [city[0].id] : 'all',
        language: 'ja',
        passwordHash: await hashPassword(password),
        failedLogins: 0,
        lockedUntil: null,
        createdAt: now,
        version: 1,
      }),
    ),
  );
  await store.save(users.map((doc) => ({ kind: 'user', doc, ifAbsent: true })));
}
