/** What a scan has found so far, in numbers. Bounded by the number of rules, not by the logs. */
import type { SigmaRule } from '../detect/rule.ts';
import { type Level, level } from '../model/alert.ts';

export interface Tally {
  /** Begun; `failures` names those that were not read to their end. */
  files: number;
  records: number;
  /** Made of the records that are no rejects. */
  events: number;
  rejects: number;
  /** Of the first rejects. */
  readonly reasons: { readonly file: string; readonly line: number; readonly reason: string }[];
  readonly failures: { readonly file: string; readonly message: string }[];
  readonly matches: Map<SigmaRule, number>;
}

export const KEPT_REASONS = 5;

export const createTally = (): Tally => ({
  files: 0,
  records: 0,
  events: 0,
  rejects: 0,
  reasons: [],
  failures: [],
  matches: new Map(),
});

/** Keeps the first few. */
export function noteReason(tally: Tally, file: string, line: number, reason: string): void {
  if (tally.reasons.length < KEPT_REASONS) tally.reasons.push({ file, line, reason: reason.slice(0, 300) });
}

export function countMatch(tally: Tally, rule: SigmaRule): void {
  tally.matches.set(rule, (tally.matches.get(rule) ?? 0) + 1);
}

/** 0 is the least. */
export const rankOf = (of: Level): number => level.options.indexOf(of);

/** Highest level first; levels without a match are left out. */
export function countByLevel({ matches }: Tally): readonly (readonly [Level, number])[] {
  const counts = new Map<Level, number>();
  for (const [rule, count] of matches) counts.set(rule.level, (counts.get(rule.level) ?? 0) + count);
  return [...counts].sort(([a], [b]) => rankOf(b) - rankOf(a));
}

/** ATT&CK technique, as T1059.001 -> matches of rules that name it. Most matches first. */
export function countByTechnique({ matches }: Tally): readonly (readonly [string, number])[] {
  const counts = new Map<string, number>();
  for (const [rule, count] of matches) {
    const named = rule.tags.flatMap((tag) => /^attack\.(t\d{4}(?:\.\d{3})?)$/i.exec(tag)?.[1]?.toUpperCase() ?? []);
    for (const technique of new Set(named)) counts.set(technique, (counts.get(technique) ?? 0) + count);
  }
  return [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
}

/** Highest level first, then most matches, then by title. */
export function countByRule({ matches }: Tally): readonly (readonly [SigmaRule, number])[] {
  return [...matches].sort(
    ([a, x], [b, y]) => rankOf(b.level) - rankOf(a.level) || y - x || (a.title < b.title ? -1 : 1),
  );
}
