/** Every document of a kind, for those of the center's own parts that need them all. Never for answering a request: it has no bound. */
import { CENTER_SCOPE } from '../model/scope.ts';
import type { DocQuery, Docs, Kind, Store } from './store.ts';

/** All documents of a kind that fit, page by page. */
export async function findAll<K extends Kind>(
  store: Pick<Store, 'find'>,
  kind: K,
  query: Pick<DocQuery, 'where' | 'order'> = {},
): Promise<readonly Docs[K][]> {
  const all: Docs[K][] = [];
  let cursor: string | undefined;
  do {
    const page = await store.find(kind, CENTER_SCOPE, {
      ...query,
      limit: 1_000,
      ...(cursor !== undefined && { cursor }),
    });
    all.push(...page.items);
    cursor = page.next;
  } while (cursor !== undefined);
  return all;
}
