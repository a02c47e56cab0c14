/**
 * The tests that stand beside a rule, in a further document of its file:
 *
 *   tests:
 *     - name: a guess
 *       expect: match                       # or: no match
 *       events:                             # each must match, or none
 *         - { dataset: linux-auth, record: '<the raw line>' }
 *         - { fields: { event.action: ssh_login } }
 *     - name: three members                 # of a correlation: a timeline in place of events
 *       expect: match
 *       members: [a, b, c]                  # optional: exactly these get an alert
 *       timeline:
 *         - { at: '00:01', member: a, rule: vpn_login_failed, fields: { source.ip: 192.0.2.1 } }
 *         - { at: '00:02:30', member: b, dataset: fortinet-fortigate, record: '<the raw line>' }
 *
 * A test is of the rule document before it, unless it names a `rule`. Only reads; running is src/rule-tests.ts.
 */
import type { Fields, Scalar } from '../model/event.ts';
import { ownId } from './parse.ts';
import { createReporter, describeNode, type Reporter, refuseOtherKeys, textOf, textsOf } from './reporter.ts';
import type { Problem, Where } from './rule.ts';
import { quoted } from './suggestion.ts';
import { readYaml } from './yaml.ts';
import { entryOf, type YamlMap, type YamlNode } from './yaml-tree.ts';

/** A raw record for the connector of the dataset, or an event as it is. */
export type TestInput = { readonly dataset: string; readonly record: string } | { readonly fields: Fields };

export interface TimelineEntry {
  /** From the beginning of the timeline. */
  readonly atMs: number;
  readonly member: string;
  /** Id or name of the rule that matched; undefined: the engine is asked. */
  readonly rule: string | undefined;
  readonly input: TestInput;
  readonly where: Where;
}

export interface RuleTest {
  readonly name: string;
  /** Id or name of the rule. */
  readonly rule: string;
  readonly expect: 'match' | 'no match';
  /** Members that an alert is expected at, no others; undefined: any. */
  readonly members: readonly string[] | undefined;
  /** Exactly one of the two holds something. */
  readonly events: readonly TestInput[];
  readonly timeline: readonly TimelineEntry[];
  readonly where: Where;
}

/** Tests of a rule file; `path` as for parseRules. Errors of the rules themselves are not repeated here. Never throws. */
export function parseTests(
  text: string,
  file: string,
  path: string = file,
): { tests: readonly RuleTest[]; problems: readonly Problem[] } {
  if (!/^["']?tests["']?\s*:/m.test(text)) return { tests: [], problems: [] };
  const report = createReporter(file, text);
  const tests: RuleTest[] = [];
  let rule: string | undefined;
  readYaml(text, file).documents.forEach((document, index) => {
    if (document.kind !== 'map') return;
    const has = (key: string) => entryOf(document, key) !== undefined;
    const list = entryOf(document, 'tests');
    if (list === undefined || has('detection') || has('correlation')) {
      // Filters and overlays change rules, and have no tests of their own.
      if (!has('filter') && !has('overlays')) rule = textOf(document, 'id', createReporter(file)) ?? ownId(path, index);
      return;
    }
    refuseOtherKeys(document, ['tests'], 'a document of tests', report);
    if (list.value.kind !== 'list') report.error(list, `tests must be a list, not ${describeNode(list.value)}`);
    else for (const node of list.value.items) tests.push(...parseTest(node, rule, report));
  });
  return { tests, problems: report.problems };
}

const testKeys = ['name', 'rule', 'expect', 'members', 'events', 'timeline'];

function parseTest(node: YamlNode, ruleBefore: string | undefined, report: Reporter): readonly RuleTest[] {
  if (node.kind !== 'map') {
    report.error(node, `a test is a map with name, expect and events, not ${describeNode(node)}`);
    return [];
  }
  refuseOtherKeys(node, testKeys, 'a test', report);
  const name = textOf(node, 'name', report);
  const rule = textOf(node, 'rule', report) ?? ruleBefore;
  const expected = textOf(node, 'expect', report);
  if (name === undefined) report.error(node, 'the test needs a name');
  if (rule === undefined) report.error(node, 'the test stands before any rule; say with "rule" which one it is of');
  if (expected !== 'match' && expected !== 'no match') report.error(node, 'expect must be "match" or "no match"');
  const events = listOf(node, 'events', report).flatMap(
    (item) => parseInput(item, ['dataset', 'record', 'fields'], report) ?? [],
  );
  const timeline = listOf(node, 'timeline', report).flatMap((item) => parseTimelineEntry(item, report) ?? []);
  const given = ['events', 'timeline'].flatMap((key) => entryOf(node, key)?.value ?? []);
  if (given.length !== 1 || given.some((list) => list.kind === 'list' && list.items.length === 0))
    report.error(node, 'the test needs either events or a timeline');
  if (name === undefined || rule === undefined || (expected !== 'match' && expected !== 'no match')) return [];
  const members = entryOf(node, 'members') === undefined ? undefined : textsOf(node, 'members', report);
  return [{ name, rule, expect: expected, members, events, timeline, where: report.where(node) }];
}

function listOf(map: YamlMap, key: string, report: Reporter): readonly YamlMap[] {
  const entry = entryOf(map, key);
  if (entry === undefined) return [];
  if (entry.value.kind !== 'list') {
    report.error(entry, `${key} must be a list, not ${describeNode(entry.value)}`);
    return [];
  }
  return entry.value.items.flatMap((item) => {
    if (item.kind === 'map') return [item];
    report.error(item, `${key} holds maps such as { dataset: …, record: … }, not ${describeNode(item)}`);
    return [];
  });
}

function parseInput(map: YamlMap, keys: readonly string[], report: Reporter): TestInput | undefined {
  refuseOtherKeys(map, keys, 'an event of a test', report);
  const dataset = textOf(map, 'dataset', report);
  const record = textOf(map, 'record', report, 1_048_576);
  const fields = entryOf(map, 'fields')?.value;
  if (fields !== undefined && record === undefined) {
    const event = parseFields(fields, report);
    if (event !== undefined && dataset !== undefined) event['event.dataset'] = dataset;
    return event === undefined ? undefined : { fields: event };
  }
  if (fields === undefined && dataset !== undefined && record !== undefined) return { dataset, record };
  report.error(map, 'the event needs "dataset" and "record", or "fields"');
  return undefined;
}

function parseFields(node: YamlNode, report: Reporter): Fields | undefined {
  if (node.kind !== 'map') {
    report.error(node, `fields must be a map of dotted names, not ${describeNode(node)}`);
    return undefined;
  }
  const fields: Fields = Object.create(null);
  for (const at of node.entries) {
    const { key, value } = at;
    const scalars = (value.kind === 'list' ? value.items : [value]).map((item) =>
      item.kind === 'scalar' ? scalarOf(item.value) : undefined,
    );
    if (scalars.some((scalar) => scalar === undefined)) {
      report.error(
        at,
        `${quoted(key)} must be text, a number, true or false, or a list of these; write nested names with dots`,
      );
      return undefined;
    }
    fields[key] = value.kind === 'list' ? (scalars as Scalar[]) : (scalars[0] as Scalar);
  }
  return fields;
}

/** Integers beyond 2^53 are text in events. */
function scalarOf(value: unknown): Scalar | undefined {
  if (typeof value === 'bigint') return String(value);
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : undefined;
}

function parseTimelineEntry(map: YamlMap, report: Reporter): TimelineEntry | undefined {
  const input = parseInput(map, ['at', 'member', 'rule', 'dataset', 'record', 'fields'], report);
  const at = /^(\d{1,4}):([0-5]\d)(?::([0-5]\d))?$/.exec(textOf(map, 'at', report) ?? '');
  if (at === null)
    report.error(map, `"at" is the time since the beginning, '00:01' or '26:30:15' (hours:minutes:seconds), in quotes`);
  if (at === null || input === undefined) return undefined;
  return {
    atMs: (Number(at[1]) * 3600 + Number(at[2]) * 60 + Number(at[3] ?? 0)) * 1000,
    member: textOf(map, 'member', report) ?? 'a',
    rule: textOf(map, 'rule', report),
    input,
    where: report.where(map),
  };
}
