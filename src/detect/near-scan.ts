/**
 * A long text that is nearly one looked at before is looked at only where it differs. May report what stood in the earlier text alone,
 * never too little.
 */
import type { Scan } from './automaton.ts';
import { createNearText, isLong } from './near-text.ts';

/**
 * `longest`: units of the longest needle of `scan`, which must find it wherever it stands, whatever is around it; `least`: of texts
 * that it takes a while for.
 */
export function createNearScan(scan: Scan, longest: number, least: number): Scan {
  const near = createNearText();
  let foundInKnown: number[] = [];
  return (text, found) => {
    const relation = isLong(text, least) ? near.compare(text, longest) : 'unlike';
    if (relation === 'unlike') {
      scan(text, found);
      return;
    }
    if (relation === 'near') {
      if (near.to > near.from) scan(text.slice(near.from, near.to), found);
    } else {
      foundInKnown = [];
      scan(text, foundInKnown);
    }
    for (let index = 0; index < foundInKnown.length; index++) found.push(foundInKnown[index] as number);
  };
}
