/** For machines that watch the center: alive, ready, metrics, and the API's own description. Names no member to strangers. */
import { BlockList, isIPv6 } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Refusal } from '../../errors.ts';
import { anyone, checkAccess, oversight } from '../access.ts';
import type { Auth } from '../auth.ts';
import type { ApiParts, ApiServer } from '../parts.ts';
import type { RequestMetrics } from '../request-metrics.ts';
import type { Streams } from './stream.ts';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8);
loopback.addAddress('::1', 'ipv6');

/** From this machine itself, not through a proxy on it. */
function isLocal(request: FastifyRequest): boolean {
  const { forwarded, 'x-forwarded-for': forwardedFor, 'x-real-ip': realIp, via } = request.headers;
  if (forwarded !== undefined || forwardedFor !== undefined || realIp !== undefined || via !== undefined) return false;
  return loopback.check(request.ip, isIPv6(request.ip) ? 'ipv6' : 'ipv4');
}

export function addProbes(
  server: ApiServer,
  { health, metrics }: ApiParts,
  { auth, requests, streams }: { auth: Auth; requests: RequestMetrics; streams: Streams },
): void {
  /** The operator's view: from the machine itself, or by a key with oversight over all members. Throws Refusal. */
  const checkOperator = async (request: FastifyRequest): Promise<void> => {
    if (isLocal(request)) return;
    checkAccess({ ...oversight, wholeCenter: true }, await auth.authenticate(request));
  };

  server.route({
    method: ['GET', 'HEAD'],
    url: '/healthz',
    config: { access: anyone },
    schema: { hide: true, response: { 200: z.object({ alive: z.literal(true) }) } },
    handler: async () => ({ alive: true as const }),
  });

  const ready = z.object({
    ready: z.boolean(),
    checks: z.record(z.string(), z.object({ ok: z.boolean(), detail: z.string().optional() })),
  });
  server.route({
    method: ['GET', 'HEAD'],
    url: '/readyz',
    config: { access: anyone },
    schema: { hide: true, response: { 200: ready, 503: ready } },
    handler: async (request, reply) => {
      const operator = await checkOperator(request).then(
        () => true,
        (error: unknown) => {
          if (error instanceof Refusal) return false;
          throw error;
        },
      );
      const state = await health().catch((error: unknown) => {
        request.log.error({ err: error }, 'health could not be read');
        return { ready: false, checks: { health: { ok: false, detail: 'could not be read; see the log' } } };
      });
      const checks = Object.entries(state.checks).map(
        ([name, { ok, detail }]) => [name, { ok, ...(operator && { detail }) }] as const,
      );
      return reply.code(state.ready ? 200 : 503).send({ ready: state.ready, checks: Object.fromEntries(checks) });
    },
  });

  server.route({
    method: 'GET',
    url: '/metrics',
    config: { access: anyone },
    schema: { hide: true },
    handler: async (request, reply) => {
      await checkOperator(request);
      const name = 'hinomi_api_streams';
      const own = `# HELP ${name} Open event streams.\n# TYPE ${name} gauge\n${name} ${streams.size}\n`;
      const more = await metrics();
      return reply.type('text/plain; version=0.0.4; charset=utf-8').send(own + requests.text() + more);
    },
  });

  server.route({
    method: 'GET',
    url: '/openapi.json',
    config: { access: anyone },
    schema: { hide: true },
    handler: async (_request, reply) => reply.type('application/json').send(JSON.stringify(server.swagger())),
  });
}
