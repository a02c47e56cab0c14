/**
 * Events and what comes with them <-> documents of event-format.ts. An event comes back as it was given, whatever it
 * holds; what Elasticsearch could not hold in fields is kept as text, and found all the same.
 */
import type { Match } from '../../model/alert.ts';
import type { Reject } from '../../model/batch.ts';
import type { Event, Fields } from '../../model/event.ts';
import { entityFields } from '../../search/fields.ts';
import { createTermCollector } from '../../search/term-collector.ts';
import { blankFreeWord } from '../index-word.ts';
import type { BatchOutcome, WorkedBatch } from '../store.ts';
import { eventTime } from '../worked-batch.ts';
import type { EventKind } from './event-format.ts';

/** What all documents of a batch say of it. */
export interface BatchHead {
  readonly received: string;
  readonly 'organization.id': string;
  readonly 'hinomi.source_id': string;
}

export const batchHead = ({ memberId, sourceId, receivedAt }: WorkedBatch): BatchHead => ({
  received: new Date(receivedAt).toISOString(),
  'organization.id': memberId,
  'hinomi.source_id': sourceId,
});

/** Years that the mapping's dates are written with; other times go as milliseconds. */
const FIRST_MS = -62_135_596_800_000;
const END_MS = 253_402_300_800_000;

/** JSON in one line. */
export function encodeEvent(head: BatchHead, event: Event, matches: readonly Match[]): string {
  const atMs = eventTime(event, Date.parse(head.received));
  const at = atMs >= FIRST_MS && atMs < END_MS ? new Date(atMs).toISOString() : atMs;
  const internal = (): Record<string, unknown> => ({
    kind: 'event' satisfies EventKind,
    '@timestamp': at,
    'event.id': event['event.id'],
    ...head,
    ...(matches.length > 0 && { matched: matches.length, matches: JSON.stringify(matches) }),
  });
  collector.add(event);
  const terms = collector.take();
  const doc = internal();
  if (addFields(doc, head, event, at)) {
    doc.terms = terms;
    const line = JSON.stringify(doc);
    if (!holdsHalfPair(line)) return line;
  }
  return JSON.stringify({ ...internal(), terms, odd: JSON.stringify(event) });
}

const collector = createTermCollector(blankFreeWord);

/** Adds the event's fields where they differ from what the document says anyway. False when a name cannot stand in a document. */
function addFields(doc: Record<string, unknown>, head: BatchHead, event: Event, at: string | number): boolean {
  const implied: Fields = { ...head, '@timestamp': at, 'event.ingested': head.received };
  const rest: Fields = {};
  let any = false;
  for (const name of Object.keys(event)) {
    const value = event[name] as Fields[string];
    if (name === 'event.id' || (value === implied[name] && name !== 'received')) continue;
    // Hot: the names of a product's events are few.
    if (!goodNames.has(name) && !isGoodName(name)) return false;
    if (entityFields.has(name) && !Object.hasOwn(head, name)) doc[name] = value;
    else {
      rest[name] = value;
      any = true;
    }
  }
  for (const name in implied) if (name !== 'received' && !Object.hasOwn(event, name)) return false;
  if (any) doc.rest = rest;
  return true;
}

const NAME_CHARS = 512;
const GOOD_NAMES = 20_000;
const goodNames = new Set<string>();

function isGoodName(name: string): boolean {
  if (name.length > NAME_CHARS || name === '__proto__' || name.includes('\0') || /^[\s.]*$/.test(name)) return false;
  if (goodNames.size >= GOOD_NAMES) goodNames.clear();
  goodNames.add(name);
  return true;
}

/** JSON writes half of a surrogate pair as an escape, and escapes nothing else so. */
const holdsHalfPair = (json: string): boolean => json.includes('\\ud') && /(?:^|[^\\])(?:\\\\)*\\ud[89a-f]/.test(json);

/**
 * Reads a document's `_source`, the whole of it: the server takes longer to leave out the words than to send them (measured), and
 * gives back as it got it only what it does not filter.
 */
export function decodeEvent(source: Readonly<Record<string, unknown>>): Event {
  if (typeof source.odd === 'string') return JSON.parse(source.odd);
  const event: Record<string, unknown> = {
    '@timestamp': source['@timestamp'],
    'event.id': source['event.id'],
    'event.ingested': source.received,
  };
  for (const name in source) if (name.includes('.')) event[name] = source[name];
  return Object.assign(event, source.rest) as Event;
}

export const encodeReject = (head: BatchHead, reject: Reject): string =>
  JSON.stringify({
    kind: 'reject' satisfies EventKind,
    'event.id': reject.id,
    ...head,
    reject: JSON.stringify(reject),
  });

export const decodeReject = (source: Readonly<Record<string, unknown>>): Reject => JSON.parse(source.reject as string);

/** Numbers of a batch as they came to be. */
export type BatchNumbers = Pick<BatchOutcome, 'records' | 'parsed' | 'rejects' | 'matches'>;

export const encodeBatch = (head: BatchHead, { records, parsed, rejects, matches }: BatchNumbers): string =>
  JSON.stringify({ kind: 'batch' satisfies EventKind, ...head, records, parsed, rejected: rejects, matched: matches });

export function decodeBatch(batchId: string, source: Readonly<Record<string, unknown>>): BatchOutcome {
  const { records, parsed, rejected, matched } = source as Record<string, number>;
  return {
    batchId,
    sourceId: source['hinomi.source_id'] as string,
    receivedAt: source.received as string,
    records: records as number,
    parsed: parsed as number,
    rejects: rejected as number,
    matches: matched as number,
  };
}
