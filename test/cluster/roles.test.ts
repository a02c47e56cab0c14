/** Processes of a cluster together: screens at every api see what happens anywhere, rules read anew are read anew everywhere. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Alert } from '../../src/model/alert.ts';
import { openElasticsearchStore } from '../../src/store/elasticsearch.ts';
import { addApiKey, addSource } from '../center.ts';
import { probe } from '../reload.ts';
import { need } from '../services/needed.ts';
import { type CenterProcess, clusterEnvironment, createProcess } from './processes.ts';

const services = await need('redis', 'elasticsearch');
services.describe('roles', ({ redis, elasticsearch, prefix }) => {
  let folder: string;
  let processes: CenterProcess[];
  let ingestKey: string;
  let authorization: string;
  const apis = (): readonly CenterProcess[] => processes.filter(({ role }) => role === 'api');

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hinomi-roles-'));
    await writeFile(join(folder, 'probe.yml'), probe('probe', '/probe'));
    const store = await openElasticsearchStore({ urls: [elasticsearch], prefix });
    ingestKey = await addSource(store, 'minami-museum', 'web', 'web-access');
    authorization = `Bearer ${await addApiKey(store, 'admin', 'all')}`;
    await store.close();
    const env = {
      ...clusterEnvironment(redis, elasticsearch, prefix),
      HINOMI_RULES_SHIPPED: 'false',
      HINOMI_RULES_FOLDERS: folder,
    };
    const roles = ['intake', 'worker', 'correlator', 'api', 'api'] as const;
    processes = await Promise.all(roles.map((role) => createProcess(role, env, join(folder, 'data'))));
    await Promise.all(processes.map((process) => process.start()));
  }, 120_000);
  afterAll(async () => {
    await Promise.all(processes.map((process) => process.kill()));
    await fetch(`${elasticsearch}/${prefix}-*`, { method: 'DELETE' });
    await rm(folder, { recursive: true, force: true });
  });

  async function call<T>(process: CenterProcess, path: string, init: RequestInit = {}): Promise<T> {
    const answer = await fetch(`${process.url}/api/v1/${path}`, {
      ...init,
      headers: { authorization, ...init.headers },
    });
    expect(answer.status, `${path}: ${answer.status}`).toBe(200);
    return (await answer.json()) as T;
  }

  async function send(path: string): Promise<void> {
    const answer = await fetch(`${processes[0]?.url}/ingest`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ingestKey}`, 'content-type': 'text/plain' },
      body: `192.0.2.7 - - [20/Nov/2026:10:02:33 +0900] "GET ${path} HTTP/1.1" 404 9 "-" "-"\n`,
    });
    expect(answer.status).toBe(202);
  }

  /** Alerts as the stream of an api tells them, until it is closed. */
  async function watch(process: CenterProcess): Promise<{ seen: Alert[]; close: () => void }> {
    const closing = new AbortController();
    const answer = await fetch(`${process.url}/api/v1/stream`, { headers: { authorization }, signal: closing.signal });
    expect(answer.status).toBe(200);
    const seen: Alert[] = [];
    let text = '';
    const reading = (async () => {
      for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
        text += Buffer.from(chunk).toString();
        for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
          const data = /^event: alert\ndata: (.*)$/m.exec(text.slice(0, end))?.[1];
          if (data !== undefined) seen.push(JSON.parse(data) as Alert);
          text = text.slice(end + 2);
        }
      }
    })();
    reading.catch(() => undefined);
    return { seen, close: () => closing.abort() };
  }

  it('an alert, and what an analyst does with it, reaches the screens of every api', { timeout: 60_000 }, async () => {
    const [first, second] = apis() as [CenterProcess, CenterProcess];
    const screens = [await watch(first), await watch(second)];
    try {
      await send('/probe');
      for (const { seen } of screens)
        await expect.poll(() => seen.map(({ ruleId }) => ruleId), { timeout: 20_000 }).toContain('probe');
      const { id } = (screens[0] as (typeof screens)[number]).seen[0] as Alert;
      const read = await fetch(`${first.url}/api/v1/alerts/${id}`, { headers: { authorization } });
      const { version } = (await read.json()) as Alert;
      await call(first, `alerts/${id}`, {
        method: 'PATCH',
        headers: { 'content-type': 'application/json', 'if-match': `"${version}"` },
        body: JSON.stringify({ status: 'acknowledged' }),
      });
      for (const { seen } of screens)
        await expect.poll(() => seen.at(-1)?.status, { timeout: 10_000 }).toBe('acknowledged');
      // The correlator goes on from what the analyst did.
      await send('/probe?again');
      await expect.poll(async () => (await call<Alert>(second, `alerts/${id}`)).count, { timeout: 20_000 }).toBe(2);
      expect(await call<Alert>(second, `alerts/${id}`)).toMatchObject({ status: 'acknowledged' });
    } finally {
      for (const { close } of screens) close();
    }
  });

  it('rules that one api is told to read anew work everywhere', { timeout: 60_000 }, async () => {
    const [first, second] = apis() as [CenterProcess, CenterProcess];
    await writeFile(join(folder, 'late.yml'), probe('late', '/late'));
    const { version } = await call<{ version: string }>(first, 'rules/reload', { method: 'POST' });
    await expect
      .poll(async () => (await call<{ version: string }>(second, 'rules')).version, { timeout: 20_000 })
      .toBe(version);
    // The worker's and the correlator's turn comes by itself; what they match from then on is alerted.
    await expect
      .poll(
        async () => {
          await send('/late');
          const { items } = await call<{ items: Alert[] }>(second, 'alerts?limit=100');
          return items.map(({ ruleId }) => ruleId);
        },
        { timeout: 30_000, interval: 500 },
      )
      .toContain('late');
    // What another process wrote is found within two seconds.
    await expect
      .poll(async () => (await call<{ items: { action: string }[] }>(second, 'audit?action=rules.reload')).items, {
        timeout: 2_000,
      })
      .toHaveLength(1);
  });
});
