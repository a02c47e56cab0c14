/**
 * Correlations as written -> correlations that refer to rules, and to each other, by id. They may refer to each other in any order of
 * files, but not in a circle and not deeper than 8; one that cannot be resolved leaves out those that refer to it, each told why.
 */
import { renamed } from './condition.ts';
import type { Complain } from './reporter.ts';
import { checkChain, resolveAliases } from './resolve-chain.ts';
import { type CorrelationRule, formatWhere, type Where } from './rule.ts';
import type { RuleRegister } from './rule-register.ts';
import { quoted } from './suggestion.ts';

const maxDepth = 8;

export interface CorrelationContext {
  readonly register: RuleRegister;
  /** Ids of rules that are no correlations, disabled ones included. */
  readonly isRule: ReadonlySet<string>;
  /** Where an overlay leaves a rule or correlation out, by its id. */
  readonly disabledAt: (id: string) => Where | undefined;
  readonly complain: Complain;
}

/** A correlation on its way. */
interface Node {
  readonly written: CorrelationRule;
  /** Reference as written -> id. */
  readonly idOf: ReadonlyMap<string, string>;
  /** Correlations that it refers to, and that refer to it. */
  readonly inner: readonly string[];
  readonly outer: Node[];
  /** Of `inner`, how many are not decided yet. */
  open: number;
  /** How many correlations stand on each other here; 1 where it refers to rules only. */
  depth: number;
  state: 'open' | 'resolved' | 'left out';
}

/** In the order given, with ids for names. Linear in their number and references. */
export function resolveCorrelations(
  correlations: readonly CorrelationRule[],
  context: CorrelationContext,
): readonly CorrelationRule[] {
  const { complain } = context;
  const nodes = new Map<string, Node>();
  for (const written of correlations) nodes.set(written.id, createNode(written, context));
  for (const node of nodes.values()) {
    for (const id of node.inner) nodes.get(id)?.outer.push(node);
  }
  const resolved = new Map<string, CorrelationRule>();
  const ready = [...nodes.values()].filter(({ open }) => open === 0);
  // Grows while it is walked: from those that refer to rules only, outwards.
  for (const node of ready) {
    const rule = decide(node, nodes, resolved, context);
    node.state = rule === undefined ? 'left out' : 'resolved';
    if (rule !== undefined) resolved.set(rule.id, rule);
    for (const outer of node.outer) {
      outer.depth = Math.max(outer.depth, node.depth + 1);
      if (--outer.open === 0) ready.push(outer);
    }
  }
  refuseCircles(
    [...nodes.values()].filter(({ open }) => open > 0),
    nodes,
    complain,
  );
  return correlations.flatMap(({ id }) => resolved.get(id) ?? []);
}

function createNode(written: CorrelationRule, { register, isRule, disabledAt, complain }: CorrelationContext): Node {
  const idOf = new Map<string, string>();
  let state: Node['state'] = 'open';
  for (const reference of new Set(written.rules)) {
    const found = register.find(reference);
    const disabled = 'rule' in found ? disabledAt(found.rule.id) : undefined;
    if ('rule' in found && disabled === undefined) {
      idOf.set(reference, found.rule.id);
      continue;
    }
    state = 'left out';
    if ('problem' in found) complain(written.where, `the correlation refers to ${found.problem}`);
    else if (disabled !== undefined)
      complain(
        written.where,
        `the correlation refers to ${quoted(reference)}, which is disabled by ${formatWhere(disabled)}; disable this one too, or write it without`,
      );
  }
  const inner = [...new Set(idOf.values())].filter((id) => !isRule.has(id));
  return { written, idOf, inner, outer: [], open: inner.length, depth: 1, state };
}

/** All that it refers to is decided. Undefined: left out, and said why. */
function decide(
  { written, idOf, inner, depth, state }: Node,
  nodes: ReadonlyMap<string, Node>,
  resolved: ReadonlyMap<string, CorrelationRule>,
  { register, complain }: CorrelationContext,
): CorrelationRule | undefined {
  const { where } = written;
  let complete = state === 'open';
  for (const id of inner) {
    const of = nodes.get(id);
    if (of === undefined || of.state === 'resolved') continue;
    complain(where, leftOut(of));
    complete = false;
  }
  if (!complete) return undefined;
  if (depth > maxDepth) {
    complain(where, `correlations that refer to correlations may be ${maxDepth} deep, and this one is the ${depth}th`);
    return undefined;
  }
  const rules = written.rules.map((reference) => idOf.get(reference) as string);
  const repeats = written.type === 'temporal_ordered' && written.expression === undefined;
  if (!repeats && new Set(rules).size < rules.length) {
    complain(where, 'the correlation refers to the same rule twice, by its id and by its name');
    return undefined;
  }
  const aliases = resolveAliases(written, idOf, register, complain);
  if (aliases === undefined) return undefined;
  const expression =
    written.expression === undefined ? undefined : renamed(written.expression, (name) => idOf.get(name) ?? name);
  const rule = { ...written, rules, aliases, expression };
  const inners = inner.flatMap((id) => resolved.get(id) ?? []);
  return checkChain(rule, inners, complain) ? rule : undefined;
}

const leftOut = ({ written }: Node) =>
  `the correlation refers to the correlation ${quoted(written.title)}, which is left out; see ${formatWhere(written.where)}`;

/** What is left over is part of a circle, or refers to such. */
function refuseCircles(left: readonly Node[], nodes: ReadonlyMap<string, Node>, complain: Complain): void {
  // Each has such a one, or it would have been decided.
  const next = (node: Node) =>
    node.inner.map((id) => nodes.get(id)).find((of) => of !== undefined && of.open > 0) as Node;
  const seen = new Set<Node>();
  for (const start of left) {
    const path: Node[] = [];
    let node = start;
    for (; !seen.has(node); node = next(node)) {
      seen.add(node);
      path.push(node);
    }
    const from = path.indexOf(node);
    const circle = from < 0 ? [] : path.slice(from);
    path.forEach((each, index) => {
      const message = from < 0 || index < from ? leftOut(next(each)) : circleFrom(circle, index - from);
      complain(each.written.where, message);
    });
  }
}

const mostShown = 9;

function circleFrom(circle: readonly Node[], index: number): string {
  if (circle.length === 1) return 'the correlation refers to itself';
  const titleAt = (at: number) => quoted(circle[at % circle.length]?.written.title);
  const titles = Array.from({ length: Math.min(circle.length, mostShown) }, (_, step) => titleAt(index + step));
  if (circle.length > mostShown) titles.push('…');
  return `the correlations refer to each other in a circle: ${[...titles, titleAt(index)].join(' -> ')}`;
}
