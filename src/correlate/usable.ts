/** Which correlations can be run: a rule that cannot must not keep the others, or the center, from working. Raises nothing itself. */
import type { CorrelationRule, Problem } from '../detect/rule.ts';
import { type CorrelatorOptions, createCorrelator } from './correlator.ts';

/** The correlations that createCorrelator takes, and why it does not take the rest. */
export function usableCorrelations({ correlations, ...options }: CorrelatorOptions): {
  readonly correlations: readonly CorrelationRule[];
  readonly problems: readonly Problem[];
} {
  const usable: CorrelationRule[] = [];
  const problems: Problem[] = [];
  for (const rule of correlations) {
    try {
      const rules = options.rules.filter(({ id }) => rule.rules.includes(id));
      createCorrelator({ ...options, rules, correlations: [rule] });
      usable.push(rule);
    } catch (error) {
      const place = `${rule.where.file}:${rule.where.line}: `;
      const message = (error as Error).message;
      problems.push({
        where: rule.where,
        severity: 'error',
        message: message.startsWith(place) ? message.slice(place.length) : message,
      });
    }
  }
  return { correlations: usable, problems };
}
