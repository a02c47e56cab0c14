/** An intake for the tests of sending: keeps what it accepts by key, and fails as each test tells it to. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import type { Receipt } from '../model/batch.ts';

export interface Post {
  readonly key: string;
  readonly body: Buffer;
  readonly headers: IncomingMessage['headers'];
}

export interface FakeIntake {
  readonly url: string;
  /** Accepted, once per key, in order. */
  readonly posts: readonly Post[];
  /** All requests to /ingest. */
  readonly tries: () => number;
  /** Greatest number of requests at one time. */
  readonly most: () => number;
  /** Texts of the accepted bodies, sorted by the first number in them. */
  readonly lines: () => string[];
  close(): Promise<void>;
}

/** "accept" keeps the batch; "lose" keeps it and breaks the connection instead of answering; a number is an answer's status. */
export type Behaviour =
  | 'accept'
  | 'lose'
  | 'break'
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string };

export async function openFakeIntake(
  behave: (tries: number, post: Post) => Behaviour = () => 'accept',
  receipt: (batchId: string, asked: number) => Partial<Receipt> | undefined = () => ({}),
): Promise<FakeIntake> {
  const posts = new Map<string, Post>();
  let tries = 0;
  let now = 0;
  let most = 0;
  let asked = 0;

  const records = (body: Buffer): string[] =>
    body
      .toString()
      .split('\n')
      .filter((line) => line.trim() !== '');

  async function ingest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    most = Math.max(most, ++now);
    response.once('close', () => now--);
    const packed = await buffer(request);
    const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(packed) : zstdDecompressSync(packed);
    const post: Post = { key: String(request.headers['idempotency-key']), body, headers: request.headers };
    const behaviour = behave(++tries, post);
    if (behaviour === 'break') return void request.socket.destroy();
    if (typeof behaviour === 'object') {
      response.writeHead(behaviour.status, behaviour.headers).end(behaviour.body);
      return;
    }
    const known = posts.has(post.key);
    if (!known) posts.set(post.key, post);
    if (behaviour === 'lose') return void request.socket.destroy();
    const batchId = post.key.slice(0, 26);
    response.writeHead(202, { 'content-type': 'application/json' }).end(
      JSON.stringify({
        batchId,
        sourceId: 'm.s',
        receivedAt: '2026-11-23T00:00:00.000Z',
        records: records(body).length,
        known,
      }),
    );
  }

  function tell(batchId: string, response: ServerResponse): void {
    const post = [...posts.values()].find(({ key }) => key.startsWith(batchId));
    const changed = post === undefined ? undefined : receipt(batchId, ++asked);
    if (post === undefined || changed === undefined) return void response.writeHead(404).end('{}');
    const count = records(post.body).length;
    response
      .writeHead(200)
      .end(
        JSON.stringify({ batchId, state: 'done', records: count, events: count, rejects: 0, alerts: 1, ...changed }),
      );
  }

  const server = createServer((request, response) => {
    const id = /^\/ingest\/receipts\/(.+)$/.exec(request.url ?? '')?.[1];
    if (request.url === '/ingest' && request.method === 'POST') {
      ingest(request, response).catch(() => response.destroy());
    } else if (id !== undefined) tell(id, response);
    else response.writeHead(404).end('<h1>no such page</h1>');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get posts() {
      return [...posts.values()];
    },
    tries: () => tries,
    most: () => most,
    lines: () =>
      [...posts.values()]
        .flatMap(({ body }) => records(body))
        .sort((a, b) => Number(/\d+/.exec(a)?.[0]) - Number(/\d+/.exec(b)?.[0])),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
