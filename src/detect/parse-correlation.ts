/**
 * `correlation:` -> a typed correlation rule whose `rules`, expression and aliases still hold names as written; resolve.ts makes ids
 * of them. Besides Sigma's keys it knows two of ours: `members: within|across` and `min-members`.
 */
import { type CorrelationWhen, parseCorrelationCondition } from './parse-correlation-condition.ts';
import { parseFlag, parseSpan, type Reporter, refuseOtherKeys, requireKey, textOf, textsOf } from './reporter.ts';
import type { CorrelationRule, CorrelationType, RuleHead } from './rule.ts';
import { didYouMean, quoted } from './suggestion.ts';
import { entryOf, type YamlMap } from './yaml-tree.ts';

const types: readonly CorrelationType[] = [
  'event_count',
  'value_count',
  'temporal',
  'temporal_ordered',
  'value_sum',
  'value_avg',
  'value_median',
  'value_percentile',
];
const keys = ['type', 'rules', 'group-by', 'timespan', 'condition', 'aliases', 'generate', 'members', 'min-members'];
const maxRules = 100;

/** Undefined when something in it is wrong; then that was reported. */
export function parseCorrelation(document: YamlMap, head: RuleHead, report: Reporter): CorrelationRule | undefined {
  const entry = entryOf(document, 'correlation');
  const node = entry?.value;
  if (node?.kind !== 'map') {
    report.error(node ?? document, 'correlation must be a map with type, rules and timespan');
    return undefined;
  }
  refuseOtherKeys(node, [...keys, 'timeframe'], 'correlation', report);
  const generateAbove = entryOf(document, 'generate');
  if (generateAbove !== undefined) report.error(generateAbove, '"generate" stands under "correlation"');
  const type = parseType(node, report);
  const listed = textsOf(node, 'rules', report);
  const timespanMs = parseWindow(node, report);
  const groupBy = textsOf(node, 'group-by', report);
  const when = type === undefined ? undefined : parseCorrelationCondition(node, type, listed, report);
  // A condition in words mentions every rule, in the order that counts.
  const rules = when?.mentioned ?? listed;
  if (when?.mentioned === undefined && !isInWords(node)) checkRules(node, type, listed, report);
  const aliases = parseAliases(node, [...groupBy, ...(when?.condition?.fields ?? [])], report);
  const members = parseMembers(node, report);
  const generate = parseFlag(node, 'generate', report) ?? false;
  if (type === undefined || when === undefined || timespanMs === undefined || report.failed()) return undefined;
  const { condition, expression }: CorrelationWhen = when;
  return {
    ...head,
    kind: 'correlation',
    type,
    rules,
    groupBy,
    timespanMs,
    condition,
    expression,
    aliases,
    generate,
    ...members,
  };
}

function parseType(node: YamlMap, report: Reporter): CorrelationType | undefined {
  if (!requireKey(node, 'type', 'the correlation', report)) return undefined;
  const word = textOf(node, 'type', report);
  const known = types.find((type) => type === word);
  if (known !== undefined) return known;
  const at = entryOf(node, 'type')?.value ?? node;
  if (word === undefined) report.error(at, `the type is empty; it is one of ${types.join(', ')}`);
  else
    report.error(
      at,
      `unknown correlation type ${quoted(word)}${didYouMean(word, types)}; it is one of ${types.join(', ')}`,
    );
  return undefined;
}

function isInWords(node: YamlMap): boolean {
  const condition = entryOf(node, 'condition')?.value;
  return condition?.kind === 'scalar' && typeof condition.value === 'string';
}

function checkRules(
  node: YamlMap,
  type: CorrelationType | undefined,
  rules: readonly string[],
  report: Reporter,
): void {
  if (!requireKey(node, 'rules', 'the correlation', report)) return;
  const at = entryOf(node, 'rules')?.value ?? node;
  if (rules.length === 0) report.error(at, 'the correlation refers to no rule');
  if (rules.length > maxRules) report.error(at, `the correlation refers to more than ${maxRules} rules`);
  if (type === 'temporal_ordered') return;
  const again = rules.findIndex((rule, index) => rules.indexOf(rule) < index);
  if (again >= 0 && rules.length <= maxRules)
    report.error(
      (at.kind === 'list' ? at.items[again] : undefined) ?? at,
      'the correlation refers to the same rule twice',
    );
}

function parseWindow(node: YamlMap, report: Reporter): number | undefined {
  const old = entryOf(node, 'timeframe');
  if (old !== undefined) report.error(old, '"timeframe" is called "timespan" in a correlation');
  else if (requireKey(node, 'timespan', 'the correlation', report)) {
    const ms = parseSpan(node, 'timespan', report);
    if (ms === undefined && !report.failed()) report.error(node, 'the timespan is empty; write one such as 15m');
    return ms;
  }
  return undefined;
}

/** alias -> rule as written -> field. `used`: where an alias can have an effect. */
function parseAliases(
  node: YamlMap,
  used: readonly string[],
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
    if (!used.includes(alias.key)) {
      const near = didYouMean(alias.key, used);
      report.warn(
        alias,
        `the alias ${quoted(alias.key)} has no effect: neither "group-by" nor "field" names it${near}`,
      );
    }
    const fields: Record<string, string> = Object.create(null);
    for (const { key } of alias.value.entries) {
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
    const at = entryOf(node, 'members')?.value ?? node;
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
