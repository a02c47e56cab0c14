/**
 * Numbers in order, with the n-th at hand: chunks of a bounded length, each sorted. Adding and removing moves at most one chunk,
 * finding the n-th steps over whole chunks: about the square root of the number of them, and fast at any size met here.
 */

export interface Ranking {
  add(number: number): void;
  /** One that was added. */
  remove(number: number): void;
  /** The n-th smallest, from 0. Undefined when there are fewer. */
  at(index: number): number | undefined;
  size(): number;
}

const longest = 512;

export function createRanking(): Ranking {
  /** None empty, but for the only one. */
  const chunks: number[][] = [[]];
  let size = 0;

  /** The first chunk that ends at or after the number; the last one when there is none. */
  function chunkOf(number: number): number {
    let low = 0;
    let high = chunks.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (((chunks[middle] as number[]).at(-1) as number) < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  return {
    add(number) {
      const index = chunkOf(number);
      const chunk = chunks[index] as number[];
      chunk.splice(placeIn(chunk, number), 0, number);
      if (chunk.length > longest) chunks.splice(index + 1, 0, chunk.splice(longest >> 1));
      size++;
    },
    remove(number) {
      const index = chunkOf(number);
      const chunk = chunks[index] as number[];
      const place = placeIn(chunk, number);
      if (chunk[place] !== number) return;
      chunk.splice(place, 1);
      if (chunk.length === 0 && chunks.length > 1) chunks.splice(index, 1);
      size--;
    },
    at(index) {
      let left = index;
      for (const chunk of chunks) {
        if (left < chunk.length) return chunk[left];
        left -= chunk.length;
      }
      return undefined;
    },
    size: () => size,
  };
}

function placeIn(chunk: readonly number[], number: number): number {
  let low = 0;
  let high = chunk.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((chunk[middle] as number) < number) low = middle + 1;
    else high = middle;
  }
  return low;
}
