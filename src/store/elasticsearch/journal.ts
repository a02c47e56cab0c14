/**
 * Writes of documents in Elasticsearch, all of a call or nothing, though it knows transactions over one document only: **the journal**.
 * Every save is one entry, a document whose id is the next number; making it is the commit. Two writers who want the same number
 * meet there, and the one who comes second looks at what the first did before it tries the next. What readers see, one index a
 * kind, is made from the entries, in any order and as often as need be, since each document carries the number of its entry as its
 * external version.
 *
 *   entry n is made only by who has seen entry n - 1 applied  =>  at most the last entry may wait to be applied
 *
 * A writer that dies between commit and applying leaves that to the next writer. Turned down: optimistic writes document by
 * document (half a call is seen, and stays after a crash), a lock (it must be broken when its holder dies, and then nothing keeps
 * the holder from writing on).
 */
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import { batchesOf, knownBefore } from '../cause.ts';
import { describeDoc, kinds } from '../kinds.ts';
import { type Cause, type Change, Deposed, type Kind, type Progress, VersionConflict } from '../store.ts';
import { type BulkItem, writeBulk } from './bulk.ts';
import type { Elastic, Patience } from './connection.ts';
import { docIndex, storedDoc } from './doc-format.ts';
import type { Freshness } from './refresh.ts';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

export const journalIndex = (prefix: string): string => `${prefix}-journal`;
export const stateIndex = (prefix: string): string => `${prefix}-state`;
export const appliedIndex = (prefix: string): string => `${prefix}-applied`;

/** Who leads; kept by the journal. */
export interface LeadDoc {
  readonly term: number;
  readonly holder: string;
}

/** One write that an entry consists of: a document as it is to be found, or a mark. */
export interface Put {
  readonly index: string;
  readonly id: string;
  readonly source: string;
}

interface EntryDoc {
  readonly seq: number;
  readonly at: string;
  /** Tells a writer whose answer was lost that the entry is its own. */
  readonly nonce: string;
  /** Put[] as JSON, zstd, base64: changes repeat themselves, and no mapping can refuse them. */
  readonly puts: string;
}

export interface Journal {
  /** See Store.save. */
  save(changes: readonly Change[], cause?: Cause): Promise<boolean>;
  /** Begins a term after `seen`, unless another did: then undefined. */
  beginTerm(holder: string, seen: number): Promise<number | undefined>;
  lead(): Promise<LeadDoc | undefined>;
  progress(): Promise<Progress>;
  applied(batchIds: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Number of the last entry, which is applied. */
  end(): Promise<number>;
  /** What the entries after that one, up to the last known, put; the last put of each document. */
  putsAfter(seq: number): Promise<readonly Put[]>;
  /** Makes an entry of what `decide` says when all entries before it are applied; it may be asked more than once. */
  write(decide: () => Promise<readonly Put[]>): Promise<void>;
  /** Removes entries that nobody can need any more, and what is left of documents that were removed long ago. */
  trim(nowMs: number): Promise<void>;
}

/** A writer that has not looked for this long may not know of entries that were trimmed, and looks where the journal ends. */
const FORGET_END_MS = 600_000;
const KEEP_ENTRIES_MS = 24 * 3_600_000;
/** Entries are not worth a search for fewer. */
const KEEP_ENTRIES = 1_000;

/** Finds the end of the journal and applies the entry there, which its writer may have left. */
export async function openJournal(elastic: Elastic, fresh: Freshness): Promise<Journal> {
  const { prefix } = elastic;
  const journal = journalIndex(prefix);
  const state = stateIndex(prefix);
  const marks = appliedIndex(prefix);
  /** The last entry known to be applied. */
  let end = 0;
  let lookedAt = Number.NEGATIVE_INFINITY;

  async function readEntry(seq: number, patience: Patience): Promise<EntryDoc | undefined> {
    const path = `/${journal}/_source/${seq}`;
    const { status, body } = await elastic.request<EntryDoc>({ method: 'GET', path, accept: [404], patience });
    return status === 404 ? undefined : body;
  }

  async function apply(seq: number, puts: readonly Put[], patience: Patience): Promise<void> {
    const items = puts.map((put): BulkItem => ({ op: 'put', version: seq, ...put }));
    const { refused } = await writeBulk(elastic, items, patience);
    const [first] = refused;
    if (first !== undefined) {
      throw new Error(
        `entry ${seq} of ${journal} cannot be applied: ${first.item.index}/${first.item.id}: ${first.reason}`,
      );
    }
    fresh.wrote(new Set(puts.map(({ index }) => index)));
    end = Math.max(end, seq);
  }

  const putsOf = async ({ puts }: EntryDoc): Promise<readonly Put[]> =>
    JSON.parse((await decompress(Buffer.from(puts, 'base64'))).toString());

  const applyEntry = async (entry: EntryDoc, patience: Patience): Promise<void> =>
    apply(entry.seq, await putsOf(entry), patience);

  /** Applies what others wrote since. */
  async function catchUp(patience: Patience): Promise<void> {
    for (;;) {
      const entry = await readEntry(end + 1, patience);
      if (entry === undefined) return;
      await applyEntry(entry, patience);
    }
  }

  async function findEnd(patience: Patience): Promise<void> {
    await elastic.request({ method: 'POST', path: `/${journal}/_refresh`, patience });
    const { body } = await elastic.request<{ hits: { hits: { _source: EntryDoc }[] } }>({
      method: 'POST',
      path: `/${journal}/_search`,
      body: { size: 1, sort: [{ seq: 'desc' }], query: { range: { seq: { gt: end } } } },
      patience,
    });
    const last = body.hits.hits[0]?._source;
    if (last !== undefined) await applyEntry(last, patience);
    await catchUp(patience);
    lookedAt = performance.now();
  }

  async function mget<T>(
    ids: readonly { index: string; id: string }[],
    fields: boolean | readonly string[],
    patience: Patience,
  ) {
    if (ids.length === 0) return [];
    const { body } = await elastic.request<{ docs: { found?: boolean; _source?: T }[] }>({
      method: 'POST',
      path: '/_mget',
      body: { docs: ids.map(({ index, id }) => ({ _index: index, _id: id, _source: fields })) },
      patience,
    });
    return body.docs.map((doc) => (doc.found === true ? doc._source : undefined));
  }

  const stateDoc = async <T>(id: string, patience: Patience): Promise<T | undefined> =>
    (await mget<T>([{ index: state, id }], true, patience))[0];

  /** Makes `decide`'s entry, on top of all that was written before; undefined or empty: there is nothing to write. */
  async function commit(decide: () => Promise<readonly Put[] | undefined>, patience: Patience): Promise<boolean> {
    const nonce = randomUUID();
    if (performance.now() - lookedAt > FORGET_END_MS) await findEnd(patience);
    for (;;) {
      const puts = await decide();
      if (puts === undefined) return false;
      if (puts.length === 0) return true;
      const seq = end + 1;
      const packed = (await compress(JSON.stringify(puts))).toString('base64');
      const entry: EntryDoc = { seq, at: new Date().toISOString(), nonce, puts: packed };
      const { status } = await elastic.request({
        method: 'PUT',
        path: `/${journal}/_create/${seq}`,
        body: entry,
        accept: [409],
        patience,
      });
      // Someone's entry; ours when an answer was lost and the request repeated.
      const mine = status !== 409 || (await readEntry(seq, patience))?.nonce === nonce;
      if (mine) {
        await apply(seq, puts, patience);
        lookedAt = performance.now();
        return true;
      }
      await catchUp(patience);
    }
  }

  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  };

  /** Undefined when the batches were applied before. Throws VersionConflict, Deposed. */
  async function decideSave(
    changes: readonly Change[],
    cause: Cause | undefined,
    patience: Patience,
  ): Promise<Put[] | undefined> {
    const places = changes.map(({ kind, doc }) => ({ index: docIndex(prefix, kind), id: doc.id }));
    const [stored, around] = await Promise.all([
      mget<{ version: number; removed?: true }>(places, ['version', 'removed'], patience),
      cause === undefined ? undefined : readAround(cause, patience),
    ]);
    const puts = new Map<string, Put>();
    if (cause !== undefined && around !== undefined) {
      const { lead, before, marked } = around;
      if ((lead?.term ?? 0) !== cause.term) throw new Deposed(cause.term, lead?.term ?? 0);
      if (knownBefore(cause, marked)) return undefined;
      const after = advance(before, cause);
      if (after.appliedMs !== before.appliedMs || after.advancedMs !== before.advancedMs) {
        puts.set('progress', { index: state, id: 'progress', source: JSON.stringify(after) });
      }
      for (const { batchId, alerts } of batchesOf(cause)) {
        puts.set(`mark ${batchId}`, { index: marks, id: batchId, source: JSON.stringify({ id: batchId, alerts }) });
      }
    }
    const versions = new Map<string, number>();
    changes.forEach((change, index) => {
      const doc = stored[index];
      const key = `${change.kind} ${change.doc.id}`;
      const version = versions.get(key) ?? (doc === undefined || doc.removed === true ? 0 : doc.version);
      const put = decideChange(prefix, change, version);
      if (put === undefined) return;
      versions.set(key, change.remove === true ? 0 : change.doc.version);
      puts.set(key, put);
    });
    return [...puts.values()];
  }

  async function readAround(cause: Cause, patience: Patience) {
    const wanted = [
      { index: state, id: 'lead' },
      { index: state, id: 'progress' },
      ...batchesOf(cause).map(({ batchId }) => ({ index: marks, id: batchId })),
    ];
    const [lead, progress, ...its] = (await mget<unknown>(wanted, true, patience)) as [
      LeadDoc?,
      Progress?,
      ...object[],
    ];
    return { lead, before: progress ?? noProgress, marked: its.filter((mark) => mark !== undefined).length };
  }

  await findEnd('reader');
  return {
    save: (changes, cause) => {
      // The correlator's findings must not be lost; a person hears of it and tries again.
      const patience = cause === undefined ? 'reader' : 'writer';
      return inTurn(() => commit(() => decideSave(changes, cause, patience), patience));
    },
    async beginTerm(holder, seen) {
      const term = seen + 1;
      const began = await inTurn(() =>
        commit(async () => {
          const lead = await stateDoc<LeadDoc>('lead', 'writer');
          if ((lead?.term ?? 0) !== seen) return undefined;
          return [{ index: state, id: 'lead', source: JSON.stringify({ term, holder }) }];
        }, 'writer'),
      );
      return began ? term : undefined;
    },
    lead: () => stateDoc<LeadDoc>('lead', 'writer'),
    progress: async () => ({ ...noProgress, ...(await stateDoc<Progress>('progress', 'writer')) }),
    async applied(batchIds) {
      const found = await mget<{ alerts: number }>(
        batchIds.map((id) => ({ index: marks, id })),
        true,
        'writer',
      );
      return new Map(batchIds.flatMap((id, index) => (found[index] === undefined ? [] : [[id, found[index].alerts]])));
    },
    async end() {
      await inTurn(() => catchUp('writer'));
      return end;
    },
    async putsAfter(seq) {
      const puts = new Map<string, Put>();
      for (let at = seq + 1; at <= end; at++) {
        const entry = await readEntry(at, 'writer');
        if (entry === undefined) throw new Error(`entry ${at} of ${journal} is gone; begin again`);
        for (const put of await putsOf(entry)) puts.set(`${put.index} ${put.id}`, put);
      }
      return [...puts.values()];
    },
    async write(decide) {
      await inTurn(() => commit(decide, 'writer'));
    },
    trim: (nowMs) => trimJournal(elastic, fresh, nowMs, end),
  };
}

const noProgress: Progress = { appliedMs: undefined, advancedMs: undefined };

/** The greatest of both, as Store.progress wants it. */
function advance(before: Progress, cause: Cause): Progress {
  const later = (known: number | undefined, ms: number | undefined): number | undefined =>
    known === undefined || ms === undefined ? (known ?? ms) : Math.max(known, ms);
  return {
    appliedMs: batchesOf(cause).reduce((known, { newestMs }) => later(known, newestMs), before.appliedMs),
    advancedMs: later(before.advancedMs, 'advancedMs' in cause ? cause.advancedMs : undefined),
  };
}

/** `version`: of the stored document, 0 when there is none. Undefined: nothing to write. */
function decideChange(prefix: string, change: Change, version: number): Put | undefined {
  const { kind, doc, ifAbsent, remove } = change;
  if (ifAbsent === true && version > 0) return undefined;
  if (kinds[kind].appendOnly && (remove === true || version > 0)) {
    throw new Error(`${kind} ${doc.id}: entries are only added, never changed or removed`);
  }
  if (doc.version !== version + 1) throw new VersionConflict(kind, doc.id);
  const index = docIndex(prefix, kind);
  const source =
    remove === true
      ? JSON.stringify({ id: doc.id, version: doc.version, removed: true, removedAt: new Date().toISOString() })
      : storedDoc(describeDoc(change), JSON.stringify(doc));
  return { index, id: doc.id, source };
}

async function trimJournal(elastic: Elastic, fresh: Freshness, nowMs: number, end: number): Promise<void> {
  const before = new Date(nowMs - KEEP_ENTRIES_MS).toISOString();
  const old = { bool: { filter: [{ range: { at: { lt: before } } }, { range: { seq: { lt: end - KEEP_ENTRIES } } }] } };
  await removeFound(elastic, fresh, journalIndex(elastic.prefix), old);
  const gone = { bool: { filter: [{ term: { removed: true } }, { range: { removedAt: { lt: before } } }] } };
  for (const kind of Object.keys(kinds))
    await removeFound(elastic, fresh, docIndex(elastic.prefix, kind as Kind), gone);
}

/** Deletes what the query finds, in portions. A document that was put meanwhile stays. */
export async function removeFound(elastic: Elastic, fresh: Freshness, index: string, query: object): Promise<void> {
  const size = 5_000;
  for (;;) {
    await fresh.before([index]);
    const { body } = await elastic.request<{ hits: { hits: { _id: string; _version: number }[] } }>({
      method: 'POST',
      path: `/${index}/_search`,
      body: { size, query, _source: false, version: true, track_total_hits: false },
    });
    const found = body.hits.hits;
    if (found.length === 0) return;
    const items = found.map(({ _id, _version }): BulkItem => ({ op: 'delete', index, id: _id, version: _version }));
    await writeBulk(elastic, items, 'reader');
    fresh.wrote([index]);
    if (found.length < size) return;
  }
}
