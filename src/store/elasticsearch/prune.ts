/**
 * Removes what was received before a day. An index whose whole period is past goes as a whole, its sums kept in the ledger:
 *
 *   close it to writers -> say that it is being removed -> copy its sums -> delete it -> say that nothing is being removed
 *
 * Any of these may be the last before a crash; the next removal goes on from there, and a reader counts right at every point. A
 * writer that finds its index closed waits until it is gone and writes into a new one of the same name. In an index that lives on,
 * events and rejects are deleted one by one and the rows stay, which are the ledger.
 */
import { randomUUID } from 'node:crypto';
import { HOUR_MS } from '../event-reads.ts';
import { StoreUnavailable } from '../store.ts';
import { type BulkItem, writeBulk } from './bulk.ts';
import { type Elastic, RequestRefused } from './connection.ts';
import { allEvents, type Clause, type EventKind, ledgerIndex, ofKind, parseEventIndex } from './event-format.ts';
import type { EventSearch } from './event-search.ts';
import { removeFound } from './journal.ts';
import { type Folding, readFolding, sumsOf, uuidOf, writeFolding } from './ledger.ts';
import { againWhileClosed } from './make-index.ts';
import type { Freshness } from './refresh.ts';

export interface PruneParts {
  readonly elastic: Elastic;
  readonly fresh: Freshness;
  readonly search: EventSearch;
  forgetApplied(beforeDay: string): Promise<void>;
}

type Target = Pick<Folding, 'index' | 'uuid'>;

/** A removal takes seconds; one that was not heard of for this long has ended with its process. */
const DEAD_MS = 300_000;
const LONGEST_WAIT_MS = 60_000;

export function createPrune(parts: PruneParts): (beforeDay: string) => Promise<readonly string[]> {
  const { elastic, fresh, search } = parts;
  const holder = randomUUID();

  async function prune(beforeDay: string): Promise<readonly string[]> {
    if (!/^\d{4}-\d\d-\d\d$/.test(beforeDay) || Number.isNaN(Date.parse(beforeDay))) {
      throw new RangeError(`"${beforeDay.slice(0, 40)}" is no day; write it as 2026-11-03`);
    }
    await remove(undefined);
    const days = new Set<string>();
    for (const { index, uuid } of await listIndices(elastic)) {
      const parsed = parseEventIndex(elastic.prefix, index);
      if (parsed === undefined || parsed.firstDay >= beforeDay) continue;
      const whole = parsed.endDay <= beforeDay;
      const past: Clause[] = [ofKind('event', 'reject'), { range: { received: { lt: beforeDay } } }];
      const held = await daysOf(search, index, past);
      if (whole) await remove({ index, uuid });
      else if (held.length > 0) {
        await againWhileClosed(elastic, () => removeFound(elastic, fresh, index, { bool: { filter: past } }));
      }
      for (const day of held) days.add(day);
    }
    await parts.forgetApplied(beforeDay);
    return [...days].sort();
  }

  /** One index at a time, whoever removes; what a crash left goes first. Nothing to remove: only that. */
  async function remove(target: Target | undefined): Promise<void> {
    const deadline = performance.now() + LONGEST_WAIT_MS;
    for (;;) {
      const state = await readFolding(elastic);
      const { folding } = state;
      const next = folding ?? target;
      if (next === undefined) return;
      if (folding !== undefined && folding.holder !== holder && Date.now() - folding.atMs < DEAD_MS) {
        if (performance.now() > deadline) {
          throw new StoreUnavailable(`another process removes ${folding.index}; what is left goes next time`);
        }
        await elastic.wait(500);
        continue;
      }
      const mark = await writeFolding(elastic, state, { ...next, holder, atMs: Date.now() });
      if (mark === undefined) continue;
      await fold(next);
      await writeFolding(elastic, { folding: undefined, mark }, undefined);
      if (next.uuid === target?.uuid) return;
    }
  }

  async function fold({ index, uuid }: Target): Promise<void> {
    if ((await uuidOf(elastic, index)) !== uuid) return;
    await elastic.request({ method: 'PUT', path: `/${index}/_block/write`, patience: 'writer' });
    await copySums(index, uuid);
    // Another of this name may have come in its place while this process slept.
    if ((await uuidOf(elastic, index)) !== uuid) return;
    await elastic.request({ method: 'DELETE', path: `/${index}`, accept: [404], patience: 'writer' });
  }

  async function copySums(index: string, uuid: string): Promise<void> {
    await elastic.request({ method: 'POST', path: `/${index}/_refresh`, patience: 'writer' });
    const ledger = ledgerIndex(elastic.prefix);
    let items: BulkItem[] = [];
    const flush = async (): Promise<void> => {
      const { refused } = await writeBulk(elastic, items, 'writer');
      const [first] = refused;
      if (first !== undefined) throw new RequestRefused(`to write to ${ledger}`, undefined, first.reason);
      items = [];
    };
    for await (const { hour, source, member, parsed, rejects, refused } of sumsOf(
      search,
      [index],
      [ofKind('batch', 'refused')],
    )) {
      const doc = {
        kind: 'ledger' satisfies EventKind,
        received: new Date(hour * HOUR_MS).toISOString(),
        'organization.id': member,
        'hinomi.source_id': source,
        uuid,
        ...{ parsed, rejected: rejects, refused },
      };
      items.push({ op: 'create', index: ledger, id: `${uuid} ${hour} ${source}`, source: JSON.stringify(doc) });
      if (items.length >= 5_000) await flush();
    }
    await flush();
    await elastic.request({ method: 'POST', path: `/${ledger}/_refresh`, patience: 'writer' });
  }

  let last: Promise<unknown> = Promise.resolve();
  /** One at a time. */
  return (beforeDay) => {
    const next = last.catch(() => undefined).then(() => prune(beforeDay));
    last = next;
    return next;
  };
}

export async function listIndices(elastic: Elastic): Promise<{ index: string; uuid: string }[]> {
  const { body } = await elastic.request<Record<string, { settings: { index: { uuid: string } } }>>({
    method: 'GET',
    path: `/${allEvents(elastic.prefix)}/_settings/index.uuid`,
  });
  return Object.entries(body)
    .map(([index, { settings }]) => ({ index, uuid: settings.index.uuid }))
    .sort((a, b) => (a.index < b.index ? -1 : 1));
}

/** ISO dates. */
async function daysOf(search: EventSearch, index: string, filter: readonly Clause[]): Promise<string[]> {
  const { aggregations } = await search.findIn([index], {
    size: 0,
    query: { bool: { filter } },
    aggs: { days: { date_histogram: { field: 'received', fixed_interval: '1d', min_doc_count: 1 } } },
  });
  return (aggregations?.days?.buckets ?? []).map(({ key }) => new Date(key as number).toISOString().slice(0, 10));
}
