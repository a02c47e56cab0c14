/** Which rule or correlation an id, or else a name, means. The first of an id stays; a name that two have leads nowhere. */
import { formatWhere, type RuleHead } from './rule.ts';
import { didYouMean, quoted } from './suggestion.ts';

export interface RuleRegister {
  /** Undefined: taken in. Else why not; a taken name is told too, but the rule is in, under its id. */
  admit(rule: RuleHead): { readonly admitted: boolean; readonly problem: string } | undefined;
  /** The rule, or what is wrong, to stand after "refers to". */
  find(reference: string): { readonly rule: RuleHead } | { readonly problem: string };
}

/** A search for the nearest name looks at 2,000 of them: not for every one of thousands of broken references. */
const mostSuggestions = 20;

export function createRuleRegister(): RuleRegister {
  const byId = new Map<string, RuleHead>();
  const byName = new Map<string, RuleHead | 'twice'>();
  let suggestions = 0;

  function* known(): Iterable<string> {
    yield* byName.keys();
    yield* byId.keys();
  }

  return {
    admit(rule) {
      const other = byId.get(rule.id);
      if (other !== undefined) {
        const problem = `the id ${quoted(rule.id)} belongs to ${formatWhere(other.where)} already; give this rule its own`;
        return { admitted: false, problem };
      }
      byId.set(rule.id, rule);
      if (rule.name === undefined) return undefined;
      if (!byName.has(rule.name)) {
        byName.set(rule.name, rule);
        return undefined;
      }
      byName.set(rule.name, 'twice');
      return {
        admitted: true,
        problem: `the name ${quoted(rule.name)} is taken by another rule; nothing can refer to it`,
      };
    },
    find(reference) {
      const rule = byId.get(reference) ?? byName.get(reference);
      if (rule === 'twice') return { problem: `the name ${quoted(reference)}, which two rules have; refer to the id` };
      if (rule !== undefined) return { rule };
      const near = suggestions++ < mostSuggestions ? didYouMean(reference, known()) : '';
      return { problem: `${quoted(reference)}, but no rule without error has that id or name${near}` };
    },
  };
}
