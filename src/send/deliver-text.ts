/**
 * A whole text to the intake: cuts, keeps a few batches in flight, and follows how far the center has it without a gap. What it says
 * about files it learns from resume.ts; it opens none.
 */
import { createHash, type Hash } from 'node:crypto';
import { createCutter, detectShape, type TextBatch, type TextShape } from './cut.ts';
import type { Accepted, Deliverer } from './deliver.ts';
import type { Delivered } from './resume.ts';

export interface DeliverTextOptions {
  /** Goes into the keys of batches: the file's name without its folder, or something of this run for a stream. */
  readonly name: string;
  /** Unpacked text, from its beginning. */
  readonly chunks: AsyncIterator<Buffer>;
  readonly format: 'lines' | 'json';
  readonly maxRecords: number;
  readonly maxBytes: number;
  /** What the center has already. */
  readonly delivered: Delivered | undefined;
  readonly deliverer: Deliverer;
  readonly inFlight: number;
  /** In the order of answers. */
  readonly onAccepted: (batch: TextBatch, accepted: Accepted) => void;
  /** The prefix that the center has grew. */
  readonly onDelivered: (delivered: Delivered) => void;
  /** A batch cannot be delivered: the place to abort what is in flight. */
  readonly onFailed: () => void;
}

/** Thrown before anything is sent: the text does not begin with what was delivered. Begin again with a fresh stream. */
export class NotTheSameText extends Error {
  constructor() {
    super('the text does not begin with what was delivered before');
    this.name = 'NotTheSameText';
  }
}

const HEAD_BYTES = 4096;
/** Batches that may wait behind one that is being tried again, for each in flight. */
const WAITING = 4;

/** Resolves when all of it is delivered. Throws NotTheSameText, DeliveryError, what reading throws, and an Error for a text that is no NDJSON. */
export async function deliverText(options: DeliverTextOptions): Promise<void> {
  const { delivered, deliverer, format, maxRecords, maxBytes, name } = options;
  const { hash, shape, rest } = await skipDelivered(options.chunks, delivered);
  if (format === 'json') refuseArray(rest.head);
  const cutter = createCutter({ maxRecords, maxBytes, shape, offset: delivered?.offset ?? 0 });

  let offset = delivered?.offset ?? 0;
  let records = delivered?.records ?? 0;
  let failure: { readonly error: unknown } | undefined;
  const order: { readonly batch: TextBatch; done: boolean }[] = [];
  const flying = new Set<Promise<void>>();

  const advance = (): void => {
    let moved = false;
    while (order[0]?.done === true) {
      const { batch } = order.shift() as (typeof order)[number];
      hash.update(batch.bytes);
      offset = batch.offset + batch.bytes.length;
      records += batch.records;
      moved = true;
    }
    if (moved) options.onDelivered({ offset, records, sha256: hash.copy().digest('hex'), batch: maxRecords });
  };

  const send = async (batch: TextBatch): Promise<void> => {
    const entry = { batch, done: false };
    order.push(entry);
    if (batch.records > 0) {
      const body =
        batch.offset === 0 || shape.mark.length === 0 ? batch.bytes : Buffer.concat([shape.mark, batch.bytes]);
      const accepted = await deliverer.deliver(body, batchKey(name, batch));
      options.onAccepted(batch, accepted);
    }
    entry.done = true;
    advance();
  };

  const enqueue = async (batches: readonly TextBatch[]): Promise<void> => {
    for (const batch of batches) {
      while (flying.size >= options.inFlight || order.length >= options.inFlight * WAITING) await Promise.race(flying);
      if (failure !== undefined) throw failure.error;
      const task = send(batch).catch((error: unknown) => {
        failure ??= { error };
        options.onFailed();
      });
      flying.add(task);
      void task.then(() => flying.delete(task));
    }
  };

  try {
    await enqueue(cutter.push(rest.chunk));
    for (let next = await options.chunks.next(); next.done !== true; next = await options.chunks.next()) {
      await enqueue(cutter.push(next.value));
      if (failure !== undefined) throw failure.error;
    }
    await enqueue(cutter.end());
  } finally {
    // What is in flight may still be accepted: the state on disk should know.
    await Promise.all(flying);
  }
  if (failure !== undefined) throw failure.error;
}

/** Idempotency key of a batch: the same batch of the same file always has the same. */
export function batchKey(name: string, { offset, bytes }: Pick<TextBatch, 'offset' | 'bytes'>): string {
  const content = createHash('sha256').update(bytes).digest('hex');
  return createHash('sha256')
    .update(JSON.stringify([name, offset, content]))
    .digest('hex');
}

interface Skipped {
  /** Of the prefix. */
  readonly hash: Hash;
  readonly shape: TextShape;
  /** What was read beyond the prefix, and the first bytes of the text. */
  readonly rest: { readonly chunk: Buffer; readonly head: Buffer };
}

async function skipDelivered(chunks: AsyncIterator<Buffer>, delivered: Delivered | undefined): Promise<Skipped> {
  const hash = createHash('sha256');
  const prefix = delivered?.offset ?? 0;
  let head: Buffer = Buffer.alloc(0);
  let read = 0;
  let chunk: Buffer = Buffer.alloc(0);
  while (read < prefix || head.length < HEAD_BYTES) {
    const next = await chunks.next();
    if (next.done === true) break;
    if (head.length < HEAD_BYTES) head = Buffer.concat([head, next.value.subarray(0, HEAD_BYTES - head.length)]);
    const known = next.value.subarray(0, Math.max(0, prefix - read));
    hash.update(known);
    chunk = Buffer.concat([chunk, next.value.subarray(known.length)]);
    read += next.value.length;
  }
  if (delivered !== undefined && (read < prefix || hash.copy().digest('hex') !== delivered.sha256)) {
    throw new NotTheSameText();
  }
  return { hash, shape: detectShape(head), rest: { chunk, head } };
}

function refuseArray(head: Buffer): void {
  if (/^(?:\uFEFF)?\s*\[/.test(head.subarray(0, 200).toString('utf8'))) {
    throw new Error('this is one JSON array; --format json takes one document a line (jq -c ".[]" makes them)');
  }
}
