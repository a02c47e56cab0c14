/**
 * The condition line of a rule -> a tree over its selections, quantifiers spelled out.
 * or < and < not < `1|any|all of x` < ( ). Refuses the old aggregation after `|`: that is a correlation rule now.
 */
import type { Condition } from './rule.ts';
import { didYouMean, quoted } from './suggestion.ts';

const maxDepth = 40;
const maxLength = 10_000;

class Wrong extends Error {}

/** `names` in the order of the file. Never throws: says what is wrong instead. */
export function parseCondition(text: string, names: readonly string[]): { condition: Condition } | { problem: string } {
  if (text.length > maxLength) return { problem: `the condition is longer than ${maxLength} characters` };
  if (text.includes('|')) {
    return {
      problem:
        'conditions with "|" (count, min, max, avg, sum, near) are no longer part of Sigma; write a correlation rule (event_count, value_count, temporal) that refers to this rule',
    };
  }
  const words = text.match(/[()]|[^\s()]+/g) ?? [];
  try {
    return { condition: parseWords(words, names) };
  } catch (error) {
    if (error instanceof Wrong) return { problem: error.message };
    throw error;
  }
}

/** One is itself, several are joined. */
export function join(kind: 'and' | 'or', of: readonly Condition[]): Condition {
  const [only] = of;
  return only !== undefined && of.length === 1 ? only : { kind, of };
}

const keywords = ['and', 'or', 'not', 'of', 'them', 'all', 'any'];

function parseWords(words: readonly string[], names: readonly string[]): Condition {
  let at = 0;
  const peek = (ahead = 0) => words[at + ahead]?.toLowerCase();

  const either = (depth: number): Condition => {
    if (depth > maxDepth) throw new Wrong(`the condition is nested deeper than ${maxDepth} levels`);
    const parts = [both(depth)];
    while (peek() === 'or') {
      at++;
      parts.push(both(depth));
    }
    return join('or', parts);
  };
  const both = (depth: number): Condition => {
    const parts = [negated(depth)];
    while (peek() === 'and') {
      at++;
      parts.push(negated(depth));
    }
    return join('and', parts);
  };
  const negated = (depth: number): Condition => {
    let negations = 0;
    for (; peek() === 'not'; at++) negations++;
    const inner = primary(depth);
    return negations % 2 === 1 ? { kind: 'not', of: inner } : inner;
  };
  const primary = (depth: number): Condition => {
    const word = words[at];
    if (word === undefined) throw new Wrong('the condition ends where the name of a selection should stand');
    if (word === '(') {
      at++;
      const inner = either(depth + 1);
      if (words[at] !== ')') throw new Wrong('a "(" of the condition has no ")"');
      at++;
      return inner;
    }
    if (word === ')') throw new Wrong('a ")" of the condition has no "("');
    if (peek(1) === 'of') return quantified(word);
    at++;
    if (names.includes(word)) return { kind: 'selection', name: word };
    if (word.includes('*')) throw new Wrong(`write "1 of ${word}" or "all of ${word}" in the condition`);
    if (keywords.includes(word.toLowerCase()))
      throw new Wrong(`"${word}" stands in the condition where the name of a selection should stand`);
    throw new Wrong(`the condition names ${quoted(word)}, which is not in the detection${didYouMean(word, names)}`);
  };
  const quantified = (quantifier: string): Condition => {
    const word = quantifier.toLowerCase();
    if (word !== '1' && word !== 'any' && word !== 'all') {
      throw new Wrong(`${quoted(`${quantifier} of`)}: only "1 of", "any of" and "all of" exist`);
    }
    const pattern = words[at + 2];
    if (pattern === undefined || pattern === '(' || pattern === ')')
      throw new Wrong(`"${quantifier} of" needs "them" or a name such as "selection_*"`);
    at += 3;
    const chosen = select(pattern, names);
    if (chosen.length === 0)
      throw new Wrong(`no selection fits ${quoted(`${quantifier} of ${pattern}`)}${didYouMean(pattern, names)}`);
    return join(
      word === 'all' ? 'and' : 'or',
      chosen.map((name) => ({ kind: 'selection', name })),
    );
  };

  const condition = either(0);
  const rest = words[at];
  if (rest === ')') throw new Wrong('a ")" of the condition has no "("');
  if (rest !== undefined)
    throw new Wrong(
      `"and" or "or" is missing before ${quoted(rest)} in the condition${didYouMean(rest, ['and', 'or'])}`,
    );
  return condition;
}

/** Names that begin with `_` are private: only a pattern that begins so finds them. */
function select(pattern: string, names: readonly string[]): readonly string[] {
  const visible = pattern.startsWith('_') ? names : names.filter((name) => !name.startsWith('_'));
  if (pattern.toLowerCase() === 'them') return visible;
  const pieces = pattern.split('*');
  return visible.filter((name) => fits(name, pieces));
}

function fits(name: string, pieces: readonly string[]): boolean {
  const first = pieces[0] ?? '';
  if (pieces.length === 1) return name === first;
  const last = pieces.at(-1) ?? '';
  if (name.length < first.length + last.length || !name.startsWith(first) || !name.endsWith(last)) return false;
  let at = first.length;
  const end = name.length - last.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = name.indexOf(piece, at);
    if (found < 0 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
}
