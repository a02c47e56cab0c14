/**
 * Documents, marks and progress of one moment, though they lie in several indices: what is found in a view of all of them, and on top
 * of it what the journal put between the moment before the view was opened and the moment after. All up to there is in it, and
 * nothing later.
 */
import type { AppliedMark, CopyPiece } from '../copy.ts';
import { idFloor } from '../event-place.ts';
import { kindNames } from '../kinds.ts';
import type { Docs, Kind, Progress } from '../store.ts';
import type { Elastic } from './connection.ts';
import { docIndex, type StoredDoc } from './doc-format.ts';
import type { Hit } from './event-search.ts';
import { appliedIndex, type Journal, type Put, stateIndex } from './journal.ts';
import { createPortions } from './portion.ts';
import type { Freshness } from './refresh.ts';
import { createView, type View } from './view.ts';

const MARKS = 5_000;

export async function* copyState(
  elastic: Elastic,
  fresh: Freshness,
  journal: Journal,
  sinceDay: string | undefined,
): AsyncGenerator<CopyPiece> {
  const { prefix } = elastic;
  const indices = [docIndex(prefix, '*'), appliedIndex(prefix)];
  const before = await journal.end();
  const progressBefore = await journal.progress();
  await fresh.beforeWhole(indices);
  const view = createView(elastic, indices, 'one moment');
  try {
    await view.open();
    await journal.end();
    const later = Map.groupBy(await journal.putsAfter(before), ({ index }) => index);
    for (const kind of kindNames) yield* copyDocs(view, prefix, kind, later.get(docIndex(prefix, kind)) ?? []);
    yield* copyMarks(view, appliedIndex(prefix), later.get(appliedIndex(prefix)) ?? [], sinceDay);
    const progress = later.get(stateIndex(prefix))?.find(({ id }) => id === 'progress');
    yield {
      kind: 'progress',
      progress: { ...progressBefore, ...(progress && (JSON.parse(progress.source) as Progress)) },
    };
  } finally {
    await view.close();
  }
}

async function* copyDocs(view: View, prefix: string, kind: Kind, puts: readonly Put[]): AsyncGenerator<CopyPiece> {
  /** In the order of UTF-8, as the index is. */
  const later = puts
    .map((put) => ({ ...put, bytes: Buffer.from(put.id), stored: JSON.parse(put.source) as StoredDoc }))
    .sort((a, b) => Buffer.compare(a.bytes, b.bytes));
  const replaced = new Set(later.map(({ id }) => id));
  const portions = createPortions(1_000);
  let after: string | null = null;
  let next = 0;
  for (let sort: Hit['sort'] | undefined; ; ) {
    const size = portions.size();
    const hits: readonly Hit[] = await view.find({
      query: {
        bool: { filter: [{ term: { _index: docIndex(prefix, kind) } }], must_not: [{ term: { removed: true } }] },
      },
      sort: [{ id: 'asc' }],
      size,
      _source: ['id', 'doc'],
      ...(sort !== undefined && { search_after: sort }),
    });
    portions.found(hits);
    const last = hits.at(-1);
    const upTo: string | null = hits.length < size || last === undefined ? null : (last.sort[0] as string);
    const end = upTo === null ? undefined : Buffer.from(upTo);
    const docs = new Map<string, Docs[Kind]>();
    for (const { _source } of hits) {
      const { id, doc } = _source as unknown as StoredDoc<Docs[Kind]>;
      if (doc !== undefined && !replaced.has(id)) docs.set(id, doc);
    }
    for (; next < later.length; next++) {
      const { id, bytes, stored } = later[next] as (typeof later)[number];
      if (end !== undefined && Buffer.compare(bytes, end) > 0) break;
      if (stored.doc !== undefined) docs.set(id, stored.doc as Docs[Kind]);
    }
    yield { kind: 'docs', of: kind, after, upTo, docs: [...docs.values()] };
    if (upTo === null) return;
    after = upTo;
    sort = last?.sort;
  }
}

async function* copyMarks(
  view: View,
  index: string,
  puts: readonly Put[],
  sinceDay: string | undefined,
): AsyncGenerator<CopyPiece> {
  const floor = sinceDay === undefined ? '' : idFloor(sinceDay);
  const later = puts.map(({ source }) => JSON.parse(source) as { id: string; alerts: number });
  const toMarks = (found: readonly { id: string; alerts: number }[]): AppliedMark[] =>
    found.filter(({ id }) => id >= floor).map(({ id, alerts }) => ({ batchId: id, alerts }));
  for (let sort: Hit['sort'] | undefined; ; ) {
    const hits: readonly Hit[] = await view.find({
      query: { bool: { filter: [{ term: { _index: index } }, { range: { id: { gte: floor } } }] } },
      sort: [{ id: 'asc' }],
      size: MARKS,
      ...(sort !== undefined && { search_after: sort }),
    });
    const marks = toMarks(hits.map(({ _source }) => _source as unknown as { id: string; alerts: number }));
    if (marks.length > 0) yield { kind: 'marks', marks };
    if (hits.length < MARKS) break;
    sort = hits.at(-1)?.sort;
  }
  if (later.length > 0) yield { kind: 'marks', marks: toMarks(later) };
}
