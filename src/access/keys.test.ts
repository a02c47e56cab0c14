import { expect, test } from 'vitest';
import { createKey, hashSecret, keyMatches, parseKey } from './keys.ts';
import { newToken, tokenId } from './tokens.ts';

test('a new key reads back and fits only its own secret', () => {
  const key = createKey();
  const other = createKey();
  expect(parseKey(key.text)).toEqual({ id: key.id, secret: key.secret });
  expect(key.secretHash).toBe(hashSecret(key.secret));
  expect(key.secretHash).not.toContain(key.secret);
  expect(keyMatches(key, key.secret)).toBe(true);
  expect(keyMatches(key, other.secret)).toBe(false);
  expect(keyMatches(key, '')).toBe(false);
  expect(keyMatches({ secretHash: '' }, key.secret)).toBe(false);
  expect(other.id).not.toBe(key.id);
});

const secret = 'A_-z'.repeat(10).concat('abc');
test.each([
  [`hnm_abcdefgh2345_${secret}`, true],
  [`hnm_abcdefgh2345_${secret}x`, false],
  [`hnm_abcdefgh2345_${secret.slice(1)}`, false],
  [`hnm_ABCDEFGH2345_${secret}`, false],
  [`hnm_abcdefgh234_${secret}`, false],
  [` hnm_abcdefgh2345_${secret}`, false],
  [`hnm_abcdefgh2345_${secret}\n`, false],
  ['', false],
])('parseKey(%j) reads a key: %s', (text, reads) => {
  expect(parseKey(text) !== undefined).toBe(reads);
});

test('a token is known by its hash', () => {
  const { token, id } = newToken();
  expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(id).toMatch(/^[0-9a-f]{64}$/);
  expect(tokenId(token)).toBe(id);
  expect(newToken().token).not.toBe(token);
});
