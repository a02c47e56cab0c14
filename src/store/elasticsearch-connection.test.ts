import { expect, it } from 'vitest';
import { connectElasticsearch, RequestRefused } from './elasticsearch-connection.ts';
import { openFakeServer } from './elasticsearch-server.fixture.ts';
import { StoreUnavailable } from './store.ts';

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

it('refuses versions that it does not know', async () => {
  await expect(openFakeServer(() => [200, {}], '7.17.29')).rejects.toThrow(
    /Elasticsearch 7\.17\.29; .* versions 8 and 9/,
  );
});

it('says what to do when nobody answers, and no password', async () => {
  const refused = connectElasticsearch({ urls: ['http://someone:secret@127.0.0.1:1'] });
  await expect(refused).rejects.toThrow(/^127\.0\.0\.1:1: no Elasticsearch answers; start it, or mend the address/);
  await expect(refused).rejects.not.toThrow(/secret/);
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
