/** Reading from the API inside a component: one document, or a list page by page. Old requests are aborted, never raced. */
import { useCallback, useEffect, useRef, useState } from 'react';
import { ApiError, get } from './api.ts';
import type { List } from './types.ts';

export interface Loaded<T> {
  /** The last answer for the present path; stays while it is read again. */
  readonly data: T | undefined;
  readonly error: ApiError | undefined;
  readonly loading: boolean;
  readonly reload: () => void;
  /** Puts a known newer state in place without asking the server. */
  readonly change: (next: (old: T) => T) => void;
}

interface Held<T> {
  readonly path: string | undefined;
  readonly data?: T;
  readonly error?: ApiError;
}

/** Reads `path` now and whenever it changes; undefined reads nothing. `keep` shows the old answer until the new one is there. */
export function useQuery<T>(path: string | undefined, options: { readonly keep?: boolean } = {}): Loaded<T> {
  const [held, setHeld] = useState<Held<T>>({ path: undefined });
  const [round, setRound] = useState(0);
  const [loading, setLoading] = useState(path !== undefined);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `round` asks for the same path again.
  useEffect(() => {
    if (path === undefined) return;
    const abort = new AbortController();
    setLoading(true);
    get<T>(path, abort.signal)
      .then((data) => setHeld({ path, data }))
      .catch((error: unknown) => {
        if (abort.signal.aborted) return;
        const told = asApiError(error);
        setHeld((old) => (old.path === path ? { ...old, error: told } : { path, error: told }));
      })
      .finally(() => {
        if (!abort.signal.aborted) setLoading(false);
      });
    return () => abort.abort();
  }, [path, round]);

  const mine = held.path === path || (options.keep === true && path !== undefined);
  return {
    data: mine ? held.data : undefined,
    error: held.path === path ? held.error : undefined,
    loading: loading || (path !== undefined && held.path !== path),
    reload: useCallback(() => setRound((old) => old + 1), []),
    change: useCallback(
      (next) => setHeld((old) => (old.data === undefined ? old : { ...old, data: next(old.data) })),
      [],
    ),
  };
}

export interface Pages<T, P extends List<T>> {
  /** While another list is being read these are still those of the one before, and `stale` says so. */
  readonly items: readonly T[];
  readonly stale: boolean;
  /** The newest page read, with what it says beside its items. */
  readonly last: P | undefined;
  readonly error: ApiError | undefined;
  readonly loading: boolean;
  /** Reads the next page; does nothing at the end or while one is being read. */
  readonly more: () => void;
  /** Starts again with the first page; the items stay until it is there. */
  readonly reload: () => void;
  readonly change: (next: (old: readonly T[]) => readonly T[]) => void;
}

interface HeldPages<T, P> {
  readonly path: string | undefined;
  readonly items: readonly T[];
  readonly last?: P;
  readonly error?: ApiError;
}

/**
 * A list by cursor. `path` holds the filters and the page size, not the cursor; undefined reads nothing.
 * An item may come again on a later page, when it changed between the two; `keyOf` (always the same function) finds it.
 */
export function usePages<T, P extends List<T> = List<T>>(
  path: string | undefined,
  keyOf: (item: T) => string,
): Pages<T, P> {
  const [held, setHeld] = useState<HeldPages<T, P>>({ path: undefined, items: [] });
  const [loading, setLoading] = useState(path !== undefined);
  const [round, setRound] = useState(0);
  const abort = useRef<AbortController>(undefined);

  const read = useCallback(
    (from: string, cursor: string | undefined) => {
      abort.current?.abort();
      const mine = new AbortController();
      abort.current = mine;
      setLoading(true);
      const joint = from.includes('?') ? '&' : '?';
      get<P>(cursor === undefined ? from : `${from}${joint}cursor=${encodeURIComponent(cursor)}`, mine.signal)
        .then((page) =>
          setHeld((old) => ({
            path: from,
            items: cursor === undefined ? page.items : joined(old.items, page.items, keyOf),
            last: page,
          })),
        )
        .catch((error: unknown) => {
          if (mine.signal.aborted) return;
          const told = asApiError(error);
          setHeld((old) => (old.path === from ? { ...old, error: told } : { path: from, items: [], error: told }));
        })
        .finally(() => {
          if (abort.current === mine) setLoading(false);
        });
    },
    [keyOf],
  );

  // biome-ignore lint/correctness/useExhaustiveDependencies: `round` asks for the same path again.
  useEffect(() => {
    if (path !== undefined) read(path, undefined);
    return () => abort.current?.abort();
  }, [path, read, round]);

  const current = held.path === path;
  const next = current ? held.last?.next : undefined;
  return {
    items: held.items,
    stale: !current,
    last: current ? held.last : undefined,
    error: current ? held.error : undefined,
    loading: loading || (path !== undefined && !current),
    more: useCallback(() => {
      if (path !== undefined && next !== undefined && !loading) read(path, next);
    }, [path, next, loading, read]),
    reload: useCallback(() => setRound((old) => old + 1), []),
    change: useCallback((change) => setHeld((old) => ({ ...old, items: change(old.items) })), []),
  };
}

function joined<T>(before: readonly T[], added: readonly T[], keyOf: (item: T) => string): readonly T[] {
  const known = new Set(before.map(keyOf));
  return [...before, ...added.filter((item) => !known.has(keyOf(item)))];
}

/** The key of what has an `id`, for usePages. */
export const byId = (item: { readonly id: string }): string => item.id;

/** Whatever was thrown, as an ApiError: the pages show nothing else. */
export function asApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError(0, 'console', String(error));
}
