/**
 * The condition of a rule -> a tree over its selections, quantifiers spelled out; that of a correlation -> a tree over its rules.
 * or < and < not < `1|any|all of x` < ( ). Refuses the old aggregation after `|`: that is a correlation rule now.
 */
import type { Condition } from './rule.ts';
import { didYouMean, quoted } from './suggestion.ts';

const maxDepth = 40;
const maxLength = 10_000;
/** Names that all quantifiers of one condition may be spelled out to. */
const maxSpelledOut = 100_000;

/** What is wrong, and the offset in the text where. */
export interface ConditionProblem {
  readonly problem: string;
  readonly at: number;
}

class Wrong extends Error {
  readonly at: number;
  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

interface Vocabulary {
  readonly noun: 'selection' | 'rule';
  /** Where the names are, for messages: `in the detection`. */
  readonly home: string;
}

/** `names` in the order of the file. Never throws: says what is wrong instead. */
export function parseCondition(
  text: string,
  names: readonly string[],
  home: 'in the detection' | 'in the filter' = 'in the detection',
): { condition: Condition } | ConditionProblem {
  const pipe = text.indexOf('|');
  if (pipe >= 0) {
    return {
      problem:
        'conditions with "|" (count, min, max, avg, sum, near) are no longer part of Sigma; write a correlation rule (event_count, value_count, temporal) that refers to this rule',
      at: pipe,
    };
  }
  return parse(text, names, { noun: 'selection', home });
}

/** The condition of a temporal correlation, over rules by id or name as written: no quantifiers. Never throws. */
export function parseRuleCondition(
  text: string,
  names: readonly string[],
): { condition: Condition } | ConditionProblem {
  return parse(text, names, { noun: 'rule', home: 'among the rules' });
}

/** What a condition over rules mentions, in order, each once. */
export function mentionedIn(text: string): readonly string[] {
  if (text.length > maxLength) return [];
  const words = wordsOf(text).map(({ word }) => word);
  return [...new Set(words)].filter(
    (word) => word !== '(' && word !== ')' && !['and', 'or', 'not'].includes(word.toLowerCase()),
  );
}

/** One is itself, several are joined. */
export function join(kind: 'and' | 'or', of: readonly Condition[]): Condition {
  const [only] = of;
  return only !== undefined && of.length === 1 ? only : { kind, of };
}

/** Whether the condition holds where exactly the names in `seen` do. */
export function holds(condition: Condition, seen: ReadonlySet<string>): boolean {
  switch (condition.kind) {
    case 'selection':
      return seen.has(condition.name);
    case 'not':
      return !holds(condition.of, seen);
    case 'and':
      return condition.of.every((part) => holds(part, seen));
    case 'or':
      return condition.of.some((part) => holds(part, seen));
  }
}

/** The same condition over other names. */
export function renamed(condition: Condition, name: (old: string) => string): Condition {
  if (condition.kind === 'selection') return { kind: 'selection', name: name(condition.name) };
  if (condition.kind === 'not') return { kind: 'not', of: renamed(condition.of, name) };
  return { kind: condition.kind, of: condition.of.map((part) => renamed(part, name)) };
}

/** Every name in it. */
export function namesOf(condition: Condition, into: Set<string> = new Set()): Set<string> {
  if (condition.kind === 'selection') into.add(condition.name);
  else if (condition.kind === 'not') namesOf(condition.of, into);
  else for (const part of condition.of) namesOf(part, into);
  return into;
}

interface Word {
  readonly word: string;
  readonly at: number;
}

function wordsOf(text: string): readonly Word[] {
  return Array.from(text.matchAll(/[()]|[^\s()]+/g), (found) => ({ word: found[0], at: found.index }));
}

const keywords = ['and', 'or', 'not', 'of', 'them', 'all', 'any'];

function parse(
  text: string,
  names: readonly string[],
  vocabulary: Vocabulary,
): { condition: Condition } | ConditionProblem {
  if (text.length > maxLength) return { problem: `the condition is longer than ${maxLength} characters`, at: 0 };
  try {
    return { condition: parseWords(text, names, vocabulary) };
  } catch (error) {
    if (error instanceof Wrong) return { problem: error.message, at: error.at };
    throw error;
  }
}

function parseWords(text: string, names: readonly string[], { noun, home }: Vocabulary): Condition {
  const words = wordsOf(text);
  const known = new Set(names);
  let at = 0;
  let spelledOut = 0;
  const peek = (ahead = 0) => words[at + ahead]?.word.toLowerCase();
  /** Complains about the word so far ahead; beyond the end, about the last one. */
  const wrong = (message: string, ahead = 0) => new Wrong(message, (words[at + ahead] ?? words.at(-1))?.at ?? 0);

  const either = (depth: number): Condition => {
    if (depth > maxDepth) throw wrong(`the condition is nested deeper than ${maxDepth} levels`);
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
    const word = words[at]?.word;
    if (word === undefined) throw wrong(`the condition ends where the name of a ${noun} should stand`);
    if (word === '(') {
      const open = at++;
      const inner = either(depth + 1);
      if (peek() !== ')') throw wrong('a "(" of the condition has no ")"', open - at);
      at++;
      return inner;
    }
    if (word === ')') throw wrong('a ")" of the condition has no "("');
    if (peek(1) === 'of') {
      if (noun === 'selection') return quantified(word);
      throw wrong(`${quoted(`${word} of`)} has no meaning over rules: name each of them, with "and", "or" and "not"`);
    }
    if (known.has(word)) {
      at++;
      return { kind: 'selection', name: word };
    }
    if (word.includes('*') && noun === 'selection')
      throw wrong(`write "1 of ${word}" or "all of ${word}" in the condition`);
    if (keywords.includes(word.toLowerCase()))
      throw wrong(`"${word}" stands in the condition where the name of a ${noun} should stand`);
    throw wrong(`the condition names ${quoted(word)}, which is not ${home}${didYouMean(word, names)}`);
  };
  const quantified = (quantifier: string): Condition => {
    const word = quantifier.toLowerCase();
    if (word !== '1' && word !== 'any' && word !== 'all') {
      throw wrong(`${quoted(`${quantifier} of`)}: only "1 of", "any of" and "all of" exist`);
    }
    const pattern = words[at + 2]?.word;
    if (pattern === undefined || pattern === '(' || pattern === ')')
      throw wrong(`"${quantifier} of" needs "them" or a name such as "selection_*"`, 1);
    const chosen = namesFitting(pattern, names);
    if (chosen.length === 0)
      throw wrong(`no selection fits ${quoted(`${quantifier} of ${pattern}`)}${didYouMean(pattern, names)}`, 2);
    spelledOut += chosen.length;
    if (spelledOut > maxSpelledOut)
      throw wrong(`the condition is longer than ${maxSpelledOut} names when "${quantifier} of" is spelled out`);
    at += 3;
    return join(
      word === 'all' ? 'and' : 'or',
      chosen.map((name) => ({ kind: 'selection', name })),
    );
  };

  const condition = either(0);
  const rest = words[at]?.word;
  if (rest === ')') throw wrong('a ")" of the condition has no "("');
  if (rest !== undefined)
    throw wrong(`"and" or "or" is missing before ${quoted(rest)} in the condition${didYouMean(rest, ['and', 'or'])}`);
  return condition;
}

/** What `1 of PATTERN` means. Names that begin with `_` are private: only a pattern that begins so finds them. */
export function namesFitting(pattern: string, names: readonly string[]): readonly string[] {
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
