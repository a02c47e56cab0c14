/**
 * A regular expression -> texts of which at least one stands, case ignored, in whatever it matches. Reads the syntax of RE2 just
 * far enough; where it is unsure it says that it knows none. Decides nothing about matching: a guard in front of the real test.
 */
import { fold } from './fold.ts';

/** Any of these must be there. Undefined: nothing is known to be needed. */
type Needed = readonly string[] | undefined;

const maxLiterals = 64;

class Unsure extends Error {}

/**
 * Folded ASCII texts; undefined when none is certain. A haystack holding U+017F (long s) or U+212A (kelvin) may match without them:
 * RE2 takes these for `s` and `k` where case is ignored.
 */
export function requiredLiterals(source: string): Needed {
  try {
    const reader = createReader(source);
    const needed = reader.alternation(0);
    return reader.done() ? needed : undefined;
  } catch (error) {
    if (error instanceof Unsure) return undefined;
    throw error;
  }
}

function createReader(source: string) {
  let at = 0;

  const alternation = (depth: number): Needed => {
    if (depth > 50) throw new Unsure();
    let union: string[] | undefined = [];
    for (;;) {
      const branch = sequence(depth);
      union = branch === undefined || union === undefined ? undefined : [...union, ...branch];
      if (source[at] !== '|') break;
      at++;
    }
    return union === undefined || union.length > maxLiterals ? undefined : [...new Set(union)];
  };

  const sequence = (depth: number): Needed => {
    let best: Needed;
    let run = '';
    const offer = (needed: Needed) => {
      if (needed !== undefined && isBetter(needed, best)) best = needed;
    };
    const flush = () => {
      if (run !== '') offer([run]);
      run = '';
    };
    while (at < source.length && source[at] !== '|' && source[at] !== ')') {
      const part = piece(depth);
      const least = repeats();
      if (part === zeroWidth) continue;
      if (typeof part !== 'string') {
        flush();
        if (least !== 0) offer(part);
      } else if (least === undefined) run += part;
      else {
        if (least > 0) run += part;
        flush();
      }
    }
    flush();
    return best;
  };

  /** One unit, what a group needs, undefined for any class of units, or nothing at all. */
  const piece = (depth: number): string | Needed | typeof zeroWidth => {
    const unit = source[at++] as string;
    switch (unit) {
      case '(':
        return group(depth);
      case '[':
        return passClass();
      case '.':
        return undefined;
      case '^':
      case '$':
        return zeroWidth;
      case '\\':
        return escaped();
      case '*':
      case '+':
      case '?':
        throw new Unsure();
      default:
        return unit < '\u0080' ? fold(unit) : undefined;
    }
  };

  const group = (depth: number): Needed | typeof zeroWidth => {
    const opening = /^\?(?:P?<\w+>|[imsU-]*:|[imsU-]+\))/.exec(source.slice(at, at + 100))?.[0];
    if (opening === undefined && source[at] === '?') throw new Unsure();
    at += opening?.length ?? 0;
    if (opening?.endsWith(')')) return zeroWidth;
    const needed = alternation(depth + 1);
    if (source[at++] !== ')') throw new Unsure();
    return needed;
  };

  const passClass = (): undefined => {
    if (source[at] === '^') at++;
    // A bracket that comes first is itself.
    if (source[at] === ']') at++;
    while (source[at] !== ']') {
      if (at >= source.length) throw new Unsure();
      if (source.startsWith('[:', at)) {
        const end = source.indexOf(':]', at);
        at = end < 0 ? at + 1 : end + 2;
      } else at += source[at] === '\\' ? 2 : 1;
    }
    at++;
    return undefined;
  };

  const escaped = (): string | undefined | typeof zeroWidth => {
    const unit = source[at++] ?? '';
    if ('bBAz'.includes(unit) && unit !== '') return zeroWidth;
    if (/^[dDsSwWnrtfva]$/.test(unit)) return undefined;
    if (/^[\x20-\x2f:-@[-`{-~]$/.test(unit)) return unit;
    const rest = /^(?:x(?:[0-9a-fA-F]{2}|\{[0-9a-fA-F]{1,6}\})|[pP](?:[A-Z]|\{\^?\w+\}))/.exec(
      source.slice(at - 1, at + 60),
    );
    if (rest === null) throw new Unsure();
    at += rest[0].length - 1;
    return undefined;
  };

  /** How often at least, over all repeat signs that follow; undefined when there is none. */
  const repeats = (): number | undefined => {
    let least: number | undefined;
    for (;;) {
      const sign = /^(?:[*+?]|\{(\d{1,4})(?:,\d{0,4})?\})/.exec(source.slice(at, at + 12));
      if (sign === null) return least;
      at += sign[0].length;
      const count = sign[1] === undefined ? (sign[0] === '+' ? 1 : 0) : Number(sign[1]);
      // A `?` behind a repeat only makes it lazy.
      if (least === undefined) least = count;
      else if (sign[0] !== '?') least = Math.min(least, count);
    }
  };

  return { alternation, done: () => at === source.length };
}

const zeroWidth: unique symbol = Symbol('zero width');

/** The longer the shortest, the rarer it all is; then the fewer. */
function isBetter(one: readonly string[], other: Needed): boolean {
  if (other === undefined) return true;
  const shortest = (texts: readonly string[]) => texts.reduce((least, text) => Math.min(least, text.length), 100);
  const difference = shortest(one) - shortest(other);
  return difference > 0 || (difference === 0 && one.length < other.length);
}
