/**
 * Login and password -> session; one-time setup link -> password and session. Knows lockout, not cookies.
 * Every refusal of a sign-in reads the same, whatever the reason: who guesses learns nothing of which logins exist.
 */
import type { FastifyBaseLogger } from 'fastify';
import { hashPassword, passwordProblem, verifyPassword } from '../access/passwords.ts';
import { newToken, tokenId } from '../access/tokens.ts';
import { Refusal } from '../errors.ts';
import type { Session, User } from '../model/access.ts';
import { CENTER_SCOPE } from '../model/scope.ts';
import { type Change, type Store, VersionConflict } from '../store/store.ts';
import { auditChange } from './audit-entry.ts';

export interface SignedIn {
  readonly user: User;
  readonly session: Session;
  /** The cookie's value; told once. */
  readonly token: string;
}

export interface SignInOptions {
  readonly sessionHours: number;
  readonly lockAfter: number;
  readonly lockMinutes: number;
}

const HOUR_MS = 3_600_000;
export const SETUP_HOURS = 24;
const SESSIONS_PER_USER = 20;

const failed = (): Refusal => new Refusal('sign-in-failed', 'check both, or wait a while and try again');

/** The address's guesses are counted before the password is looked at; IPv6 by /64, which one household or attacker holds. */
export function createAttempts(max: number, windowMs: number, now: () => number = Date.now) {
  const seen = new Map<string, { count: number; until: number }>();
  const groupOf = (address: string): string =>
    address.includes(':') && !address.includes('.') ? address.split(':').slice(0, 4).join(':') : address;
  return {
    /** Throws Refusal "over-quota" when the address has used up its attempts. */
    take(address: string): void {
      const group = groupOf(address);
      let entry = seen.get(group);
      if (entry === undefined || entry.until <= now()) {
        // Bounded memory: the oldest windows go first, which a flood of addresses can only use against itself.
        if (seen.size >= 10_000) for (const oldest of [...seen.keys()].slice(0, 1_000)) seen.delete(oldest);
        entry = { count: 0, until: now() + windowMs };
        seen.delete(group);
        seen.set(group, entry);
      }
      if (++entry.count > max) {
        const seconds = Math.max(1, Math.ceil((entry.until - now()) / 1_000));
        throw new Refusal('over-quota', `too many attempts to sign in from this address; try again in ${seconds} s`, {
          headers: { 'retry-after': String(seconds) },
        });
      }
    },
    /** It was no guess: the attempt is given back. */
    giveBack(address: string): void {
      const entry = seen.get(groupOf(address));
      if (entry !== undefined && entry.count > 0) entry.count--;
    },
  };
}

/** Runs the work of one name one after the other, so that guesses sent at once are counted like guesses sent in turn. */
function createTurns() {
  const last = new Map<string, Promise<unknown>>();
  return async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const turn = (last.get(name) ?? Promise.resolve()).then(work, work);
    last.set(name, turn);
    try {
      return await turn;
    } finally {
      if (last.get(name) === turn) last.delete(name);
    }
  };
}

export function createSignIn(
  store: Store,
  options: SignInOptions,
  log: Pick<FastifyBaseLogger, 'warn'>,
  now: () => number = Date.now,
) {
  const inTurn = createTurns();
  const iso = (ms: number): string => new Date(ms).toISOString();

  const openFull = (userId: string): { token: string; session: Session } => {
    const { token, id } = newToken();
    const session: Session = {
      id,
      userId,
      kind: 'full',
      csrfToken: newToken().token,
      createdAt: iso(now()),
      expiresAt: iso(now() + options.sessionHours * HOUR_MS),
      version: 1,
    };
    return { token, session };
  };

  const sessionsOf = async (userId: string): Promise<readonly Session[]> =>
    (await store.find('session', CENTER_SCOPE, { where: { userId }, limit: 1_000 })).items;

  const removal = (session: Session): Change => ({
    kind: 'session',
    doc: { ...session, version: session.version + 1 },
    remove: true,
  });

  /** Sessions that ended, and the oldest ones of someone who has too many. */
  const leftovers = async (userId: string): Promise<readonly Change[]> => {
    const newestFirst = (await sessionsOf(userId)).toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
    const full = newestFirst.filter((session) => session.kind === 'full');
    return newestFirst
      .filter((session) => Date.parse(session.expiresAt) <= now() || full.indexOf(session) >= SESSIONS_PER_USER - 1)
      .map(removal);
  };

  const findUser = async (login: string): Promise<User | undefined> =>
    (await store.find('user', CENTER_SCOPE, { where: { login }, limit: 1 })).items[0];

  const recordFailure = async (user: User, address: string): Promise<void> => {
    // A lock that has run out begins a new count.
    const before = user.lockedUntil === null ? user.failedLogins : 0;
    const failedLogins = before + 1;
    const locked = failedLogins >= options.lockAfter;
    const lockedUntil = locked ? iso(now() + options.lockMinutes * 60_000) : null;
    const target = { kind: 'user', id: user.id };
    const act = { actor: user.login, target, memberId: null, after: { address, failedLogins } };
    await store.save([
      { kind: 'user', doc: { ...user, failedLogins, lockedUntil, version: user.version + 1 } },
      auditChange({ ...act, action: 'session.fail' }, now()),
      ...(locked ? [auditChange({ ...act, action: 'session.lock', after: { address, lockedUntil } }, now())] : []),
    ]);
  };

  const attempt = async (login: string, password: string, address: string): Promise<SignedIn> => {
    const user = await findUser(login);
    const locked = user !== undefined && user.lockedUntil !== null && Date.parse(user.lockedUntil) > now();
    const { right, outdated } = await verifyPassword(user?.passwordHash, password);
    if (user === undefined || locked) {
      // Not in the audit: people type their password where the login belongs, and a lock has its entry already.
      log.warn({ address }, locked ? 'sign-in to a locked login refused' : 'sign-in to an unknown login refused');
      throw failed();
    }
    if (!right) {
      await recordFailure(user, address);
      throw failed();
    }
    const { token, session } = openFull(user.id);
    const passwordHash = outdated ? await hashPassword(password) : user.passwordHash;
    const cleared: User = { ...user, passwordHash, failedLogins: 0, lockedUntil: null, version: user.version + 1 };
    const touched = outdated || user.failedLogins > 0 || user.lockedUntil !== null;
    await store.save([
      ...(touched ? [{ kind: 'user' as const, doc: cleared }] : []),
      { kind: 'session', doc: session },
      ...(await leftovers(user.id)),
      auditChange(
        {
          actor: user.login,
          action: 'session.open',
          target: { kind: 'user', id: user.id },
          memberId: null,
          after: { address },
        },
        now(),
      ),
    ]);
    return { user: touched ? cleared : user, session, token };
  };

  /** The correlator never writes users, but an administrator may in the same moment; then once more from the start. */
  const insisting = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof VersionConflict)) throw error;
      return await work();
    }
  };

  return {
    /** Throws Refusal "sign-in-failed" whatever was wrong, "busy" when too many try at once. */
    signIn(login: string, password: string, address: string): Promise<SignedIn> {
      const name = login.toLowerCase();
      return inTurn(name, () => insisting(() => attempt(name, password, address)));
    },

    /**
     * Takes the one-time token of a setup link: sets the password, lifts a lock, ends all other sessions of that person.
     * A password that will not do leaves the link valid. Throws Refusal "unauthenticated" or "invalid-request".
     */
    async setUp(token: string, password: string, address: string): Promise<SignedIn> {
      const id = tokenId(token);
      return inTurn(`setup ${id}`, async () => {
        const setup = await store.get('session', CENTER_SCOPE, id);
        const user = setup && (await store.get('user', CENTER_SCOPE, setup.userId));
        if (setup?.kind !== 'setup' || Date.parse(setup.expiresAt) <= now() || user === undefined) {
          throw new Refusal(
            'unauthenticated',
            'this link was used already or is too old; ask the center for a new one',
          );
        }
        const problem = passwordProblem(password, user.login);
        if (problem !== undefined) {
          throw new Refusal('invalid-request', `password: ${problem}`, {
            extra: { errors: [{ field: 'body.password', message: problem }] },
          });
        }
        const opened = openFull(user.id);
        const passwordHash = await hashPassword(password);
        const doc: User = { ...user, passwordHash, failedLogins: 0, lockedUntil: null, version: user.version + 1 };
        await store.save([
          { kind: 'user', doc },
          { kind: 'session', doc: opened.session },
          ...(await sessionsOf(user.id)).map(removal),
          auditChange(
            {
              actor: user.login,
              action: 'user.set-password',
              target: { kind: 'user', id: user.id },
              memberId: null,
              after: { address },
            },
            now(),
          ),
        ]);
        return { user: doc, ...opened };
      });
    },

    /** Ends a session; ending one that is gone is fine. */
    async signOut(session: Session, actor: string): Promise<void> {
      await store
        .save([
          removal(session),
          auditChange(
            { actor, action: 'session.close', target: { kind: 'user', id: session.userId }, memberId: null },
            now(),
          ),
        ])
        .catch((error: unknown) => {
          if (!(error instanceof VersionConflict)) throw error;
        });
    },

    /** A one-time link's session for a person, and the removal of those made earlier; to be saved by the caller. */
    async setupLink(userId: string): Promise<{ token: string; expiresAt: string; changes: readonly Change[] }> {
      const { token, id } = newToken();
      const expiresAt = iso(now() + SETUP_HOURS * HOUR_MS);
      const earlier = (await sessionsOf(userId)).filter((session) => session.kind === 'setup');
      const doc: Session = { id, userId, kind: 'setup', csrfToken: '', createdAt: iso(now()), expiresAt, version: 1 };
      return { token, expiresAt, changes: [{ kind: 'session', doc }, ...earlier.map(removal)] };
    },
  };
}

export type SignIn = ReturnType<typeof createSignIn>;
