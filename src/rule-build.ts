/**
 * Texts of rule files -> the set of rules and the mapping that a center runs. Pure: the same texts give the same set. Passes over
 * the tests beside the rules: they are for their authors, and no running center asks for them.
 */
import { createMapping, type Mapping } from './detect/mapping.ts';
import { parseRules } from './detect/parse.ts';
import { type MappingTable, parseMapping } from './detect/parse-mapping.ts';
import { resolveRules } from './detect/resolve.ts';
import type { Problem, RuleSet } from './detect/rule.ts';
import type { RuleText } from './rule-texts.ts';

/** One file, by itself: names in it are not resolved. */
export interface ParsedText {
  readonly source: RuleText;
  /** Undefined for a table, and for a file that could not be read. */
  readonly rules: RuleSet | undefined;
  /** Undefined for rules, and for a table with an error. */
  readonly table: MappingTable | undefined;
  /** Of this file alone, those in `rules` included. */
  readonly problems: readonly Problem[];
}

export interface RuleMapping extends Mapping {
  /** Fields of our events that may hold what the rule calls `field`, first choice first; of a correlation, over all its rules. */
  ecsFields(ruleId: string, field: string): readonly string[];
}

export interface RuleBuild {
  /** Resolved; `problems` holds those of the files as well. */
  readonly set: RuleSet;
  /** What the mapping is made of, in its order. */
  readonly tables: readonly MappingTable[];
  readonly mapping: RuleMapping;
}

const tablesFolder = 'fields/';

/** Name of the table that a file holds; undefined when it holds rules. */
export const tableName = ({ name }: RuleText): string | undefined =>
  name.startsWith(tablesFolder) ? name.slice(tablesFolder.length) : undefined;

/** A parser that knows the files of its last call: those whose text is the same are not parsed again. Never throws. */
export function createTextParser(): (texts: readonly RuleText[]) => readonly ParsedText[] {
  let known = new Map<string, ParsedText>();
  return (texts) => {
    const parsed = texts.map((source) => {
      const before = known.get(source.file);
      const same = before?.source.text === source.text && before?.source.failure === source.failure;
      return before !== undefined && same ? before : parseText(source);
    });
    known = new Map(parsed.map((file) => [file.source.file, file]));
    return parsed;
  };
}

function parseText(source: RuleText): ParsedText {
  const { name, file, text } = source;
  if (text === undefined) {
    const message = source.failure ?? 'the file has no text';
    const problem: Problem = { where: { file, line: 1, column: 1 }, severity: 'error', message };
    return { source, rules: undefined, table: undefined, problems: [problem] };
  }
  if (tableName(source) !== undefined) return { source, rules: undefined, ...parseMapping(text, file) };
  const rules = parseRules(text, file, name);
  return { source, rules, table: undefined, problems: rules.problems };
}

/** In the order of the files: a table takes the place of an earlier one of the same name. Never throws. */
export function buildRules(files: readonly ParsedText[]): RuleBuild {
  const problems: Problem[] = [];
  const told = new Set<string>();
  const tables = new Map<string, MappingTable | undefined>();
  const sets: RuleSet[] = [];
  for (const { source, rules, table, problems: found } of files) {
    const name = tableName(source);
    if (name !== undefined) {
      tables.delete(name);
      tables.set(name, table);
    }
    if (rules !== undefined) sets.push(rules);
    // The product's own tables come twice when its folder is one of the folders.
    else if (!told.has(source.file)) problems.push(...found);
    told.add(source.file);
  }
  const resolved = resolveRules(sets);
  const set = { ...resolved, problems: [...problems, ...resolved.problems] };
  const inOrder = [...tables.values()].filter((table) => table !== undefined);
  const mapping = createMapping(inOrder);
  return { set, tables: inOrder, mapping: { ...mapping, ecsFields: createEcsFields(set, mapping) } };
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
