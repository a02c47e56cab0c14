/** People who sign in. They set their own passwords, through one-time links that an administrator hands them. */
import { z } from 'zod';
import { Refusal } from '../../errors.ts';
import { hashId } from '../../ids.ts';
import { type MemberAccess, memberAccess, type Role, role, type User, user } from '../../model/access.ts';
import { CENTER_SCOPE } from '../../model/scope.ts';
import type { Store } from '../../store/store.ts';
import { oversight, readerOf, wholeAdministration } from '../access.ts';
import { auditChange, difference } from '../audit-entry.ts';
import { checkVersion, readOne, saveAll, tagVersion } from '../change.ts';
import type { ApiParts, ApiServer } from '../parts.ts';
import { idParams, listOf, login, page, pageOf, where } from '../schema.ts';
import type { SignIn } from '../sign-in.ts';

const language = user.shape.language.removeDefault();
const userView = z.object({
  id: z.string(),
  login: z.string(),
  name: z.string(),
  role,
  members: memberAccess,
  language,
  hasPassword: z.boolean(),
  lockedUntil: z.iso.datetime().nullable(),
  createdAt: z.iso.datetime(),
  version: z.int(),
});
const setupLink = z.object({
  setupToken: z.string().describe('Told once; good for one use'),
  setupPath: z.string().describe("Path in the console, for the person's first visit"),
  expiresAt: z.iso.datetime(),
});

function presentUser({ passwordHash, failedLogins: _, ...doc }: User): z.infer<typeof userView> {
  return { ...doc, hasPassword: passwordHash !== '' };
}

const wrong = (field: string, message: string): Refusal =>
  new Refusal('invalid-request', `${field}: ${message}`, { extra: { errors: [{ field, message }] } });

/** Role and members must fit each other, and the members exist. Throws Refusal "invalid-request". */
export async function checkMembers(store: Store, given: { role: Role; members: MemberAccess }): Promise<void> {
  const { role, members } = given;
  if (role === 'member' && (members === 'all' || members.length !== 1)) {
    throw wrong('body.members', 'the role "member" has exactly one');
  }
  if (members === 'all') return;
  const found = await Promise.all(members.map((id) => store.get('member', CENTER_SCOPE, id)));
  const missing = members.filter((_, index) => found[index] === undefined);
  if (missing.length > 0) throw wrong('body.members', `no such member: ${missing.slice(0, 5).join(', ')}`);
}

export function addUsers(server: ApiServer, parts: ApiParts, { signIn }: { signIn: SignIn }): void {
  const { store } = parts;

  const linkAnswer = (token: string, expiresAt: string): z.infer<typeof setupLink> => ({
    setupToken: token,
    setupPath: `/setup#${token}`,
    expiresAt,
  });

  server.route({
    method: 'GET',
    url: '/api/v1/users',
    config: { access: oversight },
    schema: {
      operationId: 'listUsers',
      summary: 'People, by login',
      tags: ['users'],
      querystring: page.extend({ role: role.optional() }),
      response: { 200: listOf(userView) },
    },
    handler: async (request) => {
      const found = await store.find('user', readerOf(request).scope, {
        where: where({ role: request.query.role }),
        order: 'oldest',
        ...pageOf(request.query),
      });
      return { ...found, items: found.items.map(presentUser) };
    },
  });

  server.route({
    method: 'GET',
    url: '/api/v1/users/:id',
    config: { access: oversight },
    schema: {
      operationId: 'getUser',
      summary: 'One person',
      tags: ['users'],
      params: idParams,
      response: { 200: userView },
    },
    handler: async (request, reply) => {
      const doc = await readOne(store, 'user', readerOf(request), request.params.id);
      tagVersion(reply, doc);
      return presentUser(doc);
    },
  });

  server.route({
    method: 'POST',
    url: '/api/v1/users',
    config: { access: wholeAdministration },
    schema: {
      operationId: 'createUser',
      summary: 'Add a person; answers the one-time link with which they choose a password',
      tags: ['users'],
      body: z.strictObject({
        login,
        name: user.shape.name,
        role,
        members: memberAccess,
        language: user.shape.language,
      }),
      response: { 201: setupLink.extend({ user: userView }) },
    },
    handler: async (request, reply) => {
      const { body } = request;
      await checkMembers(store, body);
      // The id follows from the login, so that two who add the same login at once cannot both succeed.
      const id = hashId('user', body.login);
      const [sameLogin, sameId] = await Promise.all([
        store.find('user', CENTER_SCOPE, { where: { login: body.login }, limit: 1 }),
        store.get('user', CENTER_SCOPE, id),
      ]);
      if (sameLogin.items.length > 0 || sameId !== undefined) {
        throw new Refusal('conflict', `there is a login "${body.login}" already`);
      }
      const doc: User = {
        ...body,
        id,
        passwordHash: '',
        failedLogins: 0,
        lockedUntil: null,
        createdAt: new Date().toISOString(),
        version: 1,
      };
      const { token, expiresAt, changes } = await signIn.setupLink(id);
      await saveAll(parts, [
        { kind: 'user', doc },
        ...changes,
        auditChange({
          actor: readerOf(request).actor,
          action: 'user.create',
          target: { kind: 'user', id },
          memberId: null,
          after: { login: doc.login, name: doc.name, role: doc.role, members: doc.members },
        }),
      ]);
      tagVersion(reply.code(201), doc);
      return { user: presentUser(doc), ...linkAnswer(token, expiresAt) };
    },
  });

  server.route({
    method: 'PATCH',
    url: '/api/v1/users/:id',
    config: { access: wholeAdministration },
    schema: {
      operationId: 'patchUser',
      summary: 'Change name, role or members; needs If-Match. Holds at once, for open sessions too',
      tags: ['users'],
      params: idParams,
      body: z.strictObject({
        name: user.shape.name.optional(),
        role: role.optional(),
        members: memberAccess.optional(),
        language: language.optional(),
      }),
      response: { 200: userView },
    },
    handler: async (request, reply) => {
      const reader = readerOf(request);
      const doc = await readOne(store, 'user', reader, request.params.id);
      checkVersion(request, doc);
      const changed = difference(doc, request.body as Partial<User>);
      if (doc.id === reader.user?.id && (changed?.after.role !== undefined || changed?.after.members !== undefined)) {
        throw new Refusal('conflict', 'nobody takes away their own role; ask another administrator');
      }
      const next: User = changed === undefined ? doc : { ...doc, ...changed.after, version: doc.version + 1 };
      if (changed !== undefined) {
        await checkMembers(store, next);
        await saveAll(parts, [
          { kind: 'user', doc: next },
          auditChange({
            actor: reader.actor,
            action: 'user.change',
            target: { kind: 'user', id: doc.id },
            memberId: null,
            ...changed,
          }),
        ]);
      }
      tagVersion(reply, next);
      return presentUser(next);
    },
  });

  server.route({
    method: 'POST',
    url: '/api/v1/users/:id/setup-link',
    config: { access: wholeAdministration },
    schema: {
      operationId: 'createSetupLink',
      summary:
        'A new one-time link, for a forgotten password; earlier links end, the password of now stays until it is used',
      tags: ['users'],
      params: idParams,
      response: { 201: setupLink },
    },
    handler: async (request, reply) => {
      const reader = readerOf(request);
      const doc = await readOne(store, 'user', reader, request.params.id);
      const { token, expiresAt, changes } = await signIn.setupLink(doc.id);
      await saveAll(parts, [
        ...changes,
        auditChange({
          actor: reader.actor,
          action: 'user.setup-link',
          target: { kind: 'user', id: doc.id },
          memberId: null,
          after: { expiresAt },
        }),
      ]);
      reply.code(201);
      return linkAnswer(token, expiresAt);
    },
  });
}
