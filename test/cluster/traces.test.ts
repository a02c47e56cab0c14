/** One trace over three processes, its context in the jobs that Redis holds for them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openElasticsearchStore } from '../../src/store/elasticsearch.ts';
import { openFakeCollector } from '../../src/telemetry/collector.fixture.ts';
import { addSource } from '../center.ts';
import { need } from '../services/needed.ts';
import { judge, sendAttack, storyIn } from '../traces.ts';
import { type CenterProcess, clusterEnvironment, createProcess } from './processes.ts';

const services = await need('redis', 'elasticsearch');
services.describe('traces of a cluster', ({ redis, elasticsearch, prefix }) => {
  it('go from the intake over a worker to the correlator', { timeout: 120_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hinomi-traces-'));
    const collector = await openFakeCollector();
    let processes: readonly CenterProcess[] = [];
    try {
      const store = await openElasticsearchStore({ urls: [elasticsearch], prefix });
      const key = await addSource(store, 'kita-hospital', 'web', 'web-access');
      await store.close();
      const env = {
        ...clusterEnvironment(redis, elasticsearch, prefix),
        HINOMI_TELEMETRY_OTLP_URL: collector.url,
        HINOMI_PIPELINE_WORKERS: '1',
      };
      processes = await Promise.all(
        (['intake', 'worker', 'correlator'] as const).map((role) => createProcess(role, env, join(folder, role))),
      );
      await Promise.all(processes.map((one) => one.start()));
      const traceId = 'c0ffee00c0ffee00c0ffee00c0ffee00';
      const batchId = await sendAttack((processes[0] as CenterProcess).url, key, {
        traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
      });
      const story = await storyIn(collector, traceId);
      judge(story, batchId, { queue: 'redis', store: 'elasticsearch' }, key);
      const of = (name: keyof typeof story) => story[name].resource['process.pid'];
      expect(new Set([of('intake.accept'), of('worker.batch'), of('correlator.apply')]).size).toBe(3);
      expect([of('worker.detect'), of('worker.store')]).toEqual([of('worker.batch'), of('worker.batch')]);
    } finally {
      await Promise.all(processes.map((one) => one.kill()));
      await collector.close();
      await fetch(`${elasticsearch}/${prefix}-*`, { method: 'DELETE' });
      await rm(folder, { recursive: true, force: true });
    }
  });
});
