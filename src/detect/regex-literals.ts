/**
 * A regular expression -> texts that stand, case ignored, in whatever it matches. Reads the syntax of RE2 just far enough; where it
 * is unsure it says that it knows none. Decides nothing about matching: a guard in front of the real test.
 */
import { fold } from './fold.ts';

/** Of each list at least one text must be there, whatever the order. No list: nothing is known to be needed. */
export type Needed = readonly (readonly string[])[];

const maxLiterals = 64;
const maxLists = 20;
const maxSpellings = 8;

class Unsure extends Error {}

/**
 * Folded ASCII texts. A haystack holding U+017F (long s) or U+212A (kelvin) may match without them: RE2 takes these for `s` and `k`
 * where case is ignored.
 */
export function requiredLiterals(source: string): Needed {
  try {
    const reader = createReader(source);
    const needed = reader.alternation(0);
    return reader.done() ? needed : [];
  } catch (error) {
    if (error instanceof Unsure) return [];
    throw error;
  }
}

/** The list that says most: the longer its shortest text, the rarer it all is; then the fewer. */
export function tellingList(needed: Needed): readonly string[] | undefined {
  const shortest = (texts: readonly string[]) => texts.reduce((least, text) => Math.min(least, text.length), 100);
  let best: readonly string[] | undefined;
  for (const texts of needed) {
    const difference = best === undefined ? 1 : shortest(texts) - shortest(best);
    if (difference > 0 || (difference === 0 && texts.length < (best as readonly string[]).length)) best = texts;
  }
  return best;
}

function createReader(source: string) {
  let at = 0;

  const alternation = (depth: number): Needed => {
    if (depth > 50) throw new Unsure();
    const branches = [sequence(depth)];
    while (source[at] === '|') {
      at++;
      branches.push(sequence(depth));
    }
    const [only] = branches;
    if (only !== undefined && branches.length === 1) return only;
    const union = new Set<string>();
    for (const branch of branches) {
      const texts = tellingList(branch);
      if (texts === undefined) return [];
      for (const text of texts) union.add(text);
    }
    return union.size > maxLiterals ? [] : [[...union]];
  };

  const sequence = (depth: number): Needed => {
    const needed: (readonly string[])[] = [];
    // Every spelling of what has been read since the last flush: a unit that may be left out doubles them.
    let spellings = [''];
    const flush = () => {
      if (!spellings.includes('')) needed.push(spellings.filter((text) => !holdsAnother(text, spellings)));
      spellings = [''];
    };
    const append = (unit: string) => {
      spellings = spellings.map((spelling) => spelling + unit);
    };
    while (at < source.length && source[at] !== '|' && source[at] !== ')') {
      const part = piece(depth);
      const repeat = repeats();
      if (part === zeroWidth) continue;
      if (typeof part !== 'string') {
        flush();
        if (repeat !== 'optional' && repeat !== 0) needed.push(...part);
      } else if (repeat === undefined) append(part);
      else if (repeat === 'optional') {
        if (spellings.length * 2 > maxSpellings) flush();
        spellings = [...new Set([...spellings, ...spellings.map((spelling) => spelling + part)])];
      } else {
        if (repeat > 0) append(part);
        flush();
      }
    }
    flush();
    return needed.length > maxLists ? needed.slice(0, maxLists) : needed;
  };

  /** One unit, what a group needs (a class of units needs nothing), or what takes no room. */
  const piece = (depth: number): string | Needed | typeof zeroWidth => {
    const unit = source[at++] as string;
    switch (unit) {
      case '(':
        return group(depth);
      case '[':
        return passClass();
      case '.':
        return [];
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
        return unit < '\u0080' ? fold(unit) : [];
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

  const passClass = (): Needed => {
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
    return [];
  };

  const escaped = (): string | Needed | typeof zeroWidth => {
    const unit = source[at++] ?? '';
    if ('bBAz'.includes(unit) && unit !== '') return zeroWidth;
    if (/^[dDsSwWnrtfva]$/.test(unit)) return [];
    if (/^[\x20-\x2f:-@[-`{-~]$/.test(unit)) return unit;
    const rest = /^(?:x(?:[0-9a-fA-F]{2}|\{[0-9a-fA-F]{1,6}\})|[pP](?:[A-Z]|\{\^?\w+\}))/.exec(
      source.slice(at - 1, at + 60),
    );
    if (rest === null) throw new Unsure();
    at += rest[0].length - 1;
    return [];
  };

  /** How often at least, over all repeat signs that follow; undefined when there is none. `optional`: at most once. */
  const repeats = (): number | 'optional' | undefined => {
    let least: number | undefined;
    let optional = false;
    for (;;) {
      const sign = /^(?:[*+?]|\{(\d{1,4})(?:,\d{0,4})?\})/.exec(source.slice(at, at + 12));
      if (sign === null) return optional ? 'optional' : least;
      at += sign[0].length;
      const count = sign[1] === undefined ? (sign[0] === '+' ? 1 : 0) : Number(sign[1]);
      // A `?` behind a repeat only makes it lazy.
      if (least === undefined) {
        least = count;
        optional = sign[0] === '?';
      } else if (sign[0] !== '?') {
        least = Math.min(least, count);
        optional = false;
      }
    }
  };

  return { alternation, done: () => at === source.length };
}

/** A longer text says nothing beside a shorter one that stands in it. */
function holdsAnother(text: string, texts: readonly string[]): boolean {
  return texts.some((other) => other !== text && text.includes(other));
}

const zeroWidth: unique symbol = Symbol('zero width');
