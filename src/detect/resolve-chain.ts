/**
 * Aliases by rule id, and what a correlation over correlations may ask of these: what another correlation finds has no fields but
 * the values of that one's own group-by.
 */
import type { Complain } from './reporter.ts';
import type { CorrelationRule } from './rule.ts';
import type { RuleRegister } from './rule-register.ts';
import { didYouMean, quoted } from './suggestion.ts';

/**
 * alias -> id -> field. `idOf`: what the correlation refers to, as written -> id; an alias may name a rule the other way. Undefined
 * when it names one that the correlation does not refer to; then that was reported.
 */
export function resolveAliases(
  written: CorrelationRule,
  idOf: ReadonlyMap<string, string>,
  register: RuleRegister,
  complain: Complain,
): CorrelationRule['aliases'] | undefined {
  const ids = new Set(idOf.values());
  const used = new Set(fieldsOf(written));
  const aliases: Record<string, Readonly<Record<string, string>>> = Object.create(null);
  let complete = true;
  for (const [alias, fields] of Object.entries(written.aliases)) {
    const byId: Record<string, string> = Object.create(null);
    for (const [reference, field] of Object.entries(fields)) {
      const found = idOf.has(reference) ? undefined : register.find(reference);
      const id = idOf.get(reference) ?? (found !== undefined && 'rule' in found ? found.rule.id : undefined);
      if (id === undefined || !ids.has(id)) {
        const near = didYouMean(reference, idOf.keys());
        const message = `the alias ${quoted(alias)} names ${quoted(reference)}, which is not among the rules${near}`;
        complain(written.where, message);
        complete = false;
      } else byId[id] = field;
    }
    const without = [...idOf].find(([, id]) => !(id in byId));
    if (complete && without !== undefined && used.has(alias)) {
      const message = `the alias ${quoted(alias)} says no field for ${quoted(without[0])}: there the field ${quoted(alias)} itself is taken`;
      complain(written.where, message, 'warning');
    }
    aliases[alias] = byId;
  }
  return complete ? aliases : undefined;
}

/** Whether the correlations that it refers to have the fields that it asks for; what is missing is reported. */
export function checkChain(rule: CorrelationRule, inners: readonly CorrelationRule[], complain: Complain): boolean {
  let complete = true;
  for (const inner of inners) {
    for (const name of new Set(fieldsOf(rule))) {
      const field = rule.aliases[name]?.[inner.id] ?? name;
      if (inner.groupBy.includes(field)) continue;
      const has = inner.groupBy.map(quoted).join(', ') || 'none';
      const aliased = field === name ? '' : ` (alias ${quoted(name)})`;
      complain(
        rule.where,
        `${quoted(field)}${aliased} is no field of the correlation ${quoted(inner.title)}: it has those of its group-by, ${has}${didYouMean(field, inner.groupBy)}`,
      );
      complete = false;
    }
  }
  return complete;
}

/** Names that it groups by or takes values of, aliases among them. */
function fieldsOf({ groupBy, condition }: CorrelationRule): readonly string[] {
  return [...groupBy, ...(condition?.fields ?? [])];
}
