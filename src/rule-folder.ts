/**
 * Folders of rules on disk -> one rule set, its mapping and its tests. Below each folder: rules in any `.yml`, tables of field names
 * in `fields/`, known-good logs in `quiet/` (not read here). Reads files and nothing else; what is wrong with them is in `problems`.
 */
import { fileURLToPath } from 'node:url';
import type { RuleSet } from './detect/rule.ts';
import { parseTests, type RuleTest } from './detect/rule-test.ts';
import { buildRules, createTextParser, type RuleMapping, tableName } from './rule-build.ts';
import { readRuleTexts } from './rule-texts.ts';

export interface RuleFolder {
  readonly set: RuleSet;
  readonly mapping: RuleMapping;
  readonly tests: readonly RuleTest[];
}

/** The rules that come with the product. */
const ownRules = fileURLToPath(new URL('../rules', import.meta.url));

/** The folders that a configuration asks for. */
export const ruleFolders = (rules: {
  readonly shipped: boolean;
  readonly folders: readonly string[];
}): readonly string[] => [...(rules.shipped ? [ownRules] : []), ...rules.folders];

/** One folder; see readRuleFolders. */
export function readRuleFolder(folder: string): Promise<RuleFolder> {
  return readRuleFolders([folder]);
}

/**
 * Several folders as one, in their order. A table in a folder's `fields/` replaces the product's table of the same file name.
 * Throws when a folder cannot be read; what is wrong inside files is told in `set.problems` and leaves out the rule concerned.
 */
export async function readRuleFolders(folders: readonly string[]): Promise<RuleFolder> {
  const texts = await readRuleTexts(folders);
  const { set, mapping } = buildRules(createTextParser()(texts));
  const beside = texts.flatMap((source) => {
    const { text, file, name } = source;
    return text === undefined || tableName(source) !== undefined ? [] : [parseTests(text, file, name)];
  });
  return {
    set: { ...set, problems: [...set.problems, ...beside.flatMap(({ problems }) => problems)] },
    mapping,
    tests: beside.flatMap(({ tests }) => tests),
  };
}
