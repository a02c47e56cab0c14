/** The alert queue: list, filters, live arrivals, keys; the chosen alert stands beside it. */
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useKeys } from '../keys.ts';
import { useLive } from '../live.ts';
import { useParams } from '../location.tsx';
import { useCursor } from '../parts/cursor.ts';
import { Empty, Failed, Loading } from '../parts/notice.tsx';
import { useQuery } from '../query.ts';
import { useSigned, useText } from '../session.tsx';
import type { AlertView } from '../types.ts';
import { useAlertActs } from './acts.ts';
import { CloseDialog } from './close-dialog.tsx';
import { readFilters } from './filters.ts';
import { useAlertList } from './list.ts';
import { AlertPanel } from './panel.tsx';
import { AlertTable } from './table.tsx';
import { AlertFilterBar, SelectionBar } from './toolbar.tsx';

const nothing: ReadonlySet<string> = new Set();

export function AlertsPage() {
  const text = useText();
  const { may } = useSigned();
  const params = useParams();
  const filters = useMemo(() => readFilters(params), [params]);
  const openId = params.one('alert');
  const [cursor, setCursor] = useState(openId);
  const [selected, setSelected] = useState(nothing);
  const [closing, setClosing] = useState<readonly AlertView[]>([]);
  const searchRef = useRef<HTMLInputElement>(null);

  const mayArriveOnTop = useCallback(
    (rows: readonly AlertView[]) =>
      scrollY < 40 && openId === '' && selected.size === 0 && (cursor === '' || rows[0]?.id === cursor),
    [openId, selected, cursor],
  );
  const list = useAlertList(filters, mayArriveOnTop);
  const acts = useAlertActs(list.changed);

  // An alert that a link leads to need not be in the list (other status, long ago): then it is read by itself.
  const listed = list.rows.find((alert) => alert.id === openId);
  const alone = useQuery<AlertView>(
    openId !== '' && listed === undefined && !list.loading ? `alerts/${encodeURIComponent(openId)}` : undefined,
  );
  useLive((change) => {
    if (change.kind === 'alert' && change.doc.id === openId) alone.change(() => change.doc);
  });
  const opened = listed ?? (alone.data?.id === openId ? alone.data : undefined);

  const open = useCallback(
    (id: string) => {
      setCursor(id);
      params.set({ alert: id });
    },
    [params],
  );
  const address = useCallback((id: string) => {
    const next = new URLSearchParams(location.search);
    next.set('alert', id);
    return `/alerts?${next}`;
  }, []);
  const select = useCallback((ids: readonly string[], on: boolean) => {
    setSelected((old) => {
      const next = new Set(old);
      for (const id of ids) {
        if (on) next.add(id);
        else next.delete(id);
      }
      return next;
    });
  }, []);

  const ids = useMemo(() => list.rows.map((alert) => alert.id), [list.rows]);
  const { listRef } = useCursor({
    ids,
    current: cursor,
    onMove: (id) => {
      setCursor(id);
      if (openId !== '') params.set({ alert: id });
    },
  });

  const chosen = list.rows.filter((alert) => selected.has(alert.id));
  const atCursor = (openId !== '' ? opened : undefined) ?? list.rows.find((alert) => alert.id === cursor);
  const targets = chosen.length > 0 ? chosen : atCursor === undefined ? [] : [atCursor];
  const closable = targets.filter((alert) => alert.status !== 'closed');

  const acknowledgeSelected = () => {
    acts.acknowledge(chosen);
    setSelected(nothing);
  };
  const triageKeys = {
    a: () => atCursor !== undefined && acts.acknowledge([atCursor]),
    e: () => atCursor !== undefined && acts.takeOver(atCursor),
    c: () => setClosing(closable),
    x: () => atCursor !== undefined && select([atCursor.id], !selected.has(atCursor.id)),
    A: acknowledgeSelected,
  };
  useKeys({
    ...(may.triage ? triageKeys : {}),
    enter: () => cursor !== '' && open(cursor),
    escape: () => setSelected(nothing),
    '/': () => searchRef.current?.focus(),
    '.': list.show,
  });

  useEffect(() => {
    document.title = `${text.alerts.title} · ${text.product}`;
  }, [text]);

  const onlyNew = params.all('status').length === 0 && filters.level.length === 0;
  const unfiltered = onlyNew && filters.memberId === '' && filters.text === '' && filters.ruleId === '';
  return (
    <div className="alerts" data-open={openId !== '' || undefined}>
      <div className="alerts-list">
        <div className="page-head">
          <h1>{text.alerts.title}</h1>
          <AlertFilterBar filters={filters} counts={list.counts} searchRef={searchRef} />
        </div>
        <SelectionBar
          count={chosen.length}
          busy={acts.busy}
          onAcknowledge={acknowledgeSelected}
          onClose={() => setClosing(closable)}
          onClear={() => setSelected(nothing)}
        />
        <div role="status" aria-live="polite" className="fresh-place">
          {list.waiting === 0 ? null : (
            <button type="button" className="fresh" onClick={list.show}>
              {text.alerts.fresh(list.waiting)} — <kbd>.</kbd> {text.alerts.freshShow}
            </button>
          )}
        </div>
        {list.error === undefined ? null : <Failed error={list.error} again={list.reload} />}
        {list.rows.length > 0 ? (
          <div ref={listRef} aria-busy={list.stale} className="list-body">
            <AlertTable
              alerts={list.rows}
              cursor={cursor}
              selected={selected}
              selectable={may.triage}
              address={address}
              onOpen={open}
              onSelect={select}
            />
            <p className="list-end">
              <span className="muted">{text.showing(list.rows.length, list.hasMore)}</span>
              {list.hasMore ? (
                <button type="button" disabled={list.loading} onClick={list.more}>
                  {list.loading ? text.loading : text.more}
                </button>
              ) : null}
            </p>
          </div>
        ) : list.loading ? (
          <Loading />
        ) : list.error === undefined ? (
          <Empty
            title={unfiltered ? text.alerts.quiet : text.alerts.empty}
            hint={unfiltered ? text.alerts.quietHint : text.alerts.emptyHint}
          />
        ) : null}
      </div>
      {opened === undefined ? (
        openId !== '' && alone.error !== undefined ? (
          <aside className="panel" aria-label={text.alerts.details}>
            <Failed error={alone.error} />
            <button type="button" onClick={() => params.set({ alert: '' })}>
              {text.close}
            </button>
          </aside>
        ) : null
      ) : (
        <AlertPanel
          alert={opened}
          acts={acts}
          onClosing={() => setClosing(opened.status === 'closed' ? [] : [opened])}
          onDismiss={() => params.set({ alert: '' })}
        />
      )}
      {closing.length === 0 ? null : (
        <CloseDialog
          count={closing.length}
          onClose={() => setClosing([])}
          onDone={(reason, note) => {
            acts.close(closing, reason, note);
            setClosing([]);
            setSelected(nothing);
          }}
        />
      )}
    </div>
  );
}
