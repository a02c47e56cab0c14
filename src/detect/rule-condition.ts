/** What a condition over rules (`a and b and not c`) must fulfil to make sense in a window of time. Pure logic, no places. */
import { holds, join } from './condition.ts';
import type { Condition } from './rule.ts';

/** So many rules are tried in every combination. */
const mostTried = 10;

/** What is wrong with it, in words. `names`: the rules that it mentions. */
export function checkRuleCondition(condition: Condition, names: readonly string[]): string | undefined {
  if (holds(condition, new Set()))
    return 'the condition holds where none of the rules matches: join a rule that must match with "and"';
  if (names.length > mostTried) return undefined;
  for (let chosen = 1; chosen < 2 ** names.length; chosen++) {
    const seen = new Set(names.filter((_, index) => (chosen & (1 << index)) !== 0));
    if (holds(condition, seen)) return undefined;
  }
  return 'the condition can never hold, whichever rules match';
}

/**
 * For an order of rules: the condition as one flat "and" of rules and of rules with "not". What is left to choose between has no
 * one order, and is refused.
 */
export function inOrder(condition: Condition): { condition: Condition } | { problem: string } {
  const positive = new Set<string>();
  const negative = new Set<string>();
  const parts: Condition[] = [];
  const walk = (part: Condition, negated: boolean): boolean => {
    switch (part.kind) {
      case 'not':
        return walk(part.of, !negated);
      case 'and':
      case 'or':
        // "not (a or b)" is "not a and not b".
        return (part.kind === 'or') === negated && part.of.every((each) => walk(each, negated));
      case 'selection': {
        const seen = negated ? negative : positive;
        if (!seen.has(part.name)) parts.push(negated ? { kind: 'not', of: part } : part);
        seen.add(part.name);
        return true;
      }
    }
  };
  if (!walk(condition, false)) {
    return {
      problem:
        'temporal_ordered needs one order, and "or" leaves several: write a correlation for each, or type "temporal"',
    };
  }
  const both = [...positive].find((name) => negative.has(name));
  if (both !== undefined) return { problem: `the condition can never hold: "${both}" must match and must not` };
  return { condition: join('and', parts) };
}
