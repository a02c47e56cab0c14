/** Who names which rule: overlays, filters and correlations in texts of rules, before anything is resolved. Pure. */
import { parseRules } from '../detect/parse.ts';
import type { RuleSet, Where } from '../detect/rule.ts';
import type { RuleText } from '../rule-texts.ts';
import { ruleWords } from './pack-choice.ts';

export interface Reference {
  /** Id or name, as written. */
  readonly rule: string;
  readonly by: 'overlay' | 'filter' | 'correlation';
  readonly where: Where;
}

/** In the order of the texts. A filter for any rule names none. */
export function findReferences(texts: readonly RuleText[]): readonly Reference[] {
  return texts.flatMap(({ name, file, text }) =>
    text !== undefined && ruleWords.referring.test(text) ? referencesOf(parseRules(text, file, name)) : [],
  );
}

/** Ids and names of the rules that overlays of the texts disable, each rule by both. */
export function disabledRules(texts: readonly RuleText[]): ReadonlySet<string> {
  const read = texts.flatMap(({ name, file, text }) => (text === undefined ? [] : [{ name, file, text }]));
  const disabled = new Set(
    read
      .filter(({ text }) => ruleWords.referring.test(text))
      .flatMap(({ name, file, text }) => parseRules(text, file, name).overlays)
      .flatMap((overlay) => (overlay.disabled ? [overlay.rule] : [])),
  );
  const words = [...disabled];
  for (const { name, file, text } of read) {
    // Most files are told apart without parsing. A rule without an id has its file's name as one.
    if (!words.some((word) => text.includes(word) || word.startsWith(name))) continue;
    const { rules, correlations } = parseRules(text, file, name);
    for (const rule of [...rules, ...correlations]) {
      if (!disabled.has(rule.id) && !(rule.name !== undefined && disabled.has(rule.name))) continue;
      disabled.add(rule.id);
      if (rule.name !== undefined) disabled.add(rule.name);
    }
  }
  return disabled;
}

function referencesOf({ overlays, filters, correlations }: RuleSet): readonly Reference[] {
  return [
    ...overlays.map(({ rule, where }): Reference => ({ rule, by: 'overlay', where })),
    ...filters.flatMap(({ rules, where }) =>
      rules === 'any' ? [] : rules.map((rule): Reference => ({ rule, by: 'filter', where })),
    ),
    ...correlations.flatMap(({ rules, where }) => rules.map((rule): Reference => ({ rule, by: 'correlation', where }))),
  ];
}
