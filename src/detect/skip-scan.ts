/**
 * Folded needles of some length looked for in one pass that mostly jumps (Wu and Manber): a window of each needle stands for it, and
 * where a block of three units is in no window, nearly a whole window is passed over. The text need not be folded.
 */
import type { Marked, Scan } from './automaton.ts';
import { foldedUnits } from './fold.ts';

/** Units of a window; needles must not be shorter. */
export const windowLength = 8;
/** Units that are looked at to decide how far to jump. */
const block = 3;
const tableSize = 65_536;
/** Needles of one window that are compared in full; of more, all are reported, so that needles alike cost no more. */
const maxCompared = 8;

interface Placed extends Marked {
  /** Where the window begins in the needle. */
  readonly offset: number;
  /** Number of the last scan that reported it. */
  reported: number;
}

interface Window {
  readonly text: string;
  readonly needles: Placed[];
  /** Number of the last scan that reported all of them. */
  reported: number;
}

const hashOf = (a: number, b: number, c: number): number => ((a << 10) ^ (b << 5) ^ c) & (tableSize - 1);
const blockAt = (text: string, at: number): number =>
  hashOf(text.charCodeAt(at), text.charCodeAt(at + 1), text.charCodeAt(at + 2));

/** Folds as `fold` does, and takes U+017F for no `s`: not for the literals of regular expressions. */
export function createSkipScan(needles: readonly Marked[]): Scan {
  const jumps = new Uint8Array(tableSize).fill(windowLength - block + 1);
  const windows = new Map<number, Window[]>();
  for (const { text, mark } of needles) {
    const offset = chooseWindow(text, windows);
    for (let step = 0; step + block <= windowLength; step++) {
      const hash = blockAt(text, offset + step);
      jumps[hash] = Math.min(jumps[hash] as number, windowLength - block - step);
    }
    const hash = blockAt(text, offset + windowLength - block);
    const list = windows.get(hash) ?? [];
    windows.set(hash, list);
    const windowText = text.slice(offset, offset + windowLength);
    let window = list.find((one) => one.text === windowText);
    if (window === undefined) {
      window = { text: windowText, needles: [], reported: 0 };
      list.push(window);
    }
    window.needles.push({ text, mark, offset, reported: 0 });
  }

  let scans = 0;
  return (text, found) => {
    const length = text.length;
    scans++;
    for (let last = windowLength - 1; last < length; ) {
      const hash = hashOf(
        foldedUnits[text.charCodeAt(last - 2)] as number,
        foldedUnits[text.charCodeAt(last - 1)] as number,
        foldedUnits[text.charCodeAt(last)] as number,
      );
      const jump = jumps[hash] as number;
      if (jump === 0) {
        compare(windows.get(hash) as Window[], text, last - windowLength + 1, found, scans);
        last++;
      } else last += jump;
    }
  };
}

function compare(list: readonly Window[], text: string, from: number, found: number[], scan: number): void {
  for (let number = 0; number < list.length; number++) {
    const window = list[number] as Window;
    if (window.reported === scan || !standsAt(window.text, text, from)) continue;
    const { needles } = window;
    const all = needles.length > maxCompared;
    if (all) window.reported = scan;
    for (let index = 0; index < needles.length; index++) {
      const needle = needles[index] as Placed;
      if (needle.reported === scan || !(all || standsAt(needle.text, text, from - needle.offset))) continue;
      needle.reported = scan;
      found.push(needle.mark);
    }
  }
}

function standsAt(needle: string, text: string, from: number): boolean {
  if (from < 0 || from + needle.length > text.length) return false;
  for (let step = 0; step < needle.length; step++)
    if (foldedUnits[text.charCodeAt(from + step)] !== needle.charCodeAt(step)) return false;
  return true;
}

/** The window whose last block ends fewest others: `.exe` at the end of hundreds of needles would stop the jumps everywhere. */
function chooseWindow(needle: string, windows: ReadonlyMap<number, readonly Window[]>): number {
  let best = 0;
  let fewest = Number.POSITIVE_INFINITY;
  for (let offset = 0; offset + windowLength <= needle.length && fewest > 0; offset++) {
    const count = windows.get(blockAt(needle, offset + windowLength - block))?.length ?? 0;
    if (count < fewest) {
      fewest = count;
      best = offset;
    }
  }
  return best;
}
