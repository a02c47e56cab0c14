/** A file of logs whose outcome is known: how many records, which of them are rejects, and what the embedded center makes of it. */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import type { Alert } from '../../src/model/alert.ts';
import { CENTER_SCOPE } from '../../src/model/scope.ts';
import type { Store } from '../../src/store/store.ts';

const REJECT_EVERY = 100;
const ATTACK_EVERY = 40;
const ATTACKERS = 30;

export interface Load {
  readonly file: string;
  readonly records: number;
  readonly rejects: number;
}

/** An access log over `minutes` of a day gone by: every hundredth line is none, every fortieth attacks. */
export async function writeLoad(file: string, records: number, minutes = 30): Promise<Load> {
  const writing = createWriteStream(file);
  let rejects = 0;
  for (let index = 0; index < records; index++) {
    const line =
      index % REJECT_EVERY === REJECT_EVERY - 1 ? `not a log line ${index}\n` : accessLine(index, records, minutes);
    if (line.startsWith('not')) rejects++;
    if (!writing.write(line)) await once(writing, 'drain');
  }
  writing.end();
  await finished(writing);
  return { file, records, rejects };
}

function accessLine(index: number, records: number, minutes: number): string {
  const second = Math.floor((index / records) * minutes * 60);
  const two = (value: number): string => String(value).padStart(2, '0');
  const at = `${two(Math.floor(second / 3600) + 10)}:${two(Math.floor(second / 60) % 60)}:${two(second % 60)}`;
  const attack = index % ATTACK_EVERY === 0;
  const from = attack ? `203.0.113.${(index / ATTACK_EVERY) % ATTACKERS}` : `192.0.2.${index % 250}`;
  // A sweep now and then as well: a correlation over a window, which a change of the correlator falls into.
  const [path, status] = attack ? [`/../../etc/passwd?n=${index}`, 404] : [`/item/${index}`, 200];
  return `${from} - - [20/Nov/2026:${at} +0900] "GET ${path} HTTP/1.1" ${status} 512 "-" "Mozilla/5.0"\n`;
}

const numberOf = (text: string): number => Number(/\d+$/.exec(text)?.[0]);

/** How often each record of the load is stored: an array of ones when all is well. Index: its line. */
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
    for (const event of page.items) mark(numberOf(String(event['event.original']).split('"')[1]?.split(' ')[1] ?? ''));
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
