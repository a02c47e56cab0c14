/** A reader's scope as a condition on the column `member`. Every statement that reads for someone holds it. */
import type { Scope } from '../../model/scope.ts';

/** For parameter ?1: the members as JSON. */
export const scopeParameter = ({ members }: Scope): string => JSON.stringify(members);

/** One member may be looked up in an index; of several, each row in the order of the page is asked whether it is theirs. */
export function inScope({ members }: Scope): string {
  if (members === 'all') return '?1 IS NOT NULL';
  return members.length === 1 ? 'member = (?1 ->> 0)' : '+member IN (SELECT value FROM json_each(?1))';
}
