/**
 * Rules -> an engine: rules in groups by the log source of an event, an index that proposes rules of the group, and the proposed
 * ones asked in full. What they mean is linear.ts; this is the same, fast. Nothing of a group is built before its first event.
 */
import type { Fields } from '../model/event.ts';
import { type Atom, createRuleCompiler } from './compile-rule.ts';
import { createCursor, type Question } from './cursor.ts';
import type { Engine } from './engine.ts';
import { createLot, type Lot } from './lot.ts';
import type { Lens, Mapping } from './mapping.ts';
import { type Placeholders, prepareItem } from './needles.ts';
import { createPlaces, createProposer, type Gates, type Places, type Plan } from './proposal.ts';
import { reviewLot, type Sample } from './review.ts';
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
const maxViews = 16;

/** Of a thousand events of a class, and again of some thousands. */
const sampleEvery = 32;
const enoughSamples = 32;
const lastReview = 60_000;
/** Units of text in the events of all classes that are kept for it, roughly. */
const mostKept = 8 * 1024 * 1024;
/** Of all classes: whoever makes the engine forget does not make it choose for ever. */
const mostReviews = 500;

/** A rule as one lens reads it. */
interface Unit {
  readonly rule: SigmaRule;
  readonly lens: Lens;
  /** Compiled when the rule is first proposed: most never are. */
  holds: Question | undefined;
}

/** Events that the same rules see through the same lenses. */
interface EventClass {
  readonly lots: readonly Lot[];
  places: Places | undefined;
  /** How many came. */
  seen: number;
  /** At which of them one is kept to look back at. */
  next: number;
  samples: Sample[];
}

/** An event class as events of one shape show it. */
interface View {
  readonly eventClass: EventClass;
  /** Undefined where no rule sees such events. */
  readonly plan: Plan | undefined;
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
  // Of one log source through one lens; classes that read them alike share it.
  const lots = new Map<string, Lot>();
  const classes = new Map<number | string, EventClass>();

  const lotFor = (source: LogSource, sourceRules: readonly SigmaRule[], lens: Lens): Lot => {
    const key = `${describe(source)} ${lens.key}`;
    let lot = lots.get(key);
    if (lot === undefined) {
      lot = createLot(sourceRules, chooseWitnesses(sourceRules, atoms), units.length, lens, memory);
      for (const rule of sourceRules) units.push({ rule, lens, holds: undefined });
      proposer.reserve(units.length);
      lots.set(key, lot);
    }
    return lot;
  };
  const classFor = (key: number | string, event: Fields): EventClass => {
    const known = classes.get(key);
    if (known !== undefined) return known;
    const ofClass: Lot[] = [];
    for (const [source, sourceRules] of bySource) {
      const lens = mapping.lens(source, event);
      if (lens !== undefined) ofClass.push(lotFor(source, sourceRules, lens));
    }
    if (classes.size >= maxClasses) forget();
    const created: EventClass = { lots: ofClass, places: undefined, seen: 0, next: sampleEvery, samples: [] };
    classes.set(key, created);
    return created;
  };
  let places = 0;
  const planFor = (eventClass: EventClass, names: readonly string[]): Plan => {
    eventClass.places ??= createPlaces(
      eventClass.lots.flatMap((lot) => lot.indexes()),
      gates,
    );
    const before = eventClass.places.size();
    const plan = eventClass.places.plan(names);
    places += eventClass.places.size() - before;
    if (places > maxPlaces) forget();
    return plan;
  };
  const shapes = createShapes((names) => {
    const classOf = mapping.classifier(names);
    const views = new Map<number | string, View>();
    return (event: Fields, values: readonly unknown[]): View => {
      const key = classOf(values);
      let view = views.get(key);
      if (view === undefined) {
        if (views.size >= maxViews) views.clear();
        const eventClass = classFor(key, event);
        view = { eventClass, plan: eventClass.lots.length === 0 ? undefined : planFor(eventClass, names) };
        views.set(key, view);
      }
      return view;
    };
  });
  const forget = (): void => {
    shapes.forget();
    classes.clear();
    places = 0;
  };

  let reviews = mostReviews;
  let kept = 0;
  /** Every so many events of a class one is kept; once there are enough, what proposes its rules is looked at. */
  const lookBack = (eventClass: EventClass, event: Fields, proposed: readonly number[]): void => {
    eventClass.next += sampleEvery;
    kept += unitsOf(event);
    if (kept > mostKept) {
      for (const each of classes.values()) each.samples = [];
      kept = 0;
      return;
    }
    eventClass.samples.push({ event, proposed });
    if (eventClass.samples.length < enoughSamples) return;
    let isChanged = false;
    for (const lot of eventClass.lots) {
      const others = [...classes.values()].filter((each) => each.lots.includes(lot));
      if (
        reviewLot(
          lot,
          others.flatMap(({ samples }) => samples),
          atoms,
        )
      )
        isChanged = true;
    }
    if (--reviews <= 0) for (const each of classes.values()) each.next = Number.POSITIVE_INFINITY;
    eventClass.next = eventClass.seen >= lastReview ? Number.POSITIVE_INFINITY : eventClass.seen * 8;
    eventClass.samples = [];
    if (!isChanged) return;
    shapes.forget();
    for (const each of classes.values()) {
      each.places = undefined;
      // Taken before the change: they would tell of witnesses that are no more.
      each.samples = [];
    }
    places = 0;
  };

  return {
    rules,
    problems,
    match(event) {
      const values: readonly unknown[] = Object.values(event);
      const { plan, eventClass } = shapes.of(Object.keys(event))(event, values);
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
      if (++eventClass.seen >= eventClass.next) lookBack(eventClass, event, proposer.rules.slice(0, count));
      if (matched === undefined) return none;
      return matched.length === 1 ? matched : matched.sort(byId);
    },
  };
}

const none: readonly SigmaRule[] = [];

function unitsOf(event: Fields): number {
  let units = 0;
  for (const value of Object.values(event))
    for (const part of Array.isArray(value) ? value : [value]) units += typeof part === 'string' ? part.length : 10;
  return units;
}

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
