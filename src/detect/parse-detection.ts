/**
 * `detection:` of a rule, or `filter:`, -> its selections and its condition. Checks shapes and modifiers; values are prepared in
 * needles.ts.
 */
import { join, parseCondition } from './condition.ts';
import { parseModifiers } from './modifiers.ts';
import { describeNode, type Reporter, requireKey } from './reporter.ts';
import type { Condition, DetectionItem, Selection, Value } from './rule.ts';
import { quoted } from './suggestion.ts';
import { entryOf, type Place, type YamlEntry, type YamlMap, type YamlNode } from './yaml-tree.ts';

const maxValues = 100_000;
/** Each may be spelled out to many names. */
const maxConditions = 20;

export interface Detection {
  /** Without prototype: a selection may have any name. */
  readonly selections: Readonly<Record<string, Selection>>;
  readonly condition: Condition;
}

/** Undefined when something in it is wrong; then that was reported. */
export function parseDetection(
  detection: YamlMap,
  report: Reporter,
  kind: 'detection' | 'filter' = 'detection',
): Detection | undefined {
  const selections: Record<string, Selection> = Object.create(null);
  const names: string[] = [];
  for (const at of detection.entries) {
    const { key, value } = at;
    if (key === 'condition' || key === 'timeframe' || (key === 'rules' && kind === 'filter')) continue;
    if (!/^[\w.-]{1,200}$/.test(key))
      report.error(at, `${quoted(key)} cannot name a selection: use letters, digits, "_", "-" and "."`);
    const selection = parseSelection(value, key, report);
    names.push(key);
    if (selection !== undefined) selections[key] = selection;
  }
  if (names.length === 0) report.error(detection, `the ${kind} has no selection`);
  const timeframe = entryOf(detection, 'timeframe');
  if (timeframe !== undefined) {
    report.warn(
      timeframe,
      '"timeframe" belongs to the old count conditions and is ignored; a correlation rule has "timespan"',
    );
  }
  if (!requireKey(detection, 'condition', `the ${kind}`, report)) return undefined;
  const condition = parseConditions(entryOf(detection, 'condition') as YamlEntry, names, `in the ${kind}`, report);
  return condition === undefined || report.failed() ? undefined : { selections, condition };
}

/** A list of conditions is an `or` of them. */
function parseConditions(
  entry: YamlEntry,
  names: readonly string[],
  home: 'in the detection' | 'in the filter',
  report: Reporter,
): Condition | undefined {
  const nodes = entry.value.kind === 'list' ? entry.value.items : [entry.value];
  const conditions: Condition[] = [];
  if (nodes.length === 0) report.error(entry, 'the list of conditions is empty');
  if (nodes.length > maxConditions) {
    report.error(entry, `the list has more than ${maxConditions} conditions; join them with "or"`);
    return undefined;
  }
  for (const node of nodes) {
    if (node.kind !== 'scalar' || node.value === null) {
      report.error(node, `a condition must be text, not ${describeNode(node)}`);
      continue;
    }
    const text = String(node.value);
    const parsed = parseCondition(text, names, home);
    if ('problem' in parsed) report.error(report.inside(node, text, parsed.at), parsed.problem);
    else conditions.push(parsed.condition);
  }
  return conditions.length === 0 ? undefined : join('or', conditions);
}

/** A map is all of its items; a list of maps and texts is any of them, the texts being keywords. */
function parseSelection(node: YamlNode, name: string, report: Reporter): Selection | undefined {
  if (node.kind === 'map') return parseItems(node, name, report);
  if (node.kind === 'scalar') return parseKeywords([node], node, report);
  if (node.items.length === 0) {
    report.error(node, `the selection ${quoted(name)} is empty`);
    return undefined;
  }
  const parts: Selection[] = [];
  const keywords = node.items.filter((item) => item.kind === 'scalar');
  if (keywords.length > 0) {
    const part = parseKeywords(keywords, node, report);
    if (part !== undefined) parts.push(part);
  }
  for (const item of node.items) {
    if (item.kind === 'scalar') continue;
    if (item.kind === 'list') report.error(item, 'a list in a list has no meaning in a detection');
    else {
      const part = parseItems(item, name, report);
      if (part !== undefined) parts.push(part);
    }
  }
  const [only] = parts;
  return only !== undefined && parts.length === 1 ? only : { kind: 'any', of: parts };
}

function parseKeywords(nodes: readonly YamlNode[], at: Place, report: Reporter): Selection | undefined {
  const values = parseValues({ kind: 'list', line: at.line, column: at.column, items: nodes }, 'keywords', [], report);
  return values === undefined ? undefined : itemSelection(undefined, [], values, at, nodes, report);
}

function parseItems(map: YamlMap, name: string, report: Reporter): Selection | undefined {
  if (map.entries.length === 0) {
    report.error(map, `the selection ${quoted(name)} is empty`);
    return undefined;
  }
  const parts: Selection[] = [];
  for (const at of map.entries) {
    const { key, value } = at;
    const [field = '', ...written] = key.split('|');
    if (field.length > 500) report.error(at, 'the name of a field is longer than 500 characters');
    const parsed = parseModifiers(written);
    if ('problem' in parsed) {
      const before = [field, ...written.slice(0, parsed.index)].join('|');
      report.error(report.inside(at, key, before.length + 1), parsed.problem);
      continue;
    }
    const { modifiers } = parsed;
    const values = parseValues(value, field === '' ? 'keywords' : field, modifiers, report);
    if (values === undefined) continue;
    if (field === '' && modifiers.length === 0) {
      report.error(at, 'the name of a field is missing');
      continue;
    }
    const nodes = value.kind === 'list' ? value.items : [value];
    parts.push(itemSelection(field === '' ? undefined : field, modifiers, values, at, nodes, report));
  }
  return { kind: 'all', of: parts };
}

const needField = [
  'lt',
  'lte',
  'gt',
  'gte',
  'exists',
  'fieldref',
  'minute',
  'hour',
  'day',
  'week',
  'month',
  'year',
  'cidr',
];
const keywordPlaces = ['startswith', 'endswith'];

function itemSelection(
  field: string | undefined,
  modifiers: readonly string[],
  values: readonly Value[],
  at: Place,
  /** Where the values stand. */
  nodes: readonly Place[],
  report: Reporter,
): Selection {
  if (field === undefined) {
    const wrong = modifiers.find((modifier) => needField.includes(modifier) || keywordPlaces.includes(modifier));
    if (wrong !== undefined) report.error(at, `the modifier "${wrong}" needs a field; keywords look into every value`);
    const empty = values.indexOf(null);
    if (empty >= 0) report.error(nodes[empty] ?? at, 'a keyword cannot be null');
  }
  const complain = (message: string, fits: (value: Value) => boolean) => {
    const wrong = values.findIndex((value) => !fits(value));
    if (wrong >= 0) report.error(nodes[wrong] ?? at, message);
  };
  checkTypes(modifiers, values, complain);
  const item: DetectionItem = { field, modifiers, values, where: report.where(at) };
  return { kind: 'item', item };
}

const onlyNumbers = ['lt', 'lte', 'gt', 'gte', 'minute', 'hour', 'day', 'week', 'month', 'year'];
const onlyText = [
  're',
  'cidr',
  'fieldref',
  'windash',
  'expand',
  'base64',
  'base64offset',
  'utf16le',
  'utf16be',
  'utf16',
  'wide',
];
const notNull = ['contains', 'startswith', 'endswith', 'cased'];

/** Types that a modifier can work on. */
function checkTypes(
  modifiers: readonly string[],
  values: readonly Value[],
  complain: (message: string, fits: (value: Value) => boolean) => void,
): void {
  for (const modifier of modifiers) {
    if (onlyNumbers.includes(modifier)) {
      const isNumber = (value: Value) => typeof value === 'number' || typeof value === 'bigint';
      complain(`the modifier "${modifier}" needs a number, without quotes`, isNumber);
    } else if (modifier === 'exists') {
      const only = values.length === 1;
      complain('the modifier "exists" needs true or false', (value) => only && typeof value === 'boolean');
    } else if (onlyText.includes(modifier)) {
      complain(`the modifier "${modifier}" needs text`, (value) => value !== null && typeof value !== 'boolean');
    } else if (notNull.includes(modifier)) {
      const message = `the modifier "${modifier}" cannot be used with null; write null without it`;
      complain(message, (value) => value !== null);
    }
  }
}

function parseValues(
  node: YamlNode,
  field: string,
  modifiers: readonly string[],
  report: Reporter,
): readonly Value[] | undefined {
  if (node.kind === 'map') {
    report.error(node, `${quoted(field)} has a map as its value; write the dotted name of the field instead`);
    return undefined;
  }
  const items = node.kind === 'list' ? node.items : [node];
  if (items.length === 0) {
    report.error(node, `${quoted(field)} has an empty list; write null for "no such field" or '' for "empty"`);
    return undefined;
  }
  if (items.length > maxValues) {
    report.error(node, `${quoted(field)} has more than ${maxValues} values`);
    return undefined;
  }
  if (modifiers.includes('all') && items.length === 1) {
    report.warn(node, `"all" at ${quoted(field)} has no effect on a single value`);
  }
  const values: Value[] = [];
  for (const item of items) {
    if (item.kind === 'scalar') values.push(item.value);
    else report.error(item, `a value of ${quoted(field)} must be text or a number, not ${describeNode(item)}`);
  }
  return values.length < items.length ? undefined : values;
}
