/**
 * YAML text -> plain trees that know their lines, so that every complaint can say where.
 * The reader for plain YAML takes nearly every rule; what it does not know for certain, the whole file, goes to the library.
 */
import type { Problem, Value } from './rule.ts';
import { readYamlByLibrary } from './yaml-library.ts';
import { maxCharacters } from './yaml-limits.ts';
import { readPlainYaml } from './yaml-plain.ts';

/** Both from 1; columns in UTF-16 units. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export type YamlNode = YamlMap | YamlList | YamlScalar;
export interface YamlMap extends Place {
  readonly kind: 'map';
  /** In the order of the file; keys are unique. */
  readonly entries: readonly YamlEntry[];
}
export interface YamlEntry extends Place {
  readonly key: string;
  readonly value: YamlNode;
}
export interface YamlList extends Place {
  readonly kind: 'list';
  readonly items: readonly YamlNode[];
}
export interface YamlScalar extends Place {
  readonly kind: 'scalar';
  /** Integers beyond 2^53 are bigint: their digits matter. */
  readonly value: Value;
}

/**
 * All documents of a file that could be read; a document with an error is left out and reported, the others stay. Empty documents
 * do not count. Never throws.
 */
export function readYaml(text: string, file: string): { documents: readonly YamlNode[]; problems: readonly Problem[] } {
  const documents = text.length <= maxCharacters ? readPlainYaml(text) : undefined;
  return documents === undefined ? readYamlByLibrary(text, file) : { documents, problems: [] };
}

/** The entry of a map, or undefined. */
export function entryOf(map: YamlMap, key: string): YamlEntry | undefined {
  return map.entries.find((entry) => entry.key === key);
}
