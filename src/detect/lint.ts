/**
 * What is probably not meant in rules that are valid: conventions of Sigma's own collection where they are about correctness, and
 * none of taste. Only warns; errors are parse.ts's. A file that is no YAML, or holds no rules, gives nothing.
 */
import { lintCondition } from './lint-condition.ts';
import { lintDetection } from './lint-detection.ts';
import { createDuplicates } from './lint-duplicate.ts';
import { lintHead } from './lint-head.ts';
import { createLint } from './lint-report.ts';
import { parseRules } from './parse.ts';
import { createReporter } from './reporter.ts';
import type { Problem } from './rule.ts';
import { readYaml } from './yaml.ts';
import { entryOf } from './yaml-tree.ts';

/** A rule file as it was read; `file` is the path to show. */
export interface RuleText {
  readonly file: string;
  readonly text: string;
}

/**
 * Warnings in the order of files and documents; each message ends with the lint's name in square brackets. Rules, correlations and
 * filters are looked at, tests and overlays are not. Linear in the files' lengths. Never throws.
 */
export function lintRules(files: Iterable<RuleText>): readonly Problem[] {
  const problems: Problem[] = [];
  const duplicates = createDuplicates();
  for (const { file, text } of files) {
    const report = createReporter(file, text);
    const lint = createLint(report);
    for (const document of readYaml(text, file).documents) {
      if (document.kind !== 'map') continue;
      const of = ['detection', 'correlation', 'filter'].flatMap((key) => entryOf(document, key) ?? []);
      if (of.length === 0) continue;
      lintHead(document, lint);
      for (const { key, value } of of) {
        if (key === 'correlation' || value.kind !== 'map') continue;
        lintDetection(value, lint);
        lintCondition(value, lint);
      }
    }
    duplicates.add(parseRules(text, file).rules, lint);
    for (const problem of report.problems) problems.push(problem);
  }
  return problems;
}
