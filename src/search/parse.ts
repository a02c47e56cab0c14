/**
 * The search language: what a person types -> Query.
 *   words and "phrases"   -not this   a OR b   NOT (c AND d)   wild*card   user:alice   source.ip:(192.0.2.1 OR 192.0.2.2)
 *   destination.port:>=1024   user.name:*   process.command_line:"-enc"
 * Words side by side must all match. AND, OR and NOT count in capitals only; NOT binds closest, then AND, then OR.
 */
import { shortNames } from './fields.ts';
import { normalise, tokensOf } from './normalise.ts';
import type { Query } from './query.ts';

/** The text is no query. `position` counts UTF-16 units from 0; `hint` says what to write instead. */
export class QueryError extends Error {
  readonly position: number;
  readonly hint: string;
  constructor(position: number, problem: string, hint: string) {
    super(`search, character ${position + 1}: ${problem}; ${hint}`);
    this.name = 'QueryError';
    this.position = position;
    this.hint = hint;
  }
}

const MAX_CHARS = 4_096;
const MAX_DEPTH = 50;
const MAX_PHRASE_WORDS = 100;
const MAX_WILDCARD_CHARS = 256;

const space = /\s*/y;
const bareWord = /[^\s()"]+/y;
const fieldName = /([A-Za-z_@][A-Za-z0-9_.@-]*):/y;
const comparison = /[<>]=?/y;

interface Words {
  readonly text: string;
  readonly quoted: boolean;
}

/** Undefined for a text without any words: everything is asked for. Throws QueryError. */
export function parseQuery(text: string): Query | undefined {
  if (text.length > MAX_CHARS) {
    throw new QueryError(MAX_CHARS, `the search is longer than ${MAX_CHARS} characters`, 'ask for less at once');
  }
  let at = 0;

  const read = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found !== null) at += found[0].length;
    return found;
  };
  /** The word that stands here, left standing. */
  const peekWord = (): string => {
    bareWord.lastIndex = at;
    return bareWord.exec(text)?.[0] ?? '';
  };
  const skipSpace = (): void => {
    read(space);
  };

  function parseOr(fields: readonly string[] | undefined, depth: number): Query {
    const parts = [parseAnd(fields, depth)];
    for (;;) {
      skipSpace();
      if (peekWord() !== 'OR') break;
      at += 2;
      parts.push(parseAnd(fields, depth));
    }
    return join('or', parts);
  }

  function parseAnd(fields: readonly string[] | undefined, depth: number): Query {
    const parts = [parseNot(fields, depth)];
    for (;;) {
      skipSpace();
      const word = peekWord();
      if (at >= text.length || text[at] === ')' || word === 'OR') break;
      if (word === 'AND') at += 3;
      parts.push(parseNot(fields, depth));
    }
    return join('and', parts);
  }

  function parseNot(fields: readonly string[] | undefined, depth: number): Query {
    skipSpace();
    if (depth > MAX_DEPTH) throw new QueryError(at, `more than ${MAX_DEPTH} levels`, 'ask in fewer levels');
    const start = at;
    if (peekWord() === 'NOT') at += 3;
    else if (text[at] === '-' && /^[^\s)]/.test(text.slice(at + 1, at + 2))) at++;
    else return parseOne(fields, depth);
    skipSpace();
    if (at >= text.length) throw new QueryError(start, 'NOT has nothing after it', 'write what must not occur');
    return { op: 'not', of: parseNot(fields, depth + 1) };
  }

  function parseOne(fields: readonly string[] | undefined, depth: number): Query {
    const start = at;
    const first = text[at];
    if (first === undefined)
      throw new QueryError(at, 'the search ends too early', 'add a word, or take the last operator away');
    if (first === ')')
      throw new QueryError(at, 'nothing stands before ")"', 'add a word, or take the parenthesis away');
    if (first === '(') return parseGroup(fields, depth);
    const word = peekWord();
    if (word === 'AND' || word === 'OR') {
      throw new QueryError(at, `${word} has nothing before it`, `write "${word.toLowerCase()}" for the word itself`);
    }
    const named = parseFieldName();
    if (named === undefined) return leaf(fields, start);
    if (fields !== undefined) {
      throw new QueryError(
        start,
        'a field inside the parentheses of another field',
        'put the word into quotes, or close the parenthesis first',
      );
    }
    if (text[at] === '(') return parseGroup(named, depth);
    return leaf(named, start);
  }

  /** Reads `name:` where it can be a field; other colons (paths, IPv6 and web addresses) belong to the word. */
  function parseFieldName(): readonly string[] | undefined {
    const start = at;
    const name = read(fieldName)?.[1];
    if (name === undefined) return undefined;
    const known = shortNames.get(name);
    if (known !== undefined) return known;
    if (name.includes('.') || name.startsWith('@')) return [name];
    at = start;
    return undefined;
  }

  function parseGroup(fields: readonly string[] | undefined, depth: number): Query {
    const start = at;
    at++;
    skipSpace();
    if (text[at] === ')') throw new QueryError(start, 'empty parentheses', 'write what to look for between them');
    const inner = parseOr(fields, depth + 1);
    skipSpace();
    if (text[at] !== ')') throw new QueryError(start, 'this parenthesis is not closed', 'add ")"');
    at++;
    return inner;
  }

  function leaf(fields: readonly string[] | undefined, start: number): Query {
    if (fields === undefined) return textLeaf(readWords(start), start);
    const compare = read(comparison)?.[0] as '<' | '<=' | '>' | '>=' | undefined;
    const words = readWords(start);
    if (compare !== undefined) {
      return join(
        'or',
        fields.map((field) => ({ op: 'range', field, compare, value: words.text })),
      );
    }
    const wildcard = isWildcard(words, start);
    return join(
      'or',
      fields.map((field) => ({ op: 'field', field, text: words.text, wildcard })),
    );
  }

  function textLeaf(words: Words, start: number): Query {
    const wildcard = isWildcard(words, start);
    const count = wildcard ? 1 : tokensOf(normalise(words.text)).length;
    if (count === 0) {
      throw new QueryError(start, 'no letter or digit to look for', 'for a value made of signs write field:"value"');
    }
    if (count > MAX_PHRASE_WORDS) {
      throw new QueryError(start, `a phrase of more than ${MAX_PHRASE_WORDS} words`, 'look for a shorter part of it');
    }
    return { op: 'text', text: words.text, wildcard };
  }

  function isWildcard({ text: word, quoted }: Words, start: number): boolean {
    const wildcard = !quoted && /[*?]/.test(word);
    if (wildcard && word.length > MAX_WILDCARD_CHARS) {
      throw new QueryError(
        start,
        `a word with wildcards of more than ${MAX_WILDCARD_CHARS} characters`,
        'shorten it, or put it into quotes',
      );
    }
    return wildcard;
  }

  /** A quoted text, in which \" is a quote and \\ a backslash, or a bare word, in which a backslash is itself. */
  function readWords(start: number): Words {
    if (text[at] !== '"') {
      const word = read(bareWord)?.[0];
      if (word !== undefined) return { text: word, quoted: false };
      throw new QueryError(start, 'no value follows', 'write the value directly after it, or field:* for any value');
    }
    const opened = at;
    let value = '';
    for (at++; at < text.length; at++) {
      const char = text[at] as string;
      if (char === '"') {
        at++;
        return { text: value, quoted: true };
      }
      const next = text[at + 1];
      if (char === '\\' && (next === '"' || next === '\\')) at++;
      value += text[at];
    }
    throw new QueryError(opened, 'this quote is not closed', 'add ", and write \\" for a quote inside');
  }

  skipSpace();
  if (at >= text.length) return undefined;
  const query = parseOr(undefined, 1);
  skipSpace();
  if (at < text.length) throw new QueryError(at, 'this ")" closes nothing', 'take it away, or put it into quotes');
  return query;
}

/** One level for nested parts of the same kind; a single part stands for itself. `parts` is not empty. */
function join(op: 'and' | 'or', parts: readonly Query[]): Query {
  if (parts.length === 1) return parts[0] as Query;
  return { op, of: parts.flatMap((part) => (part.op === op ? part.of : part)) };
}
