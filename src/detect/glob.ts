/** Patterns with wildcards inside -> a test in one pass, without backtracking over what was already placed. */
import { anyRun, oneUnit, type Pattern } from './pattern.ts';

/** A piece between two runs. */
interface Piece {
  readonly parts: readonly (string | typeof oneUnit)[];
  readonly length: number;
}
/** Where a piece first stands, from a place on and not beyond another; negative where it does not. */
type Find = (text: string, from: number, end: number) => number;

/**
 * True when the pattern is the whole text. The first and last pieces stand at the ends; each other is placed at its first
 * occurrence, which leaves the most room for the rest. Time at most text length times a 32nd of the longest piece; pieces without
 * `?` are left to V8's search.
 */
export function compileGlob(pattern: Pattern): (text: string) => boolean {
  const pieces: Piece[] = [];
  let parts: (string | typeof oneUnit)[] = [];
  const finish = () => {
    pieces.push({
      parts,
      length: parts.reduce<number>((sum, part) => sum + (part === oneUnit ? 1 : (part as string).length), 0),
    });
    parts = [];
  };
  for (const part of pattern) {
    if (part === anyRun) finish();
    else parts.push(part);
  }
  finish();
  const first = pieces[0] as Piece;
  const last = pieces.at(-1) as Piece;
  if (pieces.length === 1) return (text) => text.length === first.length && standsAt(text, first, 0);
  const middle = pieces
    .slice(1, -1)
    .filter((piece) => piece.length > 0)
    .map((piece) => ({ length: piece.length, find: createFind(piece) }));
  const least = pieces.reduce((sum, piece) => sum + piece.length, 0);
  return (text) => {
    if (text.length < least) return false;
    const end = text.length - last.length;
    if (!standsAt(text, first, 0) || !standsAt(text, last, end)) return false;
    let at = first.length;
    for (let index = 0; index < middle.length; index++) {
      const { length, find } = middle[index] as (typeof middle)[number];
      const found = find(text, at, end);
      if (found < 0) return false;
      at = found + length;
    }
    return true;
  };
}

function standsAt(text: string, piece: Piece, at: number): boolean {
  let here = at;
  for (const part of piece.parts) {
    if (part === oneUnit) here++;
    else if (text.startsWith(part, here)) here += part.length;
    else return false;
  }
  return here <= text.length;
}

/** Up to here trying each place is faster than keeping a bit for each unit of the piece. */
const shortPiece = 8;

function createFind(piece: Piece): Find {
  const [only] = piece.parts;
  if (piece.parts.length === 1 && typeof only === 'string') {
    return (text, from, end) => {
      const found = text.indexOf(only, from);
      return found < 0 || found + only.length > end ? -1 : found;
    };
  }
  if (piece.length > shortPiece) return createBitFind(piece);
  return (text, from, end) => {
    for (let at = from; at + piece.length <= end; at++) if (standsAt(text, piece, at)) return at;
    return -1;
  };
}

/**
 * Shift-And (Baeza-Yates and Gonnet 1992): bit n of the state says that the first n + 1 units of the piece end here. A `?` has its
 * bit in the mask of every unit, so a text made to nearly match everywhere costs no more than any other.
 */
function createBitFind(piece: Piece): Find {
  const words = Math.ceil(piece.length / 32);
  const anyUnit = new Int32Array(words);
  const wanted: { unit: number; at: number }[] = [];
  let at = 0;
  for (const part of piece.parts) {
    if (part === oneUnit) setBit(anyUnit, at++);
    else for (let index = 0; index < part.length; index++) wanted.push({ unit: part.charCodeAt(index), at: at++ });
  }
  const masks = new Map<number, Int32Array>();
  for (const { unit, at: place } of wanted) {
    const mask = masks.get(unit) ?? anyUnit.slice();
    setBit(mask, place);
    masks.set(unit, mask);
  }
  const state = new Int32Array(words);
  const last = 1 << ((piece.length - 1) & 31);
  return (text, from, end) => {
    state.fill(0);
    for (let here = from; here < end; here++) {
      const mask = masks.get(text.charCodeAt(here)) ?? anyUnit;
      let carry = 1;
      for (let word = 0; word < words; word++) {
        const before = state[word] as number;
        state[word] = ((before << 1) | carry) & (mask[word] as number);
        carry = before >>> 31;
      }
      if (((state[words - 1] as number) & last) !== 0) return here - piece.length + 1;
    }
    return -1;
  };
}

function setBit(bits: Int32Array, at: number): void {
  bits[at >> 5] = (bits[at >> 5] as number) | (1 << (at & 31));
}
