/**
 * Matches in, findings out: rules that alert by themselves, and Sigma correlations within a member, across members, and of each
 * other. All in event time, without a clock; in whatever order the matches arrive, the findings add up to the same: within the
 * lateness for all that is judged at once, within settleMs for what must settle first (correlation.ts says which).
 * What is found is never taken back.
 */
import type { CorrelationRule, SigmaRule } from '../detect/rule.ts';
import type { Match } from '../model/alert.ts';
import type { Fields } from '../model/event.ts';
import { type BaseRule, createBaseRule } from './base-rule.ts';
import { type Correlation, type Course, createCorrelation } from './correlation.ts';
import { entityFields } from './entity.ts';
import type { Finding } from './finding.ts';
import { createFindings } from './found.ts';
import { settles } from './measure.ts';
import type { Memory, Total } from './memory.ts';
import { inOrder, longestReachMs } from './order.ts';
import { createSeen, type Seen } from './seen.ts';

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
  /**
   * How far event time must be past a moment before it is judged by conditions that a further event can make false (lt, lte, eq,
   * neq, "not", avg, median, percentile), and how late an event may come and still count there. Default 5 minutes, at most
   * latenessMs.
   */
  readonly settleMs?: number;
  /** Per rule; beyond it those not used for long are forgotten. Default 200,000. */
  readonly maxGroups?: number;
  /**
   * Events remembered in one group (more where a threshold needs it). Default 10,000. Moments that wait are forgotten with their
   * events: a group that sees more than that within settleMs loses some, which counts as evicted.
   */
  readonly maxGroupEntries?: number;
  /** Events remembered over all rules; beyond it the rule that holds most forgets those not used for long. Default 1,000,000. */
  readonly maxEntries?: number;
}

export interface CorrelatorStats {
  readonly groups: number;
  readonly entries: number;
  /** Entries forgotten for want of room since the start. */
  readonly evicted: number;
  /** Moments that wait until event time has settled behind them. */
  readonly waiting: number;
  /** Rules that forgot entries for want of room, those that forgot most first, at most ten. */
  readonly forgetful: readonly { readonly ruleId: string; readonly evicted: number }[];
}

/**
 * Findings must become durable in the order in which they were given: what a later call found never without what an earlier one
 * did, or a moment that was judged is lost with the process.
 *
 * After a restart: a new correlator is fed the matches that were applied, from windowMs before the newest of them, in order of
 * event time, and then told by advance() the greatest time whose findings were written; what all this finds is known already and
 * is thrown away. It then is where the old one was, moments that wait included. Only those whose events had come later than
 * settleMs, and that still waited, are not found again.
 */
export interface Correlator {
  /**
   * Findings that these matches give, with what came before; at most one per rule, member, key and period. The same match again
   * gives nothing while it is remembered. Matches of rules that are not in the set are passed over. Event times must be sane: the
   * caller holds back those ahead of its clock, as one far in the future lets memory of the present go early, and moments be
   * judged before their events have come.
   */
  add(matches: readonly Match[]): readonly Finding[];
  /**
   * Event time is at least `toMs` now, though no match says so: a quiet night must not keep moments waiting. Earlier than known
   * changes nothing. Infinity judges all that waits, as at the end of a file, and lets event time be.
   */
  advance(toMs: number): readonly Finding[];
  /** ECS fields that Match.fields must carry. */
  readonly matchFields: ReadonlySet<string>;
  /** How far back in event time it must be fed, findings thrown away, to know again what it knew. */
  readonly windowMs: number;
  stats(): CorrelatorStats;
}

const mostForgetful = 10;

/** Throws, with file and line, for a correlation that cannot be run: see createCorrelation and inOrder. */
export function createCorrelator(options: CorrelatorOptions): Correlator {
  const { maxGroups = 200_000, maxGroupEntries = 10_000, maxEntries = 1_000_000 } = options;
  const ordered = inOrder(options.rules, options.correlations);
  const settleMs = Math.min(options.settleMs ?? 300_000, options.latenessMs ?? 86_400_000);
  // What must settle comes to those who refer to it so much later.
  const latenessMs = (options.latenessMs ?? 86_400_000) + (ordered.some(settles) ? settleMs : 0);
  const total: Total = { entries: 0 };
  const limits = { ecsField: options.ecsField, latenessMs, maxGroups, maxEntries: maxGroupEntries, total };
  const course: Course = {
    newestMs: Number.NEGATIVE_INFINITY,
    nextDueMs: Number.POSITIVE_INFINITY,
    findings: createFindings(),
    settling: false,
  };

  const referring = new Map<string, CorrelationRule[]>();
  for (const rule of ordered)
    for (const id of new Set(rule.rules)) referring.set(id, [...(referring.get(id) ?? []), rule]);
  const alerts = (id: string): boolean => {
    const by = referring.get(id);
    return by === undefined || by.some(({ generate }) => generate);
  };
  /** Correlations by the id of what they are fed. */
  const fed = new Map<string, Correlation[]>(options.rules.map(({ id }) => [id, []]));
  const correlations = new Map<string, Correlation>();
  for (const rule of ordered) {
    const mine: Correlation[] = [];
    fed.set(rule.id, mine);
    const occur = (fields: Fields, event: Seen) => {
      for (const outer of mine) outer.add(rule.id, fields, event);
    };
    const correlation = createCorrelation({
      ...limits,
      rule,
      inner: correlations,
      alerts: alerts(rule.id),
      occur: referring.has(rule.id) ? occur : undefined,
      course,
      settleMs,
    });
    correlations.set(rule.id, correlation);
    for (const id of new Set(rule.rules)) fed.get(id)?.push(correlation);
  }
  const byRule = new Map<string, { alone: BaseRule | undefined; correlations: readonly Correlation[] }>();
  for (const rule of options.rules) {
    const alone = alerts(rule.id) ? createBaseRule({ rule, ...limits }) : undefined;
    byRule.set(rule.id, { alone, correlations: fed.get(rule.id) ?? [] });
  }

  const parts: { readonly ruleId: string; readonly fields: readonly string[]; readonly memory: Memory }[] = [];
  for (const [ruleId, { alone }] of byRule) if (alone !== undefined) parts.push({ ...alone, ruleId });
  for (const [ruleId, { fields, memory }] of correlations) parts.push({ ruleId, fields, memory });
  const settling = [...correlations.values()].filter((correlation) => correlation.settles);
  const seen = createSeen();
  let nextSweepMs = Number.NEGATIVE_INFINITY;

  /** In order of reference, so that what is told to others is there before they judge. */
  function settle(beforeMs: number): void {
    course.settling = true;
    for (const correlation of settling) correlation.settle(beforeMs);
    course.settling = false;
    course.nextDueMs = Math.min(...settling.map((correlation) => correlation.nextDueMs()));
  }

  function makeRoom(): void {
    while (total.entries > maxEntries) {
      const [largest] = parts.toSorted((a, b) => b.memory.stats().entries - a.memory.stats().entries);
      const held = largest?.memory.stats().entries ?? 0;
      const over = Math.max(total.entries - maxEntries, Math.ceil(held / 10));
      if ((largest?.memory.shrink(Math.max(0, held - over)) ?? 0) === 0) return;
    }
  }

  function done(): readonly Finding[] {
    if (course.newestMs >= nextSweepMs) {
      nextSweepMs = course.newestMs + 60_000;
      for (const { memory } of parts) memory.sweep(course.newestMs);
    }
    makeRoom();
    const findings = course.findings.done();
    course.findings = createFindings();
    return findings;
  }

  return {
    add(matches) {
      for (const match of matches) {
        const rule = byRule.get(match.ruleId);
        if (rule === undefined || Number.isNaN(match.atMs)) continue;
        const event = seen(match);
        if (event.atMs > course.newestMs) {
          course.newestMs = event.atMs;
          if (event.atMs > course.nextDueMs) settle(event.atMs);
        }
        rule.alone?.add(match, event, course.findings);
        for (const correlation of rule.correlations) correlation.add(match.ruleId, match.fields, event);
      }
      return done();
    },
    advance(toMs) {
      if (toMs === Number.POSITIVE_INFINITY) settle(toMs);
      else if (toMs > course.newestMs) {
        course.newestMs = toMs;
        if (toMs > course.nextDueMs) settle(toMs);
      }
      return done();
    },
    matchFields: new Set([...entityFields, ...parts.flatMap(({ fields }) => fields)]),
    windowMs: longestReachMs(ordered) + latenessMs,
    stats() {
      const sum = { groups: 0, entries: 0, evicted: 0 };
      const byId = new Map<string, number>();
      for (const { ruleId, memory } of parts) {
        const stats = memory.stats();
        sum.groups += stats.groups;
        sum.entries += stats.entries;
        sum.evicted += stats.evicted;
        if (stats.evicted > 0) byId.set(ruleId, stats.evicted);
      }
      const forgetful = [...byId].map(([ruleId, evicted]) => ({ ruleId, evicted }));
      forgetful.sort((a, b) => b.evicted - a.evicted);
      const waiting = settling.reduce((number, correlation) => number + correlation.waiting(), 0);
      return { ...sum, waiting, forgetful: forgetful.slice(0, mostForgetful) };
    },
  };
}
