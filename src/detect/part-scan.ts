/**
 * Which of many folded needles stand somewhere in a text, by the means that suits their number. May report too much (an automaton
 * cuts long needles), never too little. The text need not be folded.
 */
import { createAutomaton, type Marked, type Scan } from './automaton.ts';
import { fold, foldedUnits, isLatin1 } from './fold.ts';
import { createSkipScan, windowLength } from './skip-scan.ts';

/** Up to here one expression and then one search each beats the automaton; see createGate. */
export const fewNeedles = 40;
/** Up to here jumping beats it. */
const someNeedles = 400;
const longText = 256;

/** `s` and `k` of ASCII needles are also found in U+017F and U+212A, as regular expressions that ignore case take these. */
export function createPartScan(needles: readonly Marked[]): Scan {
  const everywhere = needles.filter(({ text }) => text === '').map(({ mark }) => mark);
  // Hot: needles beyond Latin-1 would widen the table by their many units; they are only looked for where such units are.
  const plain = needles.filter(({ text }) => text !== '' && isLatin1(text));
  const other = needles.filter(({ text }) => !isLatin1(text));
  const plainScan = createScan(plain);
  const otherScan = createScan(other);
  return (text, found) => {
    for (let index = 0; index < everywhere.length; index++) found.push(everywhere[index] as number);
    plainScan?.(text, found);
    if (otherScan !== undefined && !isLatin1(text)) otherScan(text, found);
  };
}

function createScan(needles: readonly Marked[]): Scan | undefined {
  if (needles.length === 0) return undefined;
  if (needles.length <= fewNeedles) return createFewScan(needles);
  const automaton = later(() => createAutomaton(needles));
  const short = needles.filter(({ text }) => text.length < windowLength);
  if (needles.length > someNeedles || short.length > fewNeedles) return automaton;
  const long = later(() => createSkipScan(needles.filter(({ text }) => text.length >= windowLength)));
  const rest = createScan(short);
  // Hot: for some hundred needles jumping over a long text is twice as fast as reading all of it; beyond that it jumps too little.
  return (text, found) => {
    if (text.length < longText || !isLatin1(text)) automaton(text, found);
    else {
      long(text, found);
      rest?.(text, found);
    }
  };
}

/** Tables take memory: none is made before the first text for it. */
function later(create: () => Scan): Scan {
  let scan: Scan | undefined;
  return (text, found) => {
    scan ??= create();
    scan(text, found);
  };
}

function createFewScan(needles: readonly Marked[]): Scan {
  const gate = createGate(
    needles.map(({ text }) => text),
    'loose',
  );
  return (text, found) => {
    if (!gate(text)) return;
    const folded = fold(text);
    const alike = folded.includes('\u017f') ? folded.replaceAll('\u017f', 's') : folded;
    for (let index = 0; index < needles.length; index++) {
      const needle = needles[index] as Marked;
      if (folded.includes(needle.text) || (alike !== folded && alike.includes(needle.text))) found.push(needle.mark);
    }
  };
}

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
