/** The count check of a move: what two stores hold, member by member, side by side. Says nothing of what is in the documents. */
import { CENTER_SCOPE } from '../model/scope.ts';
import type { CopyableStore } from '../store/copy.ts';
import { ever } from './copy-target.ts';
import { printTable } from './table.ts';

export interface CountCheck {
  readonly equal: boolean;
  /** For people: a number where both sides have it, "12 not 13" where they differ. */
  readonly table: string;
}

const CENTER = '(center)';
const TOTAL = '(total)';
const columns = [
  ...['member', 'source', 'key', 'user', 'session', 'alert', 'incident', 'campaign', 'audit'],
  ...['event', 'reject', 'batch', 'match', 'mark', 'received', 'parsed', 'rejected', 'refused', 'ledger rows'],
] as const;
type Column = (typeof columns)[number];
type Counts = Map<string, Partial<Record<Column, number>>>;

export async function checkCounts(from: CopyableStore, to: CopyableStore): Promise<CountCheck> {
  const [one, two] = [await countAll(from), await countAll(to)];
  const ledgerDiffers = differing(one.ledger, two.ledger);
  const names = [...new Set([...one.counts.keys(), ...two.counts.keys()])].sort();
  let equal = ledgerDiffers === 0;
  const rows = names.map((name) => [
    name,
    ...columns.map((column) => {
      const [a, b] = [one.counts.get(name)?.[column] ?? 0, two.counts.get(name)?.[column] ?? 0];
      if (a !== b) equal = false;
      return a === b ? a.toLocaleString('en') : `${b.toLocaleString('en')} not ${a.toLocaleString('en')}`;
    }),
  ]);
  const used = columns.map((_, index) => rows.some((row) => row[index + 1] !== '0'));
  const shown = (row: readonly string[]): string[] => row.filter((_, index) => index === 0 || used[index - 1]);
  const titles = ['MEMBER', ...columns.map((column) => column.toUpperCase())];
  const table = printTable(shown(titles), rows.map(shown));
  return { equal, table: ledgerDiffers === 0 ? table : `${table}\nRows of the ledger that differ: ${ledgerDiffers}.` };
}

async function countAll(store: CopyableStore): Promise<{ counts: Counts; ledger: ReadonlyMap<string, string> }> {
  const counts: Counts = new Map();
  const add = (member: string, column: Column, count: number): void => {
    for (const name of [member, TOTAL]) {
      const row = counts.get(name) ?? {};
      row[column] = (row[column] ?? 0) + count;
      counts.set(name, row);
    }
  };
  for (const { memberId, of, count } of await store.census()) add(memberId ?? CENTER, of, count);
  const ledger = new Map<string, string>();
  for (const row of await store.ledger(CENTER_SCOPE, ever)) {
    const { memberId, sourceId, hour, received, events, rejects, refused } = row;
    if (received === 0) continue;
    add(memberId, 'received', received);
    add(memberId, 'parsed', events);
    add(memberId, 'rejected', rejects);
    add(memberId, 'refused', refused);
    add(memberId, 'ledger rows', 1);
    ledger.set(`${hour} ${sourceId} ${memberId}`, `${events} ${rejects} ${refused}`);
  }
  return { counts, ledger };
}

function differing(one: ReadonlyMap<string, string>, two: ReadonlyMap<string, string>): number {
  let count = 0;
  for (const [key, value] of one) if (two.get(key) !== value) count++;
  for (const key of two.keys()) if (!one.has(key)) count++;
  return count;
}
