/**
 * Many folded needles looked for in one pass over a text (Aho and Corasick), as a dense table. The text need not be folded.
 * Reports needles, not places; the empty needle is in no text. Long needles are cut: it may report too much, never too little.
 */
import { foldedUnits, isLatin1 } from './fold.ts';

/** A folded needle and the number that is reported for it. */
export interface Marked {
  readonly text: string;
  readonly mark: number;
}

/** Appends to `found` the mark of each needle that stands in the text, once each. */
export type Scan = (text: string, found: number[]) => void;

/** Cells of a table: 64 MB. */
const maxCells = 16 * 1024 * 1024;
const firstCut = 32;

const longText = 256;
/** Where long texts are laid out to be read. */
const bytes = Buffer.alloc(65_536);

/** At most `maxCells`: needles are cut at their start, where paths and options are alike, until they fit. */
export function createAutomaton(needles: readonly Marked[]): Scan {
  for (let cut = firstCut; ; cut >>= 1) {
    const kept = needles.map(({ text, mark }) => ({ text: text.length > cut ? text.slice(-cut) : text, mark }));
    const classes = classesOf(kept);
    const width = classes.count;
    const states = createStates(
      kept,
      classes.of,
      width,
      cut > 2 ? Math.floor(maxCells / width) : Number.POSITIVE_INFINITY,
    );
    const longest = kept.reduce((most, { text }) => Math.max(most, text.length), 0);
    if (states !== undefined) return link(states, classes.of, width, longest);
  }
}

/** Units beyond Latin-1 share this many classes: one rule of look-alike letters must not widen every row. */
const otherClasses = 48;

/**
 * Class 0: units that no needle has. U+017F and U+212A also stand for `s` and `k`, as regular expressions that ignore case take
 * them.
 */
function classesOf(needles: readonly Marked[]): { of: Uint8Array; count: number } {
  const of = new Uint8Array(65_536);
  const shared = new Map<number, number>();
  let count = 1;
  for (const { text } of needles)
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      if (of[unit] !== 0) continue;
      const known = unit < 0x100 ? undefined : shared.get(unit % otherClasses);
      of[unit] = known ?? count++;
      if (unit >= 0x100) shared.set(unit % otherClasses, of[unit] as number);
    }
  for (let unit = 0; unit < of.length; unit++) if (of[unit] === 0) of[unit] = of[foldedUnits[unit] as number] as number;
  if (of[0x17f] === 0) of[0x17f] = of[0x73] as number;
  return { of, count };
}

interface States {
  /** state * width + class -> state; 0, which no state leads back to, where the trie ends. */
  readonly next: Int32Array;
  readonly count: number;
  /** Marks of the needles that end in a state. */
  readonly ends: Map<number, number[]>;
}

function createStates(
  needles: readonly Marked[],
  classOf: Uint8Array,
  width: number,
  maxStates: number,
): States | undefined {
  const most = needles.reduce((sum, { text }) => sum + text.length, 1);
  let next = new Int32Array(Math.min(most, 4096) * width);
  let count = 1;
  const ends = new Map<number, number[]>();
  for (const { text, mark } of needles) {
    let state = 0;
    for (let at = 0; at < text.length; at++) {
      const cell = state * width + (classOf[text.charCodeAt(at)] as number);
      let to = next[cell] as number;
      if (to === 0) {
        if (count >= maxStates) return undefined;
        to = count++;
        if (count * width > next.length) {
          const grown = new Int32Array(Math.min(most * width, next.length * 2));
          grown.set(next);
          next = grown;
        }
        next[cell] = to;
      }
      state = to;
    }
    const ending = ends.get(state);
    if (ending === undefined) ends.set(state, [mark]);
    else ending.push(mark);
  }
  return { next: next.subarray(0, count * width), count, ends };
}

/**
 * Breadth first: every cell gets the state of the longest suffix that some needle begins with, in place.
 * Hot: cells become state * width, below zero (bitwise not) where something ends: one load a unit, no multiplication.
 */
function link({ next: table, count, ends }: States, classOf: Uint8Array, width: number, longestNeedle: number): Scan {
  const fail = new Int32Array(count);
  /** The nearest state along the failures, itself apart, where a needle ends; 0: none. */
  const shorter = new Int32Array(count);
  const order = new Int32Array(count);
  let tail = 1;
  for (let head = 0; head < tail; head++) {
    const state = order[head] as number;
    const from = state * width;
    // The failure is nearer to the root: its row is done.
    const back = (fail[state] as number) * width;
    for (let cell = 0; cell < width; cell++) {
      const to = table[from + cell] as number;
      const through = state === 0 ? 0 : (table[back + cell] as number);
      if (to === 0) {
        table[from + cell] = through;
        continue;
      }
      const other = (through < 0 ? ~through : through) / width;
      fail[to] = other;
      shorter[to] = ends.has(other) ? other : (shorter[other] as number);
      table[from + cell] = ends.has(to) || shorter[to] !== 0 ? ~(to * width) : to * width;
      order[tail++] = to;
    }
  }

  // A state that was reported to this text is not reported again, nor what it ends in: repeats stay linear.
  const reported = new Uint32Array(count);
  const reach = longestNeedle - 1;
  let generation = 0;
  const report = (first: number, found: number[]) => {
    for (let state = first; state !== 0 && reported[state] !== generation; state = shorter[state] as number) {
      reported[state] = generation;
      const ending = ends.get(state);
      if (ending !== undefined) for (let index = 0; index < ending.length; index++) found.push(ending[index] as number);
    }
  };
  return (text, found) => {
    if (++generation > 0xffff_fff0) {
      reported.fill(0);
      generation = 1;
    }
    const length = text.length;
    let state = 0;
    if (length < longText || length > bytes.length || !isLatin1(text)) {
      for (let at = 0; at < length; at++) {
        state = table[state + (classOf[text.charCodeAt(at)] as number)] as number;
        if (state < 0) {
          state = ~state;
          report(state / width, found);
        }
      }
      return;
    }
    // Hot: each step waits for the one before, so two walks at once take little more than one. The second begins so far before the
    // middle that it misses no needle that lies across.
    bytes.write(text, 'latin1');
    const middle = (length + 1) >> 1;
    let other = 0;
    for (let at = Math.max(0, middle - reach); at < middle; at++) {
      other = table[other + (classOf[bytes[at] as number] as number)] as number;
      if (other < 0) other = ~other;
    }
    for (let at = 0; at < middle; at++) {
      state = table[state + (classOf[bytes[at] as number] as number)] as number;
      // Behind the end nothing is read: a class that no needle has.
      other = table[other + (at + middle < length ? (classOf[bytes[at + middle] as number] as number) : 0)] as number;
      if (state < 0) {
        state = ~state;
        report(state / width, found);
      }
      if (other < 0) {
        other = ~other;
        report(other / width, found);
      }
    }
  };
}
