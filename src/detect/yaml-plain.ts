/**
 * The plain YAML in which rules are written -> the very trees that the library gives, ten times as fast: one walk over the
 * characters, no tokens. Gives up on all that it does not know for certain (anchors, tags, tabs, any error): it has no error
 * messages, and where YAML and the library differ, the library is right.
 */
import { openList, openMap, readFlow } from './yaml-flow.ts';
import {
  dash,
  endLine,
  hash,
  isGap,
  NotPlain,
  newline,
  placeAt,
  type Scan,
  scalar,
  seekContent,
  skipSpaces,
  spend,
} from './yaml-lines.ts';
import {
  blockText,
  colon,
  continuePlain,
  doubleQuote,
  expectPlain,
  folded,
  isKeyPlain,
  literal,
  plainEnd,
  plainValue,
  quotedText,
  singleQuote,
} from './yaml-scalar.ts';
import type { YamlEntry, YamlNode } from './yaml-tree.ts';

/** The documents as `readYamlByLibrary` gives them for a text without problems; undefined: let the library look. */
export function readPlainYaml(source: string): readonly YamlNode[] | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters, tabs among them, are not plain
  if (/[\0-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f]/.test(source) || source.indexOf('\ufeff', 1) > 0) return undefined;
  let text = source;
  if (text.includes('\r')) {
    if (/\r(?!\n)/.test(text)) return undefined;
    text = text.replaceAll('\r\n', '\n');
  }
  try {
    return readStream(text);
  } catch (error) {
    if (error instanceof NotPlain) return undefined;
    throw error;
  }
}

function readStream(text: string): YamlNode[] {
  const at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  const reader: Scan = { text, at, line: 1, lineStart: 0, indent: 0, skipped: false, nodes: 0 };
  const documents: YamlNode[] = [];
  let isOpen = false;
  for (;;) {
    seekContent(reader);
    if (reader.indent >= 0) {
      isOpen = true;
      if (reader.indent > 0) throw new NotPlain('an indented document');
      documents.push(atItem(reader) ? readList(reader, 0, 0) : readMap(reader, 0, 0));
      // A line that belongs to none of the open maps and lists closes them all.
      if (reader.indent >= 0) throw new NotPlain('an indentation that belongs to nothing');
    }
    if (reader.at >= text.length) return documents;
    const isEnd = text.charCodeAt(reader.at) !== dash;
    if (isEnd && !isOpen) throw new NotPlain('the end of no document');
    isOpen = !isEnd;
    endLine(reader, reader.at + 3);
  }
}

function atItem({ text, at }: Scan): boolean {
  return text.charCodeAt(at) === dash && isGap(text.charCodeAt(at + 1));
}

/** The list whose first `-` stands here. */
function readList(reader: Scan, indent: number, depth: number): YamlNode {
  spend(reader, depth);
  const { line, column } = placeAt(reader, reader.at);
  const items: YamlNode[] = [];
  do {
    const at = skipSpaces(reader.text, reader.at + 1);
    items.push(
      isRestEmpty(reader, at)
        ? readBelow(reader, at, indent, depth + 1, 'dash')
        : readValue(reader, at, indent, depth + 1, 'any'),
    );
  } while (reader.indent === indent && atItem(reader));
  return { kind: 'list', line, column, items };
}

/** The map whose first key stands here. `indent` is its column from 0. */
function readMap(reader: Scan, indent: number, depth: number): YamlNode {
  spend(reader, depth);
  const { line, column } = placeAt(reader, reader.at);
  const entries: YamlEntry[] = [];
  let seen: Set<string> | undefined;
  do {
    const here = placeAt(reader, reader.at);
    const key = readKey(reader);
    if (entries.length < 12) {
      for (const entry of entries) if (entry.key === key) throw new NotPlain('a key that stands twice');
    } else {
      seen ??= new Set(entries.map((entry) => entry.key));
      if (seen.has(key)) throw new NotPlain('a key that stands twice');
      seen.add(key);
    }
    const at = skipSpaces(reader.text, reader.at);
    const value = isRestEmpty(reader, at)
      ? readBelow(reader, at, indent, depth + 1, 'key')
      : readValue(reader, at, indent, depth + 1, 'no map');
    entries.push({ key, line: here.line, column: here.column, value });
  } while (reader.indent === indent);
  return { kind: 'map', line, column, entries };
}

/** Moves behind the colon. */
function readKey(reader: Scan): string {
  const { text, at: from } = reader;
  const code = text.charCodeAt(from);
  let key: string;
  if (code === singleQuote || code === doubleQuote) key = quotedText(reader, 0);
  else {
    expectPlain(text, from);
    reader.at = plainEnd(text, from);
    key = text.slice(from, reader.at);
    if (!isKeyPlain(key)) throw new NotPlain('a key with a meaning');
  }
  const at = skipSpaces(text, reader.at);
  if (!isColon(text, at)) throw new NotPlain('no key');
  // The library refuses keys of more than 1,024 characters.
  if (at - from > 1000) throw new NotPlain('a very long key');
  reader.at = at + 1;
  return key;
}

function isColon(text: string, at: number): boolean {
  return text.charCodeAt(at) === colon && isGap(text.charCodeAt(at + 1));
}

/** Is there nothing, or only a comment, behind a key or dash? There is a gap before `at`. */
function isRestEmpty({ text }: Scan, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === newline || code === hash || at >= text.length;
}

/** The value that stands on the lines below its key or dash, or null, which is thought to stand at `at`. */
function readBelow(reader: Scan, at: number, indent: number, depth: number, owner: 'key' | 'dash'): YamlNode {
  const empty = placeAt(reader, at);
  // `at` has a gap before it, so a comment is one.
  endLine(reader, at - (reader.text.charCodeAt(at) === hash ? 1 : 0));
  if (reader.indent > indent || (owner === 'key' && reader.indent === indent && atItem(reader))) {
    if (atItem(reader)) return readList(reader, reader.indent, depth);
    const code = reader.text.charCodeAt(reader.at);
    if (code === literal || code === folded || code === openList || code === openMap)
      throw new NotPlain('a value of several lines on its own line');
    // After a blank line or a comment the library forgets how far text of several lines is to be indented.
    return readValue(reader, reader.at, indent, depth, reader.skipped ? 'map' : 'any');
  }
  spend(reader, depth);
  return scalar(empty, null);
}

/**
 * The value that begins at `at`, and moves to the next line with content. `indent` is that of the map or list it stands in.
 * `expected`: may what begins here be the first key of a map, must it?
 */
function readValue(
  reader: Scan,
  at: number,
  indent: number,
  depth: number,
  expected: 'any' | 'map' | 'no map',
): YamlNode {
  const { text } = reader;
  const here = placeAt(reader, at);
  const code = text.charCodeAt(at);
  reader.at = at;
  if (code === literal || code === folded) {
    spend(reader, depth);
    const value = blockText(reader, indent + 1);
    seekContent(reader);
    return scalar(here, value);
  }
  if (code === openList || code === openMap) {
    const value = readFlow(reader, indent + 1, depth);
    endLine(reader, reader.at);
    return value;
  }
  const isQuoted = code === singleQuote || code === doubleQuote;
  let written: string;
  if (isQuoted) written = quotedText(reader, indent + 1);
  else {
    expectPlain(text, at);
    reader.at = plainEnd(text, at);
    written = text.slice(at, reader.at);
  }
  const stop = skipSpaces(text, reader.at);
  if (text.charCodeAt(stop) === colon) {
    if (expected === 'no map') throw new NotPlain('a map in one line with its key');
    reader.at = at;
    return readMap(reader, at - reader.lineStart, depth);
  }
  if (expected === 'map') throw new NotPlain('text below a blank line or a comment');
  spend(reader, depth);
  const value = isQuoted ? written : (continuePlain(reader, stop, written, indent + 1) ?? plainValue(written));
  endLine(reader, reader.at);
  return scalar(here, value);
}
