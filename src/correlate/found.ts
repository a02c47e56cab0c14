/** Gathers what one call of the correlator finds into findings: one per rule, member, key and period. */
import type { Entity } from '../model/alert.ts';
import { compareEntities, mergeEntities } from './entity.ts';
import type { Finding } from './finding.ts';
import type { Seen } from './seen.ts';

/** What all events of a group have in common. */
export interface FoundHead {
  readonly ruleId: string;
  readonly key: readonly Entity[];
  readonly across: boolean;
}

export interface Findings {
  /** `group` stands for rule and key: the same object for the same alert key. An event is given once per group and period. */
  add(group: object, head: FoundHead, periodStartMs: number, event: Seen): void;
  /** In the order in which they were first found. */
  done(): readonly Finding[];
}

export function createFindings(): Findings {
  interface Building {
    readonly head: FoundHead;
    readonly memberId: string;
    readonly periodStartMs: number;
    readonly events: Seen[];
  }
  const byGroup = new Map<object, Map<string, Building>>();
  const all: Building[] = [];
  let lastGroup: object | undefined;
  let last: Building | undefined;
  return {
    add(group, head, periodStartMs, event) {
      // Hot: a burst goes to one alert.
      if (
        last !== undefined &&
        group === lastGroup &&
        last.memberId === event.memberId &&
        last.periodStartMs === periodStartMs
      ) {
        last.events.push(event);
        return;
      }
      let ofGroup = byGroup.get(group);
      if (ofGroup === undefined) {
        ofGroup = new Map();
        byGroup.set(group, ofGroup);
      }
      const part = `${periodStartMs} ${event.memberId}`;
      let building = ofGroup.get(part);
      if (building === undefined) {
        building = { head, memberId: event.memberId, periodStartMs, events: [] };
        ofGroup.set(part, building);
        all.push(building);
      }
      building.events.push(event);
      lastGroup = group;
      last = building;
    },
    done: () =>
      all.map(({ head, memberId, periodStartMs, events }): Finding => {
        const key = [...head.key].sort(compareEntities);
        return {
          ruleId: head.ruleId,
          memberId,
          key,
          entities: furtherEntities(key, events),
          periodStartMs,
          events: events
            .map(({ id, atMs, sourceId }) => ({ id, atMs, sourceId }))
            .sort((a, b) => a.atMs - b.atMs || (a.id < b.id ? -1 : 1)),
          campaignKey: head.across
            ? JSON.stringify([head.ruleId, key.map(({ field, value }) => [field, value]), periodStartMs])
            : undefined,
        };
      }),
  };
}

function furtherEntities(key: readonly Entity[], events: readonly Seen[]): readonly Entity[] {
  // Events with the same entities share one list, so a burst is one look.
  const lists = new Set(events.map((event) => event.entities));
  return mergeEntities(key, [...lists].flat()).slice(key.length);
}
