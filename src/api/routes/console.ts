/** The built console as static files; every other address outside the API is one of its pages. Builds nothing. */
import fastifyStatic from '@fastify/static';
import { anyone } from '../access.ts';
import type { ApiParts, ApiServer } from '../parts.ts';
import { notFound } from '../problem.ts';

/** A year: the build names these files by their content. */
const KEPT = { maxAge: 31_536_000_000, immutable: true };
const ASKED_AGAIN = { maxAge: 0, immutable: false };

/** Addresses of machines, where a page would be a wrong answer. */
const machines = /^\/(?:api|openapi\.json|metrics|healthz|readyz)(?:\/|$)/;

const notBuilt = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Hinomi</title>
<h1>Hinomi</h1>
<p>The center is running, but its console has not been built. <code>bin/hinomi serve</code> builds it when it starts;
by hand it is <code>node_modules/.bin/vite build src/console</code>.</p>
<p>The API is described at <a href="/openapi.json">/openapi.json</a>.</p>
`;

export async function addConsole(server: ApiServer, { consoleFolder }: ApiParts): Promise<void> {
  if (consoleFolder !== undefined) {
    await server.register(fastifyStatic, { root: consoleFolder, serve: false, dotfiles: 'ignore' });
  }
  server.route({
    method: ['GET', 'HEAD'],
    url: '/*',
    config: { access: anyone },
    schema: { hide: true },
    handler: async (request, reply) => {
      const path = new URL(request.url, 'http://console').pathname;
      if (machines.test(path)) throw notFound();
      if (consoleFolder === undefined) return reply.type('text/html; charset=utf-8').send(notBuilt);
      if (path.startsWith('/assets/')) return reply.sendFile(path.slice(1), KEPT);
      // Files that lie beside the page (the icon) have an extension and no folder; pages have ids with dots, but in folders.
      if (/^\/[^/]+\.[a-z0-9]+$/.test(path)) return reply.sendFile(path.slice(1), ASKED_AGAIN);
      return reply.sendFile('index.html', ASKED_AGAIN);
    },
  });
}
