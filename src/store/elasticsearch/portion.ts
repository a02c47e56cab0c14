/** How many documents to ask for at once, when what they hold may be a hundred bytes or a megabyte each. */
import type { Hit } from './event-search.ts';

export interface Portions {
  size(): number;
  /** To be told what came, so that the next portion fits. */
  found(hits: readonly Hit[]): void;
}

/** What an answer should hold, about; a few times that is no harm. */
const WANTED_CHARS = 8_000_000;
const FIRST = 64;
const SAMPLES = 16;

/** Begins small, doubles at most. `most`: the server's limit is 10,000. */
export function createPortions(most: number): Portions {
  let size = Math.min(FIRST, most);
  return {
    size: () => size,
    found(hits) {
      let longest = 1;
      const step = Math.max(1, Math.floor(hits.length / SAMPLES));
      for (let at = 0; at < hits.length; at += step) {
        longest = Math.max(longest, JSON.stringify((hits[at] as Hit)._source).length);
      }
      if (hits.length > 0) size = Math.max(1, Math.min(most, size * 2, Math.floor(WANTED_CHARS / longest)));
    },
  };
}
