/** Signing in and out, one-time setup links, and one's own settings. */
import { z } from 'zod';
import { Refusal } from '../../errors.ts';
import { type User, user } from '../../model/access.ts';
import { anyone, everyRole, readerOf } from '../access.ts';
import { type Auth, checkOrigin, clearSessionCookie, setSessionCookie } from '../auth.ts';
import type { ApiParts, ApiServer } from '../parts.ts';
import { login, noContent, ownUser, password } from '../schema.ts';
import { createAttempts, type SignedIn, type SignIn } from '../sign-in.ts';
import type { Streams } from './stream.ts';

const signedIn = z.object({
  user: ownUser,
  csrfToken: z.string().describe('Send it as header x-csrf-token with every change'),
});

function presentUser(doc: User): z.infer<typeof ownUser> {
  return { login: doc.login, name: doc.name, role: doc.role, members: doc.members, language: doc.language };
}

export function addSession(
  server: ApiServer,
  { store, config }: ApiParts,
  { auth, signIn, streams }: { auth: Auth; signIn: SignIn; streams: Streams },
): void {
  const attempts = createAttempts(20, 60_000);

  server.route({
    method: 'POST',
    url: '/api/v1/session',
    config: { access: anyone },
    schema: {
      operationId: 'signIn',
      summary: 'Sign in; sets the session cookie',
      tags: ['session'],
      body: z.strictObject({ login, password }),
      response: { 200: signedIn },
    },
    handler: async (request, reply) => {
      checkOrigin(request);
      attempts.take(request.ip);
      const done = await signIn.signIn(request.body.login, request.body.password, request.ip);
      attempts.giveBack(request.ip);
      const earlier = await auth.sessionOf(request);
      if (earlier !== undefined) await signIn.signOut(earlier, done.user.login);
      setSessionCookie(reply, config.secureCookies, done.token, done.session);
      return answer(done);
    },
  });

  server.route({
    method: 'POST',
    url: '/api/v1/setup',
    config: { access: anyone },
    schema: {
      operationId: 'setUp',
      summary: 'Choose a password with the token of a one-time link; signs in',
      tags: ['session'],
      body: z.strictObject({ token: z.string().min(1).max(200), password }),
      response: { 200: signedIn },
    },
    handler: async (request, reply) => {
      checkOrigin(request);
      attempts.take(request.ip);
      const done = await signIn.setUp(request.body.token, request.body.password, request.ip);
      attempts.giveBack(request.ip);
      setSessionCookie(reply, config.secureCookies, done.token, done.session);
      return answer(done);
    },
  });

  server.route({
    method: 'GET',
    url: '/api/v1/session',
    config: { access: { ...everyRole, session: true } },
    schema: {
      operationId: 'getSession',
      summary: 'Who is signed in',
      tags: ['session'],
      response: { 200: signedIn },
    },
    handler: async (request) => {
      const reader = readerOf(request);
      return { user: presentUser(reader.user as User), csrfToken: reader.session?.csrfToken ?? '' };
    },
  });

  server.route({
    method: 'DELETE',
    url: '/api/v1/session',
    config: { access: { ...everyRole, session: true } },
    schema: {
      operationId: 'signOut',
      summary: 'Sign out; ends the event streams of this session',
      tags: ['session'],
      response: { 204: noContent },
    },
    handler: async (request, reply) => {
      const reader = readerOf(request);
      if (reader.session !== undefined) {
        await signIn.signOut(reader.session, reader.actor);
        streams.end(reader.session.id);
      }
      clearSessionCookie(reply, config.secureCookies);
      return reply.code(204).send();
    },
  });

  server.route({
    method: 'PATCH',
    url: '/api/v1/session/user',
    config: { access: { ...everyRole, session: true } },
    schema: {
      operationId: 'patchOwnUser',
      summary: 'Change own settings',
      tags: ['session'],
      body: z.strictObject({ language: user.shape.language.removeDefault() }),
      response: { 200: ownUser },
    },
    handler: async (request) => {
      const doc = readerOf(request).user;
      if (doc === undefined) throw new Refusal('forbidden', 'an API key has no settings');
      if (doc.language === request.body.language) return presentUser(doc);
      const changed = { ...doc, language: request.body.language, version: doc.version + 1 };
      await store.save([{ kind: 'user', doc: changed }]);
      return presentUser(changed);
    },
  });

  function answer(done: SignedIn): z.infer<typeof signedIn> {
    return { user: presentUser(done.user), csrfToken: done.session.csrfToken };
  }
}
