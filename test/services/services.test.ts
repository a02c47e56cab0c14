/** The servers that other tests stand on: what they keep over a kill, and that none outlives who started it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startElasticsearch } from './elasticsearch.ts';
import { need, needOwn } from './needed.ts';
import { startRedis } from './redis.ts';
import type { Server } from './server.ts';

let folder: string;
const started: Server[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hinomi-services-test-'));
});
afterEach(async () => {
  for (const server of started.splice(0)) await server.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

(await needOwn('redis')).describe('a Redis of one’s own', () => {
  it.each([
    [true, 'kept'],
    [false, null],
  ])('with appendonly %s has after kill -9 and a restart: %s', async (appendonly, expected) => {
    const redis = await startRedis({ folder, appendonly });
    started.push(redis);
    const client = new Redis(redis.url, { retryStrategy: () => 20 });
    client.on('error', () => {});
    await client.set('a', 'kept');
    const before = redis.pid;
    await redis.kill('SIGKILL');
    expect(isRunning(before)).toBe(false);
    await redis.restart();
    expect(redis.pid).not.toBe(before);
    expect(await client.get('a')).toBe(expected);
    client.disconnect();
  });

  it('refuses writes when it is full, instead of forgetting', async () => {
    const redis = await startRedis({ folder, maxmemory: '3mb' });
    started.push(redis);
    const client = new Redis(redis.url);
    const fill = async (): Promise<void> => {
      for (let index = 0; index < 100; index++) await client.set(`k${index}`, Buffer.alloc(100_000));
    };
    await expect(fill()).rejects.toThrow(/OOM/);
    expect(await client.exists('k0')).toBe(1);
    client.disconnect();
  });

  it('says why it does not start', async () => {
    await expect(startRedis({ folder, config: { maxmemory: 'plenty' } })).rejects.toThrow(/maxmemory/);
  });

  it('ends when the process that started it is killed -9', async () => {
    const starter = spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `import { startRedis } from ${JSON.stringify(new URL('redis.ts', import.meta.url).href)};
         const redis = await startRedis({ folder: ${JSON.stringify(folder)} });
         console.log(redis.pid);`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const [line] = (await once(starter.stdout, 'data')) as [Buffer];
    const pid = Number(String(line).trim());
    expect(isRunning(pid)).toBe(true);
    starter.kill('SIGKILL');
    await expect.poll(() => isRunning(pid), { timeout: 5000 }).toBe(false);
  });
});

(await need('redis', 'elasticsearch')).describe('the servers of the run', ({ redis, elasticsearch, prefix }) => {
  it('answer', async () => {
    const client = new Redis(redis);
    await client.set(`${prefix}:a`, '1');
    expect(await client.getdel(`${prefix}:a`)).toBe('1');
    client.disconnect();
    const health = await fetch(`${elasticsearch}/_cluster/health`);
    expect(health.headers.get('x-elastic-product')).toBe('Elasticsearch');
    expect(((await health.json()) as { status: string }).status).toMatch(/green|yellow/);
  });
});

(await needOwn('elasticsearch')).describe('an Elasticsearch of one’s own', () => {
  it('has what it answered after kill -9 and a restart on the same port', { timeout: 240_000 }, async () => {
    await chmod(folder, 0o755);
    const node = await startElasticsearch({ folder: join(folder, 'node'), security: true });
    started.push(node);
    const headers = {
      'content-type': 'application/json',
      authorization: `Basic ${Buffer.from(`elastic:${node.password}`).toString('base64')}`,
    };
    const document = `${node.url}/kept/_doc/1`;
    expect((await fetch(document)).status).toBe(401);
    expect((await fetch(document, { method: 'PUT', headers, body: '{"a":1}' })).status).toBe(201);
    const before = node.pid;
    await node.kill('SIGKILL');
    expect(isRunning(before)).toBe(false);
    await node.restart();
    expect(node.pid).not.toBe(before);
    expect(((await (await fetch(document, { headers })).json()) as { _source: unknown })._source).toEqual({ a: 1 });
  });
});
