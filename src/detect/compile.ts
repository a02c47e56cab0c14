/**
 * Rules -> closures, grouped so that a rule looks only at events of its log source. What they mean is linear.ts; this is the same,
 * fast: each field is read and folded once per event, values that many rules ask for are tested in their cheapest form.
 */
import type { Fields } from '../model/event.ts';
import { compileItem } from './compile-item.ts';
import { type Cursor, createCursor, type Question } from './cursor.ts';
import type { Engine } from './engine.ts';
import type { Lens, Mapping } from './mapping.ts';
import { type Placeholders, type Prepared, prepareItem } from './needles.ts';
import type { Condition, DetectionItem, LogSource, Problem, RuleSet, Selection, SigmaRule } from './rule.ts';

export interface CompileOptions {
  readonly placeholders?: Placeholders;
}

/** Classes of events whose groups are remembered; an attacker who invents classes only makes the engine forget. */
const maxClasses = 5_000;

interface Unit {
  readonly rule: SigmaRule;
  readonly holds: Question;
}
type Group = readonly Unit[];

/** Never throws: rules that cannot be compiled are in `problems` and left out. */
export function compileRules(set: RuleSet, mapping: Mapping, options: CompileOptions = {}): Engine {
  const problems: Problem[] = [];
  const items = new Map<DetectionItem, Prepared>();
  const rules = set.rules.filter((rule) => prepareRule(rule, options.placeholders ?? {}, items, problems)).sort(byId);
  const bySource = groupBySource(rules);
  for (const [source, [first, ...more]] of bySource) {
    if (first === undefined || mapping.routes(source)) continue;
    const others = more.length === 0 ? '' : ` (and ${more.length} more rules of this log source)`;
    problems.push({
      where: first.where,
      severity: 'warning',
      message: `no events here are of the log source ${describe(source)}; the rule never matches${others}`,
    });
  }

  const cursor = createCursor();
  const groups = new Map<string, Group>();
  const classes = new Map<number | string, Group>();
  const compiled = new Map<string, readonly Unit[]>();

  const unitsFor = (source: LogSource, sourceRules: readonly SigmaRule[], lens: Lens): readonly Unit[] => {
    const key = `${describe(source)} ${lens.key}`;
    let units = compiled.get(key);
    if (units === undefined) {
      units = sourceRules.map((rule) => ({ rule, holds: compileRule(rule, lens, items, cursor) }));
      compiled.set(key, units);
    }
    return units;
  };
  const groupFor = (event: Fields): Group => {
    const seen: { source: LogSource; rules: readonly SigmaRule[]; lens: Lens }[] = [];
    for (const [source, sourceRules] of bySource) {
      const lens = mapping.lens(source, event);
      if (lens !== undefined) seen.push({ source, rules: sourceRules, lens });
    }
    const key = seen.map(({ source, lens }) => `${describe(source)} ${lens.key}`).join('\n');
    let group = groups.get(key);
    if (group === undefined) {
      group = seen
        .flatMap((entry) => unitsFor(entry.source, entry.rules, entry.lens))
        .sort((a, b) => byId(a.rule, b.rule));
      groups.set(key, group);
    }
    return group;
  };

  return {
    rules,
    problems,
    match(event) {
      const key = mapping.classOf(event);
      let group = classes.get(key);
      if (group === undefined) {
        if (classes.size >= maxClasses) classes.clear();
        group = groupFor(event);
        classes.set(key, group);
      }
      if (group.length === 0) return none;
      cursor.move(event);
      let matched: SigmaRule[] | undefined;
      // Hot: one pass over the rules of the class; most events match none, so the array comes with the first match.
      for (let index = 0; index < group.length; index++) {
        const unit = group[index] as Unit;
        if (!unit.holds()) continue;
        if (matched === undefined) matched = [unit.rule];
        else matched.push(unit.rule);
      }
      return matched ?? none;
    },
  };
}

const none: readonly SigmaRule[] = [];

function byId(a: SigmaRule, b: SigmaRule): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

function describe({ product, category, service }: LogSource): string {
  const parts = [
    product && `product: ${product}`,
    category && `category: ${category}`,
    service && `service: ${service}`,
  ];
  return parts.filter((part) => part !== undefined).join(', ');
}

function groupBySource(rules: readonly SigmaRule[]): ReadonlyMap<LogSource, readonly SigmaRule[]> {
  const sources = new Map<string, LogSource>();
  const grouped = new Map<LogSource, SigmaRule[]>();
  for (const rule of rules) {
    const key = describe(rule.logsource);
    const source = sources.get(key) ?? rule.logsource;
    sources.set(key, source);
    const list = grouped.get(source) ?? [];
    grouped.set(source, list);
    list.push(rule);
  }
  return grouped;
}

/** False, and why, when a value of the rule cannot be used. Also looks at selections that the condition does not name. */
function prepareRule(
  rule: SigmaRule,
  placeholders: Placeholders,
  items: Map<DetectionItem, Prepared>,
  problems: Problem[],
): boolean {
  let sound = true;
  const walk = (selection: Selection) => {
    if (selection.kind !== 'item') {
      selection.of.forEach(walk);
      return;
    }
    const prepared = prepareItem(selection.item, placeholders);
    if ('problem' in prepared) {
      sound = false;
      problems.push({ where: selection.item.where, severity: 'error', message: prepared.problem });
    } else items.set(selection.item, prepared);
  };
  Object.values(rule.selections).forEach(walk);
  return sound;
}

function compileRule(
  rule: SigmaRule,
  lens: Lens,
  items: ReadonlyMap<DetectionItem, Prepared>,
  cursor: Cursor,
): Question {
  const selections = new Map<string, Question>();
  const select = (selection: Selection): Question => {
    if (selection.kind === 'item') return compileItem(items.get(selection.item) as Prepared, lens, cursor);
    const parts = selection.of.map(select);
    return selection.kind === 'all' ? every(parts) : some(parts);
  };
  const walk = (condition: Condition): Question => {
    switch (condition.kind) {
      case 'and':
        return every(condition.of.map(walk));
      case 'or':
        return some(condition.of.map(walk));
      case 'not': {
        const inner = walk(condition.of);
        return () => !inner();
      }
      default: {
        const known = selections.get(condition.name);
        if (known !== undefined) return known;
        const question = select(rule.selections[condition.name] as Selection);
        selections.set(condition.name, question);
        return question;
      }
    }
  };
  return walk(rule.condition);
}

// Hot: two parts are the usual case and need no loop.
function every(parts: readonly Question[]): Question {
  const [first, second] = parts;
  if (first === undefined) return () => true;
  if (second === undefined) return first;
  if (parts.length === 2) return () => first() && second();
  return () => {
    for (let index = 0; index < parts.length; index++) if (!(parts[index] as Question)()) return false;
    return true;
  };
}

function some(parts: readonly Question[]): Question {
  const [first, second] = parts;
  if (first === undefined) return () => false;
  if (second === undefined) return first;
  if (parts.length === 2) return () => first() || second();
  return () => {
    for (let index = 0; index < parts.length; index++) if ((parts[index] as Question)()) return true;
    return false;
  };
}
