/**
 * Many small writes as few requests. What is stored, or was stored before, is done; what the server cannot take now is sent again,
 * with growing waits, until it can; what it will never take is told, item by item. Order among items is not kept.
 */
import { backOffMs, type Elastic, type Patience, RequestRefused } from './elasticsearch-connection.ts';
import { StoreUnavailable } from './store.ts';

export interface BulkItem {
  /**
   * "create" stores unless the id is there; "put" stores, with a version unless that or a greater one is there; "delete" removes,
   * with a version unless a greater one is there.
   */
  readonly op: 'create' | 'put' | 'delete';
  readonly index: string;
  readonly id: string;
  /** The document, JSON in one line; none for "delete". */
  readonly source?: string;
  /** External version: of "put", and of "delete" where documents were put. */
  readonly version?: number;
}

export interface BulkOutcome {
  /** Items that were there already ("create"), or in a later version ("put"), or were gone ("delete"). */
  readonly known: readonly BulkItem[];
  readonly refused: readonly { readonly item: BulkItem; readonly reason: string }[];
}

/** The index takes no writes (a block, or it is being removed), or is gone while it must not be made: for the caller to decide. */
export class IndexClosed extends StoreUnavailable {
  readonly index: string;
  constructor(index: string, reason: string) {
    super(`index ${index} takes no writes: ${reason}; if nobody is removing it, lift its write block`);
    this.name = 'IndexClosed';
    this.index = index;
  }
}

/** Server's limit is 100 MB; small requests are answered sooner and fit its memory. */
const REQUEST_CHARS = 4_000_000;
const REQUEST_ITEMS = 5_000;
const IN_FLIGHT = 2;
/** So often a whole request is refused for want of room, then its halves are tried. */
const FULL_ATTEMPTS = 5;

/** Reasons that lie in the index, for a while. */
const closedTypes: ReadonlySet<string> = new Set([
  'cluster_block_exception',
  'index_not_found_exception',
  'index_closed_exception',
]);
/**
 * Reasons that lie in one document. All others (no right to write, no room for another shard, …) concern whatever is sent there, and
 * nothing that was said of one document may be thrown away for them.
 */
const documentTypes =
  /^(?:(?:document|mapper)_parsing|strict_dynamic_mapping|illegal_argument|max_bytes_length_exceeded|x_content_parse|parse|parsing)_exception$/;

interface ItemAnswer {
  readonly status: number;
  readonly error?: { readonly type: string; readonly reason?: string };
}

/** Resolves when every item is durable or refused. Throws IndexClosed, StoreUnavailable, RequestRefused; then some may be stored. */
export async function writeBulk(
  elastic: Elastic,
  items: readonly BulkItem[],
  patience: Patience,
): Promise<BulkOutcome> {
  const refused: { item: BulkItem; reason: string }[] = [];
  const known: BulkItem[] = [];
  const lots = cutLots(items);
  const deadline = performance.now() + (patience === 'writer' ? Number.POSITIVE_INFINITY : 10_000);

  async function send(lot: readonly BulkItem[]): Promise<void> {
    let left = lot;
    for (let attempt = 0; left.length > 0; attempt++) {
      if (attempt > 0) {
        if (performance.now() > deadline) throw new StoreUnavailable('Elasticsearch is overloaded; try again later');
        await elastic.wait(backOffMs(attempt - 1));
      }
      const { status, body } = await elastic.request<{ items?: Record<string, ItemAnswer>[] }>({
        method: 'POST',
        path: '/_bulk',
        query: { filter_path: 'items.*.status,items.*.error.type,items.*.error.reason' },
        lines: left.map(toLines).join(''),
        accept: [413, 429],
        patience,
      });
      if (status === 413) return tooLarge(left);
      if (status === 429) {
        // A small server may never have room for as much at once.
        if (attempt >= FULL_ATTEMPTS && left.length > 1) return halve(left);
        continue;
      }
      left = left.filter((item, index) => again(item, Object.values(body.items?.[index] ?? {})[0]));
    }
  }

  async function tooLarge(lot: readonly BulkItem[]): Promise<void> {
    const [only] = lot;
    if (lot.length === 1 && only !== undefined) {
      refused.push({
        item: only,
        reason: `larger than one request may be (413), ${only.source?.length ?? 0} characters`,
      });
      return;
    }
    await halve(lot);
  }

  async function halve(lot: readonly BulkItem[]): Promise<void> {
    const middle = lot.length >> 1;
    await send(lot.slice(0, middle));
    await send(lot.slice(middle));
  }

  /** Whether it must be sent again. */
  function again(item: BulkItem, answer: ItemAnswer | undefined): boolean {
    if (answer === undefined) throw new RequestRefused('POST /_bulk', 200, 'an answer without one of its items');
    const { status, error } = answer;
    if (status < 300) return false;
    if (status === 409 || (status === 404 && item.op === 'delete')) {
      known.push(item);
      return false;
    }
    if (status === 429 || status >= 500) return true;
    const reason = `${error?.type ?? status}: ${error?.reason ?? ''}`.slice(0, 1_000);
    if (closedTypes.has(error?.type ?? '')) throw new IndexClosed(item.index, reason);
    if (!documentTypes.test(error?.type ?? '')) throw new RequestRefused(`to write to ${item.index}`, status, reason);
    refused.push({ item, reason });
    return false;
  }

  let next = 0;
  const lane = async (): Promise<void> => {
    try {
      for (let lot = lots[next++]; lot !== undefined; lot = lots[next++]) await send(lot);
    } catch (error) {
      next = lots.length;
      throw error;
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: Math.min(IN_FLIGHT, lots.length) }, lane));
  for (const outcome of lanes) if (outcome.status === 'rejected') throw outcome.reason;
  return { known, refused };
}

function cutLots(items: readonly BulkItem[]): BulkItem[][] {
  const lots: BulkItem[][] = [];
  let chars = 0;
  for (const item of items) {
    const length = (item.source?.length ?? 0) + 100;
    const lot = lots.at(-1);
    if (lot === undefined || chars + length > REQUEST_CHARS || lot.length >= REQUEST_ITEMS) {
      lots.push([item]);
      chars = length;
    } else {
      lot.push(item);
      chars += length;
    }
  }
  return lots;
}

function toLines({ op, index, id, source, version }: BulkItem): string {
  const name = JSON.stringify(id);
  if (op === 'delete') {
    const versioned = version === undefined ? '' : `,"version":${version},"version_type":"external_gte"`;
    return `{"delete":{"_index":"${index}","_id":${name}${versioned}}}\n`;
  }
  if (op === 'create') return `{"create":{"_index":"${index}","_id":${name}}}\n${source}\n`;
  const versioned = version === undefined ? '' : `,"version":${version},"version_type":"external"`;
  return `{"index":{"_index":"${index}","_id":${name}${versioned}}}\n${source}\n`;
}
