/**
 * Which of many folded needles a text starts or ends with: one walk from that end, over as many units as still fit some needle.
 * Exact. The text need not be folded.
 */
import type { Marked, Scan } from './automaton.ts';
import { foldedUnits } from './fold.ts';

interface Node {
  /** Marks of the needles that end here. */
  readonly ends: number[];
  /** The only needle that goes on from here, as long as it is the only one: most nodes of a plain trie would be such tails. */
  rest: Marked | undefined;
  next: Map<number, Node> | undefined;
}

const createNode = (): Node => ({ ends: [], rest: undefined, next: undefined });

/** Reports the needles that stand at that end of the text. */
export function createAffixScan(needles: readonly Marked[], end: 'start' | 'end'): Scan {
  const unitAt = (text: string, step: number): number =>
    text.charCodeAt(end === 'start' ? step : text.length - 1 - step);

  const root = createNode();
  const place = (node: Node, needle: Marked, step: number): void => {
    if (step === needle.text.length) node.ends.push(needle.mark);
    else node.rest = needle;
  };
  const child = (node: Node, needle: Marked, step: number): { node: Node; isNew: boolean } => {
    node.next ??= new Map();
    const unit = unitAt(needle.text, step);
    const known = node.next.get(unit);
    if (known !== undefined) return { node: known, isNew: false };
    const created = createNode();
    node.next.set(unit, created);
    return { node: created, isNew: true };
  };
  for (const needle of needles) {
    let node = root;
    for (let step = 0; ; step++) {
      if (step === needle.text.length) {
        node.ends.push(needle.mark);
        break;
      }
      if (node.rest !== undefined) {
        const other = node.rest;
        node.rest = undefined;
        place(child(node, other, step).node, other, step + 1);
      }
      const below = child(node, needle, step);
      if (below.isNew) {
        place(below.node, needle, step + 1);
        break;
      }
      node = below.node;
    }
  }

  const restFits = (text: string, needle: string, from: number): boolean => {
    if (text.length < needle.length) return false;
    for (let step = from; step < needle.length; step++)
      if (foldedUnits[unitAt(text, step)] !== unitAt(needle, step)) return false;
    return true;
  };
  return (text, found) => {
    let node: Node | undefined = root;
    for (let step = 0; ; step++) {
      for (let index = 0; index < node.ends.length; index++) found.push(node.ends[index] as number);
      if (node.rest !== undefined) {
        if (restFits(text, node.rest.text, step)) found.push(node.rest.mark);
        return;
      }
      if (step === text.length || node.next === undefined) return;
      node = node.next.get(foldedUnits[unitAt(text, step)] as number);
      if (node === undefined) return;
    }
  };
}
