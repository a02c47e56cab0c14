/** What every store asks of a worked batch before it takes it: ids that lead back to where its records are kept. */
import type { Event } from '../model/event.ts';
import { dayOf, dayOfId, parsePlace } from './event-place.ts';
import type { WorkedBatch } from './store.ts';

/** Day of receipt. Throws when the batch's id says another. */
export function batchDay({ batchId, receivedAt }: WorkedBatch): string {
  const day = dayOf(Date.parse(receivedAt));
  if (dayOfId(batchId) !== day) {
    throw new Error(`batch ${batchId}, received ${receivedAt}: the id does not say that day`);
  }
  return day;
}

/** Offset of the record that the event or reject was made of. Throws when the id is not one of the batch. */
export function recordOffset(kind: 'event' | 'reject', id: string, batchId: string): number {
  const place = parsePlace(id);
  if (place?.batchId !== batchId) {
    throw new Error(`${kind} ${id}: not an id of batch ${batchId}; it could not be found again`);
  }
  return place.offset;
}

/** Milliseconds. An event without a readable time is filed under its receipt. */
export function eventTime(event: Event, receivedMs: number): number {
  const atMs = Date.parse(event['@timestamp']);
  return Number.isNaN(atMs) ? receivedMs : atMs;
}
