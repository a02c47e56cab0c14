/**
 * Request -> reader: an API key in the Authorization header, or the console's session cookie. The only place that makes scopes.
 * A change by session must prove that it comes from the console's own page; passwords are sign-in.ts.
 */
import { timingSafeEqual } from 'node:crypto';
import type {} from '@fastify/cookie';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { keyMatches, parseKey } from '../access/keys.ts';
import { tokenId } from '../access/tokens.ts';
import { Refusal } from '../errors.ts';
import type { MemberAccess, Role, Session } from '../model/access.ts';
import { CENTER_SCOPE } from '../model/scope.ts';
import type { Store } from '../store/store.ts';
import { keyActor, type Reader, scopeOf } from './reader.ts';

const unsafe = (method: string): boolean => method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS';

function refused(detail: string): Refusal {
  return new Refusal('unauthenticated', detail, { headers: { 'www-authenticate': 'Bearer' } });
}

/** The `__Host-` prefix makes browsers refuse a cookie that a neighbouring host, or a page without TLS, tries to set. */
export function cookieName(secure: boolean): string {
  return secure ? '__Host-hinomi_session' : 'hinomi_session';
}

export function setSessionCookie(reply: FastifyReply, secure: boolean, token: string, session: Session): void {
  reply.setCookie(cookieName(secure), token, {
    path: '/',
    httpOnly: true,
    sameSite: 'strict',
    secure,
    expires: new Date(session.expiresAt),
  });
}

export function clearSessionCookie(reply: FastifyReply, secure: boolean): void {
  reply.clearCookie(cookieName(secure), { path: '/', httpOnly: true, sameSite: 'strict', secure });
}

/** Refuses a change that a browser sends on behalf of another site. Clients that are no browsers send neither header. */
export function checkOrigin(request: FastifyRequest): void {
  const site = request.headers['sec-fetch-site'];
  const { origin } = request.headers;
  let foreign = site !== undefined && site !== 'same-origin' && site !== 'none';
  if (origin !== undefined) {
    // The scheme is the page's own: behind a proxy that ends TLS we do not know it, and only default ports depend on it.
    const page = URL.parse(origin);
    foreign ||= page === null || page.host === '' || page.host !== URL.parse(`${page.protocol}//${request.host}`)?.host;
  }
  if (foreign) throw new Refusal('csrf-failed', 'the request comes from another site');
}

function checkCsrfToken(request: FastifyRequest, session: Session): void {
  checkOrigin(request);
  const given = Buffer.from(String(request.headers['x-csrf-token'] ?? ''));
  const expected = Buffer.from(session.csrfToken);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new Refusal('csrf-failed', 'send the csrfToken that GET /api/v1/session answers as header x-csrf-token');
  }
}

/** Logins of people with the role "member", with their members; looked up again after some seconds. */
function createMemberNames(
  store: Store,
  now: () => number,
): () => Promise<readonly (readonly [string, MemberAccess])[]> {
  let names: Promise<readonly (readonly [string, MemberAccess])[]> | undefined;
  let at = 0;
  const look = async () => {
    const users = await store.find('user', CENTER_SCOPE, { where: { role: 'member' }, limit: 1_000 });
    return users.items.map((user) => [user.login, user.members] as const);
  };
  return () => {
    if (names === undefined || now() - at > 15_000) {
      at = now();
      names = look();
      names.catch(() => {
        names = undefined;
      });
    }
    return names;
  };
}

export interface Auth {
  /** Throws Refusal "unauthenticated" or "csrf-failed". */
  authenticate(request: FastifyRequest): Promise<Reader>;
  /** The full session of a request's cookie, if there is one that still holds. */
  sessionOf(request: FastifyRequest): Promise<Session | undefined>;
}

export function createAuth(store: Store, secureCookies: boolean, now: () => number = Date.now): Auth {
  const memberNames = createMemberNames(store, now);

  const toReader = async (
    access: { actor: string; role: Role; members: MemberAccess },
    person: Pick<Reader, 'user' | 'session'>,
  ): Promise<Reader> => {
    const { actor, role, members } = access;
    if (role === 'member' && (members === 'all' || members.length !== 1)) {
      throw refused(`"${actor}" has the role "member" but not exactly one member; ask the center to set it right`);
    }
    if (members === 'all') return { actor, role, scope: scopeOf('all'), whole: true, colleagues: new Set(), ...person };
    const colleagues = new Set<string>();
    for (const [name, theirs] of await memberNames()) {
      if (theirs !== 'all' && theirs.every((member) => members.includes(member))) colleagues.add(name);
    }
    return { actor, role, scope: scopeOf(members), whole: false, colleagues, ...person };
  };

  const byKey = async (authorization: string): Promise<Reader> => {
    const text = /^bearer +(\S+)$/i.exec(authorization)?.[1];
    const parsed = text === undefined ? undefined : parseKey(text);
    if (parsed === undefined) throw refused('send an API key as "Authorization: Bearer hnm_…"');
    const key = await store.get('key', CENTER_SCOPE, parsed.id);
    if (key === undefined || !keyMatches(key, parsed.secret) || key.revokedAt !== null) {
      throw refused('this key is unknown or was revoked; ask the center for a new one');
    }
    if (key.kind !== 'api' || key.role === null || key.members === null) {
      throw refused('this is a key for sending logs; the API takes API keys and sessions');
    }
    return toReader(
      { actor: keyActor(key), role: key.role, members: key.members },
      { user: undefined, session: undefined },
    );
  };

  const sessionOf = async (request: FastifyRequest): Promise<Session | undefined> => {
    const token = request.cookies[cookieName(secureCookies)];
    if (token === undefined) return undefined;
    const session = await store.get('session', CENTER_SCOPE, tokenId(token));
    if (session === undefined || session.kind !== 'full' || Date.parse(session.expiresAt) <= now()) return undefined;
    return session;
  };

  return {
    sessionOf,
    async authenticate(request) {
      const { authorization } = request.headers;
      if (authorization !== undefined) return byKey(authorization);
      const session = await sessionOf(request);
      if (session === undefined) throw refused('sign in, or send an API key as "Authorization: Bearer hnm_…"');
      const user = await store.get('user', CENTER_SCOPE, session.userId);
      if (user === undefined) throw refused('the account of this session is gone');
      if (unsafe(request.method)) checkCsrfToken(request, session);
      return toReader({ actor: user.login, role: user.role, members: user.members }, { user, session });
    },
  };
}
