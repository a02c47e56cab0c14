/**
 * One Sigma correlation at work. For every moment t at which the group has an event, the window [t - timespan, t], both ends
 * included, is judged; where it satisfies the condition, all events in it belong to the alert whose period holds t.
 *
 * event_count counts events (an event that matched several of the rules is one), value_count distinct values of the field (a
 * list gives each of its values; of several fields, the distinct combinations), temporal the different rules seen.
 * temporal_ordered wants a chain of events in the order of the rules within the window, see chain.ts; across members, the alert
 * goes to those members that saw its last step in such a window, see arrivals.ts.
 * Values are compared as exact text. A match without a group-by or counted field is passed over.
 *
 * With gt and gte it does not matter in which order events arrive. lt, lte, eq and neq are judged when an event arrives, on what
 * is there then, and not taken back; that nothing at all happened is never noticed.
 */
import type { CorrelationRule } from '../detect/rule.ts';
import type { Entity, Match } from '../model/alert.ts';
import { addressKind } from './address.ts';
import { arrive, arriveLate, newArrivals } from './arrivals.ts';
import { updateChains } from './chain.ts';
import { compileCompare, greatestThreshold } from './condition.ts';
import { cover, covers } from './coverage.ts';
import { allTexts } from './field-text.ts';
import type { Findings, FoundHead } from './found.ts';
import { createMemory, type Memory } from './memory.ts';
import {
  dropOldest,
  type Entry,
  forgetBefore,
  type Group,
  indexFrom,
  insert,
  lastOfMoment,
  moveTo,
  newGroup,
  type Seen,
} from './window.ts';

export interface Correlation {
  /** ECS fields that it reads. */
  readonly fields: readonly string[];
  readonly memory: Memory;
  add(match: Match, event: Seen, findings: Findings): void;
}

export interface CorrelationOptions {
  readonly rule: CorrelationRule;
  readonly ecsField: (ruleId: string, field: string) => readonly string[];
  readonly latenessMs: number;
  readonly maxGroups: number;
  /** Entries of one group; more where the threshold needs more. */
  readonly maxEntries: number;
}

type Held = Group & { readonly head: FoundHead };

/** How far a match may fan out into groups by fields that hold lists. */
const mostGroupsOfMatch = 16;

/** Throws when the rule cannot be run. */
export function createCorrelation(options: CorrelationOptions): Correlation {
  const { rule, latenessMs } = options;
  const { timespanMs, minMembers } = rule;
  const { periodMs } = rule.own;
  const across = rule.members === 'across';
  const holds = compileCondition(rule);
  const greatest = Math.max(0, ...(rule.condition?.compare ?? []).map(({ value }) => value));
  const maxEntries = Math.max(options.maxEntries, 2 * greatest);
  const ordered = rule.type === 'temporal_ordered';
  const plan = compileFields(rule, options.ecsField);
  const counts = { tokens: rule.type === 'value_count' || rule.type === 'temporal', members: across };
  const needsCursor = across || !ordered;
  const lastStep = ordered && across ? rule.rules.at(-1) : undefined;

  const memory = createMemory<Held>({
    maxGroups: options.maxGroups,
    horizonMs: timespanMs + latenessMs,
    sizeOf: (group) => group.entries.length,
    forget: forgetBefore,
  });

  function satisfied(group: Group, last: number, atMs: number): boolean {
    if (needsCursor) moveTo(group, last, atMs - timespanMs);
    if (group.members !== undefined && group.members.size < minMembers) return false;
    if (ordered) {
      const begin = (group.entries[last] as Entry).chain?.[rule.rules.length];
      return begin !== undefined && begin >= atMs - timespanMs;
    }
    return holds(group.tokens?.size ?? group.to - group.from);
  }

  /** Judges the windows that the entry at `index` is in. */
  function judge(group: Group, index: number, give: (entry: Entry, periodStartMs: number) => void): void {
    const { entries } = group;
    const until = (entries[index] as Entry).event.atMs + timespanMs;
    for (let next = index; next < entries.length; ) {
      const last = lastOfMoment(entries, next);
      const { atMs } = (entries[last] as Entry).event;
      if (atMs > until) return;
      if (satisfied(group, last, atMs)) {
        const periodStartMs = Math.floor(atMs / periodMs) * periodMs;
        let covered = group.covered.get(periodStartMs);
        if (covered === undefined) {
          covered = [];
          group.covered.set(periodStartMs, covered);
        }
        const fresh = cover(covered, atMs - timespanMs, atMs);
        for (let stretch = 0; stretch < fresh.length; stretch += 2) {
          const to = fresh[stretch + 1] as number;
          for (let at = indexFrom(entries, fresh[stretch] as number); at < entries.length; at++) {
            const entry = entries[at] as Entry;
            if (entry.event.atMs > to) break;
            give(entry, periodStartMs);
          }
        }
      }
      next = last + 1;
    }
  }

  function addTo(group: Held, event: Seen, tokens: readonly string[], findings: Findings): void {
    const { index, known, changed } = insert(group, event, tokens);
    if (!changed) return;
    const find = (found: Seen, periodStartMs: number) => findings.add(group, group.head, periodStartMs, found);
    const give = ({ event: given, tokens: steps }: Entry, periodStartMs: number): void => {
      if (lastStep === undefined) {
        find(given, periodStartMs);
        return;
      }
      const arrivals = group.arrivals.get(periodStartMs) ?? newArrivals();
      group.arrivals.set(periodStartMs, arrivals);
      for (const found of arrive(arrivals, given, steps.includes(lastStep))) find(found, periodStartMs);
    };
    if (!known) memory.resize(1);
    for (const [periodStartMs, covered] of group.covered) {
      if (!covers(covered, event.atMs)) continue;
      if (!known) give(group.entries[index] as Entry, periodStartMs);
      else if (lastStep !== undefined && tokens.includes(lastStep))
        for (const found of arriveLate(group.arrivals.get(periodStartMs) ?? newArrivals(), event.memberId))
          find(found, periodStartMs);
    }
    if (ordered) updateChains(group.entries, index, rule.rules, timespanMs);
    judge(group, index, give);
    tidy(group, event);
  }

  /** Keeps the group within bounds, in strides, so that it costs little. */
  function tidy(group: Group, event: Seen): void {
    const { entries } = group;
    if (event.atMs === group.newestMs) {
      const horizonMs = group.newestMs - timespanMs - latenessMs;
      const stride = Math.max(64, entries.length >> 3);
      if ((entries[stride]?.event.atMs ?? horizonMs) < horizonMs || group.covered.size > 8)
        memory.resize(-forgetBefore(group, horizonMs));
    }
    if (entries.length > maxEntries) {
      const number = Math.max(1, maxEntries >> 3);
      dropOldest(group, number);
      memory.evict(number);
    }
  }

  return {
    fields: plan.fields,
    memory,
    add(match, event, findings) {
      const tokens = plan.tokens(match);
      if (tokens === undefined) return;
      for (const values of plan.groups(match)) {
        let address = across ? '' : event.memberId;
        for (const value of values) address += ` ${value.length} ${value}`;
        let group = memory.get(address);
        if (group === undefined) {
          const key = values.map((value, index): Entity => ({ field: plan.keyFields[index] as string, value }));
          group = { ...newGroup(counts), head: { ruleId: rule.id, key, across } };
          memory.add(address, group);
        }
        addTo(group, event, tokens, findings);
      }
    },
  };
}

function compileCondition(rule: CorrelationRule): (count: number) => boolean {
  const compare = rule.condition?.compare ?? [];
  const refuse = (what: string) => new Error(`${rule.where.file}:${rule.where.line}: ${what}`);
  for (const { value } of compare) {
    if (value > greatestThreshold)
      throw refuse(`a threshold of ${value} is too large: use at most ${greatestThreshold}, with a shorter timespan`);
  }
  if (rule.type === 'temporal_ordered') {
    if (compare.some(({ op, value }) => op !== 'gte' || value !== rule.rules.length))
      throw refuse('temporal_ordered takes no condition: all its rules must be seen, in their order');
    return () => false;
  }
  if (rule.type === 'value_count' && rule.condition?.fields.length === 0)
    throw refuse('value_count needs "field" in its condition: whose values to count');
  if (compare.length > 0) return compileCompare(compare);
  if (rule.type !== 'temporal') throw refuse(`${rule.type} needs a condition, such as "gte: 10"`);
  const all = new Set(rule.rules).size;
  return (count) => count >= all;
}

interface FieldPlan {
  readonly fields: readonly string[];
  /** ECS name of each group-by field, for the alert's key: as the first rule has it, so that it is the same for all. */
  readonly keyFields: readonly string[];
  /** What the match contributes to the count; undefined when it lacks a counted field. */
  tokens(match: Match): readonly string[] | undefined;
  /** Values of the group-by fields: one list, or several where fields hold lists; none when one is missing. */
  groups(match: Match): readonly (readonly string[])[];
}

const noTokens: readonly string[] = [];

function compileFields(rule: CorrelationRule, ecsField: CorrelationOptions['ecsField']): FieldPlan {
  const candidates = (ruleId: string, name: string): readonly string[] => {
    const alias = Object.hasOwn(rule.aliases, name) ? rule.aliases[name] : undefined;
    const field = alias !== undefined && Object.hasOwn(alias, ruleId) ? (alias[ruleId] as string) : name;
    return ecsField(ruleId, field);
  };
  const groupBy = new Map(rule.rules.map((id) => [id, rule.groupBy.map((name) => candidates(id, name))]));
  const countedNames = rule.type === 'value_count' ? (rule.condition?.fields ?? []) : [];
  const counted = new Map(rule.rules.map((id) => [id, countedNames.map((name) => candidates(id, name))]));
  const ownToken = new Map(rule.rules.map((id) => [id, [id]]));
  const firstRule = rule.rules[0] as string;
  const across = rule.members === 'across';

  return {
    fields: [...groupBy.values(), ...counted.values()].flat(2),
    keyFields: rule.groupBy.map((name) => candidates(firstRule, name)[0] ?? name),
    tokens(match) {
      if (rule.type === 'event_count') return noTokens;
      if (rule.type !== 'value_count') return ownToken.get(match.ruleId);
      const fields = counted.get(match.ruleId) as readonly (readonly string[])[];
      const values = fields.map((names) => allTexts(match.fields, names));
      if (values.some((of) => of.length === 0)) return undefined;
      return values.length === 1 ? values[0] : [values.map((of) => JSON.stringify(of)).join()];
    },
    groups(match) {
      let groups: string[][] = [[]];
      for (const names of groupBy.get(match.ruleId) as readonly (readonly string[])[]) {
        let values = allTexts(match.fields, names);
        // A private address is another machine at another member: grouping by it across members would tie strangers together.
        if (across) values = values.filter((value) => (addressKind(value) ?? 'public') === 'public');
        if (values.length === 1) for (const group of groups) group.push(values[0] as string);
        else groups = groups.flatMap((group) => values.map((value) => [...group, value])).slice(0, mostGroupsOfMatch);
      }
      return groups;
    },
  };
}
