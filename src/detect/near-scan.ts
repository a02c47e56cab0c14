/**
 * A long text that is nearly one looked at before is looked at only where it differs: a script host writes the same kilobytes with
 * every command, but for a number in the middle. May report what stood in the earlier text alone, never too little.
 */
import type { Scan } from './automaton.ts';
import { ownCopy } from './value-memory.ts';

/** Shorter ones take no longer than finding out where they differ. */
const leastLength = 512;
/** One text is kept for each field of a log source; longer ones are not. */
const mostLength = 65_536;

/** `longest`: units of the longest needle of `scan`, which must find it wherever it stands, whatever is around it. */
export function createNearScan(scan: Scan, longest: number): Scan {
  let known = '';
  let foundInKnown: number[] = [];
  return (text, found) => {
    if (text.length < leastLength || text.length > mostLength) {
      scan(text, found);
      return;
    }
    const start = commonStart(text, known);
    const end = commonEnd(text, known, Math.min(text.length, known.length) - start);
    // A needle that is not wholly in what they have in common reaches into what differs.
    const from = Math.max(0, start - longest + 1);
    const to = Math.min(text.length, text.length - end + longest - 1);
    if (to - from > text.length >> 1) {
      foundInKnown = [];
      scan(text, foundInKnown);
      known = ownCopy(text);
    } else scan(text.slice(from, to), found);
    for (let index = 0; index < foundInKnown.length; index++) found.push(foundInKnown[index] as number);
  };
}

// Hot: V8 compares pieces of texts many units at a time, and a piece is no copy.
function commonStart(a: string, b: string): number {
  let low = 0;
  let high = Math.min(a.length, b.length);
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (a.slice(low, middle) === b.slice(low, middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** At most `most`. */
function commonEnd(a: string, b: string, most: number): number {
  let low = 0;
  let high = most;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (a.slice(a.length - middle, a.length - low) === b.slice(b.length - middle, b.length - low)) low = middle;
    else high = middle - 1;
  }
  return low;
}
