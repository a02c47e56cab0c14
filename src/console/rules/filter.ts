/** Which rules a few words mean, and in which order they are shown. Pure. */
import type { Level, RuleView } from '../types.ts';

const rank: Readonly<Record<Level, number>> = { critical: 0, high: 1, medium: 2, low: 3, informational: 4 };

/** "windows / security"; empty for a correlation. */
export function logsourceOf(rule: RuleView): string {
  const { product, category, service } = rule.logsource ?? {};
  return [product, category, service].filter(Boolean).join(' / ');
}

/** Rules in which every word occurs (title, id, tags, log source, file), the most severe first, then by title. */
export function filterRules(rules: readonly RuleView[], text: string, levels: readonly Level[]): readonly RuleView[] {
  const words = text.normalize('NFKC').toLowerCase().split(/\s+/).filter(Boolean);
  return rules
    .filter((rule) => levels.length === 0 || levels.includes(rule.level))
    .filter((rule) => {
      if (words.length === 0) return true;
      const content = [rule.title, rule.titleJa ?? '', rule.id, rule.file, logsourceOf(rule), ...rule.tags].join('\n');
      const normal = content.normalize('NFKC').toLowerCase();
      return words.every((word) => normal.includes(word));
    })
    .sort((a, b) => rank[a.level] - rank[b.level] || (a.title < b.title ? -1 : a.title > b.title ? 1 : 0));
}

/** Ids in the order they first occur, each with how often: a sequence may name a rule many times. */
export function countEach(ids: readonly string[]): readonly (readonly [id: string, times: number])[] {
  const counts = new Map<string, number>();
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
  return [...counts];
}
