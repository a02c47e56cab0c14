/** What every answer tells browsers: run nothing of others, be framed by nobody, send our addresses nowhere. No CORS at all. */
import type { FastifyInstance } from 'fastify';

const policy = [
  "default-src 'self'",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

const headers: Readonly<Record<string, string>> = {
  'content-security-policy': policy,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
};

export function addSecurityHeaders(server: FastifyInstance, secure: boolean): void {
  server.addHook('onRequest', async (_request, reply) => {
    reply.headers(headers);
    if (secure) reply.header('strict-transport-security', 'max-age=31536000');
  });
  server.addHook('onSend', async (_request, reply) => {
    // Answers hold what one reader may see; only files of the console say themselves how long they may be kept.
    if (reply.getHeader('cache-control') === undefined) reply.header('cache-control', 'no-store');
  });
}
