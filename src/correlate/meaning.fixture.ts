/**
 * What correlations mean, straight from the words and slowly: every window that ends at an event and satisfies the condition,
 * recomputed from the full list of matches. Knows nothing of order of arrival. The truth that the correlator is tested against.
 */
import type { Condition, CorrelationRule } from '../detect/rule.ts';
import type { Match } from '../model/alert.ts';
import type { Finding } from './finding.ts';

/** Alert (rule, member, key, period) -> ids of its events, sorted, each as often as it was given. */
export type Alerts = Record<string, string[]>;

const alertOf = (...parts: readonly unknown[]): string => JSON.stringify(parts);

export function told(findings: readonly Finding[]): Alerts {
  const alerts: Alerts = {};
  for (const { ruleId, memberId, key, periodStartMs, events } of findings) {
    const alert = alertOf(ruleId, memberId, key, periodStartMs);
    alerts[alert] = [...(alerts[alert] ?? []), ...events.map(({ id }) => id)];
  }
  for (const ids of Object.values(alerts)) ids.sort();
  return alerts;
}

/** Of these correlations, each after those it refers to. Fields are ECS names already. */
export function meaning(correlations: readonly CorrelationRule[], matches: readonly Match[]): Alerts {
  const alerts: Alerts = {};
  let all = matches;
  for (const rule of correlations) {
    const referring = correlations.filter(({ rules }) => rules.includes(rule.id));
    const found = meaningOfOne(rule, all);
    if (referring.length === 0 || referring.some(({ generate }) => generate)) Object.assign(alerts, found.alerts);
    all = [...all, ...found.occurrences];
  }
  return alerts;
}

function meaningOfOne(rule: CorrelationRule, all: readonly Match[]): { alerts: Alerts; occurrences: readonly Match[] } {
  const { timespanMs, groupBy, minMembers, own } = rule;
  const across = rule.members === 'across';
  const mine = all.filter(
    ({ ruleId, fields }) =>
      rule.rules.includes(ruleId) &&
      groupBy.every((field) => fields[field] !== undefined) &&
      (rule.condition?.fields ?? []).every((field) => fields[field] !== undefined),
  );
  const usable =
    rule.type.startsWith('value_') && rule.type !== 'value_count'
      ? mine.filter((match) => numbers(rule, match).length > 0)
      : mine;
  const groupOf = ({ memberId, fields }: Match) =>
    JSON.stringify([across ? '' : memberId, groupBy.map((field) => fields[field])]);
  const ids: Record<string, Set<string>> = {};
  const arrived = new Set<string>();
  const occurrences: Match[] = [];
  for (const last of usable) {
    const window = usable.filter(
      (match) => groupOf(match) === groupOf(last) && match.atMs <= last.atMs && match.atMs >= last.atMs - timespanMs,
    );
    if (across && new Set(window.map(({ memberId }) => memberId)).size < minMembers) continue;
    if (!satisfies(rule, window)) continue;
    const fields = Object.fromEntries(groupBy.map((field) => [field, last.fields[field] as string]));
    occurrences.push({ ...last, ruleId: rule.id, fields });
    for (const match of window) {
      const key = groupBy.map((field) => ({ field, value: match.fields[field] }));
      const alert = alertOf(rule.id, match.memberId, key, Math.floor(last.atMs / own.periodMs) * own.periodMs);
      ids[alert] = (ids[alert] ?? new Set()).add(match.eventId);
      if (isLastStep(rule, match.ruleId)) arrived.add(alert);
    }
  }
  // An order over members is an alert for those that saw its end.
  const ordered = across && rule.type === 'temporal_ordered';
  const raised = Object.entries(ids).filter(([alert]) => !ordered || arrived.has(alert));
  return { alerts: Object.fromEntries(raised.map(([alert, events]) => [alert, [...events].sort()])), occurrences };
}

const numbers = ({ type, condition }: CorrelationRule, { fields }: Match): readonly number[] => {
  const value = fields[condition?.fields[0] as string];
  const list = (Array.isArray(value) ? value : [value]).map(Number).filter(Number.isFinite);
  return type === 'value_sum' ? list.filter((number) => number >= 0) : list;
};

function satisfies(rule: CorrelationRule, window: readonly Match[]): boolean {
  const seen = window.map(({ ruleId }) => ruleId);
  if (rule.type === 'temporal_ordered') {
    if (rule.expression === undefined) return hasChain(window, rule.rules);
    // Any set of rules that makes the expression true, whatever the others do: seen in order, the others absent or not asked.
    return worlds(rule.expression).some(
      ({ present, absent }) =>
        !seen.some((id) => absent.includes(id)) &&
        hasChain(
          window,
          rule.rules.filter((id) => present.includes(id)),
        ),
    );
  }
  if (rule.expression !== undefined) return isTrue(rule.expression, seen);
  const compare = rule.condition?.compare ?? [{ op: 'gte', value: new Set(rule.rules).size }];
  const measured = measure(rule, window);
  return compare.every(({ op, value }) => {
    if (op === 'gt') return measured > value;
    if (op === 'gte') return measured >= value;
    if (op === 'lt') return measured < value;
    if (op === 'lte') return measured <= value;
    return op === 'eq' ? measured === value : measured !== value;
  });
}

function measure(rule: CorrelationRule, window: readonly Match[]): number {
  const [field] = rule.condition?.fields ?? [];
  if (rule.type === 'event_count') return new Set(window.map(({ eventId }) => eventId)).size;
  if (rule.type === 'temporal') return new Set(window.map(({ ruleId }) => ruleId)).size;
  if (rule.type === 'value_count') return new Set(window.map(({ fields }) => fields[field as string])).size;
  // An event that matched several of the rules gives its numbers once.
  const events = new Map(window.map((match) => [match.eventId, match]));
  const sorted = [...events.values()].flatMap((match) => numbers(rule, match)).sort((a, b) => a - b);
  const sum = sorted.reduce((a, b) => a + b, 0);
  if (rule.type === 'value_sum') return sum;
  if (rule.type === 'value_avg') return sum / sorted.length;
  if (rule.type === 'value_percentile')
    return sorted.find(
      (_, index) => ((index + 1) / sorted.length) * 100 >= (rule.condition?.percentile ?? 0),
    ) as number;
  const [low, high] = [Math.ceil(sorted.length / 2) - 1, Math.floor(sorted.length / 2)];
  return ((sorted[low] as number) + (sorted[high] as number)) / 2;
}

function hasChain(window: readonly Match[], rules: readonly string[], used: readonly string[] = [], from = 0): boolean {
  const [first, ...rest] = rules;
  if (first === undefined) return true;
  return window.some(
    ({ ruleId, eventId, atMs }) =>
      ruleId === first && atMs >= from && !used.includes(eventId) && hasChain(window, rest, [...used, eventId], atMs),
  );
}

function isTrue(expression: Condition, seen: readonly string[]): boolean {
  if (expression.kind === 'selection') return seen.includes(expression.name);
  if (expression.kind === 'not') return !isTrue(expression.of, seen);
  if (expression.kind === 'and') return expression.of.every((part) => isTrue(part, seen));
  return expression.of.some((part) => isTrue(part, seen));
}

interface World {
  readonly present: readonly string[];
  readonly absent: readonly string[];
}

/** Of each rule named: seen, absent, or not asked; those choices that make the expression true whatever is not asked. */
function worlds(expression: Condition): readonly World[] {
  const names = [...new Set(namesIn(expression))];
  const choices = names.reduce<readonly World[]>(
    (before, name) =>
      before.flatMap((world) => [
        world,
        { ...world, present: [...world.present, name] },
        { ...world, absent: [...world.absent, name] },
      ]),
    [{ present: [], absent: [] }],
  );
  return choices.filter(({ present, absent }) => {
    const open = names.filter((name) => !present.includes(name) && !absent.includes(name));
    const subsets = open.reduce<readonly (readonly string[])[]>(
      (all, name) => all.flatMap((set) => [set, [...set, name]]),
      [[]],
    );
    return subsets.every((more) => isTrue(expression, [...present, ...more]));
  });
}

export function namesIn(expression: Condition): readonly string[] {
  if (expression.kind === 'selection') return [expression.name];
  return expression.kind === 'not' ? namesIn(expression.of) : expression.of.flatMap(namesIn);
}

function isLastStep({ type, rules, expression }: CorrelationRule, ruleId: string): boolean {
  if (type !== 'temporal_ordered') return false;
  if (expression === undefined) return ruleId === rules.at(-1);
  // The least that is asked: a world that asks for more than another does not count.
  const least = worlds(expression).filter(
    (world, _, all) =>
      !all.some(
        (other) =>
          other !== world &&
          other.present.every((id) => world.present.includes(id)) &&
          other.absent.every((id) => world.absent.includes(id)),
      ),
  );
  return least.some(({ present }) => rules.filter((id) => present.includes(id)).at(-1) === ruleId);
}
