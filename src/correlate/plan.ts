/**
 * Which fields of a match a correlation looks at: for each rule that it refers to, where the values of group-by and of the
 * condition's fields stand. Of another correlation these are its group-by fields, by their names as written.
 */
import type { CorrelationRule } from '../detect/rule.ts';
import type { Fields } from '../model/event.ts';
import { addressKind } from './address.ts';
import { allTexts } from './field-text.ts';
import { isNumeric } from './measure.ts';
import { numbersIn } from './number-field.ts';
import type { Contribution } from './window.ts';

/** A correlation that others refer to. */
export interface Inner {
  readonly groupBy: readonly string[];
  /** As FieldPlan.keyFields. */
  readonly keyFields: readonly string[];
}

export interface FieldPlan {
  /** ECS fields that it reads. */
  readonly fields: readonly string[];
  /** ECS name of each group-by field, for the alert's key: as the first rule has it, so that it is the same for all. */
  readonly keyFields: readonly string[];
  /** What it contributes to the count; undefined when it lacks a counted field. */
  contribution(ruleId: string, fields: Fields): Contribution | undefined;
  /** Texts that stand for the groups it belongs to: one, or several where fields hold lists; undefined when a field is missing. */
  addresses(ruleId: string, fields: Fields, memberId: string): string | readonly string[] | undefined;
  /** Values of the group-by fields, from one of these texts. */
  values(address: string, memberId: string): readonly string[];
}

/** How far a match may fan out into groups by fields that hold lists. */
const mostGroupsOfMatch = 16;
const noNumbers: readonly number[] = [];
const nothing: Contribution = { tokens: [], numbers: noNumbers };

/** Throws, with file and line, when a correlation that it refers to does not have a field. */
export function compileFields(
  rule: CorrelationRule,
  ecsField: (ruleId: string, field: string) => readonly string[],
  inner: ReadonlyMap<string, Inner>,
): FieldPlan {
  const across = rule.members === 'across';
  const counted = rule.condition?.fields ?? [];
  const numeric = isNumeric(rule);

  const asWritten = (ruleId: string, name: string): string => {
    const alias = Object.hasOwn(rule.aliases, name) ? rule.aliases[name] : undefined;
    return alias !== undefined && Object.hasOwn(alias, ruleId) ? (alias[ruleId] as string) : name;
  };
  const candidates = (ruleId: string, name: string): readonly string[] => {
    const field = asWritten(ruleId, name);
    const of = inner.get(ruleId);
    if (of === undefined) return ecsField(ruleId, field);
    if (of.groupBy.includes(field)) return [field];
    const place = `${rule.where.file}:${rule.where.line}`;
    throw new Error(
      `${place}: "${field}" is not among the group-by fields of the correlation "${ruleId}": group that one by it too, or name another with aliases`,
    );
  };
  const keyField = (ruleId: string, name: string): string => {
    const of = inner.get(ruleId);
    if (of === undefined) return candidates(ruleId, name)[0] ?? name;
    return of.keyFields[of.groupBy.indexOf(asWritten(ruleId, name))] ?? name;
  };
  const plans = new Map(
    rule.rules.map((id) => [
      id,
      {
        groupBy: rule.groupBy.map((name) => candidates(id, name)),
        counted: counted.map((name) => candidates(id, name)),
        token: { tokens: [id], numbers: noNumbers },
      },
    ]),
  );
  type Plan = typeof plans extends ReadonlyMap<string, infer P> ? P : never;

  /** A private address is another machine at another member: grouping by it across members would tie strangers together. */
  const stands = (value: string): boolean => !across || (addressKind(value) ?? 'public') === 'public';

  return {
    fields: [...plans].flatMap(([id, plan]) => (inner.has(id) ? [] : [...plan.groupBy, ...plan.counted].flat())),
    keyFields: rule.groupBy.map((name) => keyField(rule.rules[0] as string, name)),
    contribution(ruleId, fields) {
      if (rule.type === 'event_count') return nothing;
      const plan = plans.get(ruleId) as Plan;
      if (numeric) {
        const found = numbersIn(fields, plan.counted[0] ?? []);
        if (found === undefined) return undefined;
        const numbers = rule.type === 'value_sum' ? found.numbers.filter((number) => number >= 0) : found.numbers;
        return numbers.length === 0 ? undefined : { tokens: [found.field], numbers };
      }
      if (rule.type !== 'value_count') return plan.token;
      const values = plan.counted.map((names) => allTexts(fields, names));
      if (values.some((of) => of.length === 0)) return undefined;
      const tokens = values.length === 1 ? values[0] : undefined;
      return { tokens: tokens ?? [values.map((of) => JSON.stringify(of)).join()], numbers: noNumbers };
    },
    addresses(ruleId, fields, memberId) {
      let addresses: string[] | undefined;
      let address = across ? '' : memberId;
      for (const names of (plans.get(ruleId) as Plan).groupBy) {
        const values = allTexts(fields, names);
        if (values.length === 1 && addresses === undefined) {
          // Hot: mostly each field has one value.
          const value = values[0] as string;
          if (!stands(value)) return undefined;
          address = `${address} ${value.length} ${value}`;
          continue;
        }
        addresses = (addresses ?? [address])
          .flatMap((before) => values.filter(stands).map((value) => `${before} ${value.length} ${value}`))
          .slice(0, mostGroupsOfMatch);
        if (addresses.length === 0) return undefined;
      }
      return addresses ?? address;
    },
    values(address, memberId) {
      const values: string[] = [];
      for (let at = across ? 0 : memberId.length; at < address.length; ) {
        const from = address.indexOf(' ', at + 1) + 1;
        const to = from + Number(address.slice(at + 1, from - 1));
        values.push(address.slice(from, to));
        at = to;
      }
      return values;
    },
  };
}
