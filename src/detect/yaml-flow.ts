/**
 * Lists in brackets and maps in braces for the plain reader, over several lines too where they break between two values.
 * Leaves to the library: comments inside, keys without a value or of a list, text of several lines, a bracket that closes too far left.
 */
import {
  dash,
  hash,
  isGap,
  NotPlain,
  newline,
  placeAt,
  type Scan,
  scalar,
  skipSpaces,
  space,
  spend,
} from './yaml-lines.ts';
import {
  colon,
  doubleQuote,
  expectPlain,
  isKeyPlain,
  plainValue,
  question,
  quotedText,
  singleQuote,
} from './yaml-scalar.ts';
import type { YamlEntry, YamlNode } from './yaml-tree.ts';

const comma = 44;
export const openList = 91;
const closeList = 93;
export const openMap = 123;
const closeMap = 125;

/** The list or map whose bracket stands here; moves behind its end. Its further lines must be indented by `indent` at least. */
export function readFlow(scan: Scan, indent: number, depth: number): YamlNode {
  const { text } = scan;
  spend(scan, depth);
  const { line, column } = placeAt(scan, scan.at);
  const isMap = text.charCodeAt(scan.at) === openMap;
  const close = isMap ? closeMap : closeList;
  const items: YamlNode[] = [];
  const entries: YamlEntry[] = [];
  const seen = new Set<string>();
  scan.at++;
  skipLines(scan, indent);
  while (text.charCodeAt(scan.at) !== close) {
    if (isMap) {
      const here = placeAt(scan, scan.at);
      const key = readFlowKey(scan);
      if (seen.has(key)) throw new NotPlain('a key that stands twice');
      seen.add(key);
      entries.push({ key, line: here.line, column: here.column, value: readFlowValue(scan, indent, depth + 1) });
    } else items.push(readFlowValue(scan, indent, depth + 1));
    skipLines(scan, indent);
    const code = text.charCodeAt(scan.at);
    if (code === close) break;
    if (code !== comma) throw new NotPlain('something behind a value in brackets');
    scan.at++;
    skipLines(scan, indent);
  }
  scan.at++;
  return isMap ? { kind: 'map', line, column, entries } : { kind: 'list', line, column, items };
}

/** To what comes next, be it lines below. */
function skipLines(scan: Scan, indent: number): void {
  const { text } = scan;
  let at = skipSpaces(text, scan.at);
  if (text.charCodeAt(at) === newline) {
    for (; text.charCodeAt(at) === newline; scan.line++) {
      scan.lineStart = at + 1;
      at = skipSpaces(text, at + 1);
    }
    if (at - scan.lineStart < indent) throw new NotPlain('brackets that are not indented');
  }
  scan.at = at;
}

function readFlowValue(scan: Scan, indent: number, depth: number): YamlNode {
  const { text, at } = scan;
  const code = text.charCodeAt(at);
  if (code === openList || code === openMap) return readFlow(scan, indent, depth);
  spend(scan, depth);
  const here = placeAt(scan, at);
  if (code === singleQuote || code === doubleQuote) return scalar(here, quotedText(scan, 0));
  return scalar(here, plainValue(flowText(scan)));
}

/** Moves to its value. */
function readFlowKey(scan: Scan): string {
  const { text, at: from } = scan;
  const code = text.charCodeAt(from);
  let key: string;
  if (code === singleQuote || code === doubleQuote) key = quotedText(scan, 0);
  else {
    key = flowText(scan);
    if (!isKeyPlain(key)) throw new NotPlain('a key with a meaning');
  }
  const at = skipSpaces(text, scan.at);
  if (text.charCodeAt(at) !== colon || text.charCodeAt(at + 1) !== space) throw new NotPlain('no key');
  scan.at = skipSpaces(text, at + 1);
  return key;
}

/** The plain text that begins here and ends on this line; moves behind it. */
function flowText(scan: Scan): string {
  const { text, at: from } = scan;
  const first = text.charCodeAt(from);
  if (isGap(first) || first === colon || first === question) throw new NotPlain('no plain value in brackets');
  expectPlain(text, from);
  if (first === dash && isFlow(text.charCodeAt(from + 1))) throw new NotPlain('no plain value in brackets');
  let end = from;
  for (let at = from; !isFlow(text.charCodeAt(at)); at++) {
    const code = text.charCodeAt(at);
    if (code === newline || Number.isNaN(code)) break;
    if (code === space) {
      if (text.charCodeAt(at + 1) === hash) throw new NotPlain('a comment in brackets');
      continue;
    }
    if (code === colon && (isGap(text.charCodeAt(at + 1)) || isFlow(text.charCodeAt(at + 1)))) break;
    end = at + 1;
  }
  scan.at = end;
  return text.slice(from, end);
}

function isFlow(code: number): boolean {
  return code === comma || code === openList || code === closeList || code === openMap || code === closeMap;
}
