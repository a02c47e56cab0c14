import { expect, test } from 'vitest';
import { createKey } from '../access/keys.ts';
import { createAuthenticate } from './authenticate.ts';

function bench() {
  const key = createKey();
  const docs: Record<string, object | undefined> = {
    key: { id: key.id, kind: 'ingest', secretHash: key.secretHash, sourceId: 'kita.vpn', revokedAt: null },
    source: { id: 'kita.vpn' },
  };
  let away = false;
  let asked = 0;
  const time = { now: 0 };
  const store = {
    get: async (kind: string) => {
      asked++;
      if (away) throw new Error('the store is away');
      return docs[kind];
    },
  };
  const authenticate = createAuthenticate(store as never, 5_000, () => time.now);
  return {
    ask: () => authenticate(`Bearer ${key.text}`),
    revoke: () => {
      docs.key = { ...docs.key, revokedAt: '2026-11-20T00:00:00.000Z' };
    },
    goAway: (now: boolean) => {
      away = now;
    },
    asked: () => asked,
    time,
  };
}

test('a key is looked up once in a while, and a revoked one is refused soon', async () => {
  const { ask, revoke, asked, time } = bench();
  expect(await ask()).toMatchObject({ id: 'kita.vpn' });
  await ask();
  expect(asked()).toBe(2);
  revoke();
  await ask();
  time.now = 5_001;
  await expect(ask()).rejects.toMatchObject({ code: 'unauthenticated' });
});

test('a key that was good is taken while the store is away, for an hour; an unknown one is no 401 then', async () => {
  const { ask, revoke, goAway, time } = bench();
  goAway(true);
  await expect(ask()).rejects.toThrow('away');
  goAway(false);
  await ask();
  goAway(true);
  time.now = 3_600_000;
  expect(await ask()).toMatchObject({ id: 'kita.vpn' });
  time.now = 3_700_000;
  await expect(ask()).rejects.toThrow('away');
  goAway(false);
  revoke();
  await expect(ask()).rejects.toMatchObject({ code: 'unauthenticated' });
  goAway(true);
  time.now += 6_000;
  await expect(ask()).rejects.toThrow('away');
});
