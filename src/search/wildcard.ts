/**
 * Words with * (any characters, none included) and ? (one UTF-16 unit). Everything between them is literal.
 * Leftmost matching of the pieces between the stars: no backtracking over stars, whatever text and pattern hold.
 */
import { CJK, eachToken, isBorder, normalise, type Token, WORD } from './normalise.ts';

/** A noncharacter: stands in a piece for "?". */
const HOLE = '\uffff';

export interface Wildcard {
  /** Normalised literal pieces between the stars; empty first or last piece where the pattern begins or ends with a star. */
  readonly pieces: readonly string[];
}

/** Pattern as typed -> pieces. Wildcards are found before normalising, so that a full-width ＊ stays text. */
export function parseWildcard(pattern: string): Wildcard {
  const pieces = pattern.split(/\*+/).map((piece) => piece.split('?').map(normalise).join(HOLE));
  return { pieces };
}

function fits(text: string, at: number, piece: string): boolean {
  if (at + piece.length > text.length) return false;
  for (let index = 0; index < piece.length; index++) {
    const wanted = piece[index];
    if (wanted !== HOLE && wanted !== text[at + index]) return false;
  }
  return true;
}

/** Leftmost place at or after `from` where the piece occurs and `ok` holds, or -1. */
function find(text: string, from: number, piece: string, ok?: (at: number) => boolean): number {
  const holes = piece.includes(HOLE);
  for (let at = from; ; at++) {
    if (holes) while (at + piece.length <= text.length && !fits(text, at, piece)) at++;
    else at = text.indexOf(piece, at);
    if (at < 0 || at + piece.length > text.length) return -1;
    if (ok === undefined || ok(at)) return at;
  }
}

/** Whether the pattern occurs in normalised text, beginning and ending at a border of words unless a star stands there. */
export function occursIn({ pieces }: Wildcard, text: string): boolean {
  const last = pieces.length - 1;
  let from = 0;
  for (let index = 0; index <= last; index++) {
    const piece = pieces[index] as string;
    if (piece === '') continue;
    const at = find(
      text,
      from,
      piece,
      (start) => (index > 0 || isBorder(text, start)) && (index < last || isBorder(text, start + piece.length)),
    );
    if (at < 0) return false;
    from = at + piece.length;
  }
  return true;
}

/** Whether the pattern is the whole of normalised text. */
export function isWhole({ pieces }: Wildcard, text: string): boolean {
  const last = pieces.length - 1;
  const first = pieces[0] as string;
  if (!fits(text, 0, first)) return false;
  if (last === 0) return first.length === text.length;
  const end = pieces[last] as string;
  let from = first.length;
  for (let index = 1; index < last; index++) {
    const piece = pieces[index] as string;
    const at = find(text, from, piece);
    if (at < 0) return false;
    from = at + piece.length;
  }
  return text.length - end.length >= from && fits(text, text.length - end.length, end);
}

/** Tokens that every text must hold in which the pattern occurs: words that touch no wildcard, and all CJK runs (as substrings). */
export function certainTokens({ pieces }: Wildcard): Token[] {
  const certain: Token[] = [];
  const last = pieces.length - 1;
  pieces.forEach((piece, index) => {
    eachToken(piece, (start, end, kind) => {
      const cut =
        (start === 0 ? index > 0 : piece[start - 1] === HOLE) ||
        (end === piece.length ? index < last : piece[end] === HOLE);
      if (kind === CJK || (kind === WORD && !cut)) certain.push({ text: piece.slice(start, end), kind });
    });
  });
  return certain;
}

/** Beginnings of words that every text must hold in which the pattern occurs: words whose end touches a wildcard, whose begin does not. */
export function certainPrefixes({ pieces }: Wildcard): string[] {
  const certain: string[] = [];
  const last = pieces.length - 1;
  pieces.forEach((piece, index) => {
    eachToken(piece, (start, end, kind) => {
      if (kind !== WORD) return;
      const cutBefore = start === 0 ? index > 0 : piece[start - 1] === HOLE;
      const cutAfter = end === piece.length ? index < last : piece[end] === HOLE;
      if (!cutBefore && cutAfter) certain.push(piece.slice(start, end));
    });
  });
  return certain;
}
