/**
 * Matches in, findings out: rules that alert by themselves, and Sigma correlations within a member or across members.
 * All in event time, without a clock; in whatever order the matches arrive (within the lateness), the findings add up to the same.
 * What is found is never taken back.
 */
import type { CorrelationRule, SigmaRule } from '../detect/rule.ts';
import type { Entity, Match } from '../model/alert.ts';
import { type BaseRule, createBaseRule } from './base-rule.ts';
import { type Correlation, createCorrelation } from './correlation.ts';
import { entitiesOf, entityFields } from './entity.ts';
import type { Finding } from './finding.ts';
import { createFindings } from './found.ts';
import type { Seen } from './window.ts';

export interface CorrelatorOptions {
  readonly rules: readonly SigmaRule[];
  readonly correlations: readonly CorrelationRule[];
  /** Sigma field name, as that rule uses it -> the ECS fields that may hold it; the first one present counts. */
  readonly ecsField: (ruleId: string, field: string) => readonly string[];
  /**
   * How late an event may come, in event time against the newest, and still be judged as if it had come in time. Later ones are
   * judged on what is still remembered. Default 24 hours.
   */
  readonly latenessMs?: number;
  /** Per rule; beyond it the least recently used are forgotten. Default 200,000. */
  readonly maxGroups?: number;
  /** Events remembered in one group (more where a threshold needs it). Default 10,000. */
  readonly maxGroupEntries?: number;
  /** Events remembered over all rules; beyond it the rule that holds most forgets its least recently used. Default 1,000,000. */
  readonly maxEntries?: number;
}

export interface Correlator {
  /**
   * Findings that these matches give, with what came before; at most one per rule, member, key and period. The same match again
   * gives nothing while it is remembered. Matches of rules that are not in the set are passed over. Event times must be sane: the
   * caller holds back those ahead of its clock, as one far in the future lets memory of the present go early.
   */
  add(matches: readonly Match[]): readonly Finding[];
  /** ECS fields that Match.fields must carry. */
  readonly matchFields: ReadonlySet<string>;
  /** How far back in event time it must be fed, findings thrown away, to know again what it knew. */
  readonly windowMs: number;
  /** `evicted` counts entries forgotten for want of room. */
  stats(): { groups: number; entries: number; evicted: number };
}

const latestMs = Date.UTC(9999, 11, 31);
const mostPooled = 50_000;

/**
 * Throws, with file and line, for a correlation that cannot be run: one that refers to another correlation or to no known rule,
 * or whose condition is not understood.
 */
export function createCorrelator(options: CorrelatorOptions): Correlator {
  const {
    latenessMs = 24 * 3_600_000,
    maxGroups = 200_000,
    maxGroupEntries = 10_000,
    maxEntries = 1_000_000,
  } = options;
  checkReferences(options.rules, options.correlations);
  const limits = { ecsField: options.ecsField, latenessMs, maxGroups, maxEntries: maxGroupEntries };

  const correlations: Correlation[] = [];
  const byRule = new Map<string, { alone: BaseRule | undefined; correlations: Correlation[] }>();
  for (const rule of options.rules) {
    const referring = options.correlations.filter(({ rules }) => rules.includes(rule.id));
    const alerts = referring.length === 0 || referring.some(({ generate }) => generate);
    byRule.set(rule.id, { alone: alerts ? createBaseRule({ rule, ...limits }) : undefined, correlations: [] });
  }
  for (const rule of options.correlations) {
    const correlation = createCorrelation({ rule, ...limits });
    correlations.push(correlation);
    for (const id of new Set(rule.rules)) byRule.get(id)?.correlations.push(correlation);
  }

  const parts = [...[...byRule.values()].flatMap(({ alone }) => alone ?? []), ...correlations];
  const matchFields = new Set([...entityFields, ...parts.flatMap(({ fields }) => fields)]);
  const longestMs = Math.max(0, ...options.correlations.map(({ timespanMs }) => timespanMs));
  const pool = createPool();
  let newestMs = Number.NEGATIVE_INFINITY;

  function makeRoom(): void {
    let total = parts.reduce((sum, { memory }) => sum + memory.stats().entries, 0);
    while (total > maxEntries) {
      const [largest] = parts.toSorted((a, b) => b.memory.stats().entries - a.memory.stats().entries);
      const held = largest?.memory.stats().entries ?? 0;
      const gone = largest?.memory.shrink(Math.max(0, held - Math.max(total - maxEntries, Math.ceil(held / 10)))) ?? 0;
      if (gone === 0) return;
      total -= gone;
    }
  }

  return {
    add(matches) {
      const findings = createFindings();
      for (const match of matches) {
        const rule = byRule.get(match.ruleId);
        if (rule === undefined || Number.isNaN(match.atMs)) continue;
        const event = pool.seen(match);
        if (event.atMs > newestMs) newestMs = event.atMs;
        rule.alone?.add(match, event, findings);
        for (const correlation of rule.correlations) correlation.add(match, event, findings);
      }
      for (const { memory } of parts) memory.sweep(newestMs);
      makeRoom();
      return findings.done();
    },
    matchFields,
    // Twice the timespan: the oldest events that a late one can still meet were judged together with those before them.
    windowMs: 2 * longestMs + latenessMs,
    stats() {
      const sum = { groups: 0, entries: 0, evicted: 0 };
      for (const { memory } of parts) {
        const stats = memory.stats();
        sum.groups += stats.groups;
        sum.entries += stats.entries;
        sum.evicted += stats.evicted;
      }
      return sum;
    },
  };
}

function checkReferences(rules: readonly SigmaRule[], correlations: readonly CorrelationRule[]): void {
  const known = new Set(rules.map(({ id }) => id));
  const chained = new Set(correlations.map(({ id }) => id));
  for (const { rules: referred, where } of correlations) {
    const place = `${where.file}:${where.line}`;
    if (referred.length === 0) throw new Error(`${place}: the correlation refers to no rule`);
    for (const id of referred) {
      if (chained.has(id))
        throw new Error(`${place}: "${id}" is a correlation; refer to the rules beneath it, chains are not supported`);
      if (!known.has(id)) throw new Error(`${place}: there is no rule "${id}"`);
    }
  }
}

/** Memory is mostly the same few texts over and over; this lets equal ones be one. Forgotten as a whole when full. */
function createPool(): { seen(match: Match): Seen } {
  const texts = new Map<string, string>();
  const lists = new Map<string, readonly Entity[]>();
  const text = (value: string): string => {
    const known = texts.get(value);
    if (known !== undefined) return known;
    if (texts.size >= mostPooled) texts.clear();
    texts.set(value, value);
    return value;
  };
  return {
    seen(match) {
      const found = entitiesOf(match.fields);
      let address = '';
      for (const { field, value } of found) address += `${field} ${value.length} ${value} `;
      let entities = lists.get(address);
      if (entities === undefined) {
        if (lists.size >= mostPooled) lists.clear();
        lists.set(address, found);
        entities = found;
      }
      return {
        id: match.eventId,
        atMs: Math.min(latestMs, Math.max(0, Math.floor(match.atMs))),
        sourceId: text(match.sourceId),
        memberId: text(match.memberId),
        entities,
      };
    },
  };
}
