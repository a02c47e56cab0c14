/** Counts what the embedded store's files hold, by member: for the comparison of two stores. */
import type { CensusRow } from '../copy.ts';
import { kindNames } from '../kinds.ts';
import type { Days } from './days.ts';
import type { SqliteFile } from './file.ts';

export function census(state: SqliteFile, days: Days): CensusRow[] {
  const sums = new Map<string, { -readonly [P in keyof CensusRow]: CensusRow[P] }>();
  const add = (file: SqliteFile, of: CensusRow['of'], select: string): void => {
    for (const { member, count } of file.read(() => file.sql(select).all()) as {
      member: string | null;
      count: number;
    }[]) {
      const key = `${of} ${member}`;
      const sum = sums.get(key) ?? { memberId: member, of, count: 0 };
      sum.count += count;
      if (sum.count > 0) sums.set(key, sum);
    }
  };
  for (const kind of kindNames) add(state, kind, `SELECT member, count(*) AS count FROM "${kind}" GROUP BY member`);
  add(state, 'mark', 'SELECT NULL AS member, count(*) AS count FROM applied');
  for (const day of days.all()) {
    const file = days.open(day);
    if (file === undefined) continue;
    add(file, 'event', 'SELECT member, sum(events) AS count FROM blocks GROUP BY member');
    add(file, 'reject', 'SELECT member, count(*) AS count FROM rejects GROUP BY member');
    add(file, 'batch', 'SELECT member, count(*) AS count FROM batches GROUP BY member');
    add(
      file,
      'match',
      'SELECT member, count(*) AS count FROM matches JOIN batches ON batches.seq = matches.batch GROUP BY member',
    );
  }
  return [...sums.values()];
}
