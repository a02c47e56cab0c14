/**
 * `correlation:` -> a typed correlation rule whose `rules` and aliases still hold names as written; resolve.ts makes ids of them.
 * Besides Sigma's keys it knows two of ours: `members: within|across` and `min-members`.
 */
import {
  describeNode,
  parseTimespan,
  type Reporter,
  refuseOtherKeys,
  requireKey,
  textOf,
  textsOf,
} from './reporter.ts';
import type { CorrelationCondition, CorrelationRule, RuleHead } from './rule.ts';
import { didYouMean, quoted } from './suggestion.ts';
import { entryOf, type YamlMap } from './yaml-tree.ts';

const types = ['event_count', 'value_count', 'temporal', 'temporal_ordered'] as const;
const laterTypes = ['value_sum', 'value_avg', 'value_percentile', 'value_median'];
const keys = ['type', 'rules', 'group-by', 'timespan', 'condition', 'aliases', 'generate', 'members', 'min-members'];
const operators = ['gt', 'gte', 'lt', 'lte', 'eq', 'neq'] as const;
const maxRules = 100;

/** Undefined when something in it is wrong; then that was reported. */
export function parseCorrelation(document: YamlMap, head: RuleHead, report: Reporter): CorrelationRule | undefined {
  const node = entryOf(document, 'correlation')?.value;
  if (node?.kind !== 'map') {
    report.error(node ?? document, 'correlation must be a map with type, rules and timespan');
    return undefined;
  }
  refuseOtherKeys(node, [...keys, 'timeframe'], 'correlation', report);
  const generateAbove = entryOf(document, 'generate');
  if (generateAbove !== undefined) report.error(generateAbove, '"generate" stands under "correlation"');
  const type = parseType(node, report);
  const rules = requireKey(node, 'rules', 'the correlation', report) ? textsOf(node, 'rules', report) : [];
  if (rules.length === 0 && entryOf(node, 'rules') !== undefined)
    report.error(node, 'the correlation refers to no rule');
  if (rules.length > maxRules) report.error(node, `the correlation refers to more than ${maxRules} rules`);
  if (new Set(rules).size < rules.length && type !== 'temporal_ordered')
    report.error(node, 'the correlation refers to the same rule twice');
  const timespanMs = parseWindow(node, report);
  const condition = parseConditionMap(node, report);
  if (type === 'event_count' || type === 'value_count') {
    if (condition === undefined && !report.failed())
      report.error(node, `${type} needs a condition, such as "gte: 10"`);
    if (type === 'value_count' && condition?.fields.length === 0)
      report.error(node, 'value_count needs "field" in its condition: whose values to count');
  } else if (condition !== undefined && condition.fields.length > 0) {
    report.error(node, `${type ?? 'this type'} counts rules, not values: take "field" out of its condition`);
  }
  if (type === 'event_count' && condition !== undefined && condition.fields.length > 0) {
    report.error(node, 'event_count counts events: take "field" out of its condition or write value_count');
  }
  const aliases = parseAliases(node, rules, report);
  const members = parseMembers(node, report);
  if (type === undefined || timespanMs === undefined || report.failed()) return undefined;
  return {
    ...head,
    kind: 'correlation',
    type,
    rules,
    groupBy: textsOf(node, 'group-by', report),
    timespanMs,
    condition,
    expression: undefined,
    aliases,
    generate: parseFlag(node, 'generate', report) ?? false,
    ...members,
  };
}

function parseType(node: YamlMap, report: Reporter): (typeof types)[number] | undefined {
  if (!requireKey(node, 'type', 'the correlation', report)) return undefined;
  const word = textOf(node, 'type', report);
  const known = types.find((type) => type === word);
  if (known !== undefined || word === undefined) return known;
  const at = entryOf(node, 'type') ?? node;
  if (laterTypes.includes(word)) report.error(at, `correlations of type ${word} are not supported yet`);
  else report.error(at, `unknown correlation type ${quoted(word)}${didYouMean(word, types)}`);
  return undefined;
}

function parseWindow(node: YamlMap, report: Reporter): number | undefined {
  const old = entryOf(node, 'timeframe');
  if (old !== undefined) {
    report.error(old, '"timeframe" is called "timespan" in a correlation');
    return undefined;
  }
  if (!requireKey(node, 'timespan', 'the correlation', report)) return undefined;
  const text = textOf(node, 'timespan', report);
  const ms = text === undefined ? undefined : parseTimespan(text);
  if (ms === undefined) {
    const at = entryOf(node, 'timespan') ?? node;
    report.error(
      at,
      `timespan cannot be ${quoted(text ?? '')}: write a number and s, m, h, d or w, such as 15m; at most 100w`,
    );
  }
  return ms;
}

function parseConditionMap(node: YamlMap, report: Reporter): CorrelationCondition | undefined {
  const entry = entryOf(node, 'condition');
  if (entry === undefined) return undefined;
  if (entry.value.kind !== 'map') {
    report.error(
      entry,
      `the condition of a correlation is a map such as "gte: 10", not ${describeNode(entry.value)}`,
    );
    return undefined;
  }
  refuseOtherKeys(entry.value, [...operators, 'field'], 'the condition of a correlation', report);
  const compare: { op: (typeof operators)[number]; value: number }[] = [];
  for (const op of operators) {
    const bound = entryOf(entry.value, op);
    if (bound === undefined) continue;
    const value = bound.value.kind === 'scalar' ? bound.value.value : undefined;
    if (typeof value !== 'number' || value < 0)
      report.error(bound, `${op} needs a number from 0, not ${describeNode(bound.value)}`);
    else compare.push({ op, value });
  }
  if (compare.length === 0 && !report.failed())
    report.error(entry, 'the condition has no comparison such as "gte: 10"');
  return { compare, fields: textsOf(entry.value, 'field', report), percentile: undefined };
}

/** alias -> rule as written -> field. */
function parseAliases(
  node: YamlMap,
  rules: readonly string[],
  report: Reporter,
): Record<string, Record<string, string>> {
  const aliases: Record<string, Record<string, string>> = Object.create(null);
  const entry = entryOf(node, 'aliases');
  if (entry === undefined) return aliases;
  if (entry.value.kind !== 'map') {
    report.error(entry, 'aliases must be a map: alias, then rule, then field');
    return aliases;
  }
  for (const alias of entry.value.entries) {
    if (alias.value.kind !== 'map') {
      report.error(alias, `the alias ${quoted(alias.key)} must be a map of rules and their fields`);
      continue;
    }
    const fields: Record<string, string> = Object.create(null);
    for (const at of alias.value.entries) {
    const { key } = at;
      if (!rules.includes(key))
        report.error(
          at,
          `the alias ${quoted(alias.key)} names ${quoted(key)}, which is not among the rules${didYouMean(key, rules)}`,
        );
      const field = textOf(alias.value, key, report, 500);
      if (field !== undefined) fields[key] = field;
    }
    aliases[alias.key] = fields;
  }
  return aliases;
}

function parseMembers(node: YamlMap, report: Reporter): Pick<CorrelationRule, 'members' | 'minMembers'> {
  const word = textOf(node, 'members', report) ?? 'within';
  if (word !== 'within' && word !== 'across') {
    const at = entryOf(node, 'members') ?? node;
    report.error(at, `members is "within" or "across", not ${quoted(word)}${didYouMean(word, ['within', 'across'])}`);
    return { members: 'within', minMembers: 3 };
  }
  const entry = entryOf(node, 'min-members');
  if (entry === undefined) return { members: word, minMembers: 3 };
  const least = entry.value.kind === 'scalar' ? entry.value.value : undefined;
  if (word === 'within') report.error(entry, 'min-members only makes sense with "members: across"');
  if (typeof least !== 'number' || !Number.isInteger(least) || least < 2)
    report.error(entry, 'min-members must be a whole number from 2');
  return { members: word, minMembers: typeof least === 'number' ? least : 3 };
}

function parseFlag(node: YamlMap, key: string, report: Reporter): boolean | undefined {
  const entry = entryOf(node, key);
  if (entry === undefined) return undefined;
  if (entry.value.kind === 'scalar' && typeof entry.value.value === 'boolean') return entry.value.value;
  report.error(entry, `${key} must be true or false, not ${describeNode(entry.value)}`);
  return undefined;
}
