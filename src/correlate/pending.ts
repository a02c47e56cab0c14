/** Moments that wait to be judged, the one due first at hand: a binary heap. Groups that are gone are dropped when they are many. */

export interface Waiting<G> {
  readonly dueMs: number;
  readonly group: G;
  readonly atMs: number;
}

export interface Pending<G> {
  push(waiting: Waiting<G>): void;
  /** Infinity when nothing waits. */
  nextDueMs(): number;
  pop(): Waiting<G> | undefined;
  size(): number;
  /** Keeps those only. */
  keep(wanted: (waiting: Waiting<G>) => boolean): void;
}

export function createPending<G>(): Pending<G> {
  let heap: Waiting<G>[] = [];
  const dueAt = (index: number): number => (heap[index] as Waiting<G>).dueMs;

  function sink(item: Waiting<G>): void {
    const half = heap.length >> 1;
    let index = 0;
    while (index < half) {
      let child = 2 * index + 1;
      if (child + 1 < heap.length && dueAt(child + 1) < dueAt(child)) child++;
      if (dueAt(child) >= item.dueMs) break;
      heap[index] = heap[child] as Waiting<G>;
      index = child;
    }
    heap[index] = item;
  }

  return {
    push(waiting) {
      let index = heap.length;
      heap.push(waiting);
      while (index > 0) {
        const parent = (index - 1) >> 1;
        if (dueAt(parent) <= waiting.dueMs) break;
        heap[index] = heap[parent] as Waiting<G>;
        index = parent;
      }
      heap[index] = waiting;
    },
    nextDueMs: () => heap[0]?.dueMs ?? Number.POSITIVE_INFINITY,
    pop() {
      const [first] = heap;
      const last = heap.pop();
      if (last !== undefined && heap.length > 0) sink(last);
      return first;
    },
    size: () => heap.length,
    keep(wanted) {
      // A sorted list is a heap.
      heap = heap.filter(wanted).sort((a, b) => a.dueMs - b.dueMs);
    },
  };
}
