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
import { createPlaces, createProposer, type Gates, type Places, type Plan } from './proposal.ts';
import type { DetectionItem, LogSource, Problem, RuleSet, Selection, SigmaRule, Value } from './rule.ts';
import { createShapes } from './shape.ts';
import { createValueMemory } from './value-memory.ts';
import { chooseWitnesses } from './witness.ts';

export interface CompileOptions {
  readonly placeholders?: Placeholders;
}

/** Classes of events whose groups are remembered; an attacker who invents classes only makes the engine forget. */
const maxClasses = 5_000;
/** The same for the fields of all classes together. */
const maxPlaces = 20_000;
/** The same for the classes of one shape. */
const maxPlans = 16;

/** A rule as one lens reads it. */
interface Unit {
  readonly rule: SigmaRule;
  readonly lens: Lens;
  /** Compiled when the rule is first proposed: most never are. */
  holds: Question | undefined;
}

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
  // Rules as lenses read them, numbered through.
  const units: Unit[] = [];
  const proposer = createProposer();
  const gates: Gates = new Map();
  // Of one log source through one lens; groups that read them alike share it.
  const indexes = new Map<string, CandidateIndex>();
  // By class; undefined where no rule sees such events.
  const classes = new Map<number | string, Places | undefined>();

  const indexFor = (source: LogSource, sourceRules: readonly SigmaRule[], lens: Lens): CandidateIndex => {
    const key = `${describe(source)} ${lens.key}`;
    let index = indexes.get(key);
    if (index === undefined) {
      index = createCandidateIndex(chooseWitnesses(sourceRules, atoms), units.length, lens, memory);
      for (const rule of sourceRules) units.push({ rule, lens, holds: undefined });
      proposer.reserve(units.length);
      indexes.set(key, index);
    }
    return index;
  };
  const placesFor = (key: number | string, event: Fields): Places | undefined => {
    if (classes.has(key)) return classes.get(key);
    const group: CandidateIndex[] = [];
    for (const [source, sourceRules] of bySource) {
      const lens = mapping.lens(source, event);
      if (lens !== undefined) group.push(indexFor(source, sourceRules, lens));
    }
    const places = group.length === 0 ? undefined : createPlaces(group, gates);
    if (classes.size >= maxClasses) forget();
    classes.set(key, places);
    return places;
  };
  let known = 0;
  const planFor = (key: number | string, event: Fields, names: readonly string[]): Plan | undefined => {
    const places = placesFor(key, event);
    if (places === undefined) return undefined;
    const before = places.size();
    const plan = places.plan(names);
    known += places.size() - before;
    if (known > maxPlaces) forget();
    return plan;
  };
  const shapes = createShapes((names) => {
    const classOf = mapping.classifier(names);
    const plans = new Map<number | string, Plan | undefined>();
    return (event: Fields, values: readonly unknown[]): Plan | undefined => {
      const key = classOf(values);
      let plan = plans.get(key);
      if (plan === undefined && !plans.has(key)) {
        if (plans.size >= maxPlans) plans.clear();
        plan = planFor(key, event, names);
        plans.set(key, plan);
      }
      return plan;
    };
  });
  const forget = (): void => {
    shapes.forget();
    classes.clear();
    known = 0;
  };

  return {
    rules,
    problems,
    match(event) {
      const values: readonly unknown[] = Object.values(event);
      const plan = shapes.of(Object.keys(event))(event, values);
      if (plan === undefined) return none;
      cursor.move(event);
      compiler.forget();
      memory.move();
      const count = proposer.propose(plan, values);
      // Hot: most events match none, so the array comes with the first match.
      let matched: SigmaRule[] | undefined;
      for (let at = 0; at < count; at++) {
        const unit = units[proposer.rules[at] as number] as Unit;
        unit.holds ??= compiler.compile(unit.rule, unit.lens);
        if (!unit.holds()) continue;
        if (matched === undefined) matched = [unit.rule];
        else matched.push(unit.rule);
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
