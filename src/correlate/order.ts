/** Which correlations refer to which: an order in which each comes after those it refers to, and how far back a chain looks. */
import type { CorrelationRule, SigmaRule } from '../detect/rule.ts';

const deepest = 32;

/** Throws, with file and line, for references to nothing, circles, and chains of more than 32. */
export function inOrder(
  rules: readonly SigmaRule[],
  correlations: readonly CorrelationRule[],
): readonly CorrelationRule[] {
  const known = new Set(rules.map(({ id }) => id));
  const byId = new Map(correlations.map((rule) => [rule.id, rule]));
  const height = new Map<string, number>();
  const ordered: CorrelationRule[] = [];

  function visit(rule: CorrelationRule, above: readonly string[]): number {
    const there = height.get(rule.id);
    if (there !== undefined) return there;
    const refuse = (what: string) => new Error(`${rule.where.file}:${rule.where.line}: ${what}`);
    if (rule.rules.length === 0) throw refuse('the correlation refers to no rule');
    if (above.includes(rule.id)) throw refuse('the correlation refers to itself, by way of others: break the circle');
    let tallest = 0;
    for (const id of rule.rules) {
      const inner = byId.get(id);
      if (inner === undefined && !known.has(id)) throw refuse(`there is no rule "${id}"`);
      if (inner !== undefined) tallest = Math.max(tallest, visit(inner, [...above, rule.id]));
    }
    if (tallest >= deepest || above.length >= deepest)
      throw refuse(`it stands on a chain of more than ${deepest} correlations: make it shorter`);
    height.set(rule.id, tallest + 1);
    ordered.push(rule);
    return tallest + 1;
  }
  for (const rule of correlations) visit(rule, []);
  return ordered;
}

/**
 * How far before a moment the matches begin that decide what belongs to an alert at it: twice the timespan, as the oldest events
 * that a late one can still meet were judged together with those before them, and for each correlation beneath its timespan.
 */
export function longestReachMs(ordered: readonly CorrelationRule[]): number {
  const depth = new Map<string, number>();
  let longest = 0;
  for (const { id, rules, timespanMs } of ordered) {
    const below = Math.max(0, ...rules.map((rule) => depth.get(rule) ?? 0));
    depth.set(id, timespanMs + below);
    longest = Math.max(longest, 2 * timespanMs + below);
  }
  return longest;
}
