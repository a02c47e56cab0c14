/**
 * One Sigma correlation at work. For every moment t at which the group has an event, the window [t - timespan, t], both ends
 * included, is judged; where it satisfies the condition, all events in it belong to the alert whose period holds t, and so do
 * those that come into that stretch of time later.
 *
 * event_count counts events (an event that matched several of the rules is one), value_count distinct values of the field (a
 * list gives each of its values; of several fields, the distinct combinations), temporal the different rules seen, or asks for
 * those that its expression names. temporal_ordered wants a chain of events in the order of the rules within the window, see
 * chain.ts (of an expression: the rules without "not" in order, and none of those under "not" in the window); across members,
 * the alert goes to those members that saw its last step in such a window, see arrivals.ts.
 * value_sum, value_avg, value_median and value_percentile compare with that of the numbers in the window (number-field.ts; a
 * list gives each of its numbers). A sum is one of amounts: negative numbers (often "-1" for "not known") are passed over. The
 * median of an even number is the mean of the two in the middle; a percentile is the value of the nearest rank.
 * Texts are compared exactly. A match without a group-by or counted field, or without a number there, is passed over.
 *
 * Where a further event can only help (gt and gte of counts and sums, expressions without "not"), a moment is judged at once, and
 * again as late events come. Else (lt, lte, eq, neq, "not", avg, median, percentile) it is judged once, when event time is past
 * it by more than settleMs, on what is there then; a moment whose first event came later than that is given settleMs from its
 * coming. That nothing at all happened is never noticed: there is no moment without an event.
 *
 * Other correlations may refer to this one. Each event of a moment that holds is then an occurrence: a match of this rule with
 * the id, time, member and source of that event, and as fields the group-by values under their names as written.
 */
import type { CorrelationRule } from '../detect/rule.ts';
import type { Entity } from '../model/alert.ts';
import type { Fields } from '../model/event.ts';
import { type Arrivals, arrive, arriveLate, newArrivals } from './arrivals.ts';
import { updateChains } from './chain.ts';
import { type Coverage, cover, covers } from './coverage.ts';
import type { Findings, FoundHead } from './found.ts';
import { compileMeasure } from './measure.ts';
import { createMemory, type Memory, type Remembered, type Total } from './memory.ts';
import { createPending } from './pending.ts';
import { compileFields, type Inner } from './plan.ts';
import type { Seen } from './seen.ts';
import {
  type Contribution,
  dropOldest,
  type Entry,
  forgetBefore,
  type Group,
  indexFrom,
  insert,
  lastOfMoment,
  moveTo,
} from './window.ts';

/** What the correlations share while matches come in. */
export interface Course {
  /** Event time: of the newest match, or later when the caller said so. */
  newestMs: number;
  /** No later than the earliest moment that waits. */
  nextDueMs: number;
  /** Where what is found goes. */
  findings: Findings;
  /** What comes in now are occurrences of moments that have waited: those they make need not wait again. */
  settling: boolean;
}

export interface Correlation extends Inner {
  /** ECS fields that it reads. */
  readonly fields: readonly string[];
  readonly memory: Memory;
  readonly settles: boolean;
  add(ruleId: string, fields: Fields, event: Seen): void;
  /** Judges the moments due before then. */
  settle(beforeMs: number): void;
  nextDueMs(): number;
  /** Moments that wait. */
  waiting(): number;
}

export interface CorrelationOptions {
  readonly rule: CorrelationRule;
  readonly ecsField: (ruleId: string, field: string) => readonly string[];
  /** Those correlations that it may refer to. */
  readonly inner: ReadonlyMap<string, Inner>;
  /** Whether it alerts, or only serves others. */
  readonly alerts: boolean;
  /** Told of each occurrence, once while it is remembered. Undefined: nobody refers to it. */
  readonly occur: ((fields: Fields, event: Seen) => void) | undefined;
  readonly course: Course;
  readonly latenessMs: number;
  readonly settleMs: number;
  readonly maxGroups: number;
  /** Entries of one group; more where the threshold needs more. */
  readonly maxEntries: number;
  readonly total: Total;
}

/** Hot: most groups never see a second event, and a million of them must not cost much. */
interface Lone extends Contribution, Remembered {
  readonly event: Seen;
  readonly entries: undefined;
}

interface Held extends Group, Remembered {
  readonly address: string;
  /** Made when something is found, or occurs. */
  head: FoundHead | undefined;
  fields: Fields | undefined;
  gone: boolean;
}

/** Throws when the rule cannot be run. */
export function createCorrelation(options: CorrelationOptions): Correlation {
  const { rule, course, alerts, occur, latenessMs, settleMs } = options;
  const { timespanMs, minMembers } = rule;
  const { periodMs } = rule.own;
  const across = rule.members === 'across';
  const measure = compileMeasure(rule);
  const { orders, settles } = measure;
  const maxEntries = Math.max(options.maxEntries, 2 * measure.greatest);
  const plan = compileFields(rule, options.ecsField, options.inner);
  const needsCursor = across || orders === undefined || measure.createTally !== undefined;
  const lastSteps = orders !== undefined && across ? new Set(orders.map(({ steps }) => steps.at(-1))) : undefined;
  const scratch = measure.createTally?.();
  const pending = createPending<Held>();

  const memory = createMemory<Lone | Held>({
    maxGroups: options.maxGroups,
    horizonMs: timespanMs + latenessMs,
    total: options.total,
    sizeOf: (group) => (group.entries === undefined ? 1 : group.entries.length),
    forget: (group, beforeMs) =>
      group.entries !== undefined ? forgetBefore(group, beforeMs) : group.event.atMs < beforeMs ? 1 : 0,
    gone(group) {
      if (group.entries !== undefined) group.gone = true;
    },
  });

  /** Whether a group of this one event can wait for a second before anything is judged. */
  function saysNothing({ tokens, numbers }: Contribution): boolean {
    if (settles) return false;
    if (across && minMembers > 1) return true;
    if (orders !== undefined) return orders.every(({ steps }) => steps.length > 1);
    if (scratch === undefined) return !measure.holds(1);
    scratch.change(tokens, numbers, 1);
    const holds = scratch.holds(1);
    scratch.change(tokens, numbers, -1);
    return !holds;
  }

  function satisfied(group: Group, last: number, atMs: number): boolean {
    if (needsCursor) moveTo(group, last, atMs - timespanMs);
    if (group.members !== undefined && group.members.size < minMembers) return false;
    if (orders !== undefined) {
      const { chains } = group.entries[last] as Entry;
      return orders.some(({ steps, absent }, order) => {
        const begin = chains?.[order]?.[steps.length];
        return (
          begin !== undefined && begin >= atMs - timespanMs && !absent.some((id) => group.tally?.seen.has(id) === true)
        );
      });
    }
    const events = group.to - group.from;
    return group.tally?.holds(events) ?? measure.holds(events);
  }

  function give(group: Held, { event, tokens }: Entry, periodStartMs: number): void {
    const find = (found: Seen) => course.findings.add(group, headOf(group, event), periodStartMs, found);
    if (lastSteps === undefined) {
      find(event);
      return;
    }
    const isLastStep = tokens.some((token) => lastSteps.has(token));
    for (const found of arrive(arrivalsOf(group, periodStartMs), event, isLastStep)) find(found);
  }

  function hold(group: Held, entry: Entry): void {
    if (entry.held) return;
    entry.held = true;
    if (occur !== undefined) occur(fieldsOf(group, entry.event), entry.event);
  }

  function judgeMoment(group: Held, last: number): void {
    const { entries } = group;
    const { atMs } = (entries[last] as Entry).event;
    if (!satisfied(group, last, atMs)) return;
    if (alerts) {
      const periodStartMs = Math.floor(atMs / periodMs) * periodMs;
      const fresh = cover(coverageOf(group, periodStartMs), atMs - timespanMs, atMs);
      for (let stretch = 0; stretch < fresh.length; stretch += 2) {
        const to = fresh[stretch + 1] as number;
        for (let at = indexFrom(entries, fresh[stretch] as number); at < entries.length; at++) {
          const entry = entries[at] as Entry;
          if (entry.event.atMs > to) break;
          give(group, entry, periodStartMs);
        }
      }
    }
    for (let at = last; entries[at]?.event.atMs === atMs; at--) hold(group, entries[at] as Entry);
  }

  /** Judges the moments whose windows the entry at `index` is in. What held goes on holding. */
  function judgeFrom(group: Held, index: number): void {
    const { entries } = group;
    const changed = entries[index] as Entry;
    const until = changed.event.atMs + timespanMs;
    for (let next = index; next < entries.length; ) {
      const last = lastOfMoment(entries, next);
      const entry = entries[last] as Entry;
      const { atMs } = entry.event;
      if (atMs > until) return;
      const before = entries[last - 1];
      if (!entry.held && !(before?.held && before.event.atMs === atMs)) judgeMoment(group, last);
      else if (next === index) hold(group, changed);
      next = last + 1;
    }
  }

  function addTo(group: Held, event: Seen, contribution: Contribution): void {
    const { index, known, changed } = insert(group, event, contribution);
    if (!changed) return;
    const { entries } = group;
    if (!known) memory.resize(1);
    if (group.covered !== undefined) {
      for (const [periodStartMs, covered] of group.covered) {
        if (!covers(covered, event.atMs)) continue;
        if (!known) give(group, entries[index] as Entry, periodStartMs);
        else if (lastSteps !== undefined && contribution.tokens.some((token) => lastSteps.has(token)))
          for (const found of arriveLate(arrivalsOf(group, periodStartMs), event.memberId))
            course.findings.add(group, headOf(group, event), periodStartMs, found);
      }
    }
    if (orders !== undefined) updateChains(entries, index, orders, timespanMs);
    if (!settles) judgeFrom(group, index);
    else if (!known && entries[index - 1]?.event.atMs !== event.atMs && entries[index + 1]?.event.atMs !== event.atMs)
      wait(group, event.atMs);
    tidy(group, event);
  }

  function wait(group: Held, atMs: number): void {
    const inTime = course.settling || atMs + settleMs >= course.newestMs;
    const dueMs = (inTime ? atMs : course.newestMs) + settleMs;
    pending.push({ dueMs, group, atMs });
    if (dueMs < course.nextDueMs) course.nextDueMs = dueMs;
    // Of groups that are forgotten nothing is left to judge, and a flood must not pile them up here.
    const size = pending.size();
    if (size % 1024 === 0 && size > 2 * memory.stats().entries)
      pending.keep((waiting) => !waiting.group.gone && isThere(waiting.group, waiting.atMs));
  }

  /** Keeps the group within bounds, in strides, so that it costs little. */
  function tidy(group: Group, event: Seen): void {
    const { entries } = group;
    if (event.atMs === group.newestMs && (entries.length % 32 === 0 || (group.covered?.size ?? 0) > 8)) {
      const horizonMs = group.newestMs - timespanMs - latenessMs;
      const stride = Math.max(64, entries.length >> 3);
      if ((entries[stride]?.event.atMs ?? horizonMs) < horizonMs || (group.covered?.size ?? 0) > 8)
        memory.resize(-forgetBefore(group, horizonMs));
    }
    if (entries.length > maxEntries) {
      const number = Math.max(1, maxEntries >> 3);
      dropOldest(group, number);
      memory.evict(number);
    }
  }

  function createHeld(address: string): Held {
    return {
      entries: [],
      newestMs: Number.NEGATIVE_INFINITY,
      covered: undefined,
      arrivals: undefined,
      from: 0,
      to: 0,
      tally: measure.createTally?.(),
      members: across ? new Map() : undefined,
      address,
      head: undefined,
      fields: undefined,
      gone: false,
      touched: 0,
      used: false,
    };
  }

  function headOf(group: Held, { memberId }: Seen): FoundHead {
    group.head ??= {
      ruleId: rule.id,
      key: plan
        .values(group.address, memberId)
        .map((value, index): Entity => ({ field: plan.keyFields[index] as string, value })),
      across,
    };
    return group.head;
  }

  /** What its occurrences carry. */
  function fieldsOf(group: Held, { memberId }: Seen): Fields {
    if (group.fields !== undefined) return group.fields;
    const values = plan.values(group.address, memberId);
    group.fields = Object.fromEntries(rule.groupBy.map((name, index) => [name, values[index] as string]));
    return group.fields;
  }

  function addAt(address: string, event: Seen, contribution: Contribution): void {
    const there = memory.get(address);
    if (there?.entries !== undefined) {
      addTo(there, event, contribution);
      return;
    }
    if (there === undefined && saysNothing(contribution)) {
      const { tokens, numbers } = contribution;
      memory.add(address, { event, tokens, numbers, entries: undefined, touched: 0, used: false });
      return;
    }
    const group = createHeld(address);
    if (there === undefined) memory.add(address, group);
    else {
      memory.replace(address, group);
      memory.resize(-1);
      addTo(group, there.event, there);
    }
    addTo(group, event, contribution);
  }

  return {
    groupBy: rule.groupBy,
    keyFields: plan.keyFields,
    fields: plan.fields,
    memory,
    settles,
    add(ruleId, fields, event) {
      const contribution = plan.contribution(ruleId, fields);
      if (contribution === undefined) return;
      const addresses = plan.addresses(ruleId, fields, event.memberId);
      if (typeof addresses === 'string') addAt(addresses, event, contribution);
      else for (const address of addresses ?? []) addAt(address, event, contribution);
    },
    settle(beforeMs) {
      while (pending.nextDueMs() < beforeMs) {
        const { group, atMs } = pending.pop() as { group: Held; atMs: number };
        if (!group.gone && isThere(group, atMs))
          judgeMoment(group, lastOfMoment(group.entries, indexFrom(group.entries, atMs)));
      }
    },
    nextDueMs: pending.nextDueMs,
    waiting: pending.size,
  };
}

const isThere = ({ entries }: Group, atMs: number): boolean => entries[indexFrom(entries, atMs)]?.event.atMs === atMs;

function coverageOf(group: Group, periodStartMs: number): Coverage {
  group.covered ??= new Map();
  const there = group.covered.get(periodStartMs);
  if (there !== undefined) return there;
  const coverage: Coverage = [];
  group.covered.set(periodStartMs, coverage);
  return coverage;
}

function arrivalsOf(group: Group, periodStartMs: number): Arrivals {
  group.arrivals ??= new Map();
  const there = group.arrivals.get(periodStartMs);
  if (there !== undefined) return there;
  const arrivals = newArrivals();
  group.arrivals.set(periodStartMs, arrivals);
  return arrivals;
}
