/**
 * Files of a pack -> those to install: by level and status, with the rules that chosen correlations stand on, without what this
 * engine refuses. A pack may not reach beyond itself: overlays and filters for rules of others are left out. Pure.
 */
import { compileRules } from '../detect/compile.ts';
import { identityMapping } from '../detect/mapping.ts';
import type { Placeholders } from '../detect/needles.ts';
import { parseRules } from '../detect/parse.ts';
import { resolveRules } from '../detect/resolve.ts';
import type { CorrelationRule, Problem, RuleSet, SigmaRule } from '../detect/rule.ts';
import { type Level, level } from '../model/alert.ts';

export interface PackFile {
  readonly path: string;
  /** Undefined when it is too large or not UTF-8. */
  readonly text: string | undefined;
}

export interface Choice {
  readonly minLevel: Level;
  readonly statuses: readonly string[];
  readonly placeholders: Placeholders;
}

export interface ChosenPack {
  /** In the order given. */
  readonly files: readonly (PackFile & { readonly text: string })[];
  /** Their rules, resolved among themselves; all of them compile. */
  readonly set: RuleSet;
  /** Rules not asked for. */
  readonly belowLevel: number;
  readonly otherStatus: number;
  /** YAML files that hold no rule. */
  readonly notRules: number;
  /** Files of which something cannot be used, each with the first reason. Sound rules of such a file are taken all the same. */
  readonly refused: readonly Problem[];
}

/** Keys that tell, before any parsing, that a YAML file holds rules, and that it names rules of other files. */
export const ruleWords = {
  any: /^(detection|correlation|filter|overlays)[ \t]*:/m,
  referring: /^(correlation|filter|overlays)[ \t]*:/m,
} as const;

interface Parsed {
  readonly path: string;
  readonly text: string;
  readonly set: RuleSet;
}

export function choosePack(files: readonly PackFile[], choice: Choice): ChosenPack {
  const reasons = new Map<string, Problem>();
  const refuse = (problem: Problem): void => {
    if (problem.severity === 'error' && !reasons.has(problem.where.file)) reasons.set(problem.where.file, problem);
  };
  const parsed: Parsed[] = [];
  let notRules = 0;
  for (const { path, text } of files) {
    const refuseFile = (message: string) =>
      refuse({ where: { file: path, line: 1, column: 1 }, severity: 'error', message });
    if (text === undefined) refuseFile('the file is larger than 1 MB or not valid UTF-8');
    else if (!ruleWords.any.test(text)) notRules++;
    else if (/^(fields|quiet)\//.test(path)) refuseFile('rules below "fields" and "quiet" are not read; move the file');
    else {
      const set = parseRules(text, path, path);
      set.problems.forEach(refuse);
      if (set.overlays.length > 0)
        refuseFile('an overlay changes rules of others; it belongs into a folder of your own');
      else if (set.rules.length + set.correlations.length + set.filters.length > 0) parsed.push({ path, text, set });
    }
  }

  const chosen = chooseFiles(parsed, choice);
  for (const { set } of parsed.filter((file) => chosen.has(file))) {
    const reaching = set.filters.find(({ rules }) => rules === 'any');
    if (reaching === undefined) continue;
    const message = 'a filter for any rule also silences rules of others; write it into a folder of your own';
    refuse({ where: reaching.where, severity: 'error', message });
  }
  const honest = parsed.filter((file) => chosen.has(file) && file.set.filters.every(({ rules }) => rules !== 'any'));
  const { kept, set } = usableFiles(honest, choice.placeholders, refuse);

  const taken = new Set(kept);
  const left = parsed
    .filter((file) => !chosen.has(file))
    .flatMap(({ set: { rules, correlations } }) => [...rules, ...correlations]);
  const belowLevel = left.filter((rule) => !isLevel(rule, choice)).length;
  return {
    files: parsed.filter((file) => taken.has(file)).map(({ path, text }) => ({ path, text })),
    set,
    belowLevel,
    otherStatus: left.length - belowLevel,
    notRules,
    refused: [...reasons.values()],
  };
}

type AnyRule = SigmaRule | CorrelationRule;

const isLevel = (rule: AnyRule, { minLevel }: Choice): boolean =>
  level.options.indexOf(rule.level) >= level.options.indexOf(minLevel);

/** A file is taken whole: its documents may need each other. */
function chooseFiles(parsed: readonly Parsed[], choice: Choice): ReadonlySet<Parsed> {
  const owner = new Map<string, Parsed>();
  for (const file of parsed) {
    for (const { id, name } of [...file.set.rules, ...file.set.correlations]) {
      owner.set(id, owner.get(id) ?? file);
      if (name !== undefined) owner.set(name, owner.get(name) ?? file);
    }
  }
  const wanted = (rule: AnyRule): boolean => isLevel(rule, choice) && choice.statuses.includes(rule.status);
  const chosen = new Set(parsed.filter(({ set }) => [...set.rules, ...set.correlations].some(wanted)));
  // A set in JavaScript is walked to its end also while it grows.
  for (const { set } of chosen) {
    for (const correlation of set.correlations) {
      for (const reference of correlation.rules) {
        const file = owner.get(reference);
        if (file !== undefined) chosen.add(file);
      }
    }
  }
  for (const file of parsed) {
    const named = file.set.filters.flatMap(({ rules }) => (rules === 'any' ? ['any'] : rules));
    if (named.some((rule) => rule === 'any' || chosen.has(owner.get(rule) as Parsed))) chosen.add(file);
  }
  return chosen;
}

/** Without the files whose rules are all refused; the reasons go to `refuse`. */
function usableFiles(
  files: readonly Parsed[],
  placeholders: Placeholders,
  refuse: (problem: Problem) => void,
): { kept: readonly Parsed[]; set: RuleSet } {
  let kept = files;
  for (;;) {
    const set = resolveRules(kept.map((file) => ({ ...file.set, problems: [] })));
    const engine = compileRules(set, identityMapping, { placeholders });
    for (const problem of [...set.problems, ...engine.problems]) refuse(problem);
    const usable = new Set([...engine.rules, ...set.correlations].map(({ where }) => where.file));
    const sound = kept.filter(({ path, set: { filters } }) => usable.has(path) || filters.length > 0);
    if (sound.length === kept.length) {
      const correlations = set.correlations.filter(({ where }) => usable.has(where.file));
      return { kept, set: { ...set, rules: engine.rules, correlations, problems: [] } };
    }
    // What falls may have carried a correlation: look again, until nothing more falls.
    kept = sound;
  }
}
