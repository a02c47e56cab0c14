/**
 * Where a long text differs from one seen before: a script host writes the same kilobytes with every command, but for a number in the
 * middle. Knows one text; says nothing about what is in it.
 */
import { ownCopy } from '../own-copy.ts';

/** Longer ones are not kept. */
const mostLength = 65_536;

export interface NearText {
  /** The text that others are compared with. */
  known: string;
  /** Counts the texts that were known. */
  version: number;
  /**
   * Whatever is no longer than `reach` and stands in the text but not in the known one, or the other way round, touches what lies
   * between these places of the text. Empty: the two are the same.
   */
  from: number;
  to: number;
  /** Units at their starts, and behind those at their ends, that the two have in common: at least so many. */
  start: number;
  end: number;
  /**
   * `near`: the text is the known one but for that; `known`: it is unlike it and has taken its place; `unlike`: neither. Only for texts
   * that `isLong` is true of.
   */
  compare(text: string, reach: number): 'near' | 'known' | 'unlike';
}

/** After so many texts that were unlike the one before, only one of so many is looked at: scripts are all different. */
const patience = 16;

/** Whether it may be asked about; `least`: up to where what is to be done takes no longer than finding out where texts differ. */
export function isLong(text: string, least: number): boolean {
  return text.length >= least && text.length <= mostLength;
}

export function createNearText(): NearText {
  let misses = 0;
  let passed = 0;
  return {
    known: '',
    version: 0,
    from: 0,
    to: 0,
    start: 0,
    end: 0,
    compare(text, reach) {
      if (misses >= patience && ++passed % patience !== 0) return 'unlike';
      const { known } = this;
      const [a, b] = [text.length, known.length];
      const shorter = Math.min(a, b);
      const start = commonLength(shorter, this.start, (from, to) => text.slice(from, to) === known.slice(from, to));
      const end = commonLength(
        shorter - start,
        this.end,
        (from, to) => text.slice(a - to, a - from) === known.slice(b - to, b - from),
      );
      // What is not wholly in what they have in common reaches into what differs.
      const from = Math.max(0, start - reach + 1);
      const to = Math.min(a, a - end + reach - 1);
      const isSame = start === a && start === b;
      if (isSame || to - from <= a >> 1) {
        this.from = from;
        this.to = isSame ? from : to;
        this.start = start;
        this.end = end;
        misses = 0;
        return 'near';
      }
      misses++;
      this.known = ownCopy(text);
      this.version++;
      this.start = a;
      this.end = 0;
      return 'known';
    },
  };
}

/** Less than so much more of what they have in common is not worth a look. */
const fine = 24;

/**
 * How far two texts are the same, or somewhat less. `isSame` compares a piece of both, `guess` is how far it was last time.
 * Hot: V8 compares pieces of texts many units at a time, and a piece is no copy.
 */
function commonLength(most: number, guess: number, isSame: (from: number, to: number) => boolean): number {
  let low = 0;
  let high = most;
  if (guess > 0 && guess < most) {
    if (isSame(0, guess)) low = guess;
    else high = guess - 1;
    const further = Math.min(most, low + fine);
    if (low === guess && !isSame(low, further)) high = further - 1;
  }
  if (high === most && isSame(low, most)) return most;
  while (high - low >= fine) {
    const middle = (low + high + 1) >> 1;
    if (isSame(low, middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}
