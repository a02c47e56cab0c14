/** Patterns with wildcards inside -> a test in one pass, without backtracking over what was already placed. */
import { anyRun, oneUnit, type Pattern } from './pattern.ts';

/** A piece between two runs: `""` stands for one unit of any kind. */
type Piece = { readonly parts: readonly (string | typeof oneUnit)[]; readonly length: number };

/**
 * True when the pattern is the whole text. The first and last pieces stand at the ends; each other is placed at its first
 * occurrence, which leaves the most room for the rest. Time at most text length times the longest piece.
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
  const middle = pieces.slice(1, -1).filter((piece) => piece.length > 0);
  const least = pieces.reduce((sum, piece) => sum + piece.length, 0);
  return (text) => {
    if (text.length < least) return false;
    const end = text.length - last.length;
    if (!standsAt(text, first, 0) || !standsAt(text, last, end)) return false;
    let at = first.length;
    for (let index = 0; index < middle.length; index++) {
      const piece = middle[index] as Piece;
      const found = find(text, piece, at, end);
      if (found < 0) return false;
      at = found + piece.length;
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

function find(text: string, piece: Piece, from: number, end: number): number {
  const [only] = piece.parts;
  if (piece.parts.length === 1 && typeof only === 'string') {
    const found = text.indexOf(only, from);
    return found < 0 || found + only.length > end ? -1 : found;
  }
  for (let at = from; at + piece.length <= end; at++) if (standsAt(text, piece, at)) return at;
  return -1;
}
