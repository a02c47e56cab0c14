/**
 * npm run bench:cluster: what the cluster does on this machine, printed into bench/cluster.md: its share of a plain bulk loop, its CPU
 * time by process, and how long an analyst waits at size. Options: --events N and --rounds N (share), --alerts N and --stored N (size),
 * --minutes N (filling ends then, at whatever size), --heap 2g (Elasticsearch), --out FILE.
 */
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { addApiKey } from '../test/center.ts';
import { corpora, isPresent } from '../test/corpora.ts';
import { type BenchCluster, openBenchCluster } from './cluster-center.ts';
import { fillAlerts, fillEvents } from './cluster-fill.ts';
import { type Filled, printReads, printShare } from './cluster-page.ts';
import { beginLoad, readsOf, timeReads } from './cluster-reads.ts';
import { measureRound, type Round, type WindowsLoad, windowsLoads } from './cluster-share.ts';

const { values: options } = parseArgs({
  options: {
    events: { type: 'string', default: '20000' },
    rounds: { type: 'string', default: '2' },
    alerts: { type: 'string', default: '1000000' },
    stored: { type: 'string', default: '5000000' },
    minutes: { type: 'string', default: '14' },
    heap: { type: 'string', default: '2g' },
    out: { type: 'string', default: fileURLToPath(new URL('cluster.md', import.meta.url)) },
  },
});
const rounds = Number(options.rounds);
const WARM_ROUNDS = 5;
const READ_ROUNDS = 100;
const READ_LIMIT_MS = 90_000;
const LOAD_PER_SECOND = 300;
const began = performance.now();
const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD']).toString().trim();
const loadBefore = loadavg()[0] as number;
const say = (text: string): void =>
  void process.stdout.write(`${Math.round((performance.now() - began) / 1_000)} s: ${text}\n`);

async function measureShare(cluster: BenchCluster, loads: WindowsLoad[]): Promise<Round[]> {
  const measured: Round[] = [];
  // The compilers of Java and Node work on for a hundred thousand documents; what is measured then are other lines.
  const warming = next(loads);
  for (const workers of [1, 2]) {
    await cluster.run({ intake: 1, api: 1, correlator: 1, worker: workers });
    for (let number = 0; number < WARM_ROUNDS; number++) {
      const { events, seconds, plainSeconds } = await measureRound(cluster, 0, warming, `warm-${workers}-${number}`);
      say(`warmed with ${events} events, ${seconds.toFixed(1)} s, plain ${plainSeconds.toFixed(1)} s`);
    }
    for (let round = 0; round < rounds; round++) {
      const one = await measureRound(cluster, workers, next(loads), `round-${workers}-${round}`);
      measured.push(one);
      const [rate, plain] = [one.events / one.seconds, one.events / one.plainSeconds];
      say(`${workers} worker(s): ${rate.toFixed(0)}/s of ${plain.toFixed(0)}/s, ${(rate / plain).toFixed(2)}`);
    }
  }
  return measured;
}

const next = (loads: WindowsLoad[]): WindowsLoad => loads.shift() as WindowsLoad;

async function fill(cluster: BenchCluster): Promise<Filled> {
  const nowMs = Date.now();
  const limitMs = Number(options.minutes) * 60_000;
  const timed = async <T>(work: () => Promise<T>): Promise<[T, number]> => {
    const from = performance.now();
    return [await work(), (performance.now() - from) / 1_000];
  };
  const stop = new AbortController();
  setTimeout(() => stop.abort(), limitMs).unref();
  const tell = (what: string): ((done: number) => void) => {
    let told = performance.now();
    return (done) => {
      if (performance.now() - told < 15_000) return;
      told = performance.now();
      say(`${done} ${what}`);
    };
  };
  const { store } = cluster;
  const [[{ alerts, incidents }, alertSeconds], [events, eventSeconds]] = await Promise.all([
    timed(() => fillAlerts(store, Number(options.alerts), nowMs, stop.signal, tell('alerts'))),
    timed(() => fillEvents(store, Number(options.stored), nowMs, stop.signal, tell('events'))),
  ]);
  say(`${alerts} alerts and ${events} events are there`);
  const { indices } = await cluster.ask<{
    indices: Record<string, { primaries: { store: { size_in_bytes: number } } }>;
  }>('GET', `/${cluster.prefix}-*/_stats/store`);
  const bytesOf = (part: string): number =>
    Object.entries(indices).reduce(
      (sum, [name, { primaries }]) =>
        sum + (name.startsWith(`${cluster.prefix}-${part}`) ? primaries.store.size_in_bytes : 0),
      0,
    );
  return {
    ...{ nowMs, alerts, incidents, alertSeconds, events, eventSeconds },
    eventBytes: bytesOf('events-'),
    alertBytes: bytesOf('doc-alert'),
    indices: Object.keys(indices).length,
  };
}

if (!isPresent('sigmahq-rules.tar.gz', 'otrf-windows.ndjson.zst')) {
  throw new Error(
    `${corpora} has no sigmahq-rules.tar.gz and otrf-windows.ndjson.zst; name their folder in HINOMI_CORPORA`,
  );
}
const cluster = await openBenchCluster(options.heap);
try {
  const loads = await windowsLoads(2 * rounds + 2, Number(options.events));
  const live = next(loads);
  const share = await measureShare(cluster, loads);
  const peaks = (['intake', 'worker', 'correlator', 'redis', 'elasticsearch'] as const).map(
    (part) => [part, cluster.peakMemory(part)] as const,
  );
  // What fills the store is this process; correlators would learn alerts that are not theirs.
  await cluster.run({});
  const filled = await fill(cluster);
  const apiKey = await addApiKey(cluster.store, 'admin', 'all');
  await cluster.run({ api: 1 });
  await cluster.calm();
  const reads = readsOf(filled.alerts, filled.nowMs);
  const quiet = await timeReads(cluster, apiKey, reads, READ_ROUNDS, READ_LIMIT_MS);
  say('read while nothing comes in');
  const leadFrom = performance.now();
  await cluster.run({ api: 1, intake: 1, correlator: 1, worker: 1 });
  const startSeconds = (performance.now() - leadFrom) / 1_000;
  const load = beginLoad(cluster, live, LOAD_PER_SECOND);
  const loaded = await timeReads(cluster, apiKey, reads, READ_ROUNDS, READ_LIMIT_MS);
  const rate = await load.stop();
  say('read while logs come in');
  const page = `# What the cluster does on one machine

Printed by \`npm run bench:cluster\`; do not edit. ${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC, ${commit}, Node ${process.version},
${cpus()[0]?.model.trim()}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB; the whole run took ${Math.round((performance.now() - began) / 60_000)} minutes.
Load average of the machine before it began: ${loadBefore.toFixed(1)}${loadBefore > 1 ? ' (others worked on it: times are upper bounds, CPU times and shares somewhat too)' : ''}. Everything shares these cores: the sender, one process for each role, Redis (appendonly, every write synced), and one Elasticsearch
${await version(cluster)} with ${options.heap} of heap. Rules: all of SigmaHQ and those that come with Hinomi.

${printShare(share, live, peaks)}
${printReads(filled, reads, quiet, loaded, { rate, startSeconds, correlatorBytes: cluster.peakMemory('correlator') })}`;
  await writeFile(options.out, page);
  process.stdout.write(page);
} finally {
  await cluster.dispose();
}

async function version({ ask }: BenchCluster): Promise<string> {
  const { nodes } = await ask<{ nodes: Record<string, { version: string }> }>(
    'GET',
    '/_nodes/_local?filter_path=nodes.*.version',
  );
  return Object.values(nodes)[0]?.version ?? '';
}
