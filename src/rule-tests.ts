/**
 * Runs the tests that stand beside rules: records through their connector and the engine, timelines through the correlator.
 * Uses what the center uses, and nothing of its own that could be right where the center is wrong.
 */
import type { CorrelatorOptions } from './correlate/correlator.ts';
import type { Finding } from './correlate/finding.ts';
import type { Engine } from './detect/engine.ts';
import { type CorrelationRule, formatWhere, type SigmaRule } from './detect/rule.ts';
import type { RuleTest, TestInput, TimelineEntry } from './detect/rule-test.ts';
import type { Match } from './model/alert.ts';
import type { Fields } from './model/event.ts';
import type { RuleFolder } from './rule-folder.ts';

export interface TestParts {
  readonly folder: RuleFolder;
  readonly engine: Engine;
  /** A raw record by the connector of that name, with the default settings of a source. Throws what the connector throws. */
  readonly parse: (dataset: string, record: string) => readonly Fields[];
  readonly createCorrelator: (options: CorrelatorOptions) => {
    add(matches: readonly Match[]): readonly Finding[];
    advance(toMs: number): readonly Finding[];
  };
}

export interface TestResult {
  readonly test: RuleTest;
  /** Undefined: passed. Else what came instead, in words. */
  readonly failure: string | undefined;
}

/** In the order of the tests. Never throws: a test that cannot run has failed. */
export function runTests(parts: TestParts): readonly TestResult[] {
  const named = new Map<string, SigmaRule | CorrelationRule>();
  for (const rule of [...parts.folder.set.rules, ...parts.folder.set.correlations]) {
    if (rule.name !== undefined) named.set(rule.name, rule);
  }
  for (const rule of [...parts.folder.set.rules, ...parts.folder.set.correlations]) named.set(rule.id, rule);
  return parts.folder.tests.map((test) => {
    try {
      return { test, failure: runTest(test, named, parts) };
    } catch (error) {
      return { test, failure: error instanceof Error ? error.message : String(error) };
    }
  });
}

type Named = ReadonlyMap<string, SigmaRule | CorrelationRule>;

function runTest(test: RuleTest, named: Named, parts: TestParts): string | undefined {
  const rule = named.get(test.rule);
  if (rule === undefined) return `there is no rule "${test.rule}" in force; see "rules check"`;
  if (rule.kind === 'correlation') return runTimeline(test, rule, named, parts);
  if (test.events.length === 0) return 'a rule by itself is tested by events; a timeline is for correlations';
  for (const [index, input] of test.events.entries()) {
    const events = eventsOf(input, parts);
    if (events.length === 0) return `event ${index + 1}: the connector makes no event of the record`;
    const matched = events.some((event) => parts.engine.match(event).some(({ id }) => id === rule.id));
    if (matched !== (test.expect === 'match')) return `event ${index + 1} ${matched ? 'matches' : 'does not match'}`;
  }
  return undefined;
}

function eventsOf(input: TestInput, parts: TestParts): readonly Fields[] {
  if ('fields' in input) return [input.fields];
  return parts.parse(input.dataset, input.record).map((fields) => ({ ...fields, 'event.dataset': input.dataset }));
}

/** Any moment will do; this one is the beginning of a day. */
const beginMs = Date.UTC(2026, 0, 5);

function runTimeline(test: RuleTest, correlation: CorrelationRule, named: Named, parts: TestParts): string | undefined {
  if (test.timeline.length === 0) return 'a correlation is tested by a timeline';
  const { set, mapping } = parts.folder;
  const beneath = rulesBeneath(correlation, set.correlations);
  const correlator = parts.createCorrelator({
    rules: set.rules.filter(({ id }) => beneath.has(id)),
    correlations: set.correlations.filter(({ id }) => id === correlation.id || beneath.has(id)),
    ecsField: mapping.ecsFields,
  });
  const matches = test.timeline.flatMap((entry, index) => matchesOf(entry, index, beneath, named, parts));
  // The timeline is all there is: what waits for later events is judged.
  const findings = [...correlator.add(matches), ...correlator.advance(Number.POSITIVE_INFINITY)].filter(
    ({ ruleId }) => ruleId === correlation.id,
  );
  const members = [...new Set(findings.map(({ memberId }) => memberId))].sort();
  if (findings.length > 0 !== (test.expect === 'match')) {
    return findings.length > 0
      ? `it gives an alert at ${members.join(', ')}`
      : `it gives no alert (${matches.length} of its rules' matches went in)`;
  }
  if (test.members === undefined || members.join() === [...test.members].sort().join()) return undefined;
  return `it gives alerts at ${members.join(', ')}, not at ${test.members.join(', ')}`;
}

/** Ids of all that a correlation refers to, through other correlations too. */
function rulesBeneath(correlation: CorrelationRule, correlations: readonly CorrelationRule[]): ReadonlySet<string> {
  const beneath = new Set<string>(correlation.rules);
  // A set that grows while it is walked is walked to its new end.
  for (const id of beneath)
    for (const rule of correlations.find((one) => one.id === id)?.rules ?? []) beneath.add(rule);
  return beneath;
}

function matchesOf(
  entry: TimelineEntry,
  index: number,
  beneath: ReadonlySet<string>,
  named: Named,
  parts: TestParts,
): readonly Match[] {
  const place = formatWhere(entry.where);
  const said = entry.rule === undefined ? undefined : named.get(entry.rule);
  if (entry.rule !== undefined && said === undefined)
    throw new Error(`${place}: there is no rule "${entry.rule}" in force`);
  if (said !== undefined && !beneath.has(said.id)) {
    throw new Error(`${place}: the correlation does not refer to the rule "${entry.rule}"`);
  }
  return eventsOf(entry.input, parts).flatMap((fields, part) => {
    const ids =
      said === undefined || !('fields' in entry.input) ? parts.engine.match(fields).map(({ id }) => id) : [said.id];
    if (said !== undefined && !ids.includes(said.id))
      throw new Error(`${place}: the record does not match the rule "${entry.rule}"`);
    return ids
      .filter((id) => beneath.has(id))
      .map((ruleId) => ({
        ruleId,
        eventId: `test-${index}-${part}`,
        memberId: entry.member,
        sourceId: `${entry.member}.test`,
        atMs: beginMs + entry.atMs,
        fields,
      }));
  });
}
