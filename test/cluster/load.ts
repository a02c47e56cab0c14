/** Logs whose outcome is known, and a sender that lets go of nothing before the door has said yes. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Alert } from '../../src/model/alert.ts';
import { CENTER_SCOPE } from '../../src/model/scope.ts';
import type { Store } from '../../src/store/store.ts';

const REJECT_EVERY = 100;
const ATTACK_EVERY = 40;
const ATTACKERS = 30;
/** Never an attack, and never what is no line. */
const NAMED_EVERY = 25;
const NAMED_AT = 7;
const BATCH = 500;
const LANES = 3;

export interface Load {
  readonly lines: readonly string[];
  readonly rejects: number;
  /** Lines with a user's name in them. */
  readonly named: number;
}

/** One of so many parts of a load, counted from 0: they are as long as each other, and follow each other. */
export interface Part {
  readonly number: number;
  readonly of: number;
}
const WHOLE: Part = { number: 0, of: 1 };

/** Of the first line in the part. */
export const beginOf = ({ lines }: Pick<Load, 'lines'>, { number, of }: Part): number =>
  Math.floor((Math.ceil(lines.length / BATCH) * number) / of) * BATCH;

/** An access log over `minutes` of a day gone by: every hundredth line is none, every fortieth attacks, some name a user. */
export function makeLoad(records: number, minutes = 30): Load {
  const isReject = (index: number): boolean => index % REJECT_EVERY === REJECT_EVERY - 1;
  const lines = Array.from({ length: records }, (_, index) =>
    isReject(index) ? `not a log line ${index}\n` : accessLine(index, records, minutes),
  );
  const named = Math.ceil(Math.max(0, records - NAMED_AT) / NAMED_EVERY);
  return { lines, rejects: Math.floor(records / REJECT_EVERY), named };
}

/**
 * Sends batch after batch of the part, a few at a time, each under a key of its own and again and again until it is accepted; not
 * all of it before `lastsMs` are over.
 */
export async function sendLoad(load: Load, url: string, key: string, lastsMs: number, part = WHOLE): Promise<void> {
  const { lines } = load;
  const first = beginOf(load, part) / BATCH;
  const end = beginOf(load, { ...part, number: part.number + 1 }) / BATCH;
  const began = performance.now();
  let next = first;
  const lane = async (): Promise<void> => {
    for (let batch = next++; batch < end; batch = next++) {
      await pause(Math.max(0, began + ((batch - first) / (end - first)) * lastsMs - performance.now()));
      const body = lines.slice(batch * BATCH, (batch + 1) * BATCH).join('');
      while (!(await accepted(url, key, `batch-${batch}`, body))) await pause(200);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

async function accepted(url: string, key: string, batchKey: string, body: string): Promise<boolean> {
  try {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'text/plain', 'idempotency-key': batchKey };
    const answer = await fetch(`${url}/ingest`, { method: 'POST', headers, body, signal: AbortSignal.timeout(20_000) });
    await answer.arrayBuffer();
    return answer.status === 202;
  } catch {
    return false;
  }
}

function accessLine(index: number, records: number, minutes: number): string {
  const second = Math.floor((index / records) * minutes * 60);
  const two = (value: number): string => String(value).padStart(2, '0');
  const at = `${two(Math.floor(second / 3600) + 10)}:${two(Math.floor(second / 60) % 60)}:${two(second % 60)}`;
  const attack = index % ATTACK_EVERY === 0;
  const from = attack ? `203.0.113.${(index / ATTACK_EVERY) % ATTACKERS}` : `192.0.2.${index % 250}`;
  const [path, status] = attack ? [`/../../etc/passwd?n=${index}`, 404] : [`/item/${index}`, 200];
  const user = index % NAMED_EVERY === NAMED_AT ? 'taro' : '-';
  return `${from} - ${user} [20/Nov/2026:${at} +0900] "GET ${path} HTTP/1.1" ${status} 512 "-" "Mozilla/5.0"\n`;
}

/** Of the line, whether it became an event or not. */
const numberOf = (line: string): number => Number(/(?:GET \S*?|line )(\d+)(?: HTTP|\s*$)/.exec(line)?.[1]);

/** How often each line of the load is stored: ones when all is well. */
export async function timesStored(store: Store, records: number): Promise<Uint8Array> {
  const seen = new Uint8Array(records);
  const mark = (index: number): void => {
    seen[index] = (seen[index] as number) + 1;
  };
  const ever = { since: '2026-01-01T00:00:00.000Z', until: '2028-01-01T00:00:00.000Z' };
  let cursor: string | undefined;
  do {
    const more = cursor === undefined ? {} : { cursor };
    const page = await store.findEvents(CENTER_SCOPE, { ...ever, limit: 1_000, budgetMs: 60_000, ...more });
    for (const event of page.items) mark(numberOf(String(event['event.original'])));
    cursor = page.next;
  } while (cursor !== undefined);
  do {
    const page = await store.findRejects(CENTER_SCOPE, { limit: 1_000, ...(cursor !== undefined && { cursor }) });
    for (const reject of page.items) mark(numberOf(Buffer.from(reject.raw, 'base64').toString()));
    cursor = page.next;
  } while (cursor !== undefined);
  return seen;
}

/** What must be the same whatever happened on the way: which alerts there are, what each counts, from when to when. */
export async function alertsOf(store: Store): Promise<string[]> {
  const all: Alert[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.find('alert', CENTER_SCOPE, { limit: 1_000, ...(cursor !== undefined && { cursor }) });
    all.push(...page.items);
    cursor = page.next;
  } while (cursor !== undefined);
  return all
    .map(({ id, title, count, firstSeenAt, lastSeenAt }) => `${title} ${id} ${count} ${firstSeenAt} ${lastSeenAt}`)
    .sort();
}

/** Sums of the ledger over all sources and hours. */
export async function ledgerOf(
  store: Store,
): Promise<{ received: number; events: number; rejects: number; refused: number }> {
  const rows = await store.ledger(CENTER_SCOPE, {
    since: '2000-01-01T00:00:00.000Z',
    until: '2100-01-01T00:00:00.000Z',
  });
  const sum = (property: 'received' | 'events' | 'rejects' | 'refused'): number =>
    rows.reduce((all, row) => all + row[property], 0);
  return { received: sum('received'), events: sum('events'), rejects: sum('rejects'), refused: sum('refused') };
}
