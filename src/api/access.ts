/**
 * Which roles may use which route. Each route declares it in its `config`; a route without a declaration cannot be registered.
 * What a reader may see within a route is the scope's affair, not this file's.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Refusal } from '../errors.ts';
import type { Role } from '../model/access.ts';
import type { Reader } from './reader.ts';

export interface Access {
  /** 'public': anyone, without signing in. */
  readonly roles: readonly Role[] | 'public';
  /** Only for readers of all members: what it shows or changes belongs to no single member. */
  readonly wholeCenter?: true;
  /** Only with a console session; an API key has none. */
  readonly session?: true;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
  }
  interface FastifyRequest {
    /** Null on public routes and until the reader is known. */
    reader: Reader | null;
  }
}

export const anyone: Access = { roles: 'public' };
export const everyRole: Access = { roles: ['admin', 'analyst', 'responder', 'member', 'auditor'] };
export const centerStaff: Access = { roles: ['admin', 'analyst', 'responder', 'auditor'] };
/** What belongs to no single member: the machinery of the center. */
export const wholeStaff: Access = { ...centerStaff, wholeCenter: true };
/** Work on alerts, incidents and campaigns. */
export const caseWork: Access = { roles: ['admin', 'analyst'] };
export const commenting: Access = { roles: ['admin', 'analyst', 'responder', 'member'] };
export const administration: Access = { roles: ['admin'] };
export const wholeAdministration: Access = { roles: ['admin'], wholeCenter: true };
export const oversight: Access = { roles: ['admin', 'auditor'] };

/** The reader of a request to a route that is not public. */
export function readerOf(request: FastifyRequest): Reader {
  if (request.reader === null) throw new Error(`${request.method} ${request.routeOptions.url} has no reader`);
  return request.reader;
}

/** Throws Refusal "forbidden" when the reader may not use the route. */
export function checkAccess(access: Access, reader: Reader): void {
  if (access.roles !== 'public' && !access.roles.includes(reader.role)) {
    throw new Refusal('forbidden', `the role "${reader.role}" may not do this; it is for: ${access.roles.join(', ')}`);
  }
  if (access.wholeCenter === true && !reader.whole) {
    throw new Refusal('forbidden', 'this concerns the whole center; it is for readers of all members');
  }
  if (access.session === true && reader.session === undefined) {
    throw new Refusal('forbidden', 'this is for people who signed in, not for API keys');
  }
}

/** Looks at each route when it is registered, and at each request before its body is read. */
export function addAccessCheck(
  server: FastifyInstance,
  authenticate: (request: FastifyRequest) => Promise<Reader>,
): void {
  server.decorateRequest('reader', null);
  server.addHook('onRoute', ({ method, url, config }) => {
    if (config?.access === undefined) throw new Error(`${String(method)} ${url} does not say which roles may use it`);
  });
  server.addHook('onRequest', async (request) => {
    // Without a route there is nothing to protect but the answer "not found", which needs no reader.
    const access = request.is404 ? anyone : request.routeOptions.config.access;
    if (access === undefined) throw new Refusal('forbidden', 'nobody may use this');
    if (access.roles === 'public') return;
    const reader = await authenticate(request);
    checkAccess(access, reader);
    request.reader = reader;
  });
}
