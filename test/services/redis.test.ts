/** A Redis of one's own: what it keeps over a kill, and that it does not outlive who started it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { needOwn } from './needed.ts';
import { startRedis } from './redis.ts';
import type { Server } from './server.ts';

let folder: string;
const started: Server[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hinomi-redis-test-'));
});
afterEach(async () => {
  for (const server of started.splice(0)) await server.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

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
    expect(await accepts(redis.url)).toBe(false);
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
    const script = `
      import { startRedis } from ${JSON.stringify(new URL('redis.ts', import.meta.url).href)};
      console.log((await startRedis({ folder: ${JSON.stringify(folder)} })).url);`;
    const starter = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(starter.stdout, 'data')) as [Buffer];
    expect(await accepts(String(line).trim())).toBe(true);
    starter.kill('SIGKILL');
    await expect.poll(() => accepts(String(line).trim()), { timeout: 10_000 }).toBe(false);
  });
});

/** Whether anything listens there: the process id of an orphan may stay taken long after its end. */
async function accepts(url: string): Promise<boolean> {
  const socket = createConnection({ host: '127.0.0.1', port: Number(new URL(url).port) });
  return await once(socket, 'connect')
    .then(
      () => true,
      () => false,
    )
    .finally(() => socket.destroy());
}
