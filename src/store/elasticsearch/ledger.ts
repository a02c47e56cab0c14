/**
 * The ledger: sums over the rows of batches and of refused records, and over what was kept of indices that were removed.
 * While an index is being removed, its sums are there twice for a moment; a document says which index that is, and a reader leaves
 * out the copies while the index lives, and reads again when that changed under its eyes.
 */
import { randomUUID } from 'node:crypto';
import { timedId } from '../../ids.ts';
import { dayOf } from '../event-place.ts';
import { createLedgerSums, HOUR_MS, type LedgerPart, ledgerHours } from '../event-reads.ts';
import { type Store, StoreUnavailable } from '../store.ts';
import { type BulkItem, writeBulk } from './bulk.ts';
import { backOffMs, type Elastic, RequestRefused } from './connection.ts';
import { between, type Clause, type EventKind, inScope, ledgerIndex, ofKind, patternsOf } from './event-format.ts';
import type { Bucket, EventSearch } from './event-search.ts';
import { againWhileClosed } from './make-index.ts';
import type { Periods } from './period.ts';
import type { Freshness } from './refresh.ts';

export interface LedgerParts {
  readonly elastic: Elastic;
  readonly fresh: Freshness;
  readonly search: EventSearch;
  readonly periods: Periods;
}

/** The index that is being removed. */
export interface Folding {
  readonly index: string;
  readonly uuid: string;
  /** Who removes it, and when that was last certain. */
  readonly holder: string;
  readonly atMs: number;
}

/** Another with every change. */
export interface FoldingMark {
  readonly seqNo: number;
  readonly term: number;
}

export interface FoldingState {
  /** Undefined: none. */
  readonly folding: Folding | undefined;
  /** Undefined before the first. */
  readonly mark: FoldingMark | undefined;
}

const FOLDING_ID = 'folding';

export async function readFolding(elastic: Elastic): Promise<FoldingState> {
  const { status, body } = await elastic.request<{
    _seq_no: number;
    _primary_term: number;
    _source: { folding?: string };
  }>({ method: 'GET', path: `/${ledgerIndex(elastic.prefix)}/_doc/${FOLDING_ID}`, accept: [404] });
  if (status === 404) return { folding: undefined, mark: undefined };
  const { folding } = body._source;
  return {
    folding: folding === undefined ? undefined : JSON.parse(folding),
    mark: { seqNo: body._seq_no, term: body._primary_term },
  };
}

/** Undefined when somebody else changed it since `mark`. */
export async function writeFolding(
  elastic: Elastic,
  { mark }: FoldingState,
  folding: Folding | undefined,
): Promise<FoldingMark | undefined> {
  const { status, body } = await elastic.request<{ _seq_no: number; _primary_term: number }>({
    method: 'PUT',
    path: `/${ledgerIndex(elastic.prefix)}/_doc/${FOLDING_ID}`,
    query: mark === undefined ? { op_type: 'create' } : { if_seq_no: mark.seqNo, if_primary_term: mark.term },
    body: folding === undefined ? {} : { folding: JSON.stringify(folding) },
    accept: [409],
  });
  return status === 409 ? undefined : { seqNo: body._seq_no, term: body._primary_term };
}

/** The index's own id, which another of the same name does not have; undefined when there is none. */
export async function uuidOf(elastic: Elastic, index: string): Promise<string | undefined> {
  const { status, body } = await elastic.request<Record<string, { settings: { index: { uuid: string } } }>>({
    method: 'GET',
    path: `/${index}/_settings/index.uuid`,
    accept: [404],
  });
  return status === 404 ? undefined : body[index]?.settings.index.uuid;
}

const PAGE = 5_000;

/** All sums of what the filter lets through, by hour, source and member. */
export async function* sumsOf(
  search: EventSearch,
  patterns: readonly string[],
  filter: readonly Clause[],
  mustNot: readonly Clause[] = [],
): AsyncGenerator<LedgerPart> {
  for (let after: object | undefined; ; ) {
    const { aggregations } = await search.findIn(patterns, {
      size: 0,
      query: { bool: { filter, must_not: mustNot } },
      aggs: {
        rows: {
          composite: {
            size: PAGE,
            sources: [
              { hour: { date_histogram: { field: 'received', fixed_interval: '1h' } } },
              { source: { terms: { field: 'hinomi.source_id' } } },
              { member: { terms: { field: 'organization.id' } } },
            ],
            ...(after !== undefined && { after }),
          },
          aggs: Object.fromEntries(
            ['parsed', 'rejected', 'refused'].map((field) => [field, { sum: { field } }] as const),
          ),
        },
      },
    });
    const rows = aggregations?.rows;
    for (const bucket of rows?.buckets ?? []) yield toPart(bucket);
    after = rows?.after_key;
    if (after === undefined || (rows?.buckets.length ?? 0) < PAGE) return;
  }
}

function toPart({ key, ...sums }: Bucket): LedgerPart {
  const { hour, source, member } = key as { hour: number; source: string; member: string };
  const sum = (name: string): number => (sums[name] as { value: number } | undefined)?.value ?? 0;
  return {
    hour: Math.floor(hour / HOUR_MS),
    source,
    member,
    parsed: sum('parsed'),
    rejects: sum('rejected'),
    refused: sum('refused'),
  };
}

const ATTEMPTS = 10;

/**
 * `read` is given what it must leave out, so that nothing counts twice that is being removed; it is called again when that changed
 * under its eyes. Throws StoreUnavailable when it changes all the time.
 */
export async function readWhole<T>(elastic: Elastic, read: (leaveOut: readonly Clause[]) => Promise<T>): Promise<T> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const state = await readFolding(elastic);
    const living = await livingOf(elastic, state);
    const result = await read(living === undefined ? [] : [{ term: { uuid: living } }]);
    const now = await readFolding(elastic);
    if (now.mark?.seqNo === state.mark?.seqNo && (await livingOf(elastic, now)) === living) return result;
    await elastic.wait(backOffMs(attempt));
  }
  throw new StoreUnavailable('old events are being removed; ask for the ledger again in a minute');
}

export function createLedger(parts: LedgerParts): Pick<Store, 'ledger' | 'addRefused'> {
  const { elastic, fresh, search, periods } = parts;

  return {
    async ledger(scope, query) {
      const [from, to] = ledgerHours(query);
      const events = patternsOf(elastic.prefix, scope);
      if (events.length === 0 || !(from < to)) return [];
      const filter: Clause[] = [
        ofKind('batch', 'refused', 'ledger'),
        between('received', from * HOUR_MS, to * HOUR_MS),
        ...inScope(scope),
      ];
      if (query.sourceId !== undefined) filter.push({ term: { 'hinomi.source_id': query.sourceId } });
      return await readWhole(elastic, async (copies) => {
        const sums = createLedgerSums();
        for await (const part of sumsOf(search, [...events, ledgerIndex(elastic.prefix)], filter, copies)) {
          sums.add(part);
        }
        return sums.rows();
      });
    },

    async addRefused(rows) {
      const made = rows.map(({ memberId, sourceId, hour, records }) => {
        const hourMs = Math.floor(Date.parse(hour) / HOUR_MS) * HOUR_MS;
        if (Number.isNaN(hourMs)) throw new RangeError(`refused records of ${sourceId}: "${hour}" is no time`);
        const source = JSON.stringify({
          kind: 'refused' satisfies EventKind,
          received: new Date(hourMs).toISOString(),
          'organization.id': memberId,
          'hinomi.source_id': sourceId,
          refused: records,
        });
        // The same for every attempt of this call, so that none counts twice.
        return { memberId, day: dayOf(hourMs), id: timedId(hourMs, randomUUID()), source };
      });
      const byPlace = Map.groupBy(made, ({ memberId, day }) => `${memberId} ${day}`);
      // One index at a time: when one is closed, what others took is not sent again.
      for (const ofPlace of byPlace.values()) {
        const { memberId, day } = ofPlace[0] as (typeof made)[number];
        const write = async (): Promise<void> => {
          const index = await periods.place(memberId, day);
          const items = ofPlace.map(({ id, source }): BulkItem => ({ op: 'create', index, id, source }));
          const { refused } = await writeBulk(elastic, items, 'writer');
          fresh.wrote([index]);
          const [first] = refused;
          if (first !== undefined) throw new RequestRefused(`to count in ${index}`, undefined, first.reason);
        };
        await againWhileClosed(elastic, write, periods.forget);
      }
    },
  };
}

/** Of the index that is being removed, if it is still there. */
async function livingOf(elastic: Elastic, { folding }: FoldingState): Promise<string | undefined> {
  if (folding === undefined) return undefined;
  return (await uuidOf(elastic, folding.index)) === folding.uuid ? folding.uuid : undefined;
}
