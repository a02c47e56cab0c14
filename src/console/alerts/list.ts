/** The queue's rows: read page by page, kept current by the live stream, with counts. */
import { useCallback, useEffect, useRef, useState } from 'react';
import { type ApiError, withQuery } from '../api.ts';
import { useLive } from '../live.ts';
import { byId, usePages, useQuery } from '../query.ts';
import type { AlertCounts, AlertView } from '../types.ts';
import { type AlertFilters, alertsPath } from './filters.ts';
import { foldChange, showWaiting } from './live-list.ts';

const pageSize = 100;
/** A burst of changes asks for the counts once. */
const countsPauseMs = 1_500;

export interface AlertList {
  readonly rows: readonly AlertView[];
  readonly waiting: number;
  readonly counts: AlertCounts | undefined;
  readonly error: ApiError | undefined;
  readonly loading: boolean;
  readonly stale: boolean;
  readonly hasMore: boolean;
  readonly more: () => void;
  readonly reload: () => void;
  /** Puts the waiting alerts on top. */
  readonly show: () => void;
  /** Takes in what an act of this reader changed. */
  readonly changed: (alerts: readonly AlertView[]) => void;
}

/** `mayArriveOnTop` says whether a newcomer may push the rows down just now. */
export function useAlertList(
  filters: AlertFilters,
  mayArriveOnTop: (rows: readonly AlertView[]) => boolean,
): AlertList {
  const path = alertsPath(filters, pageSize);
  const pages = usePages<AlertView>(path, byId);
  const counts = useQuery<AlertCounts>(withQuery('alerts/counts', { memberId: filters.memberId }), { keep: true });
  const [waiting, setWaiting] = useState<readonly AlertView[]>([]);
  const { change, reload } = pages;

  // biome-ignore lint/correctness/useExhaustiveDependencies: other filters are another list.
  useEffect(() => setWaiting([]), [path]);

  const reloadCounts = counts.reload;
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const countSoon = useCallback(() => {
    if (timer.current !== undefined) return;
    timer.current = setTimeout(() => {
      timer.current = undefined;
      reloadCounts();
    }, countsPauseMs);
  }, [reloadCounts]);
  useEffect(() => () => clearTimeout(timer.current), []);

  // The newest state lives in refs: several changes may come between two renderings.
  const now = useRef({ rows: pages.items, waiting });
  useEffect(() => {
    now.current = { rows: pages.items, waiting };
  }, [pages.items, waiting]);
  const put = useCallback(
    (next: { rows: readonly AlertView[]; waiting: readonly AlertView[] }) => {
      if (next.rows !== now.current.rows) change(() => next.rows);
      if (next.waiting !== now.current.waiting) setWaiting(next.waiting);
      now.current = next;
    },
    [change],
  );

  useLive((live) => {
    if (live.kind === 'gap') {
      reload();
      setWaiting([]);
      countSoon();
    }
    if (live.kind !== 'alert') return;
    countSoon();
    put(foldChange(now.current, live.doc, filters, mayArriveOnTop(now.current.rows)));
  });

  return {
    rows: pages.items,
    waiting: waiting.length,
    counts: counts.data,
    error: pages.error,
    loading: pages.loading,
    stale: pages.stale,
    hasMore: pages.last?.next !== undefined,
    more: pages.more,
    reload,
    show: useCallback(() => {
      put(showWaiting(now.current));
      scrollTo(0, 0);
    }, [put]),
    changed: useCallback(
      (alerts) => {
        const next = new Map(alerts.map((alert) => [alert.id, alert]));
        put({
          ...now.current,
          rows: now.current.rows.map((row) => {
            const found = next.get(row.id);
            return found !== undefined && found.version > row.version ? found : row;
          }),
        });
        countSoon();
      },
      [put, countSoon],
    ),
  };
}
