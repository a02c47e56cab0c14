/** An Elasticsearch of one's own: what it keeps over a kill, its password and its certificate. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@elastic/elasticsearch';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Elasticsearch, startElasticsearch } from './elasticsearch.ts';
import { needOwn } from './needed.ts';

let folder: string;
let node: Elasticsearch | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hinomi-elasticsearch-test-'));
});
afterEach(async () => {
  await node?.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

(await needOwn('elasticsearch')).describe('an Elasticsearch of one’s own', () => {
  it('has what it answered after kill -9 and a restart on the same port', { timeout: 400_000 }, async () => {
    node = await startElasticsearch({ folder: join(folder, 'node'), tls: true });
    const { url, password = '', ca = '', pid } = node;
    const open = (secret: string) =>
      new Client({ node: url, auth: { username: 'elastic', password: secret }, tls: { ca }, maxRetries: 0 });
    const client = open(password);
    await client.index({ index: 'kept', id: '1', document: { a: 1 } });
    await expect(open('wrong').get({ index: 'kept', id: '1' })).rejects.toThrow(/401|security_exception/);

    await node.kill('SIGKILL');
    await expect(client.get({ index: 'kept', id: '1' })).rejects.toThrow(/ECONNREFUSED/);
    await node.restart();
    expect(node.pid).not.toBe(pid);
    expect((await client.get({ index: 'kept', id: '1' }))._source).toEqual({ a: 1 });
    await client.close();
  });
});
