/**
 * Any YAML text -> trees, by the `yaml` package: all of the language, and every complaint about it. Slow, so the plain reader goes
 * first. Refuses what could be used against it: huge files, alias bombs, deep nesting, keys that are not text.
 */
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseAllDocuments } from 'yaml';
import type { Problem, Value } from './rule.ts';
import { quoted } from './suggestion.ts';
import { maxCharacters, maxDepth, maxNodes } from './yaml-limits.ts';
import type { Place, YamlEntry, YamlNode } from './yaml-tree.ts';

class Unreadable extends Error {
  readonly at: Place;
  constructor(at: Place, message: string) {
    super(message);
    this.at = at;
  }
}

/** What `readYaml` promises, for any YAML. */
export function readYamlByLibrary(
  text: string,
  file: string,
): { documents: readonly YamlNode[]; problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const complain = ({ line, column }: Place, message: string) => {
    problems.push({ where: { file, line, column }, severity: 'error', message });
  };
  if (text.length > maxCharacters) {
    complain(start, `the file has more than ${maxCharacters} characters; split it`);
    return { documents: [], problems };
  }
  const lines = new LineCounter();
  let parsed: readonly Document.Parsed[];
  try {
    // uniqueKeys compares each key with each other; the tree below does it with a set.
    parsed = [
      ...parseAllDocuments(text, {
        lineCounter: lines,
        prettyErrors: false,
        intAsBigInt: true,
        uniqueKeys: false,
        merge: false,
        logLevel: 'silent',
      }),
    ];
  } catch (error) {
    complain(start, `not readable as YAML: ${error instanceof Error ? error.message : String(error)}`);
    return { documents: [], problems };
  }
  const documents: YamlNode[] = [];
  for (const document of parsed) {
    const [error] = document.errors;
    if (error !== undefined) {
      complain(placeOf(lines, error.pos[0]), `not valid YAML: ${error.message.slice(0, 200)}`);
      continue;
    }
    if (document.contents === null) continue;
    try {
      const tree = toTree(document.contents, lines);
      if (tree.kind === 'scalar' && tree.value === null) continue;
      documents.push(tree);
    } catch (error) {
      if (error instanceof Unreadable) complain(error.at, error.message);
      else throw error;
    }
  }
  return { documents, problems };
}

const start: Place = { line: 1, column: 1 };

function placeOf(lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
}

function toTree(root: Node, lines: LineCounter): YamlNode {
  const anchors = new Map<string, { node: YamlNode; size: number }>();
  let size = 0;
  let at = start;
  const spend = (nodes: number) => {
    size += nodes;
    if (size > maxNodes)
      throw new Unreadable(at, `the document has more than ${maxNodes} values, aliases counted as written out`);
  };
  const find = (node: Node): Place => (node.range ? placeOf(lines, node.range[0]) : at);

  const walk = (node: Node | null, depth: number): YamlNode => {
    if (node === null) return { kind: 'scalar', ...at, value: null };
    at = find(node);
    if (depth > maxDepth) throw new Unreadable(at, `nested deeper than ${maxDepth} levels`);
    if (isAlias(node)) {
      const known = anchors.get(node.source);
      if (known === undefined) throw new Unreadable(at, `there is no anchor ${quoted(node.source)} before this alias`);
      spend(known.size);
      return known.node;
    }
    const sizeBefore = size;
    spend(1);
    const tree = convert(node, depth);
    const anchor = (node as { anchor?: string }).anchor;
    if (anchor !== undefined) anchors.set(anchor, { node: tree, size: size - sizeBefore });
    return tree;
  };

  const convert = (node: Node, depth: number): YamlNode => {
    const here = at;
    if (isScalar(node)) return { kind: 'scalar', ...here, value: scalarValue(node.value, here) };
    if (isSeq(node))
      return { kind: 'list', ...here, items: node.items.map((item) => walk(item as Node | null, depth + 1)) };
    if (!isMap(node)) throw new Unreadable(here, 'neither a map nor a list nor a value');
    const seen = new Set<string>();
    const entries: YamlEntry[] = [];
    for (const pair of node.items) {
      const keyNode = pair.key as Node | null;
      if (!isScalar(keyNode) || keyNode.value === null) throw new Unreadable(at, 'a key must be a plain word');
      const keyAt = find(keyNode);
      const key = typeof keyNode.value === 'string' ? keyNode.value : (keyNode.source ?? String(keyNode.value));
      if (seen.has(key)) throw new Unreadable(keyAt, `the key ${quoted(key)} stands here twice; only one can count`);
      seen.add(key);
      at = keyAt;
      entries.push({ key, ...keyAt, value: walk(pair.value as Node | null, depth + 1) });
    }
    return { kind: 'map', ...here, entries };
  };
  return walk(root, 0);
}

function scalarValue(value: unknown, at: Place): Value {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new Unreadable(at, 'not a finite number; put it in quotes to mean the text');
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return value;
  throw new Unreadable(at, 'not a plain value');
}
