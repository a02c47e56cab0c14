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
  // Hot: the unit before the anchor tells most needles from what is there, so that ten times the needles take no longer.
  const byUnitBefore = new Map<number, Anchored[]>();
  const atStart: Anchored[] = [];
  for (const { text, mark } of needles) {
    const offset = text.indexOf(anchor);
    const unit = foldedAlike(text.charCodeAt(offset - 1));
    const list = offset === 0 ? atStart : (byUnitBefore.get(unit) ?? []);
    if (offset > 0) byUnitBefore.set(unit, list);
    list.push({ text, mark, offset });
  }
  const compare = (list: readonly Anchored[], text: string, at: number, found: number[]): void => {
    for (let index = 0; index < list.length; index++) {
      const needle = list[index] as Anchored;
      if (standsAt(needle.text, text, at - needle.offset)) found.push(needle.mark);
    }
  };
  return (text, found) => {
    for (let at = text.indexOf(anchor); at >= 0; at = text.indexOf(anchor, at + 1)) {
      compare(atStart, text, at, found);
      if (at === 0) continue;
      const list = byUnitBefore.get(foldedAlike(text.charCodeAt(at - 1)));
      if (list !== undefined) compare(list, text, at, found);
    }
  };
}

const foldedAlike = (unit: number): number => (unit === 0x17f ? 0x73 : (foldedUnits[unit] as number));

function standsAt(needle: string, text: string, from: number): boolean {
  if (from < 0 || from + needle.length > text.length) return false;
  for (let step = 0; step < needle.length; step++) {
    const unit = text.charCodeAt(from + step);
    const wanted = needle.charCodeAt(step);
    if (foldedUnits[unit] !== wanted && !(unit === 0x17f && wanted === 0x73)) return false;
  }
  return true;
}
