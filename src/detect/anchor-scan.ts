/**
 * Folded needles that have a rare piece in common (`lsadump::`, `kerberos::ptt`): V8 hops from one such piece to the next, and only
 * there the needles are compared. The text need not be folded. Exact, but that U+017F also stands for `s`.
 */
import type { Marked, Scan } from './automaton.ts';
import { foldedUnits } from './fold.ts';

/** Fewer are looked for as quickly in another way. */
const leastNeedles = 4;

/** What V8 finds without knowing of case, and seldom: `:\` and `--` would stop it everywhere. */
const signs = /([:=&|%$@~^])\1/;

/** The piece that most of the needles have, and those; undefined where too few have one. */
export function chooseAnchor(needles: readonly Marked[]): { anchor: string; needles: readonly Marked[] } | undefined {
  const having = new Map<string, Marked[]>();
  for (const needle of needles) {
    const anchor = signs.exec(needle.text)?.[0];
    if (anchor === undefined) continue;
    const list = having.get(anchor) ?? [];
    having.set(anchor, list);
    list.push(needle);
  }
  let best: { anchor: string; needles: readonly Marked[] } | undefined;
  for (const [anchor, list] of having)
    if (list.length >= leastNeedles && list.length > (best?.needles.length ?? 0)) best = { anchor, needles: list };
  return best;
}

interface Anchored extends Marked {
  /** Where the anchor first stands in it. */
  readonly offset: number;
}

/** Every needle has the anchor. Reports each as often as it stands there. */
export function createAnchorScan(anchor: string, needles: readonly Marked[]): Scan {
  const anchored = needles.map(({ text, mark }): Anchored => ({ text, mark, offset: text.indexOf(anchor) }));
  return (text, found) => {
    for (let at = text.indexOf(anchor); at >= 0; at = text.indexOf(anchor, at + 1))
      for (let index = 0; index < anchored.length; index++) {
        const needle = anchored[index] as Anchored;
        if (standsAt(needle.text, text, at - needle.offset)) found.push(needle.mark);
      }
  };
}

function standsAt(needle: string, text: string, from: number): boolean {
  if (from < 0 || from + needle.length > text.length) return false;
  for (let step = 0; step < needle.length; step++) {
    const unit = text.charCodeAt(from + step);
    const wanted = needle.charCodeAt(step);
    if (foldedUnits[unit] !== wanted && !(unit === 0x17f && wanted === 0x73)) return false;
  }
  return true;
}
