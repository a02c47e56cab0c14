/**
 * Many parsed files -> one rule set: ids and names are unique, correlations refer to rules that are there, by id.
 * What does not resolve is reported and left out; nothing is guessed.
 */
import type { CorrelationRule, Problem, RuleHead, RuleSet, SigmaRule } from './rule.ts';
import { didYouMean, quoted } from './suggestion.ts';

/** Order of the sets is kept. Of two rules with one id the first stays. Throws nothing. */
export function resolveRules(sets: readonly RuleSet[]): RuleSet {
  const problems: Problem[] = sets.flatMap((set) => [...set.problems]);
  const byId = new Map<string, RuleHead>();
  const byName = new Map<string, RuleHead | 'twice'>();
  const complain = (rule: RuleHead, message: string) =>
    problems.push({ where: rule.where, severity: 'error', message });
  const admit = (rule: RuleHead): boolean => {
    const other = byId.get(rule.id);
    if (other !== undefined) {
      complain(
        rule,
        `the id ${quoted(rule.id)} belongs to ${other.where.file}:${other.where.line} already; give this rule its own`,
      );
      return false;
    }
    byId.set(rule.id, rule);
    if (rule.name === undefined) return true;
    const namesake = byName.get(rule.name);
    if (namesake !== undefined) {
      complain(rule, `the name ${quoted(rule.name)} is taken by another rule; correlations cannot refer to it`);
      byName.set(rule.name, 'twice');
    } else byName.set(rule.name, rule);
    return true;
  };
  const rules: SigmaRule[] = sets.flatMap((set) => set.rules.filter(admit));
  const written = sets.flatMap((set) => set.correlations.filter(admit));
  const correlationIds = new Set(written.map((rule) => rule.id));

  const lookUp = (correlation: CorrelationRule, reference: string): string | undefined => {
    const named = byName.get(reference);
    if (named === 'twice') {
      complain(
        correlation,
        `the correlation refers to the name ${quoted(reference)}, which two rules have; refer to the id`,
      );
      return undefined;
    }
    const found = byId.get(reference) ?? named;
    if (found === undefined) {
      const near = didYouMean(reference, [...byName.keys(), ...byId.keys()]);
      complain(
        correlation,
        `the correlation refers to ${quoted(reference)}, but no rule without error has that id or name${near}`,
      );
      return undefined;
    }
    if (correlationIds.has(found.id)) {
      complain(
        correlation,
        `the correlation refers to the correlation ${quoted(reference)}; chains of correlations are not supported yet`,
      );
      return undefined;
    }
    return found.id;
  };
  const correlations = written.flatMap((correlation) => {
    const ids = correlation.rules.map((reference) => [reference, lookUp(correlation, reference)] as const);
    if (ids.some(([, id]) => id === undefined)) return [];
    const idOf = new Map(ids as readonly (readonly [string, string])[]);
    return [{ ...correlation, rules: [...ids.map(([, id]) => id as string)], aliases: aliasesById(correlation, idOf) }];
  });
  return { rules, correlations, filters: [], overlays: [], problems };
}

function aliasesById(correlation: CorrelationRule, idOf: ReadonlyMap<string, string>): CorrelationRule['aliases'] {
  const aliases: Record<string, Readonly<Record<string, string>>> = Object.create(null);
  for (const [alias, fields] of Object.entries(correlation.aliases)) {
    const byId: Record<string, string> = Object.create(null);
    for (const [reference, field] of Object.entries(fields)) byId[idOf.get(reference) ?? reference] = field;
    aliases[alias] = byId;
  }
  return aliases;
}
