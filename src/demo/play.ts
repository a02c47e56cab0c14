/**
 * Plays the timeline into a running center, through its real intake and as fast as asked. Keeps where it is in a file, so that a
 * demo that was stopped goes on. A refused batch is sent again; nothing is skipped.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import type { DemoMember } from './city.ts';
import { encodeText } from './encode.ts';
import { createStory } from './story.ts';
import { secondOf } from './timeline.ts';

export interface PlayOptions {
  readonly intakeUrl: string;
  readonly city: readonly DemoMember[];
  readonly seed: number;
  /** Ingest key by source id. */
  readonly keys: ReadonlyMap<string, string>;
  /** City seconds per second. */
  readonly speed: number;
  /** File that remembers the next second of the city's time. */
  readonly progressFile: string;
  readonly story: boolean;
  readonly signal: AbortSignal;
  /** Told after each second that was sent: records so far. */
  readonly onSent?: (sent: { second: number; records: number }) => void;
  /** Stops before this second of the city's time. */
  readonly untilSecond?: number;
  /** City time -> what records say. Left out: now, so that the demo looks alive. */
  readonly stamp?: (cityMs: number) => number;
}

/** Seconds of the city's time that were played before; 0 at the beginning. */
export async function readProgress(file: string): Promise<number> {
  try {
    return Number(JSON.parse(await readFile(file, 'utf8')).second) || 0;
  } catch {
    return 0;
  }
}

/** Resolves at the signal, or at untilSecond. Answers the records sent. */
export async function play(options: PlayOptions): Promise<number> {
  const { city, seed, speed, signal } = options;
  const story = options.story ? createStory(city, seed) : [];
  const encodings = new Map(
    city.flatMap((member) => member.sources.map((source) => [`${member.id}.${source.name}`, source.encoding])),
  );
  const first = await readProgress(options.progressFile);
  const startedAt = Date.now();
  let records = 0;
  for (let second = first; !signal.aborted && second !== options.untilSecond; second++) {
    const dueAt = startedAt + ((second - first) * 1000) / speed;
    await pause(dueAt - Date.now(), signal);
    if (signal.aborted) break;
    const stamp = options.stamp ?? ((cityMs: number) => Math.round(dueAt + (cityMs - second * 1000) / speed));
    const batches = secondOf({ city, seed, story }, second, stamp);
    await Promise.all(
      [...batches].map(async ([sourceId, lines]) => {
        if (lines.length === 0) return;
        const body = encodeText(`${lines.join('\n')}\n`, encodings.get(sourceId) ?? 'utf-8');
        await post(options, sourceId, `demo-${seed}-${second}`, body);
        records += lines.length;
      }),
    );
    const saving = `${options.progressFile}.new`;
    await writeFile(saving, JSON.stringify({ second: second + 1 }));
    await rename(saving, options.progressFile);
    options.onSent?.({ second, records });
  }
  return records;
}

async function post(options: PlayOptions, sourceId: string, batchKey: string, body: Uint8Array): Promise<void> {
  for (let attempt = 0; !options.signal.aborted; attempt++) {
    try {
      const answer = await fetch(`${options.intakeUrl}/ingest`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${options.keys.get(sourceId)}`,
          'content-type': 'text/plain',
          'idempotency-key': batchKey,
        },
        body: body as BodyInit,
        signal: options.signal,
      });
      const text = await answer.text();
      if (answer.status === 202) return;
      if (answer.status !== 429 && answer.status !== 503)
        throw new Error(`${sourceId}: the intake answered ${answer.status}: ${text}`);
    } catch (error) {
      if (options.signal.aborted) return;
      if (!(error instanceof TypeError) || attempt > 20) throw error;
    }
    await pause(Math.min(5_000, 200 * 2 ** attempt), options.signal);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
  });
}
