/**
 * The extended condition of temporal correlations (`a and b and not c`): over the rules seen in a window, as a function; and, for
 * an order, as the alternatives it leaves: which rules must be seen one after the other, and which must be absent.
 */
import type { Condition } from '../detect/rule.ts';

export interface Alternative {
  /** In the order of the correlation's rules. */
  readonly steps: readonly string[];
  /** Rules none of which may be seen in the window. */
  readonly absent: readonly string[];
}

const mostAlternatives = 16;

/** Whether the rules seen, the keys of the map, satisfy it. */
export function compileExpression(expression: Condition): (seen: ReadonlyMap<string, unknown>) => boolean {
  switch (expression.kind) {
    case 'selection': {
      const { name } = expression;
      return (seen) => seen.has(name);
    }
    case 'not': {
      const holds = compileExpression(expression.of);
      return (seen) => !holds(seen);
    }
    case 'and': {
      const all = expression.of.map(compileExpression);
      return (seen) => all.every((holds) => holds(seen));
    }
    case 'or': {
      const any = expression.of.map(compileExpression);
      return (seen) => any.some((holds) => holds(seen));
    }
  }
}

/** Whether one more event can make it false: a rule stands under an odd number of "not". */
export function negates(expression: Condition, negated = false): boolean {
  switch (expression.kind) {
    case 'selection':
      return negated;
    case 'not':
      return negates(expression.of, !negated);
    default:
      return expression.of.some((part) => negates(part, negated));
  }
}

/**
 * The expression as "this, or this, or …" over an order of rules, each asking for no more than it must; how it is written makes
 * no difference. Throws, saying what to write instead, when it leaves more than 16 alternatives on the way, or one that asks for
 * no rule at all.
 */
export function alternatives(expression: Condition, rules: readonly string[]): readonly Alternative[] {
  const least = leastTerms(spellOut(expression, false));
  if (least.length === 0) throw new Error('the condition of temporal_ordered contradicts itself: it can never hold');
  if (least.some(({ present }) => present.size === 0))
    throw new Error('the condition of temporal_ordered can hold without any rule seen: join one with "and"');
  return least.map(({ present, absent }) => ({
    steps: rules.filter((rule) => present.has(rule)),
    absent: [...absent],
  }));
}

interface Term {
  readonly present: ReadonlySet<string>;
  readonly absent: ReadonlySet<string>;
}

const none: ReadonlySet<string> = new Set();

function spellOut(expression: Condition, negated: boolean): readonly Term[] {
  switch (expression.kind) {
    case 'selection': {
      const one = new Set([expression.name]);
      return [negated ? { present: none, absent: one } : { present: one, absent: none }];
    }
    case 'not':
      return spellOut(expression.of, !negated);
    default: {
      const parts = expression.of.map((part) => spellOut(part, negated));
      if ((expression.kind === 'or') !== negated) return few(parts.flat());
      let terms: readonly Term[] = [{ present: none, absent: none }];
      for (const part of parts) {
        terms = few(
          terms.flatMap((a) =>
            part.map((b) => ({ present: a.present.union(b.present), absent: a.absent.union(b.absent) })),
          ),
        );
      }
      return terms;
    }
  }
}

/** All terms that cannot ask for less, by consensus: of "a and b" or "not a and c" follows "b and c". */
function leastTerms(terms: readonly Term[]): readonly Term[] {
  let least: readonly Term[] = [];
  const open = [...terms];
  for (let term = open.pop(); term !== undefined; term = open.pop()) {
    const next = term;
    if (!next.present.isDisjointFrom(next.absent) || least.some((other) => asksNoMore(other, next))) continue;
    for (const other of least) {
      const clash = new Set([...other.present.intersection(next.absent), ...other.absent.intersection(next.present)]);
      if (clash.size !== 1) continue;
      open.push({
        present: other.present.union(next.present).difference(clash),
        absent: other.absent.union(next.absent).difference(clash),
      });
    }
    least = few([...least.filter((other) => !asksNoMore(next, other)), next]);
  }
  return least;
}

const asksNoMore = (a: Term, b: Term): boolean => a.present.isSubsetOf(b.present) && a.absent.isSubsetOf(b.absent);

function few(terms: readonly Term[]): readonly Term[] {
  if (terms.length <= mostAlternatives) return terms;
  throw new Error(
    `the condition of temporal_ordered leaves more than ${mostAlternatives} alternatives: write several correlations`,
  );
}
