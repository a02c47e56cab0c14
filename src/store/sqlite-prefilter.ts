/**
 * What a stored line (an event as JSON) must hold for its event to match, seen without parsing it: parsing is ten times dearer.
 * Says "no" only when the event cannot match; "perhaps" decides nothing.
 */
import { normalise } from '../search/normalise.ts';
import type { TermQuery } from '../search/terms.ts';

/** True: perhaps. */
export type Prefilter = (line: string) => boolean;

// biome-ignore lint/suspicious/noControlCharactersInRegex: the whole of ASCII is meant
const onlyAscii = /^[\u0000-\u007f]*$/;

export function compilePrefilter(terms: TermQuery | undefined): Prefilter {
  const test = terms === undefined ? undefined : compileTerms(terms);
  if (test === undefined) return () => true;
  return (line) => {
    if (onlyAscii.test(line)) return test(line.toLowerCase());
    // A line that is normalised as a whole has normalised values, whatever stands beside them; of others nothing is known.
    return line.normalize('NFKC') !== line || test(normalise(line));
  };
}

function compileTerms(terms: TermQuery): Prefilter | undefined {
  if (terms.op === 'term') {
    const needle = needleOf(terms.term);
    return needle === '' ? undefined : (line) => line.includes(needle);
  }
  const tests = terms.of.map(compileTerms);
  if (terms.op === 'or') {
    return tests.includes(undefined) ? undefined : (line) => tests.some((test) => test?.(line));
  }
  return (line) => tests.every((test) => test === undefined || test(line));
}

/** The term's part that stands in the line as it is: a word, or the value of `field=value` as JSON writes it. */
function needleOf(term: string): string {
  const text = term.slice(term.indexOf('=') + 1);
  // Half a character (terms are cut by length) and what replaced one are written in another way in the line.
  const broken = text.search(/[\p{Cs}\ufffd]/u);
  return JSON.stringify(broken < 0 ? text : text.slice(0, broken)).slice(1, -1);
}
