/**
 * `condition:` of a correlation: comparisons (`gte: 10`, several of them a range) with the field and percentile they are about, or,
 * for temporal types, a condition in words over the rules. Refuses what could never hold: such a rule would be silent for ever.
 */
import { mentionedIn, parseRuleCondition } from './condition.ts';
import { describeNode, type Reporter, refuseOtherKeys, textsOf } from './reporter.ts';
import type { Condition, CorrelationCondition, CorrelationType } from './rule.ts';
import { checkRuleCondition, inOrder } from './rule-condition.ts';
import { quoted } from './suggestion.ts';
import { entryOf, type Place, type YamlEntry, type YamlMap } from './yaml-tree.ts';

export interface CorrelationWhen {
  readonly condition: CorrelationCondition | undefined;
  readonly expression: Condition | undefined;
  /** With an expression: the rules it mentions, as written, in order. */
  readonly mentioned: readonly string[] | undefined;
}

const operators = ['gt', 'gte', 'lt', 'lte', 'eq', 'neq'] as const;
const isTemporal = (type: CorrelationType) => type === 'temporal' || type === 'temporal_ordered';
/** Those that calculate with a field's numbers; the others count. */
const calculating: readonly CorrelationType[] = ['value_sum', 'value_avg', 'value_median', 'value_percentile'];

/** `listed`: the correlation's rules as written. Undefined when something is wrong; then that was reported. */
export function parseCorrelationCondition(
  correlation: YamlMap,
  type: CorrelationType,
  listed: readonly string[],
  report: Reporter,
): CorrelationWhen | undefined {
  const entry = entryOf(correlation, 'condition');
  if (entry === undefined || (entry.value.kind === 'scalar' && entry.value.value === null)) {
    if (isTemporal(type)) return { condition: undefined, expression: undefined, mentioned: undefined };
    report.error(entry ?? correlation, `${type} needs a condition, such as "gte: 10"`);
    return undefined;
  }
  if (entry.value.kind === 'map') {
    const most = type === 'temporal_ordered' ? listed.length : new Set(listed).size;
    const condition = parseComparisons(entry.value, type, most, report);
    return { condition, expression: undefined, mentioned: undefined };
  }
  if (entry.value.kind === 'scalar' && typeof entry.value.value === 'string' && isTemporal(type))
    return parseWords(entry, entry.value.value, type, entryOf(correlation, 'rules'), listed, report);
  const also = isTemporal(type) ? ', or text such as "rule_a and not rule_b"' : '';
  report.error(entry, `the condition of ${type} is a map such as "gte: 10"${also}, not ${describeNode(entry.value)}`);
  return undefined;
}

function parseComparisons(
  map: YamlMap,
  type: CorrelationType,
  ruleCount: number,
  report: Reporter,
): CorrelationCondition | undefined {
  refuseOtherKeys(map, [...operators, 'field', 'percentile'], 'the condition of a correlation', report);
  const calculates = calculating.includes(type);
  const compare: { op: (typeof operators)[number]; value: number }[] = [];
  let complete = true;
  for (const op of operators) {
    const bound = entryOf(map, op);
    if (bound === undefined) continue;
    const value = bound.value.kind === 'scalar' ? bound.value.value : undefined;
    if (typeof value === 'number' && (calculates || (Number.isInteger(value) && value >= 0))) {
      compare.push({ op, value });
      continue;
    }
    complete = false;
    const wanted = calculates ? 'a number' : `a whole number from 0, as ${type} counts`;
    report.error(bound, `${op} needs ${wanted}, not ${typeof value === 'number' ? value : describeNode(bound.value)}`);
  }
  if (compare.length === 0 && complete) report.error(map, 'the condition has no comparison such as "gte: 10"');
  if (complete) {
    const why = calculates ? impossible(compare) : impossibleCount(compare, isTemporal(type) ? ruleCount : undefined);
    if (why !== undefined) report.error(map, why);
  }
  const fields = textsOf(map, 'field', report);
  checkFields(map, type, fields, report);
  const percentile = parsePercentile(map, type, report);
  return report.failed() ? undefined : { compare, fields, percentile };
}

function checkFields(map: YamlMap, type: CorrelationType, fields: readonly string[], report: Reporter): void {
  const at = entryOf(map, 'field') ?? map;
  if (type === 'value_count' && fields.length === 0)
    report.error(at, 'value_count needs "field" in its condition: whose values to count');
  else if (calculating.includes(type) && fields.length !== 1)
    report.error(at, `${type} needs exactly one "field" in its condition: whose numbers to take`);
  else if (type === 'event_count' && fields.length > 0)
    report.error(at, 'event_count counts events: take "field" out of its condition or write value_count');
  else if (isTemporal(type) && fields.length > 0)
    report.error(at, `${type} counts rules, not values: take "field" out of its condition`);
}

function parsePercentile(map: YamlMap, type: CorrelationType, report: Reporter): number | undefined {
  const entry = entryOf(map, 'percentile');
  if (type !== 'value_percentile') {
    if (entry !== undefined) report.error(entry, `${type} takes no "percentile"; that is for value_percentile`);
    return undefined;
  }
  if (entry === undefined) {
    report.error(
      map,
      'value_percentile needs "percentile" in its condition, such as "percentile: 95": the specification leaves open which one is compared',
    );
    return undefined;
  }
  const value = entry.value.kind === 'scalar' ? entry.value.value : undefined;
  if (typeof value === 'number' && value > 0 && value <= 100) return value;
  report.error(entry, 'percentile must be a number above 0 and up to 100');
  return undefined;
}

type Compare = CorrelationCondition['compare'];

/** Why no count can satisfy all comparisons, in words. `most`: what can be counted at all, where that is known. */
function impossibleCount(compare: Compare, most: number | undefined): string | undefined {
  const why = impossible(compare);
  if (why !== undefined) return why;
  const { low, high } = wholeRange(compare);
  if (high < 1)
    return 'the condition can never hold: a correlation is judged when an event comes, so that the count is at least 1';
  if (low > high) return 'the condition can never hold: no whole number is between the two';
  if (most !== undefined && most > 0 && low > most)
    return `the condition can never hold: it asks for ${low} rules, and the correlation refers to ${most}`;
  const excluded = compare.some(({ op, value }) => op === 'neq' && value === low);
  return low === high && excluded ? `the condition can never hold: it leaves only ${low}, and excludes it` : undefined;
}

function wholeRange(compare: Compare): { low: number; high: number } {
  let low = 1;
  let high = Number.POSITIVE_INFINITY;
  for (const { op, value } of compare) {
    if (op === 'gt') low = Math.max(low, value + 1);
    if (op === 'gte' || op === 'eq') low = Math.max(low, value);
    if (op === 'lt') high = Math.min(high, value - 1);
    if (op === 'lte' || op === 'eq') high = Math.min(high, value);
  }
  return { low, high };
}

/** Why no number at all can satisfy two of the comparisons, in words. */
function impossible(compare: Compare): string | undefined {
  for (const a of compare) {
    for (const b of compare) {
      if (a !== b && contradict(a, b))
        return `the condition can never hold: no number is both ${inWords(a)} and ${inWords(b)}`;
    }
  }
  return undefined;
}

type One = Compare[number];

function contradict(a: One, b: One): boolean {
  const lower = a.op === 'gt' || a.op === 'gte' || a.op === 'eq';
  const upper = b.op === 'lt' || b.op === 'lte' || b.op === 'eq';
  if (lower && upper) return a.value > b.value || (a.value === b.value && (a.op === 'gt' || b.op === 'lt'));
  return a.op === 'eq' && b.op === 'neq' && a.value === b.value;
}

function inWords({ op, value }: One): string {
  const words = { gt: 'above', gte: 'at least', lt: 'below', lte: 'at most', eq: 'equal to', neq: 'other than' };
  return `${words[op]} ${value}`;
}

function parseWords(
  entry: YamlEntry,
  text: string,
  type: CorrelationType,
  rules: YamlEntry | undefined,
  listed: readonly string[],
  report: Reporter,
): CorrelationWhen | undefined {
  const names = rules === undefined ? mentionedIn(text) : listed;
  const complain = (message: string, at: Place = entry.value) => {
    report.error(at, message);
    return undefined;
  };
  const parsed = parseRuleCondition(text, names);
  if ('problem' in parsed) return complain(parsed.problem, report.inside(entry.value, text, parsed.at));
  const mentioned = mentionedIn(text);
  if (mentioned.length > 100) return complain('the condition names more than 100 rules');
  const unmentioned = names.find((name) => !mentioned.includes(name));
  if (unmentioned !== undefined)
    return complain(`the condition does not mention ${quoted(unmentioned)}, which is among the rules`);
  if (new Set(names).size < names.length)
    return complain('with a condition in words each rule stands in "rules" only once', rules ?? entry);
  const problem = checkRuleCondition(parsed.condition, mentioned);
  if (problem !== undefined) return complain(problem);
  if (type === 'temporal') return { condition: undefined, expression: parsed.condition, mentioned };
  const ordered = inOrder(parsed.condition);
  if ('problem' in ordered) return complain(ordered.problem);
  return { condition: undefined, expression: ordered.condition, mentioned };
}
