/**
 * Folders of rules on disk -> one rule set, its mapping and its tests. Below each folder: rules in any `.yml`, tables of field names
 * in `fields/`, known-good logs in `quiet/` (not read here). Reads files and nothing else; what is wrong with them is in `problems`.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createMapping, type Mapping } from './detect/mapping.ts';
import { parseRules } from './detect/parse.ts';
import { type MappingTable, parseMapping } from './detect/parse-mapping.ts';
import { resolveRules } from './detect/resolve.ts';
import type { Problem, RuleSet } from './detect/rule.ts';
import { parseTests, type RuleTest } from './detect/rule-test.ts';

export interface RuleFolder {
  readonly set: RuleSet;
  readonly mapping: RuleMapping;
  readonly tests: readonly RuleTest[];
}

export interface RuleMapping extends Mapping {
  /** Fields of our events that may hold what the rule calls `field`, first choice first; of a correlation, over all its rules. */
  ecsFields(ruleId: string, field: string): readonly string[];
}

/** The rules that come with the product. */
const ownRules = fileURLToPath(new URL('../rules', import.meta.url));
/** Their tables, for folders that bring none of their own. */
const ownTables = `${ownRules}/fields/`;

/** The folders that a configuration asks for. */
export const ruleFolders = (rules: {
  readonly shipped: boolean;
  readonly folders: readonly string[];
}): readonly string[] => [...(rules.shipped ? [ownRules] : []), ...rules.folders];

/** How a folder is named to people: the product's own without the path of its installation, which is nobody's business. */
const shownAs = (folder: string): string => (resolve(folder) === resolve(ownRules) ? 'rules' : folder);

/** One folder; see readRuleFolders. */
export function readRuleFolder(folder: string): Promise<RuleFolder> {
  return readRuleFolders([folder]);
}

/**
 * Several folders as one, in their order. A table in a folder's `fields/` replaces the product's table of the same file name.
 * Throws when a folder cannot be read; what is wrong inside files is told in `set.problems` and leaves out the rule concerned.
 */
export async function readRuleFolders(folders: readonly string[]): Promise<RuleFolder> {
  const problems: Problem[] = [];
  const tables = new Map<string, MappingTable | undefined>();
  const sets: RuleSet[] = [];
  const tests: RuleTest[] = [];

  for (const { name, file, text } of await readTexts(ownTables, 'rules/fields'))
    tables.set(name, readTable(text, file, problems));
  for (const folder of folders) {
    for (const { name, file, text } of await readTexts(folder, shownAs(folder))) {
      if (text === undefined) {
        problems.push({ where: { file, line: 1, column: 1 }, severity: 'error', message: 'the file is not valid UTF-8' });
      } else if (name.startsWith('fields/')) {
        const tableName = name.slice('fields/'.length);
        const found: Problem[] = [];
        const table = readTable(text, file, found);
        // The product's own folder is its own replacement: its problems are told once.
        if (join(folder, name) !== join(ownTables, tableName)) problems.push(...found);
        tables.delete(tableName);
        tables.set(tableName, table);
      } else {
        sets.push(parseRules(text, file, name));
        const parsed = parseTests(text, file, name);
        tests.push(...parsed.tests);
        problems.push(...parsed.problems);
      }
    }
  }
  const resolved = resolveRules(sets);
  const set = { ...resolved, problems: [...problems, ...resolved.problems] };
  const mapping = createMapping([...tables.values()].filter((table) => table !== undefined));
  return { set, mapping: { ...mapping, ecsFields: createEcsFields(set, mapping) }, tests };
}

function readTable(text: string | undefined, file: string, problems: Problem[]): MappingTable | undefined {
  const parsed = parseMapping(text ?? '', file);
  problems.push(...parsed.problems);
  return parsed.table;
}

function createEcsFields(set: RuleSet, mapping: Mapping): RuleMapping['ecsFields'] {
  const rules = new Map(set.rules.map((rule) => [rule.id, rule.logsource]));
  const correlations = new Map(set.correlations.map((rule) => [rule.id, rule.rules]));
  return (ruleId, field) => {
    const sources = (correlations.get(ruleId) ?? [ruleId]).flatMap((id) => rules.get(id) ?? []);
    const names = sources.flatMap((source) => mapping.fields(source, field));
    return names.length === 0 ? [field] : [...new Set(names)];
  };
}

interface Text {
  /** Within the folder, with "/" between its parts. */
  readonly name: string;
  /** To show and to open. */
  readonly file: string;
  /** Undefined when it is not UTF-8. */
  readonly text: string | undefined;
}

/** YAML files below a folder, by name; hidden folders and `quiet/` apart. */
async function readTexts(folder: string, shown: string): Promise<readonly Text[]> {
  const names: string[] = [];
  const walk = async (below: string): Promise<void> => {
    for (const entry of await readdir(join(folder, below), { withFileTypes: true })) {
      const name = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.name.startsWith('.') || name === 'quiet') continue;
      if (entry.isDirectory()) await walk(name);
      else if (entry.isFile() && /\.ya?ml$/.test(entry.name)) names.push(name);
    }
  };
  try {
    await walk('');
  } catch (error) {
    throw new Error(
      `the rules' folder ${shown} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  names.sort();
  const texts: Text[] = [];
  // In small lots: a folder of thousands of rules must not open them all at once.
  for (let from = 0; from < names.length; from += 64) {
    const lot = names.slice(from, from + 64);
    const bodies = await Promise.all(lot.map((name) => readFile(join(folder, name))));
    lot.forEach((name, index) => {
      texts.push({ name, file: join(shown, name), text: decode(bodies[index] as Buffer) });
    });
  }
  return texts;
}

function decode(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
