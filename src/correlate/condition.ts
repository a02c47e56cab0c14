/** The comparison of a correlation (`gte: 10`, ranges included) as a function of the counted number. */
import type { CorrelationRule } from '../detect/rule.ts';

type Compare = NonNullable<CorrelationRule['condition']>['compare'];

/** A threshold that needs more events than this in one window is refused: they would all have to be remembered. */
export const greatestThreshold = 100_000;

/** True when every comparison holds. */
export function compileCompare(compare: Compare): (count: number) => boolean {
  const [first, second] = compare;
  // Hot: nearly every rule has one bound.
  if (first !== undefined && second === undefined) return compileOne(first);
  const all = compare.map(compileOne);
  return (count) => all.every((holds) => holds(count));
}

function compileOne({ op, value }: Compare[number]): (count: number) => boolean {
  switch (op) {
    case 'gt':
      return (count) => count > value;
    case 'gte':
      return (count) => count >= value;
    case 'lt':
      return (count) => count < value;
    case 'lte':
      return (count) => count <= value;
    case 'eq':
      return (count) => count === value;
    case 'neq':
      return (count) => count !== value;
  }
}
