/**
 * What the correlator says: these events, under this rule, at this member, are worth an alert.
 * A finding holds only events that no earlier finding gave to the same alert, so counts can be added up.
 */
import type { Entity } from '../model/alert.ts';

export interface FoundEvent {
  readonly id: string;
  readonly atMs: number;
  readonly sourceId: string;
}

export interface Finding {
  readonly ruleId: string;
  readonly memberId: string;
  /** Values that make the alert: same rule, member, key and period = same alert. Sorted by field. */
  readonly key: readonly Entity[];
  /** Further values seen with it, for folding alerts into incidents. */
  readonly entities: readonly Entity[];
  /** Start of the period of event time that the alert covers, milliseconds. */
  readonly periodStartMs: number;
  /** Not empty, oldest first. */
  readonly events: readonly FoundEvent[];
  /** Rules across members: same value = same campaign. Derived from rule, group and period. */
  readonly campaignKey: string | undefined;
}
