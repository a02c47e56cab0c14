/**
 * What is kept of a match. Memory is mostly the same few texts over and over; here equal ones become one. Bounded: what does not
 * fit is kept once more, nothing else.
 */
import type { Entity, Match } from '../model/alert.ts';
import { entitiesOf } from './entity.ts';

/** What is kept of a match; one object for all correlations that see it. */
export interface Seen {
  readonly id: string;
  /** Whole milliseconds. */
  readonly atMs: number;
  readonly sourceId: string;
  readonly memberId: string;
  readonly entities: readonly Entity[];
}

const latestMs = Date.UTC(9999, 11, 31);
const mostTexts = 50_000;
/** A power of two. */
const places = 16_384;

export function createSeen(): (match: Match) => Seen {
  const texts = new Map<string, string>();
  // Hot: a place for each list by a cheap hash, the last comer stays. A Map would want a text of each list to look it up by.
  const lists: (readonly Entity[] | undefined)[] = new Array(places).fill(undefined);

  function text(value: string): string {
    const known = texts.get(value);
    if (known !== undefined) return known;
    if (texts.size >= mostTexts) texts.clear();
    texts.set(value, value);
    return value;
  }

  function list(entities: readonly Entity[]): readonly Entity[] {
    let hash = entities.length;
    for (const { value } of entities) {
      const { length } = value;
      hash = (Math.imul(hash, 31) + length) | 0;
      for (let at = Math.max(0, length - 6); at < length; at++) hash = (Math.imul(hash, 31) + value.charCodeAt(at)) | 0;
    }
    const place = (hash ^ (hash >>> 15)) & (places - 1);
    const there = lists[place];
    if (there !== undefined && same(there, entities)) return there;
    lists[place] = entities;
    return entities;
  }

  return (match) => ({
    id: match.eventId,
    atMs: Math.min(latestMs, Math.max(0, Math.floor(match.atMs))),
    sourceId: text(match.sourceId),
    memberId: text(match.memberId),
    entities: list(entitiesOf(match.fields)),
  });
}

function same(a: readonly Entity[], b: readonly Entity[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ field, value }, index) => field === b[index]?.field && value === b[index]?.value)
  );
}
