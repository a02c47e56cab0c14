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

type Found = { readonly key: Key; readonly source: Source } | undefined;

/** How long a key that was good goes on being taken while the store cannot be asked: logs come in though nothing can be searched. */
const OUTAGE_MS = 3_600_000;

/**
 * A revoked key is refused after at most `ttlMs`, or once a store that was away can be asked again. Answers for unknown keys are
 * remembered as well, a bounded number of them.
 */
export function createAuthenticate(
  store: Pick<Store, 'get'>,
  ttlMs = 5_000,
  now: () => number = Date.now,
): Authenticate {
  const known = new Map<string, { at: number; found: Promise<Found> }>();
  const good = new Map<string, { at: number; found: Found }>();
  const look = async (keyId: string): Promise<Found> => {
    try {
      const found = await ask(keyId);
      if (found === undefined) good.delete(keyId);
      else good.set(keyId, { at: now(), found });
      return found;
    } catch (error) {
      const before = good.get(keyId);
      if (before === undefined || now() - before.at > OUTAGE_MS) throw error;
      return before.found;
    }
  };
  const ask = async (keyId: string): Promise<Found> => {
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
      if (known.size > 10_000) {
        known.clear();
        good.clear();
      }
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
