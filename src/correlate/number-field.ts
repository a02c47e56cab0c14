/**
 * Numbers in a match's fields, as the value_* correlations count with them: decimal, with sign, fraction and exponent as wanted
 * ("12", "-0.5", "1e3"), blanks around it. Hexadecimal, thousand separators, units, NaN and numbers beyond 1e300 are no numbers.
 */
import type { Fields, Scalar } from '../model/event.ts';

const longest = 64;
const mostValues = 16;
const greatest = 1e300;
const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/;

function numberOf(value: Scalar): number | undefined {
  if (typeof value === 'boolean') return undefined;
  let number = value;
  if (typeof number === 'string') {
    if (number.length > longest) return undefined;
    const text = number.trim();
    if (!decimal.test(text)) return undefined;
    number = Number(text);
  }
  // Minus nought is nought.
  return Math.abs(number) <= greatest ? number + 0 : undefined;
}

/** The first of `names` that the match has a number in, and those numbers: of a list each, equal ones too, at most 16. */
export function numbersIn(
  fields: Fields,
  names: readonly string[],
): { readonly field: string; readonly numbers: readonly number[] } | undefined {
  for (const field of names) {
    if (!Object.hasOwn(fields, field)) continue;
    const value = fields[field] as Fields[string];
    const numbers: number[] = [];
    for (const one of typeof value === 'object' ? value.slice(0, mostValues) : [value]) {
      const number = numberOf(one);
      if (number !== undefined) numbers.push(number);
    }
    if (numbers.length > 0) return { field, numbers };
  }
  return undefined;
}
