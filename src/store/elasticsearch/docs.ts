/** Reads of documents in Elasticsearch: single ones in real time, pages, counts. Writes nothing; the journal does. */
import type { Scope } from '../../model/scope.ts';
import { normalise } from '../../search/normalise.ts';
import { formatCursor, parseCursor } from '../cursor.ts';
import { describeDoc } from '../kinds.ts';
import type { Change, DocQuery, Docs, Kind, Page, Store } from '../store.ts';
import type { Elastic } from './connection.ts';
import { docClauses, docIndex, isVisible, type StoredDoc, whereKey, wordsOf } from './doc-format.ts';
import type { Freshness } from './refresh.ts';

interface Hit {
  readonly _source: StoredDoc;
  readonly sort: readonly [string, string];
}

const BUCKETS = 1_000;
/** Candidates looked at for a page with words: their pairs are there, the words need not be. */
const PORTION = 500;

export function createDocReads(elastic: Elastic, fresh: Freshness): Pick<Store, 'find' | 'get' | 'count'> {
  async function search<T>(kind: Kind, body: object): Promise<T> {
    const index = docIndex(elastic.prefix, kind);
    await fresh.before([index]);
    return (await elastic.request<T>({ method: 'POST', path: `/${index}/_search`, body })).body;
  }

  return {
    async find<K extends Kind>(kind: K, scope: Scope, query: DocQuery): Promise<Page<Docs[K]>> {
      const { limit, order = 'newest', cursor } = query;
      if (!(Number.isInteger(limit) && limit >= 1 && limit <= 1_000)) {
        throw new RangeError(`limit ${limit}: ask for 1 to 1,000 documents`);
      }
      const list = `${kind} ${order}`;
      const words = wordsOf(kind, query.text);
      const way = order === 'newest' ? 'desc' : 'asc';
      const clauses = docClauses(kind, scope, query, words);
      let after = cursor === undefined ? undefined : (parseCursor(cursor, list, ['string', 'string']) as string[]);
      const found: Hit[] = [];
      const size = words.length === 0 ? limit + 1 : Math.max(limit + 1, PORTION);
      for (;;) {
        const { hits } = await search<{ hits: { hits: Hit[] } }>(kind, {
          query: clauses,
          sort: [{ sort: way }, { id: way }],
          size,
          track_total_hits: false,
          ...(after !== undefined && { search_after: after }),
          _source: ['doc'],
        });
        found.push(...hits.hits.filter((hit) => holds(kind, hit._source, words)));
        after = hits.hits.at(-1)?.sort.slice();
        if (found.length > limit || hits.hits.length < size) break;
      }
      const page = found.slice(0, limit);
      const last = page.at(-1);
      return {
        items: page.map((hit) => hit._source.doc as Docs[K]),
        ...(found.length > limit && last !== undefined && { next: formatCursor(list, [...last.sort]) }),
      };
    },

    async get<K extends Kind>(kind: K, scope: Scope, id: string): Promise<Docs[K] | undefined> {
      const path = `/${docIndex(elastic.prefix, kind)}/_source/${encodeURIComponent(id)}`;
      // Such ids no document has.
      if (id === '' || Buffer.byteLength(id) > 512) return undefined;
      const { status, body } = await elastic.request<StoredDoc<Docs[K]>>({ method: 'GET', path, accept: [404] });
      if (status === 404 || body.doc === undefined) return undefined;
      return isVisible(describeDoc({ kind, doc: body.doc } as unknown as Change), scope) ? body.doc : undefined;
    },

    async count(kind, scope, by, query = {}) {
      const field = whereKey(kind, by);
      const counts: Record<string, number> = {};
      for (let after: object | undefined; ; ) {
        const { aggregations } = await search<{ aggregations: { by: { after_key?: object; buckets: CountBucket[] } } }>(
          kind,
          {
            query: docClauses(kind, scope, query, []),
            size: 0,
            track_total_hits: false,
            aggs: {
              by: {
                composite: {
                  size: BUCKETS,
                  sources: [{ value: { terms: { field, missing_bucket: true } } }],
                  ...(after !== undefined && { after }),
                },
              },
            },
          },
        );
        for (const { key, doc_count } of aggregations.by.buckets) counts[key.value ?? ''] = doc_count;
        after = aggregations.by.after_key;
        if (aggregations.by.buckets.length < BUCKETS) return counts;
      }
    },
  };
}

interface CountBucket {
  readonly key: { readonly value: string | null };
  readonly doc_count: number;
}

/** Whether the document's text has all the words: the index only proposes. */
function holds(kind: Kind, { doc }: StoredDoc, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const { text } = describeDoc({ kind, doc } as unknown as Change);
  const normalised = normalise(text ?? '');
  return words.every((word) => normalised.includes(word));
}
