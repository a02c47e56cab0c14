/**
 * Filters become part of the rules that they are for: their condition is joined to the rule's with "and", as written, their selections
 * under names that no rule can have. A filter is for events of its log source, so that the rule's must be the same or a part of it.
 */
import { renamed } from './condition.ts';
import { prepareItem } from './needles.ts';
import type { Complain } from './reporter.ts';
import { formatWhere, type LogSource, type Selection, type SigmaFilter, type SigmaRule } from './rule.ts';
import type { RuleRegister } from './rule-register.ts';
import { quoted } from './suggestion.ts';

export interface FilterContext {
  readonly register: RuleRegister;
  /** Ids of rules that are no correlations, disabled ones included. */
  readonly isRule: ReadonlySet<string>;
  readonly complain: Complain;
}

/** A filter, ready to be added to any number of rules. */
interface Addition {
  readonly selections: Readonly<Record<string, Selection>>;
  readonly condition: SigmaFilter['condition'];
}

/** Order of the rules is kept; a rule gets the filters that name it, in their order, then those for any rule. */
export function applyFilters(
  rules: readonly SigmaRule[],
  filters: readonly SigmaFilter[],
  { register, isRule, complain }: FilterContext,
): readonly SigmaRule[] {
  const ids = new Map<string, SigmaFilter>();
  const usable = filters.filter((filter) => {
    const other = ids.get(filter.id);
    if (other === undefined) ids.set(filter.id, filter);
    else
      complain(
        filter.where,
        `the id ${quoted(filter.id)} belongs to the filter at ${formatWhere(other.where)} already; give this one its own`,
      );
    return other === undefined && isUsable(filter, complain);
  });
  if (usable.length === 0) return rules;
  const byId = new Map<string, SigmaRule>(rules.map((rule) => [rule.id, rule]));
  const named = new Map<string, Set<SigmaFilter>>();
  for (const filter of usable) {
    if (filter.rules === 'any') continue;
    for (const reference of filter.rules) {
      const found = register.find(reference);
      if ('problem' in found) {
        complain(filter.where, `the filter is for ${found.problem}`);
        continue;
      }
      const { id, where } = found.rule;
      const rule = byId.get(id);
      if (!isRule.has(id)) {
        complain(
          filter.where,
          `the filter is for ${quoted(reference)}, a correlation; name the rules that it refers to`,
        );
      } else if (rule !== undefined && !covers(filter.logsource, rule.logsource)) {
        complain(
          filter.where,
          `the filter is for ${quoted(reference)}, whose log source (${inWords(rule.logsource)}) is not part of the filter's (${inWords(filter.logsource)}); it is not applied to ${where.file}`,
        );
      } else {
        const of = named.get(id) ?? new Set();
        named.set(id, of.add(filter));
      }
    }
  }
  const additions = new Map(usable.map((filter) => [filter, addition(filter)]));
  const general = usable.filter((filter) => filter.rules === 'any');
  const generalFor = new Map<string, readonly SigmaFilter[]>();
  return rules.map((rule) => {
    const source = JSON.stringify(parts.map((part) => rule.logsource[part] ?? null));
    let covering = generalFor.get(source);
    if (covering === undefined) {
      covering = general.filter((filter) => covers(filter.logsource, rule.logsource));
      generalFor.set(source, covering);
    }
    const own = named.get(rule.id) ?? [];
    const added = [...own, ...covering].map((filter) => additions.get(filter) as Addition);
    if (added.length === 0) return rule;
    return {
      ...rule,
      selections: Object.assign(Object.create(null), rule.selections, ...added.map(({ selections }) => selections)),
      condition: { kind: 'and', of: [rule.condition, ...added.map(({ condition }) => condition)] },
    };
  });
}

/** A value that cannot be prepared would take every rule of the filter down with it. Placeholders are known only when compiling. */
function isUsable(filter: SigmaFilter, complain: Complain): boolean {
  let usable = true;
  const check = (selection: Selection): void => {
    if (selection.kind !== 'item') {
      selection.of.forEach(check);
      return;
    }
    const { item } = selection;
    if (item.modifiers.includes('expand')) return;
    const prepared = prepareItem(item);
    if (!('problem' in prepared)) return;
    complain(item.where, prepared.problem);
    usable = false;
  };
  Object.values(filter.selections).forEach(check);
  return usable;
}

/** A selection's name has no ":" by itself, so that these meet nobody's. */
function addition(filter: SigmaFilter): Addition {
  const name = (old: string) => `filter:${filter.id}:${old}`;
  const selections: Record<string, Selection> = Object.create(null);
  for (const [old, selection] of Object.entries(filter.selections)) selections[name(old)] = selection;
  return { selections, condition: renamed(filter.condition, name) };
}

const parts = ['product', 'category', 'service'] as const;

/** Whether every event of the second is one of the first. */
function covers(filter: LogSource, rule: LogSource): boolean {
  return parts.every((part) => filter[part] === undefined || filter[part] === rule[part]);
}

function inWords(source: LogSource): string {
  return parts
    .flatMap((part) => (source[part] === undefined ? [] : [`${part}: ${quoted(source[part]).slice(1, -1)}`]))
    .join(', ');
}
