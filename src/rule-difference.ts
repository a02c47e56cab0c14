/** What one set of rules has that another has not. Pure. */
import type { CorrelationRule, SigmaRule } from './detect/rule.ts';

type AnyRule = SigmaRule | CorrelationRule;

/** Ids, sorted. */
export interface RuleDifference {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** In both, but not the same in all that matters; where it stands in its file does not. */
  readonly changed: readonly string[];
}

export function compareRules(before: readonly AnyRule[], after: readonly AnyRule[]): RuleDifference {
  const old = new Map(before.map((rule) => [rule.id, rule]));
  const ids = new Set(after.map(({ id }) => id));
  const changed = after.filter((rule) => {
    const other = old.get(rule.id);
    // Hot: most are the very same object, from a file that was not parsed again.
    return other !== undefined && other !== rule && contentOf(other) !== contentOf(rule);
  });
  return {
    added: [...ids].filter((id) => !old.has(id)).sort(),
    removed: [...old.keys()].filter((id) => !ids.has(id)).sort(),
    changed: changed.map(({ id }) => id).sort(),
  };
}

const contentOf = (rule: AnyRule): string =>
  JSON.stringify(rule, (key, value: unknown) => {
    // A selection may be called "where" as well.
    if (key === 'where' && typeof value === 'object' && value !== null && 'line' in value) return undefined;
    return typeof value === 'bigint' ? ['bigint', String(value)] : value;
  });
