/** Lints of conditions: selections that nothing uses, quantifiers that choose among one. */
import { namesFitting, namesOf, parseCondition } from './condition.ts';
import { noSelections } from './lint-detection.ts';
import type { Lint } from './lint-report.ts';
import { quoted } from './suggestion.ts';
import { entryOf, type YamlMap } from './yaml-tree.ts';

export function lintCondition(detection: YamlMap, lint: Lint): void {
  const node = entryOf(detection, 'condition')?.value;
  const selections = detection.entries.filter(({ key }) => !noSelections.includes(key));
  const names = selections.map(({ key }) => key);
  const used = new Set<string>();
  let hasThem = false;
  for (const part of node?.kind === 'list' ? node.items : [node]) {
    if (part?.kind !== 'scalar' || typeof part.value !== 'string') return;
    const text = part.value;
    const parsed = parseCondition(text, names);
    // Wrong ones are the parser's to report.
    if ('problem' in parsed) return;
    namesOf(parsed.condition, used);
    for (const { all, pattern, at } of quantifiersOf(text)) {
      hasThem ||= pattern.toLowerCase() === 'them';
      const [only = '', ...others] = namesFitting(pattern, names);
      // A lone filter is meant to get company: Sigma's own collection writes "1 of filter_*" from the first one on.
      if (others.length > 0 || /filter/i.test(pattern)) continue;
      const meant = pattern.includes('*') || pattern.toLowerCase() === 'them' ? '' : `; was "${pattern}*" meant?`;
      lint('quantifier', lint.inside(part, text, at), `${quoted(all)} means ${quoted(only)} alone${meant}`);
    }
  }
  for (const selection of selections) {
    if (used.has(selection.key)) continue;
    const hidden = hasThem && selection.key.startsWith('_') ? '; names that begin with "_" are not among "them"' : '';
    lint('unused', selection, `no condition uses the selection ${quoted(selection.key)}${hidden}`);
  }
}

function quantifiersOf(
  text: string,
): readonly { readonly all: string; readonly pattern: string; readonly at: number }[] {
  return Array.from(text.matchAll(/(?<![^\s()])(?:1|any|all)\s+of\s+([^\s()]+)/gi), (found) => ({
    all: found[0],
    pattern: found[1] ?? '',
    at: found.index,
  }));
}
