import { argon2Sync } from 'node:crypto';
import { expect, test } from 'vitest';
import { hashPassword, passwordProblem, verifyPassword } from './passwords.ts';

test('a hash is a PHC string with its own salt and fits its password only', async () => {
  const hash = await hashPassword('correct horse 電池');
  expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  expect(await hashPassword('correct horse 電池')).not.toBe(hash);
  expect(await verifyPassword(hash, 'correct horse 電池')).toEqual({ right: true, outdated: false });
  expect(await verifyPassword(hash, 'correct horse 電地')).toEqual({ right: false, outdated: false });
});

test('the same password in another normal form fits', async () => {
  expect((await verifyPassword(await hashPassword('ﾊﾟｽﾜｰﾄﾞは長い方がよい'), 'パスワードは長い方がよい')).right).toBe(
    true,
  );
});

test('a hash of another cost still fits and is reported as outdated', async () => {
  const nonce = Buffer.from('0123456789abcdef');
  const hash = argon2Sync('argon2id', {
    message: 'an old password',
    nonce,
    parallelism: 1,
    tagLength: 32,
    memory: 1024,
    passes: 1,
  });
  const text = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '');
  const stored = `$argon2id$v=19$m=1024,t=1,p=1$${text(nonce)}$${text(hash)}`;
  expect(await verifyPassword(stored, 'an old password')).toEqual({ right: true, outdated: true });
  expect(await verifyPassword(stored, 'another password')).toEqual({ right: false, outdated: false });
});

test.each([undefined, '', 'plain', '$argon2id$v=19$m=99999999,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAA'])(
  'no password fits %j',
  async (stored) => {
    expect(await verifyPassword(stored, '')).toEqual({ right: false, outdated: false });
  },
);

test('a flood waits and is then turned away; afterwards all is as before', async () => {
  const results = await Promise.allSettled(Array.from({ length: 60 }, () => verifyPassword('$argon2id$', 'x')));
  const refused = results.filter((result) => result.status === 'rejected');
  expect(refused.length).toBe(60 - 52);
  expect(refused.every((result) => result.reason.code === 'busy')).toBe(true);
  expect((await verifyPassword(await hashPassword('still in order'), 'still in order')).right).toBe(true);
});

test.each([
  ['eleven char', 'too short'],
  ['𠮷'.repeat(11), 'too short'],
  ['a'.repeat(20), 'same few characters'],
  ['my name is Sato-K', 'contains the login'],
  ['x1y2'.repeat(65), 'too long'],
  ['correct horse battery', undefined],
])('rule on %j', (password, problem) => {
  const said = passwordProblem(password, 'sato-k');
  if (problem === undefined) expect(said).toBeUndefined();
  else expect(said).toContain(problem);
});
