/** Ingest key -> source. Knows nothing of people and sessions: those are api/auth.ts. */
import { keyMatches, parseKey } from '../access/keys.ts';
import { Refusal } from '../errors.ts';
import type { Key } from '../model/access.ts';
import type { Source } from '../model/member.ts';
import { CENTER_SCOPE } from '../model/scope.ts';
import type { Store } from '../store/store.ts';

/**
 * The source that the key in an Authorization header writes to. Throws Refusal "unauthenticated"; throws as the store does
 * when the store fails, for an agent that reads 401 during an outage throws its data away.
 */
export type Authenticate = (authorization: string | undefined) => Promise<Source>;

/** A revoked key is refused after at most `ttlMs`. Answers for unknown keys are remembered as well, a bounded number of them. */
export function createAuthenticate(store: Store, ttlMs = 5_000, now: () => number = Date.now): Authenticate {
  const known = new Map<string, { at: number; found: Promise<{ key: Key; source: Source } | undefined> }>();
  const look = async (keyId: string): Promise<{ key: Key; source: Source } | undefined> => {
    const key = await store.get('key', CENTER_SCOPE, keyId);
    if (key === undefined || key.kind !== 'ingest' || key.revokedAt !== null || key.sourceId === null) return undefined;
    const source = await store.get('source', CENTER_SCOPE, key.sourceId);
    return source && { key, source };
  };
  return async (authorization) => {
    const text = /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    const parsed = text === undefined ? undefined : parseKey(text);
    if (parsed === undefined) {
      throw new Refusal('unauthenticated', 'send the source\'s key as "Authorization: Bearer hnm_…"', {
        headers: { 'www-authenticate': 'Bearer' },
      });
    }
    let entry = known.get(parsed.id);
    if (entry === undefined || now() - entry.at > ttlMs) {
      if (known.size > 10_000) known.clear();
      entry = { at: now(), found: look(parsed.id) };
      known.set(parsed.id, entry);
      entry.found.catch(() => known.delete(parsed.id));
    }
    const found = await entry.found;
    if (found === undefined || !keyMatches(found.key, parsed.secret)) {
      throw new Refusal('unauthenticated', 'this key is unknown or was revoked; ask the center for a new one', {
        headers: { 'www-authenticate': 'Bearer' },
      });
    }
    return found.source;
  };
}
