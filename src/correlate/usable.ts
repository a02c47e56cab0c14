/** Which correlations can be run: a rule that cannot must not keep the others, or the center, from working. Raises nothing itself. */
import type { CorrelationRule, Problem } from '../detect/rule.ts';
import { type CorrelatorOptions, createCorrelator } from './correlator.ts';

/** The correlations that createCorrelator takes, in their order, and why it does not take the rest. */
export function usableCorrelations({ correlations, ...options }: CorrelatorOptions): {
  readonly correlations: readonly CorrelationRule[];
  readonly problems: readonly Problem[];
} {
  const byId = new Map(correlations.map((rule) => [rule.id, rule]));
  const problems = new Map<CorrelationRule, Problem>();

  /** With all that it stands on; circles included, which createCorrelator refuses. */
  function beneath(rule: CorrelationRule, found = new Set<CorrelationRule>()): Set<CorrelationRule> {
    if (found.has(rule)) return found;
    found.add(rule);
    for (const id of rule.rules) {
      const inner = byId.get(id);
      if (inner !== undefined) beneath(inner, found);
    }
    return found;
  }

  for (const rule of correlations) {
    const chain = [...beneath(rule)];
    try {
      const rules = options.rules.filter(({ id }) => chain.some((one) => one.rules.includes(id)));
      createCorrelator({ ...options, rules, correlations: chain });
    } catch (error) {
      const place = `${rule.where.file}:${rule.where.line}: `;
      const message = (error as Error).message;
      problems.set(rule, {
        where: rule.where,
        severity: 'error',
        message: message.startsWith(place)
          ? message.slice(place.length)
          : `it stands on a correlation that cannot be run (${message})`,
      });
    }
  }
  return {
    correlations: correlations.filter((rule) => !problems.has(rule)),
    problems: [...problems.values()],
  };
}
