/**
 * Texts of rules -> the rules in force, with the correlator that counts for them; on a further reading, with what is broken now left
 * as it was. Changes nothing that is in force: that is app-rules.ts.
 */
import { createHash } from 'node:crypto';
import type { RulesInForce } from './api/parts.ts';
import type { Prepared } from './app-worker.ts';
import { type Correlator, createCorrelator } from './correlate/correlator.ts';
import { usableCorrelations } from './correlate/usable.ts';
import type { RuleHead } from './detect/rule.ts';
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
  readonly prepare: (texts: readonly RuleText[]) => Promise<Prepared>;
  readonly latenessMs: number;
}

type Kept = ReadonlyMap<string, KeptFile>;
const nothing: Kept = new Map();

/**
 * `before`: what is in force; undefined at the start, when there is nothing to keep. Throws when the threads cannot compile; what is
 * wrong with single rules is told in `problems`.
 */
export function createRuleLoading({
  prepare,
  latenessMs,
}: LoadingParts): (texts: readonly RuleText[], before: LoadedRules | undefined) => Promise<LoadedRules> {
  const parse = createTextParser();

  return async (texts, before) => {
    const loadedAt = new Date().toISOString();
    if (before === undefined) {
      // The threads need not wait for what this one makes of the texts.
      const compiling = startOf(prepare(texts));
      return assemble({ read: parse(texts), kept: nothing, compiling, latenessMs, loadedAt, inForce: new Map() });
    }
    const inForce = before.files;
    const read = parse(texts);
    const load = (kept: Kept): Promise<LoadedRules> => {
      const compiling = startOf(prepare(withKept(read, kept).files.map(({ source }) => source)));
      return assemble({ read, kept, compiling, latenessMs, loadedAt, inForce });
    };

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

async function assemble(parts: {
  readonly read: readonly ParsedText[];
  readonly kept: Kept;
  readonly compiling: Promise<Prepared>;
  readonly latenessMs: number;
  readonly loadedAt: string;
  readonly inForce: FilesInForce;
}): Promise<LoadedRules> {
  const { read, kept, latenessMs, loadedAt, inForce } = parts;
  const { files, told, muted } = withKept(read, kept);
  const { set, mapping } = buildRules(files);
  const { problems: compileProblems, leftOut } = await parts.compiling;
  const unusable = new Set(leftOut);
  const rules = unusable.size === 0 ? set.rules : set.rules.filter(({ id }) => !unusable.has(id));
  const known = { rules, ecsField: mapping.ecsFields, latenessMs };
  const { correlations, problems } = usableCorrelations({ ...known, correlations: set.correlations });
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
    correlator: createCorrelator({ ...known, correlations }),
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

/** What fails is told to whoever waits for it, and only then. */
function startOf<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
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
