/**
 * YAML text -> trees. The reader for plain YAML takes nearly every rule; what it does not know for certain, the whole file, goes to
 * the library.
 */
import type { Problem } from './rule.ts';
import { readYamlByLibrary } from './yaml-library.ts';
import { maxCharacters } from './yaml-limits.ts';
import { readPlainYaml } from './yaml-plain.ts';
import type { YamlNode } from './yaml-tree.ts';

/**
 * All documents of a file that could be read; a document with an error is left out and reported, the others stay. Empty documents
 * do not count. Never throws.
 */
export function readYaml(text: string, file: string): { documents: readonly YamlNode[]; problems: readonly Problem[] } {
  const documents = text.length <= maxCharacters ? readPlainYaml(text) : undefined;
  return documents === undefined ? readYamlByLibrary(text, file) : { documents, problems: [] };
}
