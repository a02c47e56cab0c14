/** Rules like other rules, for many-times-the-rules tests: each literal goes on where the original ends, as for another tool. */
import type { DetectionItem, Selection, SigmaRule, Value } from '../src/detect/rule.ts';

/** Every literal grows at its end, as a clone of the rule for another tool would; wildcards there stay at the end. */
function grow(value: Value, copy: number, item: DetectionItem): Value {
  if (['cidr', 'fieldref', 'expand', 'exists'].some((modifier) => item.modifiers.includes(modifier))) return value;
  if (typeof value === 'number') return value + copy * 1_000_003;
  if (typeof value !== 'string' || value === '') return value;
  if (item.modifiers.includes('re')) return `(?:${value})qzx${copy}`;
  const body = value.replace(/\*+$/, '');
  return body.endsWith('\\') && body !== value ? `${value}qzx${copy}` : `${body}qzx${copy}${value.slice(body.length)}`;
}

/** Another rule with another id, whose needles begin like those of the first. */
export function cloneRule(rule: SigmaRule, copy: number): SigmaRule {
  const grown = (selection: Selection): Selection => {
    if (selection.kind !== 'item') return { ...selection, of: selection.of.map(grown) };
    const { item } = selection;
    return { kind: 'item', item: { ...item, values: item.values.map((value) => grow(value, copy, item)) } };
  };
  const selections = Object.fromEntries(Object.entries(rule.selections).map(([name, one]) => [name, grown(one)]));
  return { ...rule, id: `${rule.id}-${copy}`, selections };
}
