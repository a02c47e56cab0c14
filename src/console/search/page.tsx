/** Search over stored events: query, range, histogram, results. The address holds all of it, so that it can be passed on. */
import { type FormEvent, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { withQuery } from '../api.ts';
import { useKeys } from '../keys.ts';
import { useParams } from '../location.tsx';
import { useCursor } from '../parts/cursor.ts';
import type { Pivot } from '../parts/event-fields.tsx';
import { MemberSelect } from '../parts/member-select.tsx';
import { Empty, Failed, Loading } from '../parts/notice.tsx';
import { Time } from '../parts/time.tsx';
import { usePages, useQuery } from '../query.ts';
import { useText } from '../session.tsx';
import type { Bucket, Event, EventList, List } from '../types.ts';
import { Histogram } from './histogram.tsx';
import { term, withTerm } from './query-text.ts';
import { barStep, boundsOf, type Range, rangeParams, readRange } from './range.ts';
import { RangeBar } from './range-bar.tsx';
import { Results } from './results.tsx';
import { SyntaxHelp } from './syntax.tsx';

const pageSize = 100;
const mostBars = 100;
const nothing: ReadonlySet<string> = new Set();
const eventId = (event: Event) => event['event.id'];

export function SearchPage() {
  const text = useText();
  const { one, set } = useParams();
  const query = one('q');
  const memberId = one('member');
  const range = useMemo(() => readRange(one), [one]);
  const [ranAtMs, setRanAt] = useState(Date.now);
  const bounds = useMemo(() => boundsOf(range, ranAtMs), [range, ranAtMs]);
  const [typed, setTyped] = useState(query);
  useEffect(() => setTyped(query), [query]);
  const box = useRef<HTMLInputElement>(null);

  const pages = usePages<Event, EventList>(
    withQuery('events', { q: query, since: bounds.since, until: bounds.until, memberId, limit: pageSize }),
    eventId,
  );
  const stepMs = barStep(bounds, mostBars);
  const bars = useQuery<List<Bucket>>(
    withQuery('events/histogram', { since: bounds.since, until: bounds.until, step: stepMs, memberId }),
    { keep: true },
  );

  const [cursor, setCursor] = useState('');
  const [open, setOpen] = useState(nothing);
  const ids = useMemo(() => pages.items.map(eventId), [pages.items]);
  const { listRef } = useCursor({ ids, current: cursor, onMove: setCursor });
  const toggle = useCallback((id: string) => {
    setCursor(id);
    setOpen((old) => {
      const next = new Set(old);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  }, []);

  const run = useCallback(
    (nextQuery: string, nextRange: Range = range) => {
      setRanAt(Date.now());
      setCursor('');
      set({ q: nextQuery, ...rangeParams(nextRange) }, { replace: false });
    },
    [set, range],
  );
  const pivot = useCallback<Pivot>(
    (field, value, mode) => run(withTerm(query, term(field, value), mode)),
    [run, query],
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    run(typed.trim());
  };

  useKeys({
    '/': () => box.current?.select(),
    enter: () => cursor !== '' && toggle(cursor),
    escape: () => setOpen(nothing),
  });
  useEffect(() => {
    document.title = `${query === '' ? text.search.title : query} · ${text.product}`;
  }, [query, text]);

  const { error, last } = pages;
  const wrongQuery = error?.status === 400;
  const cut = last?.next !== undefined && last.items.length < pageSize;
  return (
    <div className="page page-search">
      <h1 className="hidden-visually">{text.search.title}</h1>
      <search>
        <form onSubmit={submit} className="query-bar">
          <label className="query-box">
            <span className="hidden-visually">{text.search.label}</span>
            <input
              ref={box}
              type="text"
              value={typed}
              onChange={(event) => setTyped(event.target.value)}
              placeholder={text.search.placeholder}
              maxLength={4096}
              spellCheck={false}
              autoComplete="off"
              autoCapitalize="none"
              aria-invalid={wrongQuery}
              aria-describedby="query-error"
            />
          </label>
          <button type="submit" className="main-act">
            {text.search.run}
          </button>
        </form>
        <div className="toolbar">
          <RangeBar range={range} bounds={bounds} onChange={(next) => run(typed.trim(), next)} />
          <MemberSelect value={memberId} onChange={(member) => set({ member })} />
        </div>
        <SyntaxHelp
          open={wrongQuery}
          onTry={(example) => {
            setTyped(example);
            box.current?.focus();
          }}
        />
      </search>
      <div id="query-error" role="alert" className="field-error">
        {wrongQuery ? (
          <>
            {text.search.wrongQuery}: <span lang="en">{error.message.replace(/^query\.q: /, '')}</span>
          </>
        ) : null}
      </div>
      {bars.data === undefined ? (
        <div className="histogram-place" />
      ) : (
        <Histogram
          buckets={bars.data.items}
          stepMs={stepMs}
          onNarrow={(narrow) => run(query, { kind: 'fixed', ...narrow })}
        />
      )}
      {error !== undefined && !wrongQuery ? <Failed error={error} again={pages.reload} /> : null}
      {pages.items.length > 0 && !wrongQuery ? (
        <div ref={listRef} aria-busy={pages.stale} className="list-body">
          <Results events={pages.items} cursor={cursor} open={open} onToggle={toggle} onPivot={pivot} />
        </div>
      ) : null}
      {pages.loading ? (
        <Loading />
      ) : error !== undefined || last === undefined ? null : cut ? (
        <Empty title={text.search.cutTitle}>
          <p>
            <Time at={last.searchedTo} form="full" /> {text.search.cut}
          </p>
          <button type="button" onClick={pages.more}>
            {text.search.goOn}
          </button>
        </Empty>
      ) : pages.items.length === 0 ? (
        <Empty title={text.search.empty} hint={text.search.emptyHint} />
      ) : (
        <p className="list-end">
          <span className="muted">{text.showing(pages.items.length, last.next !== undefined)}</span>
          {last.next === undefined ? null : (
            <button type="button" onClick={pages.more}>
              {text.more}
            </button>
          )}
        </p>
      )}
    </div>
  );
}
