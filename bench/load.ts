/** Load: the demo city's ordinary logs of all six products, made and compressed before the clock starts. */
import { promisify } from 'node:util';
import { zstdCompress } from 'node:zlib';
import type { DemoMember } from '../src/demo/city.ts';
import { encodeText } from '../src/demo/encode.ts';
import { secondOf } from '../src/demo/timeline.ts';
import type { BenchCenter } from './center.ts';

const compress = promisify(zstdCompress);

export interface Load {
  readonly sourceId: string;
  readonly records: number;
  readonly bytes: number;
  readonly body: Uint8Array;
}

/** Batches of `perBatch` records a source, in time order from `beginMs`, until `records` are reached. */
export async function makeLoad(
  city: readonly DemoMember[],
  seed: number,
  records: number,
  perBatch: number,
  beginMs: number,
  spanMs: number,
): Promise<Load[]> {
  const encodings = new Map(
    city.flatMap((member) =>
      member.sources.map((source) => [`${member.id}.${source.name}` as string, source.encoding] as const),
    ),
  );
  const perSecond = city.flatMap((member) => member.sources).reduce((sum, source) => sum + source.perMinute / 60, 0);
  const seconds = Math.ceil(records / perSecond);
  const open = new Map<string, string[]>();
  const load: Load[] = [];
  const close = async (sourceId: string, lines: string[]): Promise<void> => {
    const text = encodeText(`${lines.join('\n')}\n`, encodings.get(sourceId) ?? 'utf-8');
    load.push({ sourceId, records: lines.length, bytes: text.length, body: await compress(text) });
  };
  for (let second = 0; second < seconds; second++) {
    for (const [sourceId, lines] of secondOf({ city, seed, story: [] }, second, (cityMs) =>
      Math.round(beginMs + (cityMs / (seconds * 1000)) * spanMs),
    )) {
      const list = open.get(sourceId) ?? [];
      list.push(...lines);
      open.set(sourceId, list);
      if (list.length >= perBatch) await close(sourceId, list.splice(0, perBatch));
    }
  }
  for (const [sourceId, lines] of open) if (lines.length > 0) await close(sourceId, lines);
  return load;
}

/** Sends with a few requests in flight; resolves when all are accepted. */
export async function send(
  center: BenchCenter,
  keys: ReadonlyMap<string, string>,
  load: readonly Load[],
  inFlight = 4,
): Promise<void> {
  let next = 0;
  const sender = async (): Promise<void> => {
    for (let batch = load[next++]; batch !== undefined; batch = load[next++])
      await post(center, keys.get(batch.sourceId), batch.body);
  };
  await Promise.all(Array.from({ length: inFlight }, sender));
}

export async function post(center: BenchCenter, key: string | undefined, body: Uint8Array): Promise<void> {
  for (;;) {
    const answer = await fetch(`${center.intake}/ingest`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'text/plain', 'content-encoding': 'zstd' },
      body: body as BodyInit,
    });
    const text = await answer.text();
    if (answer.status === 202) return;
    if (answer.status !== 503 && answer.status !== 429) throw new Error(`${answer.status}: ${text}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
