/** The cluster's store on Elasticsearch 8: the same contracts, spoken to in its own version. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openUnderTest } from '../../../test/elasticsearch-store.ts';
import { type Elasticsearch, startElasticsearch } from '../../../test/services/elasticsearch.ts';
import { needOwn } from '../../../test/services/needed.ts';
import { storeContract } from '../store.contract.ts';
import { connectElasticsearch } from './connection.ts';
import { journalContract } from './journal.contract.ts';

const services = await needOwn('elasticsearch-8');
services.describe('Elasticsearch 8', ({ prefix }) => {
  let folder: string;
  let node: Elasticsearch;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hinomi-elasticsearch-8-'));
    node = await startElasticsearch({ folder: join(folder, 'node'), version: '8.19.21' });
  }, 200_000);
  afterAll(async () => {
    await node?.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });

  it('is known by its answer, without being told of', async () => {
    const elastic = await connectElasticsearch({ urls: [node.url], prefix });
    expect(elastic.version).toBe('8.19.21');
    await elastic.close();
  });

  let number = 0;
  storeContract('elasticsearch 8', async () => {
    return openUnderTest({ urls: [node.url], prefix: `${prefix}-${number++}` });
  });

  journalContract(() => node.url, prefix);
});
