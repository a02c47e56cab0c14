/** A sample spread evenly over a stream of unknown length, in bounded memory. The same stream gives the same sample. */

export interface Sample<T> {
  offer(item: T): void;
  readonly items: readonly T[];
}

/** Between half of `size` and `size` items, once so many were offered. */
export function createSample<T>(size: number): Sample<T> {
  let items: T[] = [];
  let stride = 1;
  let offered = 0;
  return {
    offer(item) {
      if (offered++ % stride !== 0) return;
      items.push(item);
      if (items.length < size) return;
      items = items.filter((_, index) => index % 2 === 0);
      stride *= 2;
    },
    get items() {
      return items;
    },
  };
}
