import { afterEach, describe, expect, it } from 'vitest';
import { type BulkItem, IndexClosed, writeBulk } from './elasticsearch-bulk.ts';
import { RequestRefused } from './elasticsearch-connection.ts';
import {
  type Answer,
  type Asked,
  type FakeServer,
  idsOf,
  items,
  openFakeServer,
} from './elasticsearch-server.fixture.ts';
import { StoreUnavailable } from './store.ts';

let server: FakeServer;
afterEach(() => server.close());

const make = (count: number, source = '{"a":1}'): BulkItem[] =>
  Array.from({ length: count }, (_, index) => ({ op: 'create', index: 'x', id: `i${index}`, source }));
const allStored = (asked: Asked): Answer => items(...idsOf(asked).map(() => 201));
/** These answers one after the other, then everything is stored. */
async function openScript(...answers: Answer[]): Promise<void> {
  server = await openFakeServer((asked, number) => answers[number - 1] ?? allStored(asked));
}

describe('writeBulk', () => {
  it('sends again only what was not taken, and counts what was there as done', async () => {
    await openScript(
      items(
        201,
        [429, 'es_rejected_execution_exception'],
        [409, 'version_conflict_engine_exception'],
        [503, 'unavailable_shards_exception'],
      ),
    );
    const made = make(4);
    const { known, refused } = await writeBulk(server.elastic, made, 'writer');
    expect(known).toEqual([made[2]]);
    expect(refused).toEqual([]);
    expect(server.asked.map(idsOf)).toEqual([
      ['i0', 'i1', 'i2', 'i3'],
      ['i1', 'i3'],
    ]);
  });

  it.each<[string, Answer]>([
    [
      'a refusal of the whole request',
      [429, { error: { type: 'es_rejected_execution_exception', reason: 'full' }, status: 429 }],
    ],
    ['a refusal by a circuit breaker', [429, { error: { type: 'circuit_breaking_exception' }, status: 429 }]],
    ['a gateway without its server', [502, '<html>Bad Gateway</html>']],
    ['an unavailable cluster', [503, { error: { type: 'cluster_block_exception' }, status: 503 }]],
    ['a connection that is cut', (response) => response.destroy()],
    [
      'an answer that is cut',
      (response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '500' });
        response.write('{"items":[{"create":{"status":201}}');
        setTimeout(() => response.destroy(), 20);
      },
    ],
    ['an answer that is no JSON', [200, '{"items":[{"cre']],
  ])('outlives %s', async (_, answer) => {
    await openScript(answer, answer);
    expect(await writeBulk(server.elastic, make(2), 'writer')).toEqual({ known: [], refused: [] });
    expect(server.asked.map(idsOf)).toEqual([
      ['i0', 'i1'],
      ['i0', 'i1'],
      ['i0', 'i1'],
    ]);
  });

  it('waits for a slow answer instead of asking twice', async () => {
    server = await openFakeServer((asked) => (response) => {
      setTimeout(() => {
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify((allStored(asked) as [number, unknown])[1]));
      }, 400);
    });
    await writeBulk(server.elastic, make(2), 'reader');
    expect(server.asked.length).toBe(1);
  });

  it('halves what is too large, down to the one that is', async () => {
    const large = { ...(make(1)[0] as BulkItem), id: 'large', source: JSON.stringify({ a: 'x'.repeat(3_000) }) };
    // 413 comes without a body.
    server = await openFakeServer((asked) => (asked.body.length > 1_000 ? [413, ''] : allStored(asked)));
    const { refused } = await writeBulk(server.elastic, [...make(40), large], 'writer');
    expect(refused).toEqual([{ item: large, reason: expect.stringMatching(/413/) }]);
    const stored = server.asked.filter(({ body }) => body.length <= 1_000).flatMap(idsOf);
    expect(stored.sort()).toEqual(
      make(40)
        .map(({ id }) => id)
        .sort(),
    );
  });

  it('asks for less at once of a server that never has room for all of it', async () => {
    const full: Answer = [429, { error: { type: 'es_rejected_execution_exception', reason: 'full' } }];
    server = await openFakeServer((asked) => (idsOf(asked).length > 1 ? full : allStored(asked)));
    expect(await writeBulk(server.elastic, make(2), 'writer')).toEqual({ known: [], refused: [] });
    expect(server.asked.filter((asked) => idsOf(asked).length === 1)).toHaveLength(2);
  });

  it('tells what will never be taken, and why', async () => {
    await openScript(
      items(
        201,
        [400, 'document_parsing_exception'],
        [400, 'strict_dynamic_mapping_exception'],
        [400, 'illegal_argument_exception'],
      ),
    );
    const made = make(4);
    const { refused } = await writeBulk(server.elastic, made, 'writer');
    expect(refused.map(({ item }) => item)).toEqual(made.slice(1));
    expect(refused[0]?.reason).toBe('document_parsing_exception: because document_parsing_exception');
  });

  it.each([
    [403, 'cluster_block_exception', IndexClosed],
    [404, 'index_not_found_exception', IndexClosed],
    [400, 'index_closed_exception', IndexClosed],
    // Neither of these is the document's fault: nothing may be given up for them.
    [403, 'security_exception', RequestRefused],
    [400, 'validation_exception', RequestRefused],
  ])('throws for %d %s, and begins nothing more', async (status, type, error) => {
    const made = make(30, JSON.stringify({ a: 'x'.repeat(999_000) }));
    server = await openFakeServer((asked) => items(...idsOf(asked).map(() => [status, type] as const)));
    const failed = writeBulk(server.elastic, made, 'writer');
    await expect(failed).rejects.toBeInstanceOf(error);
    await expect(failed).rejects.toThrow(type);
    expect(server.asked.length).toBeLessThanOrEqual(2);
  });

  it('takes the right to write away as a refusal of the whole request', async () => {
    await openScript([403, { error: { type: 'security_exception', reason: 'unauthorized' }, status: 403 }]);
    await expect(writeBulk(server.elastic, make(1), 'writer')).rejects.toThrow(
      /refused POST \/_bulk: 403 security_exception/,
    );
  });

  it('does not take an answer that leaves items out for a yes', async () => {
    await openScript(items(201));
    await expect(writeBulk(server.elastic, make(2), 'writer')).rejects.toThrow(/without one of its items/);
    await server.close();
    await openScript([200, {}]);
    await expect(writeBulk(server.elastic, make(2), 'writer')).rejects.toThrow(/without one of its items/);
  });

  it('ends its waiting when the store is closed', async () => {
    server = await openFakeServer(() => [429, { error: { type: 'es_rejected_execution_exception' } }]);
    const waiting = writeBulk(server.elastic, make(2), 'writer');
    setTimeout(() => void server.elastic.close(), 100);
    await expect(waiting).rejects.toBeInstanceOf(StoreUnavailable);
    expect(server.asked.length).toBeGreaterThan(1);
  });

  it('says what is to be done with each item', async () => {
    await openScript(items(201, 200, 200, 200, [404, 'not_found']));
    await writeBulk(
      server.elastic,
      [
        { op: 'create', index: 'x', id: 'a"b', source: '{}' },
        { op: 'put', index: 'x', id: 'b', source: '{}', version: 7 },
        { op: 'put', index: 'x', id: 'c', source: '{}' },
        { op: 'delete', index: 'x', id: 'd', version: 8 },
        { op: 'delete', index: 'x', id: 'e' },
      ],
      'writer',
    );
    expect(server.asked[0]?.body.split('\n')).toEqual([
      '{"create":{"_index":"x","_id":"a\\"b"}}',
      '{}',
      '{"index":{"_index":"x","_id":"b","version":7,"version_type":"external"}}',
      '{}',
      '{"index":{"_index":"x","_id":"c"}}',
      '{}',
      '{"delete":{"_index":"x","_id":"d","version":8,"version_type":"external_gte"}}',
      '{"delete":{"_index":"x","_id":"e"}}',
      '',
    ]);
  });
});
