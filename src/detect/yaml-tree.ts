/** What YAML becomes: plain trees that know their places, so that every complaint can say where. */
import type { Value } from './rule.ts';

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

/** The entry of a map, or undefined. */
export function entryOf(map: YamlMap, key: string): YamlEntry | undefined {
  return map.entries.find((entry) => entry.key === key);
}
