/** The API's HTTP server, built and not listening: one line for each noun. Rules that hold for every route live in its hooks. */
import { randomUUID } from 'node:crypto';
import cookie from '@fastify/cookie';
import fastify, { type FastifyInstance, LogController } from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { type Access, addAccessCheck } from './access.ts';
import { createAuth } from './auth.ts';
import { addOpenApi } from './openapi.ts';
import type { ApiParts, ApiServer } from './parts.ts';
import { answerClientError, answerError, BODY_LIMIT, notFound } from './problem.ts';
import { addRequestMetrics } from './request-metrics.ts';
import { addAlerts } from './routes/alerts.ts';
import { addAudit } from './routes/audit.ts';
import { addCampaigns } from './routes/campaigns.ts';
import { addConnectors } from './routes/connectors.ts';
import { addConsole } from './routes/console.ts';
import { addEvents } from './routes/events.ts';
import { addIncidents } from './routes/incidents.ts';
import { addKeys } from './routes/keys.ts';
import { addLedger } from './routes/ledger.ts';
import { addMembers } from './routes/members.ts';
import { addProbes } from './routes/probes.ts';
import { addQueue } from './routes/queue.ts';
import { addRejects } from './routes/rejects.ts';
import { addRules } from './routes/rules.ts';
import { addSession } from './routes/session.ts';
import { addSources } from './routes/sources.ts';
import { addStatus } from './routes/status.ts';
import { addStream, createStreams } from './routes/stream.ts';
import { addUsers } from './routes/users.ts';
import { addSecurityHeaders } from './security-headers.ts';
import { createSignIn } from './sign-in.ts';

export type { ApiParts } from './parts.ts';

export interface ApiOptions {
  /** Called for each route as it is registered, e.g. by a test that walks them all. */
  readonly onRoute?: (route: { readonly method: string; readonly url: string; readonly access: Access }) => void;
  readonly heartbeatMs?: number;
}

/** Built, not listening. Closing it ends the event streams. */
export async function createApi(parts: ApiParts, options: ApiOptions = {}): Promise<FastifyInstance> {
  const server: ApiServer = fastify({
    loggerInstance: parts.log,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT,
    requestTimeout: 60_000,
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
    // Such a proxy may say whom it speaks for; anyone else is who they are.
    trustProxy: [...parts.config.trustedProxies],
    // Counted ids would tell a reader how many requests the others make.
    genReqId: () => randomUUID(),
    routerOptions: { maxParamLength: 1_500 },
    frameworkErrors: answerError,
    clientErrorHandler: answerClientError,
  });
  server.setValidatorCompiler(validatorCompiler);
  server.setSerializerCompiler(serializerCompiler);
  server.removeContentTypeParser('text/plain');
  server.setErrorHandler(answerError);
  server.setNotFoundHandler(() => {
    throw notFound();
  });

  const { onRoute } = options;
  if (onRoute !== undefined) {
    server.addHook('onRoute', ({ method, url, config }) => {
      for (const one of [method].flat()) onRoute({ method: one, url, access: config?.access ?? { roles: [] } });
    });
  }
  const auth = createAuth(parts.store, parts.config.secureCookies);
  const signIn = createSignIn(parts.store, parts.config, parts.log);
  const streams = createStreams();
  const requests = addRequestMetrics(server);
  addSecurityHeaders(server, parts.config.secureCookies);
  await server.register(cookie);
  addAccessCheck(server, auth.authenticate);
  await addOpenApi(server, parts.config.version);

  addSession(server, parts, { auth, signIn, streams });
  addMembers(server, parts);
  addSources(server, parts);
  addKeys(server, parts);
  addUsers(server, parts, { signIn });
  addAlerts(server, parts);
  addIncidents(server, parts);
  addCampaigns(server, parts);
  addEvents(server, parts);
  addRejects(server, parts);
  addRules(server, parts);
  addAudit(server, parts);
  addLedger(server, parts);
  addQueue(server, parts);
  addStatus(server, parts);
  addConnectors(server, parts);
  addStream(server, parts, {
    auth,
    streams,
    ...(options.heartbeatMs !== undefined && { heartbeatMs: options.heartbeatMs }),
  });
  addProbes(server, parts, { auth, requests, streams });
  await addConsole(server, parts);
  return server as unknown as FastifyInstance;
}
