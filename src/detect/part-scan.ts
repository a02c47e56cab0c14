/**
 * Which of many folded needles stand somewhere in a text, by the means that suits their number. May report too much (an automaton
 * cuts long needles), never too little. The text need not be folded.
 */
import { chooseAnchor, createAnchorScan } from './anchor-scan.ts';
import { createAutomaton, type Marked, type Scan } from './automaton.ts';
import { chooseCores } from './core-gate.ts';
import { fold, isLatin1 } from './fold.ts';
import { createGate } from './gate.ts';
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

function createScan(all: readonly Marked[]): Scan | undefined {
  const common = chooseAnchor(all);
  if (common === undefined) return createPlainScan(all);
  const anchored = createAnchorScan(common.anchor, common.needles);
  const those = new Set(common.needles);
  const rest = createPlainScan(all.filter((needle) => !those.has(needle)));
  return (text, found) => {
    anchored(text, found);
    rest?.(text, found);
  };
}

function createPlainScan(needles: readonly Marked[]): Scan | undefined {
  if (needles.length === 0) return undefined;
  if (needles.length <= fewNeedles) return createFewScan(needles);
  const automaton = later(() => createAutomaton(needles));
  const short = needles.filter(({ text }) => text.length < windowLength);
  if (needles.length > someNeedles || short.length > fewNeedles) return automaton;
  const long = later(() => createSkipScan(needles.filter(({ text }) => text.length >= windowLength)));
  const rest = createPlainScan(short);
  const gate = createFewCoresGate(needles.map(({ text }) => text));
  // Hot: for some hundred needles jumping over a long text is twice as fast as reading all of it; beyond that it jumps too little.
  return (text, found) => {
    if (gate !== undefined && !gate(text)) return;
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

const fewCores = 8;

/** Hot: a few short pieces that needles have in common are looked for faster than all of them. Undefined where there are more. */
function createFewCoresGate(needles: readonly string[]): ((text: string) => boolean) | undefined {
  const cores = chooseCores(needles, fewCores);
  return cores.length > fewCores || cores.length * 2 > needles.length ? undefined : createGate(cores, 'loose');
}

function createFewScan(needles: readonly Marked[]): Scan {
  const texts = needles.map(({ text }) => text);
  const gate = createGate(texts, 'loose');
  const mayPass = createFewCoresGate(texts) ?? gate;
  return (text, found) => {
    if (!mayPass(text) || !gate(text)) return;
    const folded = fold(text);
    const alike = folded.includes('\u017f') ? folded.replaceAll('\u017f', 's') : folded;
    for (let index = 0; index < needles.length; index++) {
      const needle = needles[index] as Marked;
      if (folded.includes(needle.text) || (alike !== folded && alike.includes(needle.text))) found.push(needle.mark);
    }
  };
}
