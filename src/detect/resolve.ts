/**
 * Many parsed files -> one rule set. In this order: ids and names become unique, overlays leave out and change, filters are added to
 * their rules, correlations get the ids of what they refer to. What does not resolve is reported and left out; nothing is guessed.
 */
import type { Complain } from './reporter.ts';
import { resolveCorrelations } from './resolve-correlation.ts';
import { applyFilters } from './resolve-filter.ts';
import { applyOverlays } from './resolve-overlay.ts';
import type { Problem, RuleHead, RuleSet } from './rule.ts';
import { createRuleRegister } from './rule-register.ts';

/** Order of the sets is kept. Of two rules with one id the first stays. Linear in the number of rules. Throws nothing. */
export function resolveRules(sets: readonly RuleSet[]): RuleSet {
  const problems: Problem[] = sets.flatMap((set) => set.problems);
  const complain: Complain = (where, message, severity = 'error') => problems.push({ where, severity, message });
  const register = createRuleRegister();
  const admit = (rule: RuleHead): boolean => {
    const refused = register.admit(rule);
    if (refused === undefined) return true;
    complain(rule.where, refused.problem);
    return refused.admitted;
  };
  const rules = sets.flatMap((set) => set.rules.filter(admit));
  const correlations = sets.flatMap((set) => set.correlations.filter(admit));
  const overlays = sets.flatMap((set) => set.overlays);
  const filters = sets.flatMap((set) => set.filters);

  const { change, disabledAt } = applyOverlays(overlays, register, complain);
  const inForce = change(rules);
  const isRule = new Set(rules.map(({ id }) => id));
  return {
    rules: applyFilters(inForce, filters, { register, isRule, complain }),
    correlations: resolveCorrelations(change(correlations), { register, isRule, disabledAt, complain }),
    filters: [],
    overlays: [],
    problems,
  };
}
