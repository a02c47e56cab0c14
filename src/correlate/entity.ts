/**
 * The entities that travel with findings: which fields they come from, in which order they stand, and how many are kept.
 * What is kept of a set does not depend on the order in which it grew.
 */
import type { Entity } from '../model/alert.ts';
import type { Fields } from '../model/event.ts';
import { allTexts } from './field-text.ts';

/** ECS fields whose values are entities, most telling first. */
export const entityFields: readonly string[] = [
  'host.name',
  'user.name',
  'source.ip',
  'destination.ip',
  'process.hash.sha256',
  'file.hash.sha256',
];

const rank = new Map(entityFields.map((field, index) => [field, index]));
const perField = 10;

/** Order of entities in alerts and incidents: by field as above (others after them, by name), then by value. */
export function compareEntities(a: Entity, b: Entity): number {
  if (a.field !== b.field) {
    const byRank = (rank.get(a.field) ?? rank.size) - (rank.get(b.field) ?? rank.size);
    return byRank !== 0 ? byRank : a.field < b.field ? -1 : 1;
  }
  return a.value < b.value ? -1 : a.value > b.value ? 1 : 0;
}

/** The entities of one match. */
export function entitiesOf(fields: Fields): readonly Entity[] {
  const entities: Entity[] = [];
  for (const field of entityFields) {
    for (const value of allTexts(fields, [field])) entities.push({ field, value });
  }
  return entities;
}

/**
 * `key` as it stands, then the others once each in order: ten of a field (so that a sprayed list of users leaves room for the
 * host) and `most` in all.
 */
export function mergeEntities(
  key: readonly Entity[],
  others: Iterable<Entity>,
  most = 30,
  mostPerField = perField,
): readonly Entity[] {
  const distinct = new Map<string, Map<string, Entity>>();
  for (const entity of others) {
    let values = distinct.get(entity.field);
    if (values === undefined) {
      values = new Map();
      distinct.set(entity.field, values);
    }
    values.set(entity.value, entity);
  }
  for (const { field, value } of key) distinct.get(field)?.delete(value);
  const merged: Entity[] = [];
  for (const values of distinct.values())
    merged.push(...[...values.values()].sort(compareEntities).slice(0, mostPerField));
  return [...key, ...merged.sort(compareEntities)].slice(0, Math.max(most, key.length));
}
