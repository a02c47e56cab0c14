/**
 * Whether a text could hold any of some keywords: looks for short pieces that they have in common (`::`, `kiwi`) instead of for
 * each of them. Says yes too often, never too seldom.
 */
import { createGate } from './gate.ts';

const shortestCore = 2;
const longestCore = 4;

const mostNeedles = 5_000;
/** With more the gate takes longer than what it spares. */
const mostCores = 24;

/** The needles are folded. Where they have too little in common, everything passes. */
export function createCoreGate(needles: readonly string[]): (text: string) => boolean {
  if (needles.length > mostNeedles) return () => true;
  const cores = chooseCores(needles, mostCores);
  if (cores.length > mostCores) return () => true;
  return createGate(cores, 'loose');
}

/**
 * Pieces of the needles, one at least of each: greedily the piece that is in most of those left, and says most for its length. No more
 * are sought than one more than `most`; then they are not enough.
 */
export function chooseCores(needles: readonly string[], most = Number.POSITIVE_INFINITY): readonly string[] {
  const cores: string[] = [];
  let left = [...new Set(needles)];
  while (left.length > 0 && cores.length <= most) {
    const uses = new Map<string, number>();
    for (const needle of left) for (const piece of piecesOf(needle)) uses.set(piece, (uses.get(piece) ?? 0) + 1);
    let best = left[0] as string;
    let highest = 0;
    for (const [piece, count] of uses) {
      const worth = count * weight(piece);
      if (worth > highest || (worth === highest && piece < best)) {
        best = piece;
        highest = worth;
      }
    }
    cores.push(best);
    left = left.filter((needle) => !needle.includes(best));
  }
  return cores;
}

function piecesOf(needle: string): ReadonlySet<string> {
  const pieces = new Set<string>();
  if (needle.length <= longestCore) return pieces.add(needle);
  for (let length = shortestCore; length <= longestCore; length++) {
    for (let from = 0; from + length <= needle.length; from++) pieces.add(needle.slice(from, from + length));
  }
  return pieces;
}

/** Letters are everywhere, signs are rare; and the gate may jump as far as its shortest piece is long. */
function weight(piece: string): number {
  let worth = piece.length * piece.length;
  for (const unit of piece) if (!/[a-z0-9 ]/.test(unit)) worth += 8;
  return worth;
}
