/**
 * Texts of rules -> the rules in force, with the correlator that counts for them; on a further reading, with what is broken now left
 * as it was. Changes nothing that is in force: that is app-rules.ts.
 */
import { createHash } from 'node:crypto';
import type { RulesInForce } from './api/parts.ts';
import type { Prepared, RulesToCompile } from './app-worker.ts';
import { type Correlator, createCorrelator } from './correlate/correlator.ts';
import { usableCorrelations } from './correlate/usable.ts';
import type { RuleHead, SigmaRule } from './detect/rule.ts';
import { buildRules, createTextParser, type ParsedText } from './rule-build.ts';
import {
  type FileInForce,
  type FilesInForce,
  idsOf,
  type KeptFile,
  keepBroken,
  suspects,
  withKept,
} from './rule-keeping.ts';
import type { RuleText } from './rule-texts.ts';

/** One set of rules with all that the main thread makes of it. The correlator remembers nothing yet. */
export interface LoadedRules extends RulesInForce {
  readonly correlator: Correlator;
  readonly rulesById: ReadonlyMap<string, RuleHead>;
  readonly files: FilesInForce;
}

export interface LoadingParts {
  /** Compiles in the pipeline's threads; the rules prepared last are those of the set that is returned. */
  readonly prepare: (rules: RulesToCompile) => Promise<Prepared>;
  readonly latenessMs: number;
}

type Kept = ReadonlyMap<string, KeptFile>;

/**
 * `before`: what is in force; undefined at the start, when there is nothing to keep. Throws when the threads cannot compile; what is
 * wrong with single rules is told in `problems`.
 */
export function createRuleLoading(
  parts: LoadingParts,
): (texts: readonly RuleText[], before: LoadedRules | undefined) => Promise<LoadedRules> {
  const parse = createTextParser();

  return async (texts, before) => {
    const loadedAt = new Date().toISOString();
    const read = parse(texts);
    const inForce: FilesInForce = before?.files ?? new Map();
    const load = (kept: Kept): Promise<LoadedRules> => assemble(parts, { read, kept, loadedAt, inForce });
    if (before === undefined) return load(new Map());

    let kept: Kept = keepBroken(inForce, read);
    let loaded = await load(kept);
    // What parses may still not compile or resolve. Rules first: a correlation may have fallen only because its rule did.
    for (const kind of ['rules', 'correlations'] as const) {
      const lost = lostIds(before[kind], loaded);
      const further = suspects(inForce, read, lost, loaded.problems);
      if (further.size === 0) continue;
      const tried = await load(new Map([...kept, ...further]));
      const stillLost = lostIds(before[kind], tried);
      const helpful = [...further].filter(([, { before }]) =>
        idsOf(before.parsed).some((id) => lost.has(id) && !stillLost.has(id)),
      );
      kept = new Map([...kept, ...helpful]);
      loaded = helpful.length === further.size ? tried : await load(kept);
    }
    return loaded;
  };
}

async function assemble(
  { prepare, latenessMs }: LoadingParts,
  reading: {
    readonly read: readonly ParsedText[];
    readonly kept: Kept;
    readonly loadedAt: string;
    readonly inForce: FilesInForce;
  },
): Promise<LoadedRules> {
  const { read, kept, loadedAt, inForce } = reading;
  const { files, told, muted } = withKept(read, kept);
  const { set, tables, mapping } = buildRules(files);
  const count = (rules: readonly SigmaRule[]) => {
    const known = { rules, ecsField: mapping.ecsFields, latenessMs };
    const { correlations, problems } = usableCorrelations({ ...known, correlations: set.correlations });
    return { rules, correlations, problems, correlator: createCorrelator({ ...known, correlations }) };
  };
  const compiling = prepare({ rules: set.rules, tables });
  // While the threads compile; nearly always they leave nothing out.
  const hopeful = count(set.rules);
  const { problems: compileProblems, leftOut } = await compiling;
  const unusable = new Set(leftOut);
  const { rules, correlations, problems, correlator } =
    unusable.size === 0 ? hopeful : count(set.rules.filter(({ id }) => !unusable.has(id)));
  return {
    rules,
    correlations,
    problems: [...told, ...set.problems.filter((problem) => !muted.has(problem)), ...compileProblems, ...problems],
    version: versionOf(files),
    loadedAt,
    keptOld: [...kept.values()].map(({ broken, before }) => ({
      file: broken.source.file,
      since: before.since,
      rules: idsOf(before.parsed),
    })),
    correlator,
    rulesById: new Map([...rules, ...correlations].map((rule) => [rule.id, rule])),
    files: new Map(
      read.map((parsed, index): [string, FileInForce] => {
        const { file } = parsed.source;
        const taken = files[index] as ParsedText;
        const before = inForce.get(file);
        const keep = kept.get(file)?.before ?? (before?.parsed === taken ? before : undefined);
        return [file, keep ?? { parsed: taken, since: loadedAt }];
      }),
    ),
  };
}

function lostIds(before: readonly RuleHead[], after: LoadedRules): ReadonlySet<string> {
  return new Set(before.map(({ id }) => id).filter((id) => !after.rulesById.has(id)));
}

/** The same for the same files with the same texts. */
function versionOf(files: readonly ParsedText[]): string {
  const hash = createHash('sha256');
  for (const { source } of files)
    hash.update(`${source.file.length} ${source.file} ${source.text?.length} ${source.text}`);
  return hash.digest('hex').slice(0, 12);
}
