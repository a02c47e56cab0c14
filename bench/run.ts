/**
 * npm run bench: what the embedded center does on this machine, end to end, printed into bench/results.md.
 * The sender runs on the same cores as the center. BENCH_EVENTS and BENCH_STORED make a shorter run.
 */
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { promisify } from 'node:util';
import { zstdCompress } from 'node:zlib';
import { createCity } from '../src/demo/city.ts';
import { serviceInstalled } from '../src/demo/logs/windows.ts';
import { type BenchCenter, drained, forget, prepare, quantile, serve } from './center.ts';
import { makeLoad, post, send } from './load.ts';

const EVENTS = Number(process.env.BENCH_EVENTS ?? 200_000);
const STORED = Number(process.env.BENCH_STORED ?? 1_000_000);
const compress = promisify(zstdCompress);
const city = createCity(1);
const rows: [what: string, value: string, how: string][] = [];
const row = (what: string, value: string, how: string): void => {
  rows.push([what, value, how]);
  process.stdout.write(`${what}: ${value}\n`);
};
const round = (value: number, digits = 0): string => value.toLocaleString('en-US', { maximumFractionDigits: digits });

async function api<T>(center: BenchCenter, apiKey: string, path: string): Promise<T> {
  const answer = await fetch(`${center.api}/api/v1/${path}`, { headers: { authorization: `Bearer ${apiKey}` } });
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as T;
}

/** Milliseconds from sending the line of a service installation to its alert on the event stream, while other logs pour in. */
async function alertLatency(
  center: BenchCenter,
  keys: ReadonlyMap<string, string>,
  apiKey: string,
  perSecond: number,
): Promise<number[]> {
  const stop = new AbortController();
  const stream = await fetch(`${center.api}/api/v1/stream`, {
    headers: { authorization: `Bearer ${apiKey}` },
    signal: stop.signal,
  });
  const waiting = new Map<string, number>();
  const latencies: number[] = [];
  const listening = (async () => {
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of stream.body as AsyncIterable<Uint8Array>) {
      text += decoder.decode(chunk, { stream: true });
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const host = /"value":"(bench-\d+)/.exec(text.slice(0, end))?.[1];
        text = text.slice(end + 2);
        const sentAt = host === undefined ? undefined : waiting.get(host);
        if (host === undefined || sentAt === undefined) continue;
        latencies.push(performance.now() - sentAt);
        waiting.delete(host);
      }
    }
  })().catch(() => undefined);

  const seconds = 20;
  const load = await makeLoad(city, 2, perSecond * seconds, 500, Date.now() - 60_000, 60_000);
  const member = city[0] as (typeof city)[number];
  const started = performance.now();
  let sent = 0;
  let marks = 0;
  for (const batch of load) {
    const dueMs = (sent / perSecond) * 1000;
    const early = dueMs - (performance.now() - started);
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
    void post(center, keys.get(batch.sourceId), batch.body);
    sent += batch.records;
    if (performance.now() - started > marks * 100) {
      const host = `bench-${marks++}`;
      const line = serviceInstalled(member, host, Date.now(), 'Bench', 'C:\\Users\\Public\\bench.exe');
      waiting.set(host, performance.now());
      void post(center, keys.get(`${member.id}.servers`), await compress(line));
    }
  }
  const end = performance.now() + 20_000;
  while (waiting.size > 0 && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 20));
  stop.abort();
  await listening;
  if (waiting.size > 0) throw new Error(`${waiting.size} of ${marks} alerts did not arrive`);
  return latencies;
}

async function pageTimes(
  center: BenchCenter,
  apiKey: string,
  paths: readonly string[],
  rounds: number,
): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < rounds; index++) {
    const started = performance.now();
    await api(center, apiKey, paths[index % paths.length] as string);
    times.push(performance.now() - started);
  }
  return times;
}

const { folder, keys, apiKey } = await prepare(city);
let center = await serve(folder);
row('start on an empty folder', `${round(center.startedInMs)} ms`, 'process start to /readyz, all rules compiled');

// Warm up, then the throughput.
await send(center, keys, await makeLoad(city, 99, 20_000, 1_000, Date.now() - 7_200_000, 3_600_000));
await drained(center, apiKey);
const load = await makeLoad(city, 1, EVENTS, 1_000, Date.now() - 3_600_000, 3_600_000);
const records = load.reduce((sum, batch) => sum + batch.records, 0);
const bytes = load.reduce((sum, batch) => sum + batch.bytes, 0);
const began = performance.now();
await send(center, keys, load);
await drained(center, apiKey);
const perSecond = records / ((performance.now() - began) / 1000);
row(
  'events/s, /ingest to stored and searchable',
  round(perSecond),
  `${round(records)} records of six products, ${round(bytes / records)} bytes each, batches of 1,000, all rules on`,
);

const latencies = await alertLatency(center, keys, apiKey, Math.floor(perSecond / 2));
row(
  'log to alert, p50 / p99',
  `${round(quantile(latencies, 0.5))} / ${round(quantile(latencies, 0.99))} ms`,
  `${latencies.length} alerts seen on the event stream at half that load`,
);

// Up to the full store.
const left = STORED - records - 20_000 - Math.floor(perSecond / 2) * 20;
for (let part = 0; part < left; part += 200_000) {
  await send(
    center,
    keys,
    await makeLoad(
      city,
      1_000 + part,
      Math.min(200_000, left - part),
      1_000,
      Date.now() - 86_400_000 + (part / left) * 80_000_000,
      3_600_000,
    ),
  );
}
await drained(center, apiKey);
const memory = center.peakMemory();
const day = `since=${new Date(Date.now() - 86_400_000).toISOString()}&until=${new Date(Date.now() + 3_600_000).toISOString()}`;
const { items: ledger } = await api<{ items: { events: number }[] }>(center, apiKey, `ledger?${day}`);
const stored = ledger.reduce((sum, one) => sum + one.events, 0);
row('events stored', round(stored), '');

const incidents = await api<{ items: { id: string }[] }>(center, apiKey, 'incidents?limit=10');
const searches = [
  'q=ssl-login-fail',
  'q=user.name:sato*',
  'q=event.code:4625',
  'q=source.ip:192.0.2.77',
  'q=filter AND rejected',
  'q=no-such-word-anywhere',
  'q="Failed password"',
  'q=',
].map((query) => `events?${query}&since=${new Date(Date.now() - 172_800_000).toISOString()}&limit=50`);
const queue = await pageTimes(center, apiKey, ['alerts?limit=100&status=new'], 200);
row('queue page, p99', `${round(quantile(queue, 0.99), 1)} ms`, '100 alerts, 200 requests');
const incidentTimes =
  incidents.items.length === 0
    ? []
    : await pageTimes(
        center,
        apiKey,
        incidents.items.map(({ id }) => `incidents/${id}`),
        100,
      );
row(
  'incident page, p99',
  incidentTimes.length === 0 ? 'no incident arose' : `${round(quantile(incidentTimes, 0.99), 1)} ms`,
  '100 requests',
);
for (const search of searches) {
  const times = await pageTimes(center, apiKey, [search], 30);
  row(
    `search ${decodeURIComponent(/q=[^&]*/.exec(search)?.[0] ?? '')}, p50 / p99`,
    `${round(quantile(times, 0.5), 1)} / ${round(quantile(times, 0.99), 1)} ms`,
    '50 newest of two days, 30 requests',
  );
}
if (memory !== undefined)
  row('peak memory', `${round(memory / 1024 / 1024)} MiB`, 'resident, all threads, over the whole run');
await center.stop();
const files = execFileSync('du', ['-sb', `${folder}/events`])
  .toString()
  .split('\t')[0];
row(
  'bytes per stored event',
  round(Number(files) / stored),
  'all of events/: bodies, index, counts; originals of the line products included',
);
center = await serve(folder);
row('start on the full store', `${round(center.startedInMs)} ms`, 'correlator rebuilt');
await center.stop();
await forget(folder);

const commit = (() => {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD']).toString().trim();
  } catch {
    return 'no commit';
  }
})();
await writeFile(
  new URL('results.md', import.meta.url),
  `# What the embedded center does on one machine

Printed by \`npm run bench\`; do not edit. ${new Date().toISOString().slice(0, 10)}, ${commit}, Node ${process.version},
${cpus()[0]?.model.trim()}, ${availableParallelism()} cores, ${round(totalmem() / 2 ** 30)} GiB. The sender shares the cores.

| what | value | how |
|---|---|---|
${rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}
`,
);
