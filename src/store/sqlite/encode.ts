/**
 * Worked batches -> what the writer thread puts into the files of their days: blocks of events (zstd), the terms of each block,
 * counts. Runs in the thread that calls putBatches, so that the one writer has little to do. Writes nothing itself.
 */
import { constants, zstdCompressSync } from 'node:zlib';
import { createTermCollector } from '../../search/term-collector.ts';
import { batchNumbers, type StoredBatch } from '../copy.ts';
import { MINUTE_MS } from '../event-reads.ts';
import { asciiSafeWord } from '../index-word.ts';
import type { WorkedBatch } from '../store.ts';
import { batchDay, eventTime, recordOffset } from '../worked-batch.ts';

/** A block is full at either. Small enough to open within a millisecond or two, large enough to compress well. */
const BLOCK_EVENTS = 128;
const BLOCK_CHARS = 1_048_576;
const ZSTD_LEVEL = 3;

export interface BlockPut {
  readonly member: string;
  readonly source: string;
  readonly minMs: number;
  readonly maxMs: number;
  readonly events: number;
  readonly words: string;
  readonly body: Uint8Array<ArrayBuffer>;
}

export interface BatchPut {
  readonly id: string;
  readonly member: string;
  readonly source: string;
  readonly receivedMs: number;
  readonly records: number;
  readonly parsed: number;
  readonly events: number;
  /** As they were when it was worked. */
  readonly rejected: number;
  readonly matched: number;
  /** Index in `blocks` of the first block that holds events of it. */
  readonly firstBlock: number;
  /** JSON: [block counted from firstBlock, first record, last record] for each block. */
  readonly pieces: string;
  /** Id and JSON. */
  readonly rejects: readonly (readonly [string, string])[];
  /** Time of the event, milliseconds, and JSON. */
  readonly matches: readonly (readonly [number, string])[];
}

export interface CountPut {
  readonly minute: number;
  readonly member: string;
  readonly source: string;
  events: number;
}

/** What goes into one day's file, whole or not at all. */
export interface DayPut {
  readonly day: string;
  readonly minMs: number;
  readonly maxMs: number;
  readonly events: number;
  readonly blocks: readonly BlockPut[];
  readonly batches: readonly BatchPut[];
  readonly counts: readonly CountPut[];
}

/** A batch given twice is taken once. Throws when an id does not say the day or place it is to be found at. */
export function encodeBatches(batches: readonly (WorkedBatch | StoredBatch)[]): DayPut[] {
  // Nothing that a refused call left behind.
  collector.take();
  const byDay = new Map<string, Map<string, WorkedBatch>>();
  for (const batch of batches) {
    const day = batchDay(batch);
    const ofDay = byDay.get(day);
    if (ofDay === undefined) byDay.set(day, new Map([[batch.batchId, batch]]));
    else if (!ofDay.has(batch.batchId)) ofDay.set(batch.batchId, batch);
  }
  return [...byDay].map(([day, ofDay]) => encodeDay(day, [...ofDay.values()]));
}

function encodeDay(day: string, batches: readonly WorkedBatch[]): DayPut {
  const blocks: BlockPut[] = [];
  const puts: BatchPut[] = [];
  const counts = new Map<string, CountPut>();
  // Batches of one source stand together, so that they share blocks.
  const bySource = Map.groupBy(batches, ({ memberId, sourceId }) => `${memberId} ${sourceId}`);
  for (const ofSource of bySource.values()) encodeSource(ofSource, blocks, puts, counts);
  return {
    day,
    minMs: blocks.reduce((min, block) => Math.min(min, block.minMs), Number.POSITIVE_INFINITY),
    maxMs: blocks.reduce((max, block) => Math.max(max, block.maxMs), Number.NEGATIVE_INFINITY),
    events: blocks.reduce((sum, block) => sum + block.events, 0),
    blocks,
    batches: puts,
    counts: [...counts.values()],
  };
}

interface OpenBlock {
  readonly times: number[];
  readonly lines: string[];
  chars: number;
}

/** Between two takings, the events of one open block. */
const collector = createTermCollector(asciiSafeWord);

function encodeSource(
  batches: readonly WorkedBatch[],
  blocks: BlockPut[],
  puts: BatchPut[],
  counts: Map<string, CountPut>,
): void {
  const { memberId: member, sourceId: source } = batches[0] as WorkedBatch;
  let open: OpenBlock = { times: [], lines: [], chars: 0 };
  const closeBlock = (): void => {
    blocks.push(packBlock(member, source, open));
    open = { times: [], lines: [], chars: 0 };
  };
  for (const batch of batches) {
    const firstBlock = blocks.length;
    const receivedMs = Date.parse(batch.receivedAt);
    const pieces: [block: number, first: number, last: number][] = [];
    for (const event of batch.events) {
      const offset = recordOffset('event', event['event.id'], batch.batchId);
      const atMs = eventTime(event, receivedMs);
      addCount(counts, member, source, Math.floor(atMs / MINUTE_MS));
      const line = JSON.stringify(event);
      open.times.push(atMs);
      open.lines.push(line);
      open.chars += line.length;
      collector.add(event);
      const block = blocks.length - firstBlock;
      const piece = pieces.at(-1);
      if (piece === undefined || piece[0] !== block) pieces.push([block, offset, offset]);
      else {
        piece[1] = Math.min(piece[1], offset);
        piece[2] = Math.max(piece[2], offset);
      }
      if (open.lines.length >= BLOCK_EVENTS || open.chars >= BLOCK_CHARS) closeBlock();
    }
    puts.push({
      id: batch.batchId,
      member,
      source,
      receivedMs,
      records: batch.records,
      parsed: batch.parsed,
      events: batch.events.length,
      ...batchNumbers(batch),
      firstBlock,
      pieces: JSON.stringify(pieces),
      rejects: batch.rejects.map((reject) => [reject.id, JSON.stringify(reject)]),
      matches: batch.matches.map((match) => [match.atMs, JSON.stringify(match)]),
    });
  }
  if (open.lines.length > 0) closeBlock();
}

function addCount(counts: Map<string, CountPut>, member: string, source: string, minute: number): void {
  const key = `${minute} ${source} ${member}`;
  const count = counts.get(key);
  if (count === undefined) counts.set(key, { minute, member, source, events: 1 });
  else count.events++;
}

/** Body: first line the times (JSON array of milliseconds), then one event a line. */
function packBlock(member: string, source: string, { times, lines }: OpenBlock): BlockPut {
  const text = `${JSON.stringify(times)}\n${lines.join('\n')}`;
  const packed = zstdCompressSync(text, { params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL } });
  return {
    member,
    source,
    minMs: times.reduce((min, at) => Math.min(min, at)),
    maxMs: times.reduce((max, at) => Math.max(max, at)),
    events: lines.length,
    words: collector.take(),
    // A copy of its own size: what zlib returns lies in a larger buffer, and that would travel between the threads.
    body: new Uint8Array(packed),
  };
}
