/**
 * Sigma's string values: text with `*` (any run) and `?` (one UTF-16 unit), and the backslash rules.
 * Splits only; what a pattern matches is said by linear.ts and compile.ts, each in its own way.
 */

/** Any run of units, the empty one included. */
export const anyRun: unique symbol = Symbol('*');
/** Exactly one unit. */
export const oneUnit: unique symbol = Symbol('?');

export type PatternPart = string | typeof anyRun | typeof oneUnit;
/** Literal texts are never empty and never neighbours. The empty pattern is the empty text. */
export type Pattern = readonly PatternPart[];

/**
 * `\` before `*`, `?` or `\` takes that one literally, any other `\` is itself: `\*` is a star, `\\*` a backslash and a wildcard,
 * `\\\*` a backslash and a star, `\\` one backslash, `a\b` as it is (specification 2.1, appendix on escaping; pairs from the left).
 */
export function parsePattern(text: string): Pattern {
  const parts: PatternPart[] = [];
  let literal = '';
  for (let at = 0; at < text.length; at++) {
    const unit = text[at] as string;
    const next = text[at + 1];
    if (unit === '\\' && (next === '*' || next === '?' || next === '\\')) {
      literal += next;
      at++;
    } else if (unit === '*' || unit === '?') {
      if (literal !== '') parts.push(literal);
      literal = '';
      parts.push(unit === '*' ? anyRun : oneUnit);
    } else literal += unit;
  }
  if (literal !== '') parts.push(literal);
  return tidy(parts);
}

/** Text without any wildcard. */
export function literalPattern(text: string): Pattern {
  return text === '' ? [] : [text];
}

/** `contains`, `startswith`, `endswith` are wildcards at the ends. */
export function surround(pattern: Pattern, before: boolean, after: boolean): Pattern {
  return tidy([...(before ? [anyRun] : []), ...pattern, ...(after ? [anyRun] : [])] as Pattern);
}

/** One behind the other. */
export function joinPatterns(first: Pattern, second: Pattern): Pattern {
  return tidy([...first, ...second]);
}

/** Joins neighbouring literals and neighbouring runs. */
function tidy(parts: Pattern): Pattern {
  const tidied: PatternPart[] = [];
  for (const part of parts) {
    const last = tidied.at(-1);
    if (part === '' || (part === anyRun && last === anyRun)) continue;
    if (typeof part === 'string' && typeof last === 'string') tidied[tidied.length - 1] = last + part;
    else tidied.push(part);
  }
  return tidied;
}

export function hasWildcard(pattern: Pattern): boolean {
  return pattern.some((part) => typeof part !== 'string');
}

/** Each literal part through `change`, wildcards untouched. */
export function mapLiterals(pattern: Pattern, change: (literal: string) => string): Pattern {
  return pattern.map((part) => (typeof part === 'string' ? change(part) : part));
}
