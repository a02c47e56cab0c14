/** The lint for rules that say the same under several ids: same log source, same detection, whatever their selections are called. */
import { namesOf, renamed } from './condition.ts';
import type { Lint } from './lint-report.ts';
import { formatWhere, type SigmaRule } from './rule.ts';

export interface Duplicates {
  /** The rules of one file; of equal ones those that come later are told. */
  add(rules: readonly SigmaRule[], lint: Lint): void;
}

export function createDuplicates(): Duplicates {
  const byMeaning = new Map<string, SigmaRule>();
  return {
    add(rules, lint) {
      for (const rule of rules) {
        const meaning = meaningOf(rule);
        const other = byMeaning.get(meaning);
        if (other === undefined) byMeaning.set(meaning, rule);
        else if (other.id !== rule.id)
          lint(
            'duplicate',
            rule.where,
            `the rule at ${formatWhere(other.where)} looks for exactly the same; keep one of them`,
          );
      }
    },
  };
}

/** Selections stand for their contents: each is written out once, however often the condition names it. */
function meaningOf(rule: SigmaRule): string {
  const contents = new Map<string, string>();
  for (const name of namesOf(rule.condition)) contents.set(name, JSON.stringify(rule.selections[name], plain));
  const sorted = [...new Set(contents.values())].sort();
  const indexes = new Map(sorted.map((content, index) => [content, String(index)]));
  const condition = renamed(rule.condition, (name) => indexes.get(contents.get(name) ?? '') ?? name);
  return JSON.stringify([rule.logsource, sorted, condition]);
}

function plain(key: string, value: unknown): unknown {
  if (key === 'where') return undefined;
  return typeof value === 'bigint' ? `${value}n` : value;
}
