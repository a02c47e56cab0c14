/** What a center hears from what is no Elasticsearch, or none that it can use; real ones are in secure.test.ts. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { StoreUnavailable } from '../store.ts';
import { connectElasticsearch, type ElasticsearchOptions, RequestRefused } from './connection.ts';
import { openFakeServer } from './server.fixture.ts';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** Its place, host:port. */
async function listen(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const SECRET = 'Tr0ub4dor';
const says =
  (status: number, body: string, headers: Record<string, string> = {}): RequestListener =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(body);
  };
const product = { 'x-elastic-product': 'Elasticsearch' };
const nodes = (version: string): string => JSON.stringify({ nodes: { n: { version } } });

async function refusal(options: ElasticsearchOptions): Promise<string> {
  const error = await connectElasticsearch(options).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Error);
  const { message, stack, cause } = error as Error;
  expect(`${message} ${stack} ${String(cause)}`).not.toContain(SECRET);
  return message;
}

describe('connecting', () => {
  it.each<[string, RequestListener, RegExp]>([
    ['OpenSearch', says(200, nodes('3.6.0')), /what answers there is not Elasticsearch; mend the address/],
    [
      'OpenSearch that minds the version',
      says(406, '{"error":"Content-Type header is not supported","status":406}'),
      /not Elasticsearch; mend the address \(it answered 406: Content-Type header is not supported\)/,
    ],
    [
      'a web server',
      says(404, '<html>nothing here</html>', { 'content-type': 'text/html' }),
      /not Elasticsearch.*it answered 404/,
    ],
    ['a web page', says(200, '<html></html>', { 'content-type': 'text/html' }), /not Elasticsearch/],
    ['what leads elsewhere', says(301, '', { location: 'https://192.0.2.1/' }), /works with versions 8 and 9/],
    [
      'Elasticsearch 7',
      says(200, nodes('7.17.29'), product),
      /Elasticsearch 7\.17\.29; this center works with versions/,
    ],
    ['a gateway without its server', says(502, '<html>'), /no Elasticsearch answers; start it, or mend the address/],
    ['one that is cut off', (_, response) => response.destroy(), /it closed the connection; if it speaks https/],
    [
      'a wrong password',
      says(401, '{"error":{"type":"security_exception","reason":"unable to authenticate user [hinomi]"}}'),
      /user, password or API key is wrong: security_exception: unable to authenticate user \[hinomi\]/,
    ],
    [
      'an account without privileges',
      says(403, '{"error":{"type":"security_exception","reason":"granted by [monitor]"}}'),
      /may not see what the center needs: .*granted by \[monitor\]/,
    ],
  ])('says what to do about %s, and no password', async (_, answer, expected) => {
    const place = await listen(answer);
    const message = await refusal({ urls: [`http://hinomi:${SECRET}@${place}`] });
    expect(message).toMatch(expected);
    expect(message.startsWith(`${place}: `)).toBe(true);
    expect(await refusal({ urls: [`http://${place}`], apiKey: SECRET })).toMatch(expected);
  });

  it('tells one who names no account from one who names a wrong one', async () => {
    const place = await listen(says(401, '{"error":{"type":"security_exception","reason":"missing credentials"}}'));
    expect(await refusal({ urls: [`http://${place}`] })).toMatch(/it asks who one is; write user and password into/);
  });

  it('tells one who writes https where http is spoken', async () => {
    const place = await listen(says(200, nodes('9.4.3'), product));
    expect(await refusal({ urls: [`https://hinomi:${SECRET}@${place}`] })).toMatch(/does not speak https; write http:/);
  });

  it('tells of a password that was not encoded', async () => {
    const message = await refusal({ urls: [`http://hinomi:${SECRET}%@192.0.2.1:9200`] });
    expect(message).toMatch(/percent-encoded; write "%" as "%25"/);
  });

  it('says it when nobody is there', async () => {
    const message = await refusal({ urls: [`http://hinomi:${SECRET}@127.0.0.1:1`] });
    expect(message).toBe(
      '127.0.0.1:1: no Elasticsearch answers; start it, or mend the address: ConnectionError: connect ECONNREFUSED 127.0.0.1:1 (store.elasticsearch)',
    );
  });
});

describe('connecting to what is not there yet', () => {
  const waiting = (openMs: number, signal?: AbortSignal) => {
    const told: string[] = [];
    return { told, openMs, signal, warn: (text: string) => void told.push(text) };
  };
  /** Answers with the first, then with the second, and so on; with the last one from then on. */
  const inTurn = (
    ...answers: readonly RequestListener[]
  ): { readonly asked: () => number; answer: RequestListener } => {
    let asked = 0;
    return {
      asked: () => asked,
      answer: (request, response) => answers[Math.min(asked++, answers.length - 1)]?.(request, response),
    };
  };
  const begins = says(503, '{"error":{"type":"cluster_block_exception","reason":"not recovered"}}');
  const refuses = says(401, '{"error":{"type":"security_exception","reason":"unable to authenticate"}}');
  const works = says(200, nodes('9.4.3'), product);

  it('waits, says so once, and bears that a node which begins refuses the right password', async () => {
    const { answer } = inTurn(begins, begins, refuses, works);
    const opening = waiting(20_000);
    const elastic = await connectElasticsearch({ urls: [`http://hinomi:${SECRET}@${await listen(answer)}`] }, opening);
    expect(elastic.version).toBe('9.4.3');
    expect(opening.told).toEqual([
      expect.stringMatching(/no Elasticsearch answers; start it, .*not recovered.*; waiting for it, 20 s at most$/),
    ]);
    expect(opening.told.join()).not.toContain(SECRET);
    await elastic.close();
  });

  it('does not wait where that mends nothing', async () => {
    const { asked, answer } = inTurn(refuses);
    const opening = waiting(20_000);
    await expect(connectElasticsearch({ urls: [`http://${await listen(answer)}`] }, opening)).rejects.toThrow(
      /who one is/,
    );
    expect([asked(), opening.told]).toEqual([1, []]);
  });

  it.each<[string, number, number]>([
    ['when its time is over', 100, 60_000],
    ['when it is told to', 60_000, 100],
  ])('gives up %s', async (_, openMs, stopMs) => {
    const opening = waiting(openMs, AbortSignal.timeout(stopMs));
    const from = performance.now();
    await expect(connectElasticsearch({ urls: ['http://127.0.0.1:1'] }, opening)).rejects.toThrow(/no Elasticsearch/);
    expect(performance.now() - from).toBeLessThan(10_000);
  });
});

describe('the file of the authority', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hinomi-ca-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('has to be there, and to hold a certificate', async () => {
    const caFile = join(folder, 'ca.pem');
    const options = { urls: [`https://hinomi:${SECRET}@127.0.0.1:1`], caFile };
    expect(await refusal(options)).toBe(`store.elasticsearch.caFile: ${caFile}: there is no such file`);
    await writeFile(caFile, '-----BEGIN CERTIFICATE-----\nnothing\n-----END CERTIFICATE-----\n');
    expect(await refusal(options)).toMatch(/ca\.pem: no certificate in PEM can be read there/);
  });
});

it.each(['8.11.0', '8.19.21', '9.0.0', '9.4.3'])('speaks to %s as it wants to be spoken to', async (version) => {
  const server = await openFakeServer(() => [200, {}], version);
  expect(server.elastic.version).toBe(version);
  await server.elastic.request({ method: 'PUT', path: '/x', body: { a: 1 } });
  await server.elastic.request({ method: 'POST', path: '/_bulk', lines: '{}\n' });
  const marked = `compatible-with=${version[0]}`;
  for (const { headers } of server.asked) {
    expect(headers.accept).toContain(marked);
    expect(headers['content-type']).toContain(marked);
  }
  expect(server.asked.map(({ body }) => body)).toEqual(['{"a":1}', '{}\n']);
  await server.close();
});

it('repeats what can pass, and throws at once what cannot', async () => {
  const server = await openFakeServer((_, number) =>
    number < 3 ? [503, {}] : [404, { error: { type: 'gone', reason: 'away' } }],
  );
  const get = server.elastic.request({ method: 'GET', path: '/x' });
  await expect(get).rejects.toBeInstanceOf(RequestRefused);
  await expect(get).rejects.toThrow('Elasticsearch refused GET /x: 404 gone: away');
  expect(server.asked.length).toBe(3);
  expect(await server.elastic.request({ method: 'GET', path: '/x', accept: [404] })).toMatchObject({ status: 404 });
  await server.elastic.close();
  await expect(server.elastic.request({ method: 'GET', path: '/x' })).rejects.toBeInstanceOf(StoreUnavailable);
  await server.close();
});
