/**
 * Rules -> an engine: rules in groups by the log source of an event, an index that proposes rules of the group, and the proposed
 * ones asked in full. What they mean is linear.ts; this is the same, fast. Nothing of a group is built before its first event.
 */
import type { Fields } from '../model/event.ts';
import { type CandidateIndex, createCandidateIndex } from './candidate-index.ts';
import { type Atom, createRuleCompiler } from './compile-rule.ts';
import { createCursor, type Question } from './cursor.ts';
import type { Engine } from './engine.ts';
import type { Lens, Mapping } from './mapping.ts';
import { type Placeholders, prepareItem } from './needles.ts';
import type { DetectionItem, LogSource, Problem, RuleSet, Selection, SigmaRule, Value } from './rule.ts';
import { createValueMemory } from './value-memory.ts';
import { chooseWitnesses } from './witness.ts';

export interface CompileOptions {
  readonly placeholders?: Placeholders;
}

/** Classes of events whose groups are remembered; an attacker who invents classes only makes the engine forget. */
const maxClasses = 5_000;

/** A rule as one lens reads it. */
interface Unit {
  readonly rule: SigmaRule;
  readonly lens: Lens;
  /** Compiled when the rule is first proposed: most never are. */
  holds: Question | undefined;
}

/** Rules of one log source as one lens reads them; groups that read them alike share it. */
interface Lot {
  readonly units: readonly Unit[];
  readonly index: CandidateIndex;
}
type Group = readonly Lot[];

/** Never throws: rules that cannot be compiled are in `problems` and left out. */
export function compileRules(set: RuleSet, mapping: Mapping, options: CompileOptions = {}): Engine {
  const problems: Problem[] = [];
  const atoms = new Map<DetectionItem, Atom>();
  const prepare = createPreparation(options.placeholders ?? {}, atoms);
  const rules = set.rules.filter((rule) => prepareRule(rule, prepare, problems)).sort(byId);
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
  const memory = createValueMemory();
  const compiler = createRuleCompiler(atoms, cursor, memory);
  const lots = new Map<string, Lot>();
  const classes = new Map<number | string, Group>();

  const lotFor = (source: LogSource, sourceRules: readonly SigmaRule[], lens: Lens): Lot => {
    const key = `${describe(source)} ${lens.key}`;
    let lot = lots.get(key);
    if (lot === undefined) {
      const index = createCandidateIndex(chooseWitnesses(sourceRules, atoms), lens, cursor, memory);
      lot = { units: sourceRules.map((rule): Unit => ({ rule, lens, holds: undefined })), index };
      lots.set(key, lot);
    }
    return lot;
  };
  const groupFor = (event: Fields): Group => {
    const group: Lot[] = [];
    for (const [source, sourceRules] of bySource) {
      const lens = mapping.lens(source, event);
      if (lens !== undefined) group.push(lotFor(source, sourceRules, lens));
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
      compiler.forget();
      memory.move();
      // Hot: most events match none, so the array comes with the first match.
      let matched: SigmaRule[] | undefined;
      for (let number = 0; number < group.length; number++) {
        const { units, index } = group[number] as Lot;
        const candidates = index.candidates(event);
        for (let at = 0; at < candidates.length; at++) {
          const unit = units[candidates[at] as number] as Unit;
          unit.holds ??= compiler.compile(unit.rule, unit.lens);
          if (!unit.holds()) continue;
          if (matched === undefined) matched = [unit.rule];
          else matched.push(unit.rule);
        }
      }
      if (matched === undefined) return none;
      return matched.length === 1 ? matched : matched.sort(byId);
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
  prepare: (item: DetectionItem) => Atom | { problem: string },
  problems: Problem[],
): boolean {
  let sound = true;
  const walk = (selection: Selection) => {
    if (selection.kind !== 'item') {
      selection.of.forEach(walk);
      return;
    }
    const atom = prepare(selection.item);
    if (!('problem' in atom)) return;
    sound = false;
    problems.push({ where: selection.item.where, severity: 'error', message: atom.problem });
  };
  Object.values(rule.selections).forEach(walk);
  return sound;
}

/** Prepares each item once; items that are written alike become one. */
function createPreparation(placeholders: Placeholders, atoms: Map<DetectionItem, Atom>) {
  const byText = new Map<string, Atom>();
  return (item: DetectionItem): Atom | { problem: string } => {
    const key = JSON.stringify([item.field, item.modifiers, item.values.map(keyOf)]);
    let atom = byText.get(key);
    if (atom === undefined) {
      const prepared = prepareItem(item, placeholders);
      if ('problem' in prepared) return prepared;
      atom = { prepared, id: byText.size, uses: 0 };
      byText.set(key, atom);
    }
    atom.uses++;
    atoms.set(item, atom);
    return atom;
  };
}

const keyOf = (value: Value): string => `${typeof value} ${String(value)}`;
