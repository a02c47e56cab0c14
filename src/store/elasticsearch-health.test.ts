import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { need } from '../../test/services/needed.ts';
import { connectElasticsearch, type Elastic } from './elasticsearch-connection.ts';
import { type Findings, judgeCluster, readHealth } from './elasticsearch-health.ts';

const node = (name: string, free: number, total = 100) => ({
  name,
  fs: { total: { total_in_bytes: total * 2 ** 30, available_in_bytes: free * 2 ** 30 } },
});
const write = { levels: ['metadata_write', 'write'] };
const flood = { ...write, description: 'disk usage exceeded flood-stage watermark' };
const found = (change: Partial<Findings>): Findings => ({
  cluster: { status: 'green', number_of_data_nodes: 1 },
  ...{ reason: '', blocks: {}, nodes: { a: node('a', 50) } },
  ...change,
});
const yellow = (nodes: number) => ({
  cluster: { status: 'yellow', number_of_data_nodes: nodes, indices: { 'h-alert': { status: 'yellow' } } } as const,
});

describe('the judgement', () => {
  it.each<[string, Partial<Findings>, string, RegExp]>([
    ['all well', {}, 'good none', /^$/],
    ['copies that one node cannot hold', yellow(1), 'good none', /^$/],
    ['copies that two nodes could hold', yellow(2), 'strained copies-missing', /second copy of h-alert/],
    [
      'primaries missing',
      { cluster: { status: 'red', number_of_data_nodes: 2, indices: { 'h-user': { status: 'red' } } } },
      'bad shards-missing',
      /data of h-user cannot be reached/,
    ],
    ['no master', { cluster: undefined, reason: 'nobody was elected' }, 'bad no-master', /nobody was elected/],
    ['a disk getting full', { nodes: { a: node('a', 50), b: node('b', 6) } }, 'strained disk-low', /disk of b/],
    [
      'flood stage of an index',
      { blocks: { indices: { 'h-alert': { 12: flood } } } },
      'bad disk-full',
      /free disk space/,
    ],
    ['flood stage of the cluster', { blocks: { global: { 13: flood } } }, 'bad disk-full', /^the cluster: /],
    [
      'flood stage is told before what people did',
      { blocks: { indices: { a: { 8: { ...write, description: 'index write (api)' } }, b: { 12: flood } } } },
      'bad disk-full',
      /^b: /,
    ],
    [
      'set to read only by someone',
      { blocks: { indices: { a: { 5: { ...write, description: 'index read-only (api)' } } } } },
      'bad read-only',
      /take the block away/,
    ],
    [
      'a block that keeps nobody from writing',
      { blocks: { indices: { a: { 9: { description: '', levels: ['metadata_write'] } } } } },
      'good none',
      /^$/,
    ],
    ['nodes that do not tell of their disks', { nodes: { a: { name: 'a' } } }, 'good none', /^$/],
  ])('%s', (_, change, verdict, detail) => {
    const health = judgeCluster(found(change));
    expect(`${health.state} ${health.reason}`).toBe(verdict);
    expect(health.detail).toMatch(detail);
  });
});

const services = await need('elasticsearch');
services.describe('the health of a real cluster', ({ elasticsearch, prefix }) => {
  let elastic: Elastic;
  const index = `${prefix}-health`;
  const put = (path: string, body: object) => elastic.request({ method: 'PUT', path, body });
  beforeAll(async () => {
    elastic = await connectElasticsearch({ urls: [elasticsearch], prefix });
  });
  afterAll(async () => {
    await fetch(`${elasticsearch}/${prefix}-*`, { method: 'DELETE' });
    await elastic.close();
  });

  it('is well while copies alone are missing, and bad when nothing can be written or read', async () => {
    await put(`/${index}`, { settings: { number_of_shards: 1, number_of_replicas: 1 } });
    const { reason, diskTotalBytes } = await readHealth(elastic);
    expect(['none', 'disk-low']).toContain(reason);
    expect(diskTotalBytes).toBeGreaterThan(0);

    await put(`/${index}/_settings`, { 'index.blocks.read_only_allow_delete': true });
    expect(await readHealth(elastic)).toMatchObject({ state: 'bad', reason: 'disk-full' });
    await put(`/${index}/_settings`, { 'index.blocks.read_only_allow_delete': null, 'index.blocks.write': true });
    expect(await readHealth(elastic)).toMatchObject({ state: 'bad', reason: 'read-only' });
    await put(`/${index}/_settings`, { 'index.blocks.write': null });
    expect((await readHealth(elastic)).state).not.toBe('bad');

    const nowhere = { 'index.routing.allocation.require._name': randomUUID() };
    const settings = { number_of_shards: 1, number_of_replicas: 0, ...nowhere };
    await elastic.request({
      ...{ method: 'PUT', path: `/${index}-lost`, body: { settings } },
      query: { wait_for_active_shards: 0 },
    });
    const lost = await readHealth(elastic);
    expect(lost).toMatchObject({ state: 'bad', reason: 'shards-missing' });
    expect(lost.detail).toContain(`${index}-lost`);
  });

  it("is not worried by another program's indices", async () => {
    const neighbour = await connectElasticsearch({ urls: [elasticsearch], prefix: `${prefix}x` });
    expect((await readHealth(neighbour)).state).not.toBe('bad');
    await neighbour.close();
  });
});

it('says that nobody answers', { timeout: 20_000 }, async () => {
  const away: Elastic = {
    ...{ prefix: 'h', version: '9.4.3', wait: async () => undefined, close: async () => undefined },
    request: async () => {
      throw new Error('Elasticsearch: GET /_cluster/health: ConnectionError: connect ECONNREFUSED');
    },
  };
  expect(await readHealth(away)).toMatchObject({
    ...{ state: 'bad', reason: 'unreachable', diskFreeBytes: null },
    detail: expect.stringMatching(/ECONNREFUSED; check that Elasticsearch runs/),
  });
});
