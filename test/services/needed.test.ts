/** The servers of a run: that they are real, and what a run says where the machine lacks them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { Client } from '@elastic/elasticsearch';
import { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { need } from './needed.ts';

(await need('redis', 'elasticsearch')).describe('the servers of the run', ({ redis, elasticsearch, prefix }) => {
  it('answer', async () => {
    const client = new Redis(redis);
    await client.set(`${prefix}:a`, '1');
    expect(await client.getdel(`${prefix}:a`)).toBe('1');
    client.disconnect();

    const search = new Client({ node: elasticsearch });
    await search.index({ index: prefix, id: '1', document: { a: 1 }, refresh: true });
    expect((await search.count({ index: prefix })).count).toBe(1);
    await search.indices.delete({ index: prefix });
    await search.close();
  });
});

async function run(file: string, environment: Record<string, string>): Promise<{ code: number; output: string }> {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(VITEST|HINOMI_)/.test(name));
  const child = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', file], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    env: { ...Object.fromEntries(inherited), NO_COLOR: '1', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { code: code as number, output: output + errors };
}

describe('a run on a machine without redis-server', { timeout: 60_000 }, () => {
  const runRedis = (environment: Record<string, string>) =>
    run('test/services/redis.test.ts', { PATH: '/nowhere', ...environment });

  it('passes, and its last lines say what was left out and why', async () => {
    const { code, output } = await runRedis({});
    expect(output).toMatch(
      /NOT RUN: .*a Redis of one’s own \(no redis: redis-server is not on the PATH.*, \d+ tests\s*$/,
    );
    expect(code).toBe(0);
  });

  it('fails where all services are required, and says what is missing', async () => {
    const { code, output } = await runRedis({ HINOMI_REQUIRE_SERVICES: '1' });
    expect(output).toMatch(/HINOMI_REQUIRE_SERVICES=1.*no redis: redis-server is not on the PATH/);
    expect(code).toBe(1);
  });
});

it('a run that was not told to leaves out what is a large download, and says how it is had', async () => {
  const cache = await mkdtemp(join(tmpdir(), 'hinomi-cache-'));
  try {
    for (const [file, megabytes] of [
      ['version-8', 107],
      ['secure', 1071],
    ]) {
      const { code, output } = await run(`src/store/elasticsearch/${file}.test.ts`, { HINOMI_SERVICES_CACHE: cache });
      expect(output).toMatch(
        new RegExp(
          `NOT RUN: .*${megabytes} MB were not fetched yet; HINOMI_FETCH_SERVICES=1 fetches.*, \\d+ tests\\s*$`,
        ),
      );
      expect(code).toBe(0);
    }
    expect(await readdir(cache)).toEqual([]);
  } finally {
    await rm(cache, { recursive: true, force: true });
  }
}, 60_000);
