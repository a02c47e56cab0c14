/** A server that says it is an Elasticsearch and answers what a test tells it to. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connectElasticsearch, type Elastic } from './elasticsearch-connection.ts';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: string;
  readonly headers: IncomingHttpHeaders;
}

/** Answer to one request: status and JSON or text, or what to do with the connection instead. */
export type Answer = readonly [status: number, body: unknown] | ((response: ServerResponse) => void);

export interface FakeServer {
  readonly elastic: Elastic;
  readonly asked: readonly Asked[];
  close(): Promise<void>;
}

export async function openFakeServer(
  answer: (asked: Asked, number: number) => Answer,
  version = '9.4.3',
): Promise<FakeServer> {
  const asked: Asked[] = [];
  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('x-elastic-product', 'Elasticsearch');
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (request.url?.startsWith('/_nodes/_local') === true) return send(response, [200, { nodes: { n: { version } } }]);
    const one = {
      method: request.method as string,
      path: request.url as string,
      body: Buffer.concat(chunks).toString(),
      headers: request.headers,
    };
    asked.push(one);
    send(response, answer(one, asked.length));
  }
  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const elastic = await connectElasticsearch({ urls: [`http://127.0.0.1:${(server.address() as AddressInfo).port}`] });
  return {
    elastic,
    asked,
    async close() {
      await elastic.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function send(response: ServerResponse, answer: Answer): void {
  if (typeof answer === 'function') {
    answer(response);
    return;
  }
  const [status, body] = answer;
  response.statusCode = status;
  response.setHeader('content-type', 'application/vnd.elasticsearch+json; compatible-with=9');
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

/** Ids in a bulk request, in order. */
export const idsOf = ({ body }: Asked): string[] =>
  [...body.matchAll(/^\{"(?:create|index|delete)":\{[^\n]*?"_id":("[^"]*")/gm)].map(([, id]) =>
    JSON.parse(id as string),
  );

/** An answer to a bulk request: a status for each item, with the error's type where it is one. */
export const items = (...outcomes: readonly (number | readonly [status: number, type: string])[]): Answer => [
  200,
  {
    items: outcomes.map((outcome) => {
      const [status, type] = typeof outcome === 'number' ? [outcome, undefined] : outcome;
      return { create: { status, ...(type !== undefined && { error: { type, reason: `because ${type}` } }) } };
    }),
  },
];
