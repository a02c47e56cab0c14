/** The status of a center divided into processes: all of them are seen, and one that dies is missed with what to do. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { CenterStatus } from '../../src/model/status.ts';
import { openElasticsearchStore } from '../../src/store/elasticsearch.ts';
import { addApiKey } from '../center.ts';
import { need } from '../services/needed.ts';
import { clusterEnvironment, createProcess } from './processes.ts';

const services = await need('redis', 'elasticsearch');
services.describe('the status of a divided center', ({ redis, elasticsearch, prefix }) => {
  it('shows every process, and what is missing when one dies', { timeout: 240_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hinomi-status-'));
    const store = await openElasticsearchStore({ urls: [elasticsearch], prefix });
    const key = await addApiKey(store, 'auditor', 'all');
    await store.close();
    const env = clusterEnvironment(redis, elasticsearch, prefix);
    const roles = ['intake', 'worker', 'correlator', 'correlator', 'api'] as const;
    const processes = await Promise.all(roles.map((role) => createProcess(role, env, folder)));
    const [, worker, , , api] = processes;
    try {
      await Promise.all(processes.map((process) => process.start()));
      const ask = async (): Promise<CenterStatus> => {
        const answer = await fetch(`${api?.url}/api/v1/status`, { headers: { authorization: `Bearer ${key}` } });
        expect(answer.status).toBe(200);
        return (await answer.json()) as CenterStatus;
      };
      // The disk of whoever runs this may be nearly full.
      const codes = ({ problems }: CenterStatus) =>
        problems.map(({ code }) => code).filter((code) => code !== 'store-disk-low');
      const patient = { timeout: 60_000, interval: 500 };
      await expect.poll(async () => codes(await ask()), patient).toEqual([]);
      const status = await ask();
      expect(status.engines).toEqual({ store: 'elasticsearch', queue: 'redis', shared: true });
      expect(status.processes?.map((process) => process.roles.join()).sort()).toEqual([...roles].sort());
      const leading = status.processes?.filter(({ correlator }) => correlator?.leads === true) ?? [];
      expect(leading.map(({ id }) => id)).toEqual([status.correlator.leader]);
      expect(status.store).toMatchObject({ events: 0, diskTotalBytes: expect.any(Number) });

      await worker?.kill();
      await expect.poll(async () => codes(await ask()), patient).toEqual(['role-missing-worker']);
      // Whoever watches the machines reads the same from any process.
      const metrics = await (await fetch(`${processes[0]?.probes}/metrics`)).text();
      expect(metrics).toContain('hinomi_processes{role="worker"} 0\n');
      expect(metrics).toContain('hinomi_problem{code="role-missing-worker",severity="bad"} 1\n');
      expect(metrics).toMatch(/hinomi_store_disk_free_bytes \d+\n/);
      await worker?.start();
      await expect.poll(async () => codes(await ask()), patient).toEqual([]);
    } finally {
      await Promise.all(processes.map((process) => process.kill()));
      await fetch(`${elasticsearch}/${prefix}-*`, { method: 'DELETE' });
      await rm(folder, { recursive: true, force: true });
    }
  });
});
