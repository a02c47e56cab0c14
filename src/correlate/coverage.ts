/**
 * The stretches of event time that satisfied windows cover: whatever lies in one belongs to the alert, early or late.
 * Whole milliseconds, both ends included. Sorted, apart from each other: [from, to, from, to, …].
 */
export type Coverage = number[];

/** Index of the first stretch that ends at or after `at`, times two. */
function stretchAt(coverage: Coverage, at: number): number {
  let low = 0;
  let high = coverage.length / 2;
  // Hot: logs mostly arrive in order, so mostly it is the last one.
  if (high > 0 && (high === 1 || (coverage[coverage.length - 3] as number) < at)) low = high - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((coverage[middle * 2 + 1] as number) < at) low = middle + 1;
    else high = middle;
  }
  return low * 2;
}

export function covers(coverage: Coverage, at: number): boolean {
  const index = stretchAt(coverage, at);
  return index < coverage.length && (coverage[index] as number) <= at;
}

/** Adds a stretch; answers the parts of it that were not covered before, in the same form. */
export function cover(coverage: Coverage, from: number, to: number): Coverage {
  // Stretches that touch the new one, directly neighbouring milliseconds included.
  const first = stretchAt(coverage, from - 1);
  let end = first;
  const fresh: Coverage = [];
  let open = from;
  while (end < coverage.length && (coverage[end] as number) <= to + 1) {
    const start = coverage[end] as number;
    if (start > open) fresh.push(open, Math.min(start - 1, to));
    open = Math.max(open, (coverage[end + 1] as number) + 1);
    end += 2;
  }
  if (open <= to) fresh.push(open, to);
  if (fresh.length === 0) return fresh;
  const joinedFrom = end > first ? Math.min(from, coverage[first] as number) : from;
  const joinedTo = end > first ? Math.max(to, coverage[end - 1] as number) : to;
  coverage.splice(first, end - first, joinedFrom, joinedTo);
  return fresh;
}

/** Forgets the stretches that end before `at`. */
export function uncoverBefore(coverage: Coverage, at: number): void {
  const keepFrom = stretchAt(coverage, at);
  if (keepFrom > 0) coverage.splice(0, keepFrom);
}
