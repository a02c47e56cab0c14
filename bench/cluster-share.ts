/**
 * What the cluster reaches of a plain bulk loop: the same documents into the same Elasticsearch in the same run, in turns. The loop's
 * documents are those that the center wrote a moment before, read back and made into ready requests before the clock starts.
 */
import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { zstdCompress } from 'node:zlib';
import { addSource } from '../test/center.ts';
import { readLines } from '../test/corpora.ts';
import { type BenchCluster, difference, type Seconds } from './cluster-center.ts';

export interface Round {
  readonly workers: number;
  readonly events: number;
  /** First send to all stored and found by a search, and nothing left in any queue. */
  readonly seconds: number;
  readonly plainSeconds: number;
  /** Until no record waited any more; then the correlator may still have matches to apply. */
  readonly workedSeconds: number;
  /** Until the last sender had its yes. */
  readonly acceptedSeconds: number;
  readonly cpu: Seconds;
  readonly plainCpu: Seconds;
  readonly documents: number;
  readonly documentBytes: number;
  readonly matches: number;
  /** Greatest seen while the queue was full, bytes above the empty one, and the records that waited then. */
  readonly queued: { readonly bytes: number; readonly records: number };
  readonly storedBytes: number;
  readonly index: IndexWork;
  readonly plainIndex: IndexWork;
}

/** Milliseconds that Elasticsearch's threads gave to an index, and how often it was refreshed. */
export interface IndexWork {
  readonly indexingMs: number;
  readonly refreshMs: number;
  readonly refreshes: number;
  readonly mergeMs: number;
}

export interface WindowsLoad {
  readonly records: number;
  readonly bytes: number;
  readonly bodies: readonly Uint8Array[];
  readonly bodyBytes: number;
}

const BATCH = 1_000;
const LANES = 4;
const compress = promisify(zstdCompress);

/** Different lines for each of `lots`: remembering values must not flatter later rounds. Lines that are no Windows events stay out. */
export async function windowsLoads(lots: number, records: number): Promise<WindowsLoad[]> {
  const lines: string[][] = Array.from({ length: lots }, () => []);
  let index = 0;
  for (const line of readLines('otrf-windows.ndjson.zst')) {
    const text = line.toString();
    if (!text.includes('"Channel"') && !text.includes('"log_name"')) continue;
    const lot = lines[index++ % lots] as string[];
    if (lot.length < records) lot.push(text);
  }
  return await Promise.all(
    lines.map(async (all) => {
      const bodies: Uint8Array[] = [];
      let bytes = 0;
      for (let at = 0; at < all.length; at += BATCH) {
        const body = Buffer.from(`${all.slice(at, at + BATCH).join('\n')}\n`);
        bytes += body.length;
        bodies.push(await compress(body));
      }
      return { records: all.length, bytes, bodies, bodyBytes: bodies.reduce((sum, { length }) => sum + length, 0) };
    }),
  );
}

const agent = new Agent({ keepAlive: true, maxSockets: LANES });

/** Answers the status; the answer's body is read to its end and looked for `wrong`. */
function post(url: string, headers: Record<string, string>, body: Uint8Array, wrong?: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', agent, headers: { ...headers, 'content-length': body.length } });
    sent.on('error', reject);
    sent.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        if (wrong !== undefined && text.includes(wrong)) reject(new Error(`${url}: ${text.slice(0, 500)}`));
        else resolve(response.statusCode ?? 0);
      });
    });
    sent.end(body);
  });
}

async function inLanes<T>(lanes: number, all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let one = all[next++]; one !== undefined; one = all[next++]) await work(one);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

/** As an agent sends: packed, a few requests in flight, again when the door says later. */
export async function send(cluster: BenchCluster, key: string, bodies: readonly Uint8Array[]): Promise<void> {
  const headers = {
    authorization: `Bearer ${key}`,
    'content-type': 'application/x-ndjson',
    'content-encoding': 'zstd',
  };
  const url = `${cluster.of('intake').url}/ingest`;
  await inLanes(LANES, bodies, async (body) => {
    for (let status = 0; status !== 202; ) {
      status = await post(url, headers, body);
      if (status === 503 || status === 429) await pause(200);
      else if (status !== 202) throw new Error(`the intake answered ${status}`);
    }
  });
}

/** Matches come out of records: asked for in this order, none is missed. */
export async function drained(cluster: BenchCluster, name: 'records' | 'matches'): Promise<void> {
  while ((await cluster.waiting(name)) > 0) await pause(20);
}

/** One round: the center end to end, then the plain loop with what it wrote. */
export async function measureRound(
  cluster: BenchCluster,
  workers: number,
  load: WindowsLoad,
  memberId: string,
): Promise<Round> {
  const { ask, prefix } = cluster;
  const key = await addSource(cluster.store, memberId, 'windows', 'windows-event');
  const emptyQueue = await cluster.redisMemory();
  let queued = { bytes: 0, records: 0 };
  await cluster.calm();

  const before = cluster.cpu();
  const began = performance.now();
  const since = (): number => (performance.now() - began) / 1_000;
  await send(cluster, key, load.bodies);
  const acceptedSeconds = since();
  const waiting = (await cluster.waiting('records')) * BATCH;
  queued = { bytes: (await cluster.redisMemory()) - emptyQueue, records: waiting };
  await drained(cluster, 'records');
  const workedSeconds = since();
  await drained(cluster, 'matches');
  const events = await countOf(cluster, `${prefix}-events-${memberId}_*`, 'event');
  const seconds = since();
  const cpu = difference(cluster.cpu(), before);
  if (events !== load.records) throw new Error(`${events} of ${load.records} events are stored`);

  const index = Object.keys(await ask<object>('GET', `/${prefix}-events-${memberId}_*`))[0] as string;
  const work = await workOn(cluster, index);
  await ask('POST', `/${index}/_forcemerge?max_num_segments=1`);
  const storedBytes = (
    await ask<{ _all: { primaries: { store: { size_in_bytes: number } } } }>('GET', `/${index}/_stats/store`)
  )._all.primaries.store.size_in_bytes;
  const lots = await cutDocuments(cluster, index);
  const documents = lots.reduce((sum, lot) => sum + lot.documents, 0);
  const matches = lots.reduce((sum, lot) => sum + lot.matched, 0);
  const documentBytes = lots.reduce((sum, lot) => sum + lot.body.length, 0);
  await ask('DELETE', `/${index}`);
  // The same template makes it; no member has a name with an underscore.
  const plain = `${prefix}-events-plain_${memberId}`;
  await ask('PUT', `/${plain}`);
  await cluster.calm();

  const plainBefore = cluster.cpu();
  const plainBegan = performance.now();
  const headers = { 'content-type': 'application/x-ndjson' };
  await inLanes(2, lots, async ({ body }) => {
    const url = `${cluster.elasticsearchUrl}/${plain}/_bulk?filter_path=errors`;
    const status = await post(url, headers, body, '"errors":true');
    if (status !== 200) throw new Error(`Elasticsearch answered ${status} to the plain loop`);
  });
  const there = await countOf(cluster, plain, 'event');
  const plainSeconds = (performance.now() - plainBegan) / 1_000;
  const plainCpu = difference(cluster.cpu(), plainBefore);
  if (there !== events) throw new Error(`the plain loop stored ${there} of ${events}`);
  const plainWork = await workOn(cluster, plain);
  await ask('DELETE', `/${plain}`);
  return {
    ...{
      workers,
      events,
      seconds,
      plainSeconds,
      acceptedSeconds,
      workedSeconds,
      cpu,
      plainCpu,
      documents,
      documentBytes,
      matches,
    },
    ...{ queued, storedBytes, index: work, plainIndex: plainWork },
  };
}

async function workOn({ ask }: BenchCluster, index: string): Promise<IndexWork> {
  const { _all } = await ask<{
    _all: {
      primaries: {
        indexing: { index_time_in_millis: number };
        refresh: { total: number; total_time_in_millis: number };
        merges: { total_time_in_millis: number };
      };
    };
  }>('GET', `/${index}/_stats/indexing,refresh,merge`);
  const { indexing, refresh, merges } = _all.primaries;
  return {
    indexingMs: indexing.index_time_in_millis,
    refreshMs: refresh.total_time_in_millis,
    refreshes: refresh.total,
    mergeMs: merges.total_time_in_millis,
  };
}

async function countOf({ ask }: BenchCluster, indices: string, kind: string): Promise<number> {
  await ask('POST', `/${indices}/_refresh`);
  return (await ask<{ count: number }>('POST', `/${indices}/_count`, { query: { term: { kind } } })).count;
}

interface Hits {
  readonly hits: { readonly hits: { readonly _id: string; readonly _source: object; readonly sort: unknown[] }[] };
}
interface Lot {
  readonly body: Buffer;
  readonly documents: number;
  readonly matched: number;
}

/** Bytes of a request, as the store cuts them. */
const LOT_BYTES = 4_000_000;

/** All documents of the index as bulk requests. */
async function cutDocuments({ ask }: BenchCluster, index: string): Promise<Lot[]> {
  const lots: Lot[] = [];
  let lines: string[] = [];
  let bytes = 0;
  let matched = 0;
  const cut = (): void => {
    if (lines.length > 0) lots.push({ body: Buffer.from(lines.join('')), documents: lines.length, matched });
    [lines, bytes, matched] = [[], 0, 0];
  };
  let after: unknown[] | undefined;
  for (;;) {
    const { hits } = await ask<Hits>('POST', `/${index}/_search`, {
      size: 1_000,
      sort: [{ _doc: 'asc' }],
      ...(after !== undefined && { search_after: after }),
    });
    for (const { _id, _source } of hits.hits) {
      const line = `{"create":{"_id":${JSON.stringify(_id)}}}\n${JSON.stringify(_source)}\n`;
      if (bytes + line.length > LOT_BYTES) cut();
      lines.push(line);
      bytes += line.length;
      if ('matched' in _source && 'kind' in _source && _source.kind === 'event') matched += Number(_source.matched);
    }
    after = hits.hits.at(-1)?.sort;
    if (hits.hits.length < 1_000) break;
  }
  cut();
  return lots;
}
