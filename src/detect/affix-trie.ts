/**
 * Which of many folded needles a text starts or ends with: one walk from that end, over as many units as still fit some needle.
 * Exact. The text need not be folded.
 */
import type { Marked, Scan } from './automaton.ts';
import { foldedUnits } from './fold.ts';

interface Node {
  readonly next: Map<number, Node>;
  /** Marks of the needles that end here. */
  readonly ends: number[];
}

/** Reports the needles that stand at that end of the text. */
export function createAffixScan(needles: readonly Marked[], end: 'start' | 'end'): Scan {
  const root: Node = { next: new Map(), ends: [] };
  for (const { text, mark } of needles) {
    let node = root;
    for (let step = 0; step < text.length; step++) {
      const unit = text.charCodeAt(end === 'start' ? step : text.length - 1 - step);
      let next = node.next.get(unit);
      if (next === undefined) {
        next = { next: new Map(), ends: [] };
        node.next.set(unit, next);
      }
      node = next;
    }
    node.ends.push(mark);
  }
  const report = (node: Node, found: number[]) => {
    for (let index = 0; index < node.ends.length; index++) found.push(node.ends[index] as number);
  };
  return (text, found) => {
    let node: Node | undefined = root;
    report(node, found);
    for (let step = 0; step < text.length; step++) {
      const at = end === 'start' ? step : text.length - 1 - step;
      node = node.next.get(foldedUnits[text.charCodeAt(at)] as number);
      if (node === undefined) return;
      report(node, found);
    }
  };
}
