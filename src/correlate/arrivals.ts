/**
 * An order that runs over members (one address fails at three of them, then gets in at one) raises its alert where its last step
 * was seen. To the others it would tell of something that did not happen to them; what did, other rules tell them.
 */
import type { Seen } from './seen.ts';

export interface Arrivals {
  /** Members that saw the last step. */
  readonly arrived: Set<string>;
  /** Events of members that have not, in case they will. */
  readonly held: Map<string, Seen[]>;
}

export const newArrivals = (): Arrivals => ({ arrived: new Set(), held: new Map() });

/** Events that may be given now: this one, those held back with it, or none yet. */
export function arrive({ arrived, held }: Arrivals, event: Seen, isLastStep: boolean): readonly Seen[] {
  if (arrived.has(event.memberId)) return [event];
  const waiting = held.get(event.memberId) ?? [];
  waiting.push(event);
  if (!isLastStep) {
    held.set(event.memberId, waiting);
    return [];
  }
  arrived.add(event.memberId);
  held.delete(event.memberId);
  return waiting;
}

/** An event given before turns out to be the last step as well. */
export function arriveLate({ arrived, held }: Arrivals, memberId: string): readonly Seen[] {
  if (arrived.has(memberId)) return [];
  arrived.add(memberId);
  const waiting = held.get(memberId) ?? [];
  held.delete(memberId);
  return waiting;
}
