/**
 * Keys of senders and API clients: `hnm_<id>_<secret>`. The secret is random and long, so a plain SHA-256 of it is safe to store.
 * Makes and compares keys; finds none and stores none.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Key } from '../model/access.ts';

export interface NewKey {
  readonly id: string;
  readonly secret: string;
  /** What is shown once, and sent as a bearer token. */
  readonly text: string;
  readonly secretHash: string;
}

const ID_CHARS = 12;
const SECRET_BYTES = 32;
/** RFC 4648 base 32 in lower case; 256 is a multiple of 32, so a byte's low bits choose evenly. */
const base32 = 'abcdefghijklmnopqrstuvwxyz234567';

export function createKey(): NewKey {
  let id = '';
  for (const byte of randomBytes(ID_CHARS)) id += base32[byte & 31];
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  return { id, secret, text: `hnm_${id}_${secret}`, secretHash: hashSecret(secret) };
}

/** Undefined when the text does not have the form of a key. */
export function parseKey(text: string): { readonly id: string; readonly secret: string } | undefined {
  const found = /^hnm_([a-z2-7]{12})_([A-Za-z0-9_-]{43})$/.exec(text);
  return found === null ? undefined : { id: found[1] as string, secret: found[2] as string };
}

/** SHA-256 of the secret, hex. */
export const hashSecret = (secret: string): string => createHash('sha256').update(secret).digest('hex');

/** Whether the secret is the key's, in the same time for every wrong one. Revocation is the caller's to check. */
export function keyMatches(key: Pick<Key, 'secretHash'>, secret: string): boolean {
  const known = Buffer.from(key.secretHash, 'hex');
  const given = Buffer.from(hashSecret(secret), 'hex');
  return known.length === given.length && timingSafeEqual(known, given);
}
