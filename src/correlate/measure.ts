/**
 * What a window is measured by, from the correlation's type and condition: how entries that come into it and leave it change a
 * running tally, and whether the tally satisfies the condition. Costs the same whatever the number of entries and values in the
 * window, but for median and percentile, which cost about its square root.
 */
import type { CorrelationRule } from '../detect/rule.ts';
import { compileCompare, greatestThreshold } from './condition.ts';
import { createExactSum } from './exact-sum.ts';
import { type Alternative, alternatives, compileExpression, negates } from './expression.ts';
import { createRanking } from './ranking.ts';

export interface Tally {
  change(tokens: readonly string[], numbers: readonly number[], by: 1 | -1): void;
  holds(events: number): boolean;
  /** Tokens in the window. Empty where they do not matter. */
  readonly seen: ReadonlyMap<string, number>;
}

export interface Measure {
  /** Undefined where nothing but the number of events matters. */
  readonly createTally: (() => Tally) | undefined;
  /** For want of a tally. */
  holds(events: number): boolean;
  /** temporal_ordered: what must be seen in order, one of these. Else undefined. */
  readonly orders: readonly Alternative[] | undefined;
  /** Whether a further event can make it false: then a moment is judged only when event time has settled behind it. */
  readonly settles: boolean;
  /** What the condition counts up to: as many events must be remembered. */
  readonly greatest: number;
}

const numeric: readonly string[] = ['value_sum', 'value_avg', 'value_median', 'value_percentile'];
const nothingSeen: ReadonlyMap<string, number> = new Map();

/** Whether the correlation counts with the numbers of a field. */
export const isNumeric = ({ type }: CorrelationRule): boolean => numeric.includes(type);

/** As Measure.settles. */
export function settles({ type, condition, expression }: CorrelationRule): boolean {
  if (isNumeric({ type } as CorrelationRule) && type !== 'value_sum') return true;
  if (expression !== undefined) return negates(expression);
  return condition?.compare.some(({ op }) => op !== 'gt' && op !== 'gte') ?? false;
}

/** Throws, with file and line, when the condition cannot be understood. */
export function compileMeasure(rule: CorrelationRule): Measure {
  const { type, rules, expression } = rule;
  const refuse = (what: string) => new Error(`${rule.where.file}:${rule.where.line}: ${what}`);
  const compare = rule.condition?.compare ?? [];
  const fields = rule.condition?.fields ?? [];
  const greatest = isNumeric(rule) ? 0 : Math.max(0, ...compare.map(({ value }) => value));
  if (greatest > greatestThreshold)
    throw refuse(`a threshold of ${greatest} is too large: use at most ${greatestThreshold}, with a shorter timespan`);
  if (type === 'value_count' && fields.length === 0)
    throw refuse('value_count needs "field" in its condition: whose values to count');
  if (isNumeric(rule) && fields.length !== 1)
    throw refuse(`${type} needs one "field" in its condition: whose numbers to count with`);
  const measure = { holds: () => false, orders: undefined, settles: settles(rule), greatest };

  if (type === 'temporal' || type === 'temporal_ordered') {
    const stranger = expression === undefined ? undefined : namesIn(expression).find((name) => !rules.includes(name));
    if (stranger !== undefined) throw refuse(`the condition names "${stranger}", which is not among the rules`);
  } else if (expression !== undefined) throw refuse(`${type} takes a comparison such as "gte: 10", not rules`);

  if (type === 'temporal_ordered') {
    if (expression === undefined && compare.some(({ op, value }) => op !== 'gte' || value !== rules.length))
      throw refuse('temporal_ordered takes no condition: all its rules must be seen, in their order');
    let orders: readonly Alternative[] = [{ steps: rules, absent: [] }];
    try {
      if (expression !== undefined) orders = alternatives(expression, rules);
    } catch (error) {
      throw refuse((error as Error).message);
    }
    const counted = orders.some(({ absent }) => absent.length > 0);
    return { ...measure, orders, createTally: counted ? () => createTokenTally(() => false) : undefined };
  }
  if (expression !== undefined) {
    const holds = compileExpression(expression);
    return { ...measure, createTally: () => createTokenTally(holds) };
  }
  if (compare.length === 0 && type !== 'temporal') throw refuse(`${type} needs a condition, such as "gte: 10"`);
  const all = new Set(rules).size;
  const holds = compare.length > 0 ? compileCompare(compare) : (count: number) => count >= all;
  if (type === 'event_count') return { ...measure, holds, createTally: undefined };
  if (type === 'value_count' || type === 'temporal')
    return { ...measure, createTally: () => createTokenTally(({ size }) => holds(size)) };
  if (type === 'value_sum' || type === 'value_avg')
    return { ...measure, createTally: () => createSumTally(holds, type === 'value_avg') };
  const percentile = type === 'value_median' ? undefined : rule.condition?.percentile;
  if (type === 'value_percentile' && !(percentile !== undefined && percentile > 0 && percentile <= 100))
    throw refuse(
      'value_percentile needs "percentile" in its condition, above 0 and up to 100, such as "percentile: 95"',
    );
  return { ...measure, createTally: () => createRankTally(holds, percentile) };
}

function namesIn(expression: NonNullable<CorrelationRule['expression']>): readonly string[] {
  if (expression.kind === 'selection') return [expression.name];
  return expression.kind === 'not' ? namesIn(expression.of) : expression.of.flatMap(namesIn);
}

function createTokenTally(holds: (seen: ReadonlyMap<string, number>) => boolean): Tally {
  const seen = new Map<string, number>();
  return {
    seen,
    change(tokens, _numbers, by) {
      for (const token of tokens) tallyOne(seen, token, by);
    },
    holds: () => holds(seen),
  };
}

function createSumTally(holds: (value: number) => boolean, mean: boolean): Tally {
  const sum = createExactSum();
  let size = 0;
  return {
    seen: nothingSeen,
    change(_tokens, numbers, by) {
      for (const number of numbers) sum.add(by * number);
      size += by * numbers.length;
    },
    holds: () => size > 0 && holds(mean ? sum.value() / size : sum.value()),
  };
}

/** Without a percentile: the median. */
function createRankTally(holds: (value: number) => boolean, percentile: number | undefined): Tally {
  const ranking = createRanking();
  const at = (index: number): number => ranking.at(index) ?? Number.NaN;
  return {
    seen: nothingSeen,
    change(_tokens, numbers, by) {
      for (const number of numbers) {
        if (by === 1) ranking.add(number);
        else ranking.remove(number);
      }
    },
    holds() {
      const size = ranking.size();
      if (size === 0) return false;
      if (percentile !== undefined) return holds(at(nearestRank(percentile, size) - 1));
      const middle = size >> 1;
      return holds(size % 2 === 1 ? at(middle) : (at(middle - 1) + at(middle)) / 2);
    },
  };
}

/** The least rank, from 1, at or below which that part of `size` numbers lies. */
export function nearestRank(percentile: number, size: number): number {
  // 99.9 of 1,000 is 999, though not quite in doubles.
  return Math.max(1, Math.ceil((percentile * size) / 100 - 1e-9));
}

export function tallyOne(counts: Map<string, number>, key: string, by: 1 | -1): void {
  const sum = (counts.get(key) ?? 0) + by;
  if (sum === 0) counts.delete(key);
  else counts.set(key, sum);
}
