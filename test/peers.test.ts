/** Messages between processes over a Redis that comes and goes: heard again when it is back, and nobody falls over it meanwhile. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { PeerMessage, Peers } from '../src/peers/peers.ts';
import { openRedisPeers } from '../src/peers/redis.ts';
import { openBullmqQueue } from '../src/queue/bullmq.ts';
import { need } from './services/needed.ts';
import { freePort } from './services/port.ts';

/** A way to Redis on which whoever wants to subscribe is cut off, while `deaf` is set. */
async function openWay(url: string, at = 0) {
  const { hostname, port } = new URL(url);
  const open = new Set<Socket>();
  const way = { port: 0, deaf: false, cutOff: 0, cut: () => void [...open].map((socket) => socket.destroy()) };
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const socket of [near, far]) {
      open.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        open.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.on('data', (bytes) => {
      if (way.deaf && /subscribe/i.test(bytes.toString())) {
        way.cutOff++;
        near.destroy();
      } else far.write(bytes);
    });
    far.pipe(near);
  }).listen(at, '127.0.0.1');
  await once(server, 'listening');
  way.port = (server.address() as AddressInfo).port;
  return Object.assign(way, { close: () => server.close() });
}

const services = await need('redis');
services.describe('peers over Redis', ({ redis, prefix }) => {
  const openPeers = (url: string, id: string, openMs = 10_000): Promise<Peers> =>
    openRedisPeers({ url, cluster: false, prefix, id, openMs, log: { warn: () => undefined } });

  it('hear each other, not themselves, and know of each other', { timeout: 30_000 }, async () => {
    const [first, second] = await Promise.all([openPeers(redis, 'first'), openPeers(redis, 'second')]);
    const heard: PeerMessage[] = [];
    first.listen((message) => heard.push(message));
    first.tell({ kind: 'reload', actor: 'first' });
    second.tell({ kind: 'reload', actor: 'second' });
    await expect.poll(() => heard).toEqual([{ kind: 'reload', actor: 'second' }]);
    const status = (id: string) => () => ({ id, startedAt: id }) as never;
    first.report(status('first'));
    second.report(status('second'));
    await expect.poll(async () => (await first.all()).map(({ id }) => id)).toEqual(['first', 'second']);
    await second.close();
    expect((await first.all()).map(({ id }) => id)).toEqual(['first']);
    await first.close();
  });

  it('wait for a Redis that comes a moment later', { timeout: 30_000 }, async () => {
    const port = await freePort();
    const opening = openPeers(`redis://127.0.0.1:${port}`, 'early');
    await pause(500);
    const way = await openWay(redis, port);
    const peers = await opening;
    await peers.close();
    way.close();
  });

  it('leave nothing open where none comes: a process that has failed must end', { timeout: 30_000 }, async () => {
    let tried = 0;
    const server = createServer((socket) => {
      tried++;
      socket.destroy();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `redis://:secret@127.0.0.1:${(server.address() as AddressInfo).port}`;
    const failure = await openPeers(url, 'lost', 500).catch((error: unknown) => String(error));
    expect(failure).toMatch(/Redis at 127\.0\.0\.1:\d+ cannot be used \(.+\); start it, or correct its address/);
    expect(failure).not.toContain('secret');
    const before = tried;
    expect(before).toBeGreaterThan(2);
    await pause(1_500);
    expect(tried).toBe(before);
    server.close();
  });

  it('hear again after being cut off in the middle of listening again', { timeout: 60_000 }, async () => {
    const way = await openWay(redis);
    const [peers, other] = await Promise.all([
      openPeers(`redis://127.0.0.1:${way.port}`, 'cut'),
      openPeers(redis, 'other'),
    ]);
    const queue = await openBullmqQueue({ url: `redis://127.0.0.1:${way.port}`, prefix, name: 'records' });
    const heard: PeerMessage[] = [];
    peers.listen((message) => heard.push(message));
    way.deaf = true;
    way.cut();
    // A failure that is left to nobody ends a process, and fails this test.
    await expect.poll(() => way.cutOff, { timeout: 20_000 }).toBeGreaterThan(4);
    way.deaf = false;
    const telling = (async () => {
      for (let tries = 0; tries < 100 && heard.length === 0; tries++) {
        other.tell({ kind: 'reload', actor: 'other' });
        await pause(100);
      }
    })();
    await expect.poll(() => heard.length, { timeout: 20_000 }).toBeGreaterThan(0);
    await telling;
    expect((await queue.queue.depth()).jobs).toBe(0);
    await Promise.all([queue.close(), peers.close(), other.close()]);
    way.close();
  });
});
