/**
 * temporal_ordered: chains of events in the order of the rules, each step an event of its own; events of the same time count as
 * in order, whichever way round. For each moment it is kept how late a chain of the first k steps can begin that has ended by
 * then (chain[k], -Infinity where there is none): a late event then changes only what comes after it. Of several alternative
 * orders each has its own.
 */
import type { Alternative } from './expression.ts';
import { type Entry, lastOfMoment } from './window.ts';

/**
 * Brings the chains up to date after entries[index] came in or gained a rule. Moments later than `spanMs` after it are left:
 * a chain through it can no longer end in time there.
 */
export function updateChains(
  entries: readonly Entry[],
  index: number,
  orders: readonly Alternative[],
  spanMs: number,
): void {
  for (let order = 0; order < orders.length; order++)
    updateOrder(entries, index, order, (orders[order] as Alternative).steps, spanMs);
}

function updateOrder(
  entries: readonly Entry[],
  index: number,
  order: number,
  rules: readonly string[],
  spanMs: number,
): void {
  const changed = entries[index] as Entry;
  const { atMs } = changed.event;
  let first = index;
  while (first > 0 && (entries[first - 1] as Entry).event.atMs === atMs) first--;
  let last = lastOfMoment(entries, index);
  if (last > first && isMoreOfTheSame(entries, first, last, index, rules.length)) {
    setChain(changed, order, (entries[index === first ? last : first] as Entry).chains?.[order]);
    return;
  }
  let before =
    entries[first - 1]?.chains?.[order] ?? new Array<number>(rules.length + 1).fill(Number.NEGATIVE_INFINITY);
  while (first < entries.length && (entries[first] as Entry).event.atMs <= atMs + spanMs) {
    const moment = entries.slice(first, last + 1);
    const chain = advance(before, moment, rules);
    const old = (entries[first] as Entry).chains?.[order];
    if (first > index && old !== undefined && chain.every((start, step) => start === old[step])) return;
    for (const entry of moment) setChain(entry, order, chain);
    before = chain;
    first = last + 1;
    if (first < entries.length) last = lastOfMoment(entries, first);
  }
}

function setChain(entry: Entry, order: number, chain: readonly number[] | undefined): void {
  if (chain === undefined) return;
  if (order === 0 && entry.chains === undefined) entry.chains = [chain];
  else entry.chains = (entry.chains ?? []).toSpliced(order, 1, chain);
}

/** Hot: of a thousand events of one second only the first few of each rule can matter. */
function isMoreOfTheSame(
  entries: readonly Entry[],
  first: number,
  last: number,
  index: number,
  enough: number,
): boolean {
  return (entries[index] as Entry).tokens.every((rule) => {
    let others = 0;
    for (let at = last; at >= first && others < enough; at--) {
      if (at !== index && (entries[at] as Entry).tokens.includes(rule)) others++;
    }
    return others >= enough;
  });
}

function advance(before: readonly number[], moment: readonly Entry[], rules: readonly string[]): readonly number[] {
  const chain = [...before];
  const { atMs } = (moment[0] as Entry).event;
  const startFrom = (step: number) => (step === 0 ? atMs : (before[step] as number));
  const [single] = moment;
  if (single !== undefined && moment.length === 1) {
    for (let step = 0; step < rules.length; step++) {
      if (!single.tokens.includes(rules[step] as string)) continue;
      chain[step + 1] = Math.max(chain[step + 1] as number, startFrom(step));
    }
    return chain;
  }
  const events = fewOfEach(moment, rules.length);
  for (let from = 0; from < rules.length; from++) {
    const start = startFrom(from);
    if (start === Number.NEGATIVE_INFINITY) continue;
    const takenBy = new Map<Entry, number>();
    for (let step = from; step < rules.length; step++) {
      if (!assign(step, events, rules, takenBy, new Set())) break;
      chain[step + 1] = Math.max(chain[step + 1] as number, start);
    }
  }
  return chain;
}

/** Finds an event of its own for a step, moving earlier steps of this moment to others where needed. */
function assign(
  step: number,
  events: readonly Entry[],
  rules: readonly string[],
  takenBy: Map<Entry, number>,
  tried: Set<Entry>,
): boolean {
  for (const event of events) {
    if (tried.has(event) || !event.tokens.includes(rules[step] as string)) continue;
    tried.add(event);
    const other = takenBy.get(event);
    if (other !== undefined && !assign(other, events, rules, takenBy, tried)) continue;
    takenBy.set(event, step);
    return true;
  }
  return false;
}

/** No rule needs more events of one moment than there are steps. */
function fewOfEach(moment: readonly Entry[], steps: number): readonly Entry[] {
  const seen = new Map<string, number>();
  return moment.filter((entry) => {
    let wanted = false;
    for (const rule of entry.tokens) {
      const number = seen.get(rule) ?? 0;
      if (number >= steps) continue;
      seen.set(rule, number + 1);
      wanted = true;
    }
    return wanted;
  });
}
