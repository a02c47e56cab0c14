/** What restore and migrate ask of a store before they fill it: that it is empty, or holds a part of the same. */
import { CENTER_SCOPE } from '../model/scope.ts';
import type { CensusRow, CopyableStore, CopyOrigin } from '../store/copy.ts';
import { UsageError } from './arguments.ts';

export const ever = { since: '0001-01-01T00:00:00.000Z', until: '9999-01-01T00:00:00.000Z' };

/**
 * Notes in it that a copy begins, or goes on; no center begins to work on it until `finishCopy`. Throws UsageError when it holds
 * anything else; `howToEmpty` says how to make an empty one.
 */
export async function beginCopy(store: CopyableStore, from: string, howToEmpty: string): Promise<CopyOrigin> {
  const { origin: before, terms } = await store.identity();
  if (before !== undefined && before.from === from && before.terms !== terms) {
    throw new UsageError(
      `a center has begun to work on what was copied there; going on would mix the two. To begin anew, ${howToEmpty}`,
    );
  }
  if (before?.from !== from) {
    const [row] = await store.census();
    const ledger = row === undefined ? await store.ledger(CENTER_SCOPE, ever) : [];
    if (row !== undefined || ledger.length > 0 || before !== undefined) {
      throw new UsageError(`it must be empty, but there is ${what(row)}; ${howToEmpty}`);
    }
  }
  const origin: CopyOrigin = { from, terms, finished: false };
  await store.setOrigin(origin);
  return origin;
}

const what = (row: CensusRow | undefined): string =>
  row === undefined
    ? 'something'
    : `${row.count} of kind "${row.of}"${row.memberId === null ? '' : ` of ${row.memberId}`}`;

export const finishCopy = (store: CopyableStore, origin: CopyOrigin): Promise<void> =>
  store.setOrigin({ ...origin, finished: true });
