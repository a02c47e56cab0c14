/**
 * The walk of the plain reader over its text: which line it is on, where the next one with content begins, what may end a line,
 * how much is still allowed. Knows no structure. Throws NotPlain at what the library has to look at.
 */
import type { Value } from './rule.ts';
import { maxDepth, maxNodes } from './yaml-limits.ts';
import type { Place, YamlNode } from './yaml-tree.ts';

export interface Scan {
  /** Lines end in \n alone; there are no tabs and no control characters; a byte order mark only in front. */
  readonly text: string;
  /** Offset of the next character. */
  at: number;
  /** From 1. */
  line: number;
  /** Offset where the line under `at` begins. */
  lineStart: number;
  /** Of the line that `seekContent` found; -1: there is none before the end of the document. */
  indent: number;
  /** Were there blank lines or comments above that line? */
  skipped: boolean;
  /** Values so far. */
  nodes: number;
}

/** Not a complaint: another reader has to look at this text. The message is for whoever measures. */
export class NotPlain extends Error {}

export const newline = 10;
export const space = 32;
export const hash = 35;
export const dash = 45;
const point = 46;

/** A space, the end of the line or of the text (NaN). */
export function isGap(code: number): boolean {
  return code === space || code === newline || Number.isNaN(code);
}

/** Offset of the first character from here that is not a space. */
export function skipSpaces(text: string, from: number): number {
  let at = from;
  while (text.charCodeAt(at) === space) at++;
  return at;
}

/** Offset of this line's end; only spaces and then a comment may come before it, and a space before the comment. */
export function restOfLine(text: string, from: number): number {
  const at = skipSpaces(text, from);
  const code = text.charCodeAt(at);
  if (code === newline || at >= text.length) return at;
  if (code !== hash || at === from) throw new NotPlain('something behind a value');
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end;
}

/** From the beginning of a line to the next line with content, and on to its first character. */
export function seekContent(scan: Scan): void {
  const { text } = scan;
  let { at } = scan;
  scan.skipped = false;
  for (;;) {
    at = skipSpaces(text, at);
    const code = text.charCodeAt(at);
    if (code === hash) {
      at = text.indexOf('\n', at);
      if (at < 0) at = text.length;
    } else if (code !== newline) break;
    if (at >= text.length) break;
    at++;
    scan.line++;
    scan.lineStart = at;
    scan.skipped = true;
  }
  scan.at = at;
  scan.indent = at - scan.lineStart;
  if (at >= text.length || isMarker(text, at, scan.indent)) scan.indent = -1;
  else if (scan.lineStart === 0 && text.charCodeAt(0) === 0xfeff) {
    // Behind a byte order mark the library counts no indentation, yet sees markers.
    const code = text.charCodeAt(1);
    if (at !== 1 || code === dash || code === point) throw new NotPlain('an unusual first line');
    scan.indent = 0;
  }
}

/** `---` or `...` at the beginning of a line. */
function isMarker(text: string, at: number, indent: number): boolean {
  if (indent !== 0) return false;
  return (text.startsWith('---', at) || text.startsWith('...', at)) && isGap(text.charCodeAt(at + 3));
}

/** Demands that the line ends here, a comment apart, and moves to the next line with content. */
export function endLine(scan: Scan, from: number): void {
  const end = restOfLine(scan.text, from);
  scan.at = end;
  if (end < scan.text.length) {
    scan.at = end + 1;
    scan.line++;
    scan.lineStart = end + 1;
  }
  seekContent(scan);
}

export function placeAt(scan: Scan, at: number): Place {
  return { line: scan.line, column: at - scan.lineStart + 1 };
}

/** Counts a value. */
export function spend(scan: Scan, depth: number): void {
  if (++scan.nodes > maxNodes || depth > maxDepth) throw new NotPlain('too much');
}

export function scalar({ line, column }: Place, value: Value): YamlNode {
  return { kind: 'scalar', line, column, value };
}
