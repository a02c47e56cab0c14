/** Whether any of a few texts stands in another, by one expression that V8 makes a search of. Exact in the reading it is given. */
import { foldedUnits } from './fold.ts';

/** How a gate reads units: as they are, folded, or folded and U+017F as `s`. */
export type Reading = 'as is' | 'folded' | 'loose';

/**
 * Whether any of the needles (folded, unless read as is) stands in a text.
 * Hot: V8 makes a Boyer-Moore search of such an alternation, several times faster than an automaton in JavaScript. An alternation
 * of plain texts, without repeats, cannot backtrack beyond their length.
 */
export function createGate(needles: readonly string[], reading: Reading): (text: string) => boolean {
  if (needles.length === 0) return () => false;
  if (needles.includes('')) return () => true;
  const expression = new RegExp(needles.map((needle) => spellOut(needle, reading)).join('|'));
  return (text) => expression.test(text);
}

/** Folded unit -> the other units that it stands for. */
const unfolded = new Map<number, number[]>();
for (let unit = 0; unit < foldedUnits.length; unit++) {
  const folded = foldedUnits[unit] as number;
  if (folded !== unit) unfolded.set(folded, [...(unfolded.get(folded) ?? []), unit]);
}

function spellOut(needle: string, reading: Reading): string {
  let source = '';
  for (let at = 0; at < needle.length; at++) {
    const unit = needle.charCodeAt(at);
    const units = reading === 'as is' ? [unit] : [unit, ...(unfolded.get(unit) ?? [])];
    if (reading === 'loose' && unit === 0x73) units.push(0x17f);
    const spelled = units.map((one) => `\\u${one.toString(16).padStart(4, '0')}`).join('');
    source += units.length === 1 ? spelled : `[${spelled}]`;
  }
  return source;
}
