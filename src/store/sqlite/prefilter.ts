/**
 * What a stored line (an event as JSON) must hold for its event to match, seen without parsing it: parsing is ten times dearer.
 * Says "no" only when the event cannot match; "perhaps" decides nothing.
 */
import { wholeForms } from '../../search/match.ts';
import { normalise, tokensOf } from '../../search/normalise.ts';
import type { Query } from '../../search/query.ts';
import { parseWildcard } from '../../search/wildcard.ts';

/** True: perhaps. */
export type Prefilter = (line: string) => boolean;

// biome-ignore lint/suspicious/noControlCharactersInRegex: the whole of ASCII is meant
const onlyAscii = /^[\u0000-\u007f]*$/;

export function compilePrefilter(query: Query): Prefilter {
  const test = compileNode(query);
  if (test === undefined) return () => true;
  return (line) => {
    if (onlyAscii.test(line)) return test(line.toLowerCase());
    // A line that is normalised as a whole has normalised values, whatever stands beside them; of others nothing is known.
    return line.normalize('NFKC') !== line || test(normalise(line));
  };
}

/** Undefined: nothing can be said. */
function compileNode(query: Query): Prefilter | undefined {
  switch (query.op) {
    case 'and':
      return all(query.of.map(compileNode));
    case 'or':
      return any(query.of.map(compileNode));
    case 'not':
      return undefined;
    case 'text':
      return all(query.wildcard ? literals(query.text) : words(query.text));
    case 'range':
      return holds(fieldName(query.field));
    case 'field': {
      const values = query.wildcard ? all(literals(query.text)) : whole(query.text);
      return all([values, holds(fieldName(query.field))]);
    }
  }
}

function all(tests: readonly (Prefilter | undefined)[]): Prefilter | undefined {
  const known = tests.filter((test) => test !== undefined);
  if (known.length <= 1) return known[0];
  return (line) => known.every((test) => test(line));
}

function any(tests: readonly (Prefilter | undefined)[]): Prefilter | undefined {
  const known = tests.filter((test) => test !== undefined);
  return known.length < tests.length ? undefined : (line) => known.some((test) => test(line));
}

const holds = (needle: string): Prefilter | undefined => (needle === '' ? undefined : (line) => line.includes(needle));

const fieldName = (field: string): string => normalise(`${JSON.stringify(field)}:`);

/** A value that equals the text, or has its words: either way the words are there, or the number as it is stored. */
function whole(text: string): Prefilter | undefined {
  const { number } = wholeForms(text);
  return any([all(words(text)), ...(number === undefined ? [] : [holds(number)])]);
}

/** Tokens hold nothing that JSON escapes. */
const words = (text: string): (Prefilter | undefined)[] => tokensOf(normalise(text)).map((token) => holds(token.text));

/** What stands between the wildcards ("?" became a noncharacter), as JSON writes it, up to what is written in another way. */
const literals = (text: string): (Prefilter | undefined)[] =>
  parseWildcard(text)
    .pieces.flatMap((piece) => piece.split(/[\p{Cs}\ufffd\uffff]/u))
    .map((piece) => holds(JSON.stringify(piece).slice(1, -1)));
