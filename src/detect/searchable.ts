/** Which values of an event keywords may look into: all that came with the record, not what the center added to it. */
const added = new Set(['event.id', 'event.ingested', 'event.dataset', 'organization.id']);

export function isSearchable(name: string): boolean {
  return !added.has(name) && !name.startsWith('hinomi.');
}
