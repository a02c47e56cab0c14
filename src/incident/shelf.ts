/**
 * Documents the book has at hand, and by which entities they can be found: alerts in no incident, and open incidents.
 * Bounded in number and age; what it has forgotten is still in the store, and a version conflict brings it back.
 */
import type { Alert, Campaign, Incident } from '../model/alert.ts';
import { linkingKeys } from './linking.ts';
import { isAtLeast } from './severity.ts';

export interface ShelfDocs {
  alert: Alert;
  incident: Incident;
  campaign: Campaign;
}
export type ShelfKind = keyof ShelfDocs;
export const shelfKinds: readonly ShelfKind[] = ['alert', 'incident', 'campaign'];

/** What placing alerts asks of a shelf, and of a draft over it. */
export interface Documents {
  get<K extends ShelfKind>(kind: K, id: string): ShelfDocs[K] | undefined;
  put<K extends ShelfKind>(kind: K, doc: ShelfDocs[K]): void;
  /**
   * Documents that may fit by one of the keys, those of `exceptRule` left out; whether they do is for the caller to see, as they
   * move on.
   */
  find<K extends 'alert' | 'incident'>(
    kind: K,
    memberId: string,
    keys: readonly string[],
    exceptRule?: string,
  ): Iterable<ShelfDocs[K]>;
  /** Members that any document named. */
  memberIds(): Iterable<string>;
}

export interface Shelf extends Documents {
  all<K extends ShelfKind>(kind: K): Iterable<ShelfDocs[K]>;
  remove(kind: ShelfKind, id: string): void;
  size(kind: ShelfKind): number;
}

/** In no incident, worth one, and not done with. */
export const isLoose = (alert: Alert): boolean =>
  alert.incidentId === null && alert.status !== 'closed' && isAtLeast(alert.level, 'low');

export const isOpen = (incident: Incident): boolean => incident.mergedInto === null && incident.status !== 'closed';

export function createShelf(relays: ReadonlySet<string>): Shelf {
  const docs: { [K in ShelfKind]: Map<string, ShelfDocs[K]> } = {
    alert: new Map(),
    incident: new Map(),
    campaign: new Map(),
  };
  const found: Record<'alert' | 'incident', Index> = { alert: createIndex(), incident: createIndex() };
  const indexOf = (kind: ShelfKind) => (kind === 'campaign' ? undefined : found[kind]);
  const memberIds = new Set<string>();
  return {
    get: (kind, id) => docs[kind].get(id),
    put(kind, doc) {
      docs[kind].set(doc.id, doc);
      const index = indexOf(kind);
      if (index === undefined) return;
      const { id, memberId, entities } = doc as Alert | Incident;
      memberIds.add(memberId);
      const findable = kind === 'alert' ? isLoose(doc as Alert) : isOpen(doc as Incident);
      const rule = kind === 'alert' ? (doc as Alert).ruleId : '';
      index.put(id, rule, findable ? linkingKeys(entities, relays).map((key) => `${memberId} ${key}`) : []);
    },
    *find(kind, memberId, keys, exceptRule) {
      const seen = new Set<string>();
      for (const key of keys) {
        for (const id of found[kind].ids(`${memberId} ${key}`, exceptRule)) {
          if (seen.has(id)) continue;
          seen.add(id);
          const doc = docs[kind].get(id);
          if (doc !== undefined) yield doc;
        }
      }
    },
    all: (kind) => docs[kind].values(),
    memberIds: () => memberIds,
    remove(kind, id) {
      docs[kind].delete(id);
      indexOf(kind)?.put(id, '', []);
    },
    size: (kind) => docs[kind].size,
  };
}

/** The documents as they are becoming, over those of a shelf that stays as it is. */
export interface Draft extends Documents {
  /** What was put, in the order of first putting. */
  changed<K extends ShelfKind>(kind: K): readonly ShelfDocs[K][];
}

export function createDraft(under: Shelf, relays: ReadonlySet<string>): Draft {
  const over = createShelf(relays);
  return {
    get: (kind, id) => over.get(kind, id) ?? under.get(kind, id),
    put: (kind, doc) => over.put(kind, doc),
    *find(kind, memberId, keys, exceptRule) {
      yield* over.find(kind, memberId, keys, exceptRule);
      for (const doc of under.find(kind, memberId, keys, exceptRule))
        if (over.get(kind, doc.id) === undefined) yield doc;
    },
    memberIds: () => new Set([...under.memberIds(), ...over.memberIds()]),
    changed: (kind) => [...over.all(kind)],
  };
}

/** Key -> rule -> ids: thousands of alerts of one rule must not stand in the way of those of another. */
interface Index {
  /** Replaces what the id was found by. */
  put(id: string, rule: string, keys: readonly string[]): void;
  ids(key: string, exceptRule: string | undefined): Iterable<string>;
}

function createIndex(): Index {
  const byKey = new Map<string, Map<string, Set<string>>>();
  const placeOf = new Map<string, { rule: string; keys: readonly string[] }>();
  function takeOut(id: string): void {
    const place = placeOf.get(id);
    if (place === undefined) return;
    placeOf.delete(id);
    for (const key of place.keys) {
      const byRule = byKey.get(key);
      const ids = byRule?.get(place.rule);
      ids?.delete(id);
      if (ids?.size === 0) byRule?.delete(place.rule);
      if (byRule?.size === 0) byKey.delete(key);
    }
  }
  return {
    put(id, rule, keys) {
      takeOut(id);
      if (keys.length === 0) return;
      placeOf.set(id, { rule, keys });
      for (const key of keys) {
        const byRule = byKey.get(key) ?? new Map<string, Set<string>>();
        byKey.set(key, byRule);
        const ids = byRule.get(rule) ?? new Set<string>();
        byRule.set(rule, ids.add(id));
      }
    },
    *ids(key, exceptRule) {
      for (const [rule, ids] of byKey.get(key) ?? []) if (rule !== exceptRule) yield* ids;
    },
  };
}
