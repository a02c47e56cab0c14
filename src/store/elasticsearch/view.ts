/** Walks over many documents, page by page, while others write. */
import type { Elastic } from './connection.ts';
import { type Found, type Hit, WHOLE } from './event-search.ts';

const KEEP_OPEN = '5m';

export interface View {
  /** From now on what is found is of this moment; otherwise of the moment of the first search. */
  open(): Promise<void>;
  find(body: object): Promise<readonly Hit[]>;
  close(): Promise<void>;
}

/**
 * The indices as they are now, for a walk over all of them. When the server lost its view, the walk goes on in a new one, or, where
 * everything must be of one moment, fails.
 */
export function createView(elastic: Elastic, patterns: readonly string[], when: 'any' | 'one moment' = 'any'): View {
  let pit: string | undefined;
  const open = async (): Promise<string> => {
    const { body } = await elastic.request<{ id: string }>({
      method: 'POST',
      path: `/${patterns.join()}/_pit`,
      query: { keep_alive: KEEP_OPEN, ignore_unavailable: true },
    });
    return body.id;
  };
  return {
    async open() {
      pit ??= await open();
    },
    async find(body: object): Promise<readonly Hit[]> {
      for (let attempt = 0; ; attempt++) {
        pit ??= await open();
        const { status, body: found } = await elastic.request<Found & { pit_id?: string }>({
          method: 'POST',
          path: '/_search',
          query: { allow_partial_search_results: WHOLE.allow_partial_search_results },
          body: { track_total_hits: false, ...body, pit: { id: pit, keep_alive: KEEP_OPEN } },
          accept: attempt === 0 && when === 'any' ? [404] : [],
        });
        if (status !== 404) {
          pit = found.pit_id ?? pit;
          return found.hits.hits;
        }
        pit = undefined;
      }
    },
    async close(): Promise<void> {
      if (pit === undefined) return;
      // It would end by itself; a server that is away needs no goodbye.
      await elastic
        .request({ method: 'DELETE', path: '/_pit', body: { id: pit }, accept: [404] })
        .catch(() => undefined);
    },
  };
}
