/**
 * Which rules of a pack cannot work here, and why: log sources that no table knows or no member sends, fields that no table knows.
 * Pure; says nothing about whether a rule is any good.
 */
import type { Mapping } from '../detect/mapping.ts';
import type { Condition, DetectionItem, LogSource, Selection, SigmaRule } from '../detect/rule.ts';

export interface Fitness {
  /** Log sources that no table routes, dearest first. */
  readonly unrouted: readonly SourceCount[];
  /** Log sources that tables know and no member sends; undefined where nobody knows what members send. */
  readonly unsent: readonly (SourceCount & { readonly connectors: readonly string[] })[] | undefined;
  /** Rules of routed log sources that can never hold, as fields they need are unknown there. */
  readonly impossible: readonly SigmaRule[];
  /** Rules of routed log sources that can hold, with a part that never will. */
  readonly narrowed: readonly SigmaRule[];
  /** Unknown fields of these two, with the number of rules that name them, most first. */
  readonly fields: readonly { readonly field: string; readonly rules: number; readonly sources: readonly string[] }[];
}

export interface SourceCount {
  readonly source: string;
  readonly rules: number;
}

export interface Surroundings {
  readonly mapping: Mapping;
  /** Connectors whose records can be of the log source. */
  readonly feeders: (source: LogSource) => readonly string[];
  /** Connectors of the members' sources; undefined without a center. */
  readonly sent: ReadonlySet<string> | undefined;
}

/** `windows/process_creation` */
export function describeSource({ product, category, service }: LogSource): string {
  return [product, category, service].filter((part) => part !== undefined).join('/');
}

export function judgeFitness(rules: readonly SigmaRule[], { mapping, feeders, sent }: Surroundings): Fitness {
  const unrouted = new Map<string, number>();
  const unsent = new Map<string, { rules: number; connectors: readonly string[] }>();
  const fields = new Map<string, { rules: number; sources: Set<string> }>();
  const impossible: SigmaRule[] = [];
  const narrowed: SigmaRule[] = [];
  for (const rule of rules) {
    const { logsource } = rule;
    const source = describeSource(logsource);
    if (!mapping.routes(logsource)) {
      unrouted.set(source, (unrouted.get(source) ?? 0) + 1);
      continue;
    }
    const connectors = feeders(logsource);
    // Where no connector is known to feed it, nothing is claimed.
    if (sent !== undefined && connectors.length > 0 && !connectors.some((type) => sent.has(type))) {
      unsent.set(source, { rules: (unsent.get(source)?.rules ?? 0) + 1, connectors });
    }
    const isKnown = (field: string) => knows(mapping, logsource, field);
    const unknown = unknownFields(rule, isKnown);
    if (unknown.size === 0) continue;
    for (const field of unknown) {
      const seen = fields.get(field) ?? { rules: 0, sources: new Set() };
      fields.set(field, { rules: seen.rules + 1, sources: seen.sources.add(source) });
    }
    if (canHold(rule, isKnown)) narrowed.push(rule);
    else impossible.push(rule);
  }
  const most = (a: { rules: number }, b: { rules: number }) => b.rules - a.rules;
  return {
    unrouted: [...unrouted].map(([source, count]) => ({ source, rules: count })).sort(most),
    unsent: sent === undefined ? undefined : [...unsent].map(([source, seen]) => ({ source, ...seen })).sort(most),
    impossible,
    narrowed,
    fields: [...fields].map(([field, seen]) => ({ field, rules: seen.rules, sources: [...seen.sources] })).sort(most),
  };
}

/** ECS fields without a dot, which a table need not name. */
const plainEcs = new Set(['message', 'tags', 'labels']);

/** A name that no table turns into another, and that is none of ECS, is in no event. */
function knows(mapping: Mapping, source: LogSource, field: string): boolean {
  if (field.includes('.') || field.startsWith('@') || plainEcs.has(field)) return true;
  return mapping.fields(source, field).some((name) => name !== field);
}

function unknownFields(rule: SigmaRule, isKnown: (field: string) => boolean): ReadonlySet<string> {
  const unknown = new Set<string>();
  const walk = (selection: Selection): void => {
    if (selection.kind !== 'item') selection.of.forEach(walk);
    else if (selection.item.field !== undefined && !isKnown(selection.item.field)) unknown.add(selection.item.field);
  };
  Object.values(rule.selections).forEach(walk);
  return unknown;
}

/** What a part can be over all events: true for some, false for some. */
interface Chances {
  readonly true: boolean;
  readonly false: boolean;
}

function canHold(rule: SigmaRule, isKnown: (field: string) => boolean): boolean {
  const ofSelection = (selection: Selection): Chances =>
    selection.kind === 'item'
      ? ofItem(selection.item, isKnown)
      : together(selection.kind === 'all', selection.of.map(ofSelection));
  const ofCondition = (condition: Condition): Chances => {
    if (condition.kind === 'not') {
      const inner = ofCondition(condition.of);
      return { true: inner.false, false: inner.true };
    }
    if (condition.kind !== 'selection') return together(condition.kind === 'and', condition.of.map(ofCondition));
    const selection = rule.selections[condition.name];
    return selection === undefined ? { true: true, false: true } : ofSelection(selection);
  };
  return ofCondition(rule.condition).true;
}

function together(all: boolean, parts: readonly Chances[]): Chances {
  return all
    ? { true: parts.every((part) => part.true), false: parts.some((part) => part.false) }
    : { true: parts.some((part) => part.true), false: parts.every((part) => part.false) };
}

/** A field that is never there fails every comparison; null, absence and negation are left open. */
function ofItem({ field, modifiers, values }: DetectionItem, isKnown: (field: string) => boolean): Chances {
  if (field === undefined || isKnown(field)) return { true: true, false: true };
  const open = values.some((value) => value === null) || modifiers.includes('exists') || modifiers.includes('neq');
  return { true: open, false: true };
}
