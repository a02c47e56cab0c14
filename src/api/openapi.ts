/** The routes' schemas -> OpenAPI 3.1, with what all routes share: problems, security, who may use them. */
import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform } from 'fastify-type-provider-zod';
import { errorCodes } from '../errors.ts';
import type { Access } from './access.ts';
import { problem } from './schema.ts';

function describeAccess({ roles, wholeCenter, session }: Access): string {
  if (roles === 'public') return 'For anyone.';
  const whole = wholeCenter === true ? ' of all members' : '';
  return `For ${roles.join(', ')}${whole}${session === true ? ', signed in' : ''}.`;
}

/** To be called before the routes are registered. */
export async function addOpenApi(server: FastifyInstance, version: string): Promise<void> {
  const codes = Object.entries(errorCodes).map(([code, { status, title }]) => `- \`${code}\` (${status}): ${title}`);
  await server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Hinomi',
        version,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
        description: [
          'Alerts, incidents and events of a joint security operations center.',
          'Every answer holds only what its reader may see: what belongs to other members looks like what does not exist.',
          'Lists come in pages: ask again with `cursor` set to `next`. Changes name in `If-Match` the `ETag` they are made to.',
          'Errors are RFC 9457 problems, `type` being `about:blank#` and one of these codes:',
          '',
          ...codes,
        ].join('\n'),
      },
      components: {
        securitySchemes: {
          key: { type: 'http', scheme: 'bearer', description: 'API key, `hnm_…`' },
          session: {
            type: 'apiKey',
            in: 'cookie',
            name: 'hinomi_session',
            description:
              "The console's session, from POST /api/v1/session (`__Host-hinomi_session` over TLS). Changes also need header `x-csrf-token`",
          },
        },
      },
    },
    transform: jsonSchemaTransform,
  });
  server.addHook('onRoute', (route) => {
    const access = route.config?.access;
    if (route.schema === undefined || route.schema.hide === true || access === undefined) return;
    const content = { 'application/problem+json': { schema: problem } };
    route.schema = {
      ...route.schema,
      description: [route.schema.description, describeAccess(access)].filter(Boolean).join(' '),
      security:
        access.roles === 'public' ? [] : access.session === true ? [{ session: [] }] : [{ key: [] }, { session: [] }],
      response: {
        ...(route.schema.response as object | undefined),
        '4xx': { description: 'A problem on your side', content },
        '5xx': { description: 'A problem on our side', content },
      },
    };
  });
}
