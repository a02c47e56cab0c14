/**
 * Worked batches -> documents. First a batch's events and rejects, then its row, which says that all of it is there; each is made,
 * never changed, so that a batch that comes again is known by its row, and one that was cut short is made whole.
 */

import { eventId } from '../../ids.ts';
import type { Match } from '../../model/alert.ts';
import type { Reject } from '../../model/batch.ts';
import type { Event } from '../../model/event.ts';
import { type BatchName, batchNumbers, type Copying, type StoredBatch } from '../copy.ts';
import { dayOfId } from '../event-place.ts';
import type { Store, WorkedBatch } from '../store.ts';
import { batchDay, recordOffset } from '../worked-batch.ts';
import { type BulkItem, writeBulk } from './bulk.ts';
import { type Elastic, RequestRefused } from './connection.ts';
import { type BatchHead, type BatchNumbers, batchHead, encodeBatch, encodeEvent, encodeReject } from './encode.ts';
import { ofKind } from './event-format.ts';
import type { EventSearch } from './event-search.ts';
import { againWhileClosed } from './make-index.ts';
import type { Periods } from './period.ts';
import type { Freshness } from './refresh.ts';

export interface PutParts {
  readonly elastic: Elastic;
  readonly fresh: Freshness;
  readonly search: EventSearch;
  readonly periods: Periods;
}

interface EventItem extends BulkItem {
  readonly event: Event;
}

/** A batch and what it becomes. */
interface Draft {
  readonly batch: WorkedBatch | StoredBatch;
  readonly index: string;
  readonly head: BatchHead;
  readonly events: readonly EventItem[];
  readonly rejects: readonly BulkItem[];
}

/** Bytes of a refused event that its reject keeps. */
const KEPT_BYTES = 65_536;

export function createPuts(parts: PutParts): Pick<Store, 'putBatches'> & Pick<Copying, 'lacking'> {
  const { elastic, fresh, periods } = parts;

  /** Marks even what failed half-way: some of it may be there. */
  async function write(items: readonly BulkItem[]): ReturnType<typeof writeBulk> {
    try {
      return await writeBulk(elastic, items, 'writer');
    } finally {
      fresh.wrote(new Set(items.map(({ index }) => index)));
    }
  }

  async function putOnce(batches: readonly WorkedBatch[]): Promise<void> {
    const places = await Promise.all(batches.map((batch) => periods.place(batch.memberId, batchDay(batch))));
    const placed = batches.map((batch, index) => ({ batch, index: places[index] as string }));
    const there = await rowsThere(elastic, placed);
    const drafts = placed.filter(({ batch }) => !there.has(batch.batchId)).map(toDraft);
    const items = drafts.flatMap(({ events, rejects }) => [...events, ...rejects]);
    const { known, refused } = await write(items);
    if (known.length > 0) await makeWhole(drafts, known);
    const rows: BulkItem[] = [];
    for (const draft of drafts) {
      const own = refused.filter(({ item }) => item.id.startsWith(draft.batch.batchId));
      const numbers = await settleRefused(draft, own);
      rows.push({
        op: 'create',
        index: draft.index,
        id: draft.batch.batchId,
        source: encodeBatch(draft.head, numbers),
      });
    }
    refuse(await write(rows));
  }

  /** Of another attempt at a batch there may be more than this one makes, or something else in a record's place. */
  async function makeWhole(drafts: readonly Draft[], known: readonly BulkItem[]): Promise<void> {
    const touched = drafts.filter(({ batch }) => known.some(({ id }) => id.startsWith(batch.batchId)));
    // Whoever wrote the row meanwhile had all of it.
    const there = await rowsThere(elastic, touched);
    for (const { batch, index, head, events, rejects } of touched) {
      if (there.has(batch.batchId)) continue;
      const made = [...events, ...rejects];
      await write(made.map((item) => ({ ...item, op: 'put' })));
      const wanted = new Set(made.map(({ id }) => id));
      const stored = await idsOfBatch(parts.search, index, head, batch.batchId);
      const more = stored.filter((id) => !wanted.has(id));
      if (more.length > 0) refuse(await write(more.map((id) => ({ op: 'delete', index, id }))));
    }
  }

  /** What the server will never take as an event becomes a reject, so that nothing is lost and the numbers are right. */
  async function settleRefused(
    draft: Draft,
    refused: readonly { readonly item: BulkItem; readonly reason: string }[],
  ): Promise<BatchNumbers> {
    const { batch, index, head, events } = draft;
    const numbers = {
      records: batch.records,
      parsed: batch.parsed,
      rejects: batchNumbers(batch).rejected,
      matches: batchNumbers(batch).matched,
    };
    if (refused.length === 0) return numbers;
    const reasons = new Map<number, string>();
    for (const { item, reason } of refused) {
      if (!('event' in item)) throw new RequestRefused(`to keep reject ${item.id}`, undefined, reason);
      reasons.set(recordOffset('event', item.id, batch.batchId), reason);
    }
    const ofRecords = events.filter(({ id }) => reasons.has(recordOffset('event', id, batch.batchId)));
    refuse(await write(ofRecords.map(({ id }) => ({ op: 'delete', index, id }))));
    const byRecord = Map.groupBy(ofRecords, ({ id }) => recordOffset('event', id, batch.batchId));
    const made = [...byRecord].map(([offset, items]): BulkItem => {
      const reject = rejectOf(batch, offset, items as EventItem[], reasons.get(offset) as string);
      return { op: 'put', index, id: reject.id, source: encodeReject(head, reject) };
    });
    refuse(await write(made));
    const gone = new Set(ofRecords.map(({ id }) => id));
    return {
      ...numbers,
      parsed: numbers.parsed - made.length,
      rejects: numbers.rejects + made.length,
      matches: numbers.matches - batch.matches.filter((match) => gone.has(match.eventId)).length,
    };
  }

  return {
    async putBatches(batches) {
      const unique = new Map<string, WorkedBatch>();
      for (const batch of batches) {
        checkIds(batch);
        if (!unique.has(batch.batchId)) unique.set(batch.batchId, batch);
      }
      if (unique.size === 0) return;
      await againWhileClosed(elastic, () => putOnce([...unique.values()]), periods.forget);
    },
    async lacking(batches) {
      const known = new Set<string>();
      const byPlace = Map.groupBy(batches, ({ batchId, memberId }) => `${memberId} ${dayOfId(batchId)}`);
      const placed: { batch: BatchName; index: string }[] = [];
      for (const ofPlace of byPlace.values()) {
        const day = dayOfId((ofPlace[0] as BatchName).batchId);
        if (day === undefined) continue;
        const index = await periods.place((ofPlace[0] as BatchName).memberId, day);
        placed.push(...ofPlace.map((batch) => ({ batch, index })));
      }
      for (const id of await rowsThere(elastic, placed)) known.add(id);
      return new Set(batches.map(({ batchId }) => batchId).filter((id) => !known.has(id)));
    },
  };
}

/** Throws when an id would not lead back to where its record is kept. */
function checkIds(batch: WorkedBatch): void {
  batchDay(batch);
  const ids = new Set<string>();
  for (const event of batch.events) {
    recordOffset('event', event['event.id'], batch.batchId);
    ids.add(event['event.id']);
  }
  for (const { id } of batch.rejects) recordOffset('reject', id, batch.batchId);
  const stray = batch.matches.find(({ eventId: id }) => !ids.has(id));
  if (stray !== undefined) throw new Error(`match of ${stray.ruleId}: ${stray.eventId} is no event of the batch`);
}

function toDraft({ batch, index }: { batch: WorkedBatch; index: string }): Draft {
  const head = batchHead(batch);
  const matches = Map.groupBy(batch.matches, (match) => match.eventId);
  const none: readonly Match[] = [];
  return {
    batch,
    index,
    head,
    events: batch.events.map((event): EventItem => {
      const id = event['event.id'];
      return { op: 'create', index, id, source: encodeEvent(head, event, matches.get(id) ?? none), event };
    }),
    rejects: batch.rejects.map(
      (reject): BulkItem => ({ op: 'create', index, id: reject.id, source: encodeReject(head, reject) }),
    ),
  };
}

/** Batches whose rows are there, in real time. */
async function rowsThere(
  elastic: Elastic,
  placed: readonly { readonly batch: BatchName; readonly index: string }[],
): Promise<ReadonlySet<string>> {
  if (placed.length === 0) return new Set();
  const { body } = await elastic.request<{ docs: { _id: string; found?: boolean }[] }>({
    method: 'POST',
    path: '/_mget',
    query: { _source: false },
    body: { docs: placed.map(({ batch, index }) => ({ _index: index, _id: batch.batchId })) },
    patience: 'writer',
  });
  return new Set(body.docs.filter(({ found }) => found === true).map(({ _id }) => _id));
}

async function idsOfBatch(search: EventSearch, index: string, head: BatchHead, batchId: string): Promise<string[]> {
  const receivedMs = Date.parse(head.received);
  const same = { term: { 'hinomi.source_id': head['hinomi.source_id'] } };
  const ids: string[] = [];
  for (let after: readonly (string | number)[] | undefined; ; ) {
    const { hits } = await search.findIn([index], {
      query: {
        bool: {
          filter: [
            ofKind('event', 'reject'),
            same,
            { range: { received: { gte: receivedMs, lte: receivedMs, format: 'epoch_millis' } } },
          ],
        },
      },
      sort: [{ 'event.id': 'asc' }],
      size: 5_000,
      _source: false,
      ...(after !== undefined && { search_after: after }),
    });
    ids.push(...hits.hits.map(({ _id }) => _id));
    after = hits.hits.at(-1)?.sort;
    if (hits.hits.length < 5_000) break;
  }
  return ids.filter((id) => id.startsWith(`${batchId}-`));
}

function rejectOf(batch: WorkedBatch, offset: number, items: readonly EventItem[], reason: string): Reject {
  const { memberId, sourceId, receivedAt } = batch;
  // The line as it came, where the connector kept it: then the record can be replayed.
  const original = items[0]?.event['event.original'];
  const text = typeof original === 'string' ? original : items.map(({ event }) => JSON.stringify(event)).join('\n');
  const bytes = Buffer.from(text);
  return {
    id: eventId(batch.batchId, offset),
    memberId,
    sourceId,
    receivedAt,
    reason: `record ${offset}: the store cannot keep its event: ${reason}`.slice(0, 1_000),
    raw: bytes.subarray(0, KEPT_BYTES).toString('base64'),
    bytes: bytes.length,
    encoding: 'utf-8',
  };
}

function refuse({ refused: [first] }: Awaited<ReturnType<typeof writeBulk>>): void {
  if (first !== undefined) {
    throw new RequestRefused(`to write ${first.item.index}/${first.item.id}`, undefined, first.reason);
  }
}
