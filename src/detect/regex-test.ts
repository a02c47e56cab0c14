/** One regular expression -> a test of texts in linear time, with cheap looks before the dear one. */
import { RE2JS } from 're2js';
import { createGate } from './gate.ts';
import { requiredLiterals } from './regex-literals.ts';

/** Whether the expression finds something in a text; `folded()` is the same text folded, asked for only where it helps. */
export type RegexTest = (text: string, folded: () => string) => boolean;

/** The same test, perhaps one that was made for the same key: many expressions need the same literals. */
export type ShareTest = (key: string, test: (folded: string) => boolean) => (folded: string) => boolean;

/** Throws where RE2 refuses the expression. */
export function compileRegex(source: string, flags: number, share: ShareTest = (_key, test) => test): RegexTest {
  const run = /^(?:\.|\(\.\))\{(\d{1,4}),\}$/.exec(source);
  // Hot: a RE2 automaton of a thousand states takes a millisecond for what a count does.
  if (run !== null && flags === 0) return (text) => hasLine(text, Number(run[1]));
  const regex = RE2JS.compile(source, flags);
  const needed = requiredLiterals(source);
  if (needed.length === 0) return (text) => regex.test(text);
  // Hot: RE2 takes some 15 ns a unit, a search for a literal that is not there 0.5; most texts lack one.
  const gates = needed
    .toSorted((a, b) => shortest(b) - shortest(a))
    .map((literals) => share(JSON.stringify(literals), createLiteralTest(literals)));
  return (text, folded) => {
    const haystack = folded();
    for (let index = 0; index < gates.length; index++) {
      // U+017F may stand for an `s`: then the literals prove nothing.
      if (!(gates[index] as TextTest)(haystack) && !haystack.includes('\u017f')) return false;
    }
    return regex.test(text);
  };
}

type TextTest = (text: string) => boolean;

const shortest = (texts: readonly string[]): number => texts.reduce((least, text) => Math.min(least, text.length), 100);

// Hot: what begins with a frequent sign is found sooner by one expression than by a search for each.
function createLiteralTest(literals: readonly string[]): TextTest {
  const [first = '', second = ''] = literals;
  if (literals.length === 1) return (text) => text.includes(first);
  if (literals.length === 2) return (text) => text.includes(first) || text.includes(second);
  return createGate(literals, 'as is');
}

/** Whether some line has at least so many characters; a pair of surrogates is one. */
function hasLine(text: string, least: number): boolean {
  if (text.length < least) return false;
  let count = 0;
  for (const character of text) {
    count = character === '\n' ? 0 : count + 1;
    if (count >= least) return true;
  }
  return least === 0;
}
