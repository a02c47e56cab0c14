/** Collects what is wrong with one document while it is read, and reads single keys with the complaint built in. */
import type { Problem, Where } from './rule.ts';
import { didYouMean, editDistance, quoted } from './suggestion.ts';
import { entryOf, type Place, type YamlMap, type YamlNode } from './yaml-tree.ts';

/** Told of what is wrong; without a severity it is an error. */
export type Complain = (where: Where, message: string, severity?: Problem['severity']) => void;

export interface Reporter {
  readonly file: string;
  readonly problems: readonly Problem[];
  /** True once an error was reported: the document must be left out. */
  failed(): boolean;
  /** Any node or entry of the tree is a place. */
  error(at: Place, message: string): void;
  warn(at: Place, message: string): void;
  where(at: Place): Where;
  /** Where the character `offset` of a text stands whose key or value begins at `at`; `at` where the source spells the text otherwise. */
  inside(at: Place, text: string, offset: number): Place;
}

/** `source` is the file's text, for places inside of words; without it these are the words' beginnings. */
export function createReporter(file: string, source = ''): Reporter {
  let lines: readonly string[] | undefined;
  const problems: Problem[] = [];
  let failed = false;
  const where = ({ line, column }: Place): Where => ({ file, line, column });
  return {
    file,
    problems,
    failed: () => failed,
    where,
    inside(at, text, offset) {
      lines ??= source.split('\n');
      const line = lines[at.line - 1] ?? '';
      const quote = line[at.column - 1] === "'" || line[at.column - 1] === '"' ? 1 : 0;
      if (!line.startsWith(text, at.column - 1 + quote)) return at;
      return { line: at.line, column: at.column + quote + offset };
    },
    error(at, message) {
      failed = true;
      problems.push({ where: where(at), severity: 'error', message });
    },
    warn(at, message) {
      problems.push({ where: where(at), severity: 'warning', message });
    },
  };
}

/** What stands there, in words: `a list`, `a number`. */
export function describeNode(node: YamlNode): string {
  if (node.kind !== 'scalar') return `a ${node.kind}`;
  if (node.value === null) return 'nothing';
  if (typeof node.value === 'bigint') return 'a number';
  return typeof node.value === 'string' ? 'text' : typeof node.value === 'boolean' ? 'true or false' : 'a number';
}

/** Text of a key. Numbers count as text; anything else is an error. Undefined when the key is missing or wrong. */
export function textOf(map: YamlMap, key: string, report: Reporter, maxLength = 65_535): string | undefined {
  const entry = entryOf(map, key);
  if (entry === undefined) return undefined;
  const { value } = entry;
  if (value.kind === 'scalar' && (typeof value.value === 'string' || typeof value.value === 'number')) {
    const text = String(value.value);
    if (text.length <= maxLength) return text;
    report.error(entry, `${key} is longer than ${maxLength} characters`);
    return undefined;
  }
  if (value.kind === 'scalar' && value.value === null) return undefined;
  report.error(entry, `${key} must be text, not ${describeNode(value)}`);
  return undefined;
}

/** Texts of a key whose value is a list of texts, or one text. Missing: empty. */
export function textsOf(map: YamlMap, key: string, report: Reporter): readonly string[] {
  const entry = entryOf(map, key);
  if (entry === undefined) return [];
  const items = entry.value.kind === 'list' ? entry.value.items : [entry.value];
  const texts: string[] = [];
  for (const item of items) {
    if (item.kind === 'scalar' && (typeof item.value === 'string' || typeof item.value === 'number'))
      texts.push(String(item.value));
    else if (item.kind === 'scalar' && item.value === null) continue;
    else report.error(item, `${key} must be a list of texts, but ${describeNode(item)} stands here`);
  }
  return texts;
}

/** Complains about keys that are not known, for maps whose keys are all ours to say. */
export function refuseOtherKeys(map: YamlMap, known: readonly string[], what: string, report: Reporter): void {
  for (const entry of map.entries) {
    const { key } = entry;
    if (!known.includes(key)) report.error(entry, `${what} has no key ${quoted(key)}${didYouMean(key, known)}`);
  }
}

/** Complains that a required key is missing, pointing at a key that may be its misspelling. */
export function requireKey(map: YamlMap, key: string, what: string, report: Reporter): boolean {
  if (entryOf(map, key) !== undefined) return true;
  const near = map.entries.find((entry) => editDistance(entry.key.toLowerCase(), key, 2) <= 2);
  if (near === undefined) report.error(map, `${what} needs the key "${key}"`);
  else report.error(near, `${what} needs the key "${key}", but ${quoted(near.key)} stands here`);
  return false;
}

const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** `15m` -> milliseconds. Undefined when it is no timespan or longer than 100 weeks. */
function parseTimespan(text: string): number | undefined {
  const found = /^(\d{1,7})([smhdw])$/.exec(text);
  if (found === null) return undefined;
  const ms = Number(found[1]) * (unitMs[found[2] ?? ''] ?? 0);
  return ms > 0 && ms <= 100 * 604_800_000 ? ms : undefined;
}

/** The timespan of a key. Undefined when missing or wrong; wrong ones are reported. */
export function parseSpan(map: YamlMap, key: string, report: Reporter): number | undefined {
  const entry = entryOf(map, key);
  const text = textOf(map, key, report);
  if (entry === undefined || text === undefined) return undefined;
  const ms = parseTimespan(text);
  if (ms === undefined)
    report.error(
      entry.value,
      `${key} cannot be ${quoted(text)}: write a number and s, m, h, d or w, such as 15m; at most 100w`,
    );
  return ms;
}

/** Undefined when missing or wrong; wrong ones are reported. */
export function parseFlag(map: YamlMap, key: string, report: Reporter): boolean | undefined {
  const entry = entryOf(map, key);
  if (entry === undefined) return undefined;
  if (entry.value.kind === 'scalar' && typeof entry.value.value === 'boolean') return entry.value.value;
  report.error(entry, `${key} must be true or false, not ${describeNode(entry.value)}`);
  return undefined;
}
