/**
 * Batches, rejects and sums of a copy, index by index. Whatever happens to an index meanwhile (retention removes it), a row is read
 * with all that belongs to it, or it is told in the sums.
 */
import type { Match } from '../../model/alert.ts';
import type { Reject } from '../../model/batch.ts';
import type { Event } from '../../model/event.ts';
import type { CopyOptions, CopyPiece, CopySum, StoredBatch, SumKind } from '../copy.ts';
import { dayOf } from '../event-place.ts';
import { HOUR_MS, type LedgerPart } from '../event-reads.ts';
import type { Elastic } from './connection.ts';
import { decodeBatch, decodeEvent, decodeReject } from './encode.ts';
import { allEvents, type Clause, ledgerIndex, ofKind, parseEventIndex } from './event-format.ts';
import type { EventSearch, Hit } from './event-search.ts';
import { readWhole, sumsOf, uuidOf } from './ledger.ts';
import { createPortions } from './portion.ts';
import { listIndices } from './prune.ts';

export interface CopyParts {
  readonly elastic: Elastic;
  readonly search: EventSearch;
}

export interface ListedIndex {
  readonly index: string;
  readonly uuid: string;
}

const SUMS = 5_000;

const BEHIND_ALL_DAYS = '9999-12-31';

/** Day of the oldest event or reject. Rows of batches from before are what retention left of them: sums, to a copy. */
export async function firstDay({ elastic, search }: CopyParts): Promise<string> {
  const { hits } = await search.findIn([allEvents(elastic.prefix)], {
    query: { bool: { filter: [ofKind('event', 'reject')] } },
    sort: [{ received: 'asc' }],
    size: 1,
    _source: false,
  });
  const first = hits.hits[0]?.sort[0];
  return first === undefined ? BEHIND_ALL_DAYS : dayOf(first as number);
}

export interface Sums {
  readonly pieces: readonly CopyPiece[];
  readonly indices: readonly ListedIndex[];
  /** Batches from this day on are no part of the sums. */
  readonly first: string;
}

/**
 * Sums beyond the batches that are copied, and the indices that these are in; `before`: as firstDay said earlier. A row is found no
 * sooner than its events: where the first day is the same afterwards, no row of a batch that came meanwhile is in the sums.
 */
export async function readSums(parts: CopyParts, before: string, sinceDay: string | undefined): Promise<Sums> {
  const earlier = async (day: string): Promise<string> => {
    const now = await firstDay(parts);
    return now < day ? now : day;
  };
  for (let first = await earlier(before); ; ) {
    const sums = await sumsBefore(parts, first, sinceDay);
    const after = await earlier(first);
    if (after === first) return { ...sums, first };
    first = after;
  }
}

async function sumsBefore(
  { elastic, search }: CopyParts,
  first: string,
  sinceDay: string | undefined,
): Promise<Omit<Sums, 'first'>> {
  return readWhole(elastic, async (leaveOut) => {
    const indices = await listIndices(elastic);
    const places = [allEvents(elastic.prefix), ledgerIndex(elastic.prefix)];
    const sums = createSums();
    const rows: Clause = { bool: { filter: [ofKind('batch'), { range: { received: { lt: first } } }] } };
    const known: Clause = { bool: { should: [ofKind('refused', 'ledger'), rows], minimum_should_match: 1 } };
    for await (const part of sumsOf(search, places, [known], leaveOut)) sums.add(part);
    if (sinceDay !== undefined && sinceDay > first) {
      const left: Clause[] = [ofKind('batch'), { range: { received: { gte: first, lt: sinceDay } } }];
      for await (const part of sumsOf(search, [allEvents(elastic.prefix)], left)) sums.addLeft(part);
    }
    return { pieces: sums.pieces(), indices };
  });
}

function createSums() {
  const rows: Record<SumKind, CopySum[]> = { removed: [], refused: [], left: [] };
  const toSum = ({ hour, source, member }: LedgerPart): CopySum => ({
    ...{ memberId: member, sourceId: source, hour: new Date(hour * HOUR_MS).toISOString() },
    ...{ parsed: 0, rejects: 0, refused: 0 },
  });
  return {
    add(part: LedgerPart): void {
      const { parsed, rejects, refused } = part;
      if (parsed !== 0 || rejects !== 0) rows.removed.push({ ...toSum(part), parsed, rejects });
      if (refused !== 0) rows.refused.push({ ...toSum(part), refused });
    },
    addLeft(part: LedgerPart): void {
      const { parsed, rejects } = part;
      rows.left.push({ ...toSum(part), parsed, rejects });
    },
    pieces(): readonly CopyPiece[] {
      const pieces: CopyPiece[] = [];
      for (const kind of ['removed', 'refused', 'left'] as const) {
        for (let at = 0; at < rows[kind].length; at += SUMS)
          pieces.push({ kind: 'sums', of: kind, rows: rows[kind].slice(at, at + SUMS) });
      }
      return pieces;
    },
  };
}

/** Of an index that was removed since it was listed: what the ledger says of its member and period now. */
export async function readRemoved({ elastic, search }: CopyParts, index: string): Promise<readonly CopyPiece[]> {
  const parts = parseEventIndex(elastic.prefix, index);
  if (parts === undefined) return [];
  const filter: Clause[] = [
    ofKind('ledger'),
    { term: { 'organization.id': parts.member } },
    { range: { received: { gte: parts.firstDay, lt: parts.endDay } } },
  ];
  return readWhole(elastic, async (leaveOut) => {
    const sums = createSums();
    for await (const part of sumsOf(search, [ledgerIndex(elastic.prefix)], filter, leaveOut)) sums.add(part);
    return sums.pieces().filter((piece) => piece.kind !== 'sums' || piece.of === 'removed');
  });
}

const ROWS = 1_000;
const MOST_ROWS = 10_000;
/** Batches whose events are asked for together. */
const GROUP = 50;
const GROUP_RECORDS = 2_000;

/** False: the index was removed before any of it was read. */
export async function* copyIndex(
  parts: CopyParts,
  { index, uuid }: ListedIndex,
  sinceDay: string,
  wanted: CopyOptions['wanted'],
): AsyncGenerator<CopyPiece, boolean> {
  const member = parseEventIndex(parts.elastic.prefix, index)?.member;
  if (member === undefined) return true;
  let told = 0;
  for await (const rows of walkRows(parts, index, sinceDay)) {
    const names = rows.map(({ _id }) => ({ batchId: _id, memberId: member }));
    const these = wanted === undefined ? undefined : await wanted(names);
    for (const group of groupsOf(rows.filter(({ _id }) => these?.has(_id) !== false))) {
      for (const batch of await readBatches(parts, index, member, group)) {
        told++;
        yield { kind: 'batch', batch };
      }
    }
  }
  if ((await uuidOf(parts.elastic, index)) === uuid) return true;
  if (told > 0) throw new Error(`index ${index} was removed while it was copied; copy again`);
  return false;
}

/** Rows of batches by time of receipt. Each page begins at the time the last one ended at, and leaves out what that one had. */
async function* walkRows({ search }: CopyParts, index: string, sinceDay: string): AsyncGenerator<Hit[]> {
  let fromMs: number | undefined;
  let seen = new Set<string>();
  for (let size = ROWS; ; ) {
    const filter: Clause[] = [ofKind('batch'), { range: { received: { gte: sinceDay } } }];
    if (fromMs !== undefined) filter.push({ range: { received: { gte: fromMs, format: 'epoch_millis' } } });
    const { hits } = await search.findIn([index], { query: { bool: { filter } }, sort: [{ received: 'asc' }], size });
    const rows = hits.hits.filter(({ _id }) => !seen.has(_id));
    if (rows.length > 0) yield rows;
    if (hits.hits.length < size) return;
    const lastMs = hits.hits.at(-1)?.sort[0] as number;
    if (lastMs === fromMs && rows.length === 0) {
      if (size >= MOST_ROWS) throw new Error(`index ${index}: more than ${MOST_ROWS} batches of one millisecond`);
      size = MOST_ROWS;
    }
    const atLast = hits.hits.filter(({ sort }) => sort[0] === lastMs).map(({ _id }) => _id);
    seen = lastMs === fromMs ? new Set([...seen, ...atLast]) : new Set(atLast);
    fromMs = lastMs;
  }
}

function* groupsOf(rows: readonly Hit[]): Generator<readonly Hit[]> {
  let group: Hit[] = [];
  let records = 0;
  for (const row of rows) {
    const own = row._source.records as number;
    if (group.length > 0 && (group.length >= GROUP || records + own > GROUP_RECORDS)) {
      yield group;
      group = [];
      records = 0;
    }
    group.push(row);
    records += own;
  }
  if (group.length > 0) yield group;
}

async function readBatches(
  { search }: CopyParts,
  index: string,
  memberId: string,
  rows: readonly Hit[],
): Promise<readonly StoredBatch[]> {
  const made = new Map<string, { events: Event[]; rejects: Reject[]; matches: Match[] }>();
  for (const { _id } of rows) made.set(_id, { events: [], rejects: [], matches: [] });
  const should = rows.map(({ _source }): Clause => {
    const receivedMs = Date.parse(_source.received as string);
    return {
      bool: {
        filter: [
          { term: { 'hinomi.source_id': _source['hinomi.source_id'] } },
          { range: { received: { gte: receivedMs, lte: receivedMs, format: 'epoch_millis' } } },
        ],
      },
    };
  });
  const portions = createPortions(5_000);
  for (let after: Hit['sort'] | undefined; ; ) {
    const size = portions.size();
    const { hits } = await search.findIn([index], {
      query: { bool: { filter: [ofKind('event', 'reject'), { bool: { should, minimum_should_match: 1 } }] } },
      sort: [{ 'event.id': 'asc' }],
      size,
      _source: { excludes: ['terms'] },
      ...(after !== undefined && { search_after: after }),
    });
    portions.found(hits.hits);
    for (const { _id, _source } of hits.hits) {
      const of = made.get(_id.slice(0, 26));
      if (of === undefined) continue;
      if (_source.kind === 'reject') of.rejects.push(decodeReject(_source));
      else {
        of.events.push(decodeEvent(_source));
        if (typeof _source.matches === 'string') of.matches.push(...(JSON.parse(_source.matches) as Match[]));
      }
    }
    if (hits.hits.length < size) break;
    after = hits.hits.at(-1)?.sort;
  }
  return rows.map(({ _id, _source }): StoredBatch => {
    const { rejects: rejected, matches: matched, ...numbers } = decodeBatch(_id, _source);
    return {
      ...numbers,
      memberId,
      rejected,
      matched,
      ...(made.get(_id) as { events: Event[]; rejects: Reject[]; matches: Match[] }),
    };
  });
}

const REJECT_IDS = 5_000;

/** Ids of the rejects that are there, from that day on, as ranges without a gap. */
export async function* copyRejects({ elastic, search }: CopyParts, floor: string | null): AsyncGenerator<CopyPiece> {
  let after = floor;
  for (;;) {
    const { hits } = await search.findIn([allEvents(elastic.prefix)], {
      query: { bool: { filter: [ofKind('reject')] } },
      sort: [{ 'event.id': 'asc' }],
      size: REJECT_IDS,
      _source: false,
      ...(after !== null && { search_after: [after] }),
    });
    const ids = hits.hits.map(({ _id }) => _id);
    const upTo = ids.length < REJECT_IDS ? null : (ids.at(-1) as string);
    yield { kind: 'rejects', after, upTo, ids };
    if (upTo === null) return;
    after = upTo;
  }
}
