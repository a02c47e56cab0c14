/**
 * Which files of a new reading are better left as they were: a file that is broken now must not take down what it gave before.
 * Whole files are kept, never parts of them. Pure: reads nothing, swaps nothing.
 */
import type { Problem, RuleSet } from './detect/rule.ts';
import { type ParsedText, tableName } from './rule-build.ts';

/** A file as it was last taken in. */
export interface FileInForce {
  readonly parsed: ParsedText;
  /** When it was, ISO 8601 UTC. */
  readonly since: string;
}
export type FilesInForce = ReadonlyMap<string, FileInForce>;

/** A file of the new reading that is left as it was. */
export interface KeptFile {
  /** Broken, as it lies on disk. */
  readonly broken: ParsedText;
  readonly before: FileInForce;
}

/**
 * The files of `read` that have an error and would lose something which the same file gives now and no other file gives then: a
 * rule, a correlation, a filter, an overlay, a table. By file; one that moved to another folder (a pack's next version) is
 * recognised by its name.
 */
export function keepBroken(inForce: FilesInForce, read: readonly ParsedText[]): ReadonlyMap<string, KeptFile> {
  const kept = new Map<string, KeptFile>();
  if (inForce.size === 0) return kept;
  const previous = createPrevious(inForce, read);
  const broken = read.filter((file) => hasError(file.problems) && previous(file) !== undefined);
  if (broken.length === 0) return kept;
  const given = new Set(read.flatMap((file) => giftsOf(file)));
  for (const file of broken) {
    const before = previous(file) as FileInForce;
    if (giftsOf(before.parsed).some((gift) => !given.has(gift))) kept.set(file.source.file, { broken: file, before });
  }
  return kept;
}

/**
 * Further files that may be to blame, once the set as a whole is known: changed, with an error in it, and holding before what is
 * `lost` now. Whether keeping them helps must be tried.
 */
export function suspects(
  inForce: FilesInForce,
  read: readonly ParsedText[],
  lost: ReadonlySet<string>,
  problems: readonly Problem[],
): ReadonlyMap<string, KeptFile> {
  const found = new Map<string, KeptFile>();
  if (lost.size === 0) return found;
  const previous = createPrevious(inForce, read);
  const faulty = new Set(problems.filter(({ severity }) => severity === 'error').map(({ where }) => where.file));
  for (const file of read) {
    if (!faulty.has(file.source.file)) continue;
    const before = previous(file);
    if (before === undefined || before.parsed.source.text === file.source.text) continue;
    if (idsOf(before.parsed).some((id) => lost.has(id))) found.set(file.source.file, { broken: file, before });
  }
  return found;
}

/** `read` with the kept files as they were; what to tell of these, and what of their former texts no longer concerns anyone. */
export function withKept(
  read: readonly ParsedText[],
  kept: ReadonlyMap<string, KeptFile>,
): { readonly files: readonly ParsedText[]; readonly told: readonly Problem[]; readonly muted: ReadonlySet<Problem> } {
  const told: Problem[] = [];
  const muted = new Set<Problem>();
  const files = read.map((file) => {
    const keep = kept.get(file.source.file);
    if (keep === undefined) return file;
    told.push(...tellKept(keep));
    for (const problem of keep.before.parsed.problems) muted.add(problem);
    return keep.before.parsed;
  });
  return { files, told, muted };
}

/** Ids of rules and correlations that a file holds. */
export const idsOf = ({ rules }: ParsedText): readonly string[] =>
  rules === undefined ? [] : [...rules.rules, ...rules.correlations].map(({ id }) => id);

/** What is wrong with the file as it lies there, and what that means for its rules. */
function tellKept({ broken, before }: KeptFile): readonly Problem[] {
  const message = `the file is not taken as it is now; the version before stays in force, since ${before.since}; mend the file and reload`;
  const where = { file: broken.source.file, line: 1, column: 1 };
  return [{ where, severity: 'error', message }, ...broken.problems];
}

function createPrevious(
  inForce: FilesInForce,
  read: readonly ParsedText[],
): (file: ParsedText) => FileInForce | undefined {
  const present = new Set(read.map(({ source }) => source.file));
  const vanished = new Map<string, FileInForce>();
  for (const [file, before] of inForce) if (!present.has(file)) vanished.set(before.parsed.source.name, before);
  return ({ source }) => inForce.get(source.file) ?? vanished.get(source.name);
}

const hasError = (problems: readonly Problem[]): boolean => problems.some(({ severity }) => severity === 'error');

function giftsOf({ source, rules, table }: ParsedText): readonly string[] {
  // By file, not by name: a broken table does not fall back to the one that it replaces.
  if (tableName(source) !== undefined) return table === undefined ? [] : [`table ${source.file}`];
  return rules === undefined ? [] : giftsOfSet(rules);
}

const giftsOfSet = ({ rules, correlations, filters, overlays }: RuleSet): readonly string[] => [
  ...[...rules, ...correlations].map(({ id }) => `rule ${id}`),
  ...filters.map(({ id }) => `filter ${id}`),
  ...overlays.map(({ rule }) => `overlay ${rule}`),
];
