/**
 * Batches that failed at every attempt: whose, why, and another try for those who may. Keeps the focus in its place when a batch
 * leaves the list; does not mend causes.
 */
import { useLayoutEffect, useRef, useState } from 'react';
import { send } from '../api.ts';
import { Failed, Loading } from '../parts/notice.tsx';
import { useRefresh } from '../parts/refresh.ts';
import { useTell } from '../parts/toast.tsx';
import { asApiError, useQuery } from '../query.ts';
import { useSigned, useText } from '../session.tsx';
import type { CenterStatus, DeadBatch, QueueView } from '../types.ts';
import { RetryDialog } from './retry-dialog.tsx';
import { SetAsideRow } from './set-aside-row.tsx';

const refreshMs = 5_000;
/** Rows drawn at once. */
const step = 100;
/** As many of a queue as the API lists, and takes back at once. */
const mostListed = 1_000;
const queueNames = ['records', 'matches'] as const;

export function StatusSetAside(props: { readonly queues: CenterStatus['queues']; readonly onRetried: () => void }) {
  const { queues } = props;
  const [seen, setSeen] = useState(false);
  const some = queues !== null && queueNames.some((name) => queues[name].dead > 0);
  // Stays once it was there: whoever put the last batch back is still reading it.
  if (some && !seen) setSeen(true);
  return some || seen ? <SetAside {...props} /> : null;
}

function SetAside(props: { readonly queues: CenterStatus['queues']; readonly onRetried: () => void }) {
  const text = useText();
  const words = text.status.setAside;
  const { may } = useSigned();
  const listed = useQuery<QueueView>(may.queue ? 'queue' : undefined);
  useRefresh(listed.reload, refreshMs);
  const batches = listed.data?.dead;
  const retry = useRetry(listed.change, () => {
    listed.reload();
    props.onRetried();
  });
  const [asking, setAsking] = useState(false);
  const [shown, setShown] = useState(step);
  const { headRef, listRef, onFocus, onBlur } = useKeptFocus(batches);
  const unlisted = queueNames.reduce(
    (sum, name) => sum + Math.max(0, (props.queues?.[name].dead ?? 0) - mostListed),
    0,
  );

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: hears where the focus is; nothing here is pressed.
    <section className="set-aside" onFocus={onFocus} onBlur={onBlur}>
      <div className="section-head">
        <h2 ref={headRef} tabIndex={-1}>
          {words.title}
        </h2>
        {may.retryBatches && batches !== undefined && batches.length > 0 ? (
          <button type="button" aria-disabled={retry.busy} onClick={() => setAsking(!retry.busy)}>
            {words.retryAll(batches.length)}
          </button>
        ) : null}
      </div>
      {may.queue ? null : <p className="muted">{words.forAnalysts}</p>}
      {listed.error === undefined ? null : <Failed error={listed.error} again={listed.reload} />}
      {batches === undefined ? (
        listed.loading ? (
          <Loading />
        ) : null
      ) : batches.length === 0 ? (
        <p className="muted">{words.empty}</p>
      ) : (
        <>
          <p className="muted">
            {words.hint} {may.retryBatches ? '' : words.forAdministrators}
          </p>
          <ul ref={listRef} className="set-aside-list">
            {batches.slice(0, shown).map((batch) => (
              <SetAsideRow
                key={keyOf(batch)}
                batch={batch}
                busy={retry.busy}
                onRetry={may.retryBatches ? () => retry.run([batch]) : undefined}
              />
            ))}
          </ul>
          {batches.length > shown ? (
            <p className="list-end">
              <button type="button" onClick={() => setShown(shown + step)}>
                {text.more}
              </button>
            </p>
          ) : null}
          {unlisted > 0 ? <p className="muted">{words.notAll(unlisted)}</p> : null}
        </>
      )}
      {asking && batches !== undefined ? (
        <RetryDialog
          batches={batches}
          onClose={() => setAsking(false)}
          onDone={(chosen) => {
            setAsking(false);
            retry.run(chosen);
          }}
        />
      ) : null}
    </section>
  );
}

const keyOf = ({ queue, id }: DeadBatch): string => `${queue} ${id}`;

/** Puts batches back, queue by queue, and tells what came of it. One call at a time; others do nothing. */
function useRetry(change: (next: (old: QueueView) => QueueView) => void, onDone: () => void) {
  const text = useText();
  const words = text.status.setAside;
  const tell = useTell();
  const [busy, setBusy] = useState(false);

  const run = async (batches: readonly DeadBatch[]): Promise<void> => {
    if (busy) return;
    setBusy(true);
    let retried = 0;
    try {
      for (const [queue, jobs] of Map.groupBy(batches, (batch) => batch.queue)) {
        const ids = jobs.map(({ id }) => id);
        retried += (await send<{ readonly retried: number }>('POST', 'queue/dead/retry', { queue, ids })).retried;
        const gone = new Set(jobs.map(keyOf));
        change((old) => ({ ...old, dead: old.dead.filter((batch) => !gone.has(keyOf(batch))) }));
      }
      tell({ text: retried === 0 ? words.noneRetried : words.retried(retried) });
    } catch (error) {
      const why = asApiError(error).message || text.errors.unreachable;
      tell({ text: retried === 0 ? why : words.partly(retried, why), failed: true });
    } finally {
      setBusy(false);
      onDone();
    }
  };
  return { busy, run };
}

/** When what had the focus has left the list, the focus goes to the same place of it, or to the head when nothing is left. */
function useKeptFocus(batches: readonly DeadBatch[] | undefined) {
  const headRef = useRef<HTMLHeadingElement>(null);
  const listRef = useRef<HTMLUListElement>(null);
  /** Row of the focus; -1: elsewhere in the section. */
  const at = useRef<number>(undefined);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a row leaves when the batches change.
  useLayoutEffect(() => {
    if (at.current === undefined || document.activeElement !== document.body) return;
    const rows = listRef.current?.children ?? [];
    const row = rows[Math.min(at.current, rows.length - 1)];
    (row?.querySelector<HTMLElement>('button') ?? headRef.current)?.focus();
  }, [batches]);
  return {
    headRef,
    listRef,
    onFocus: (event: { readonly target: Element }) => {
      at.current = [...(listRef.current?.children ?? [])].indexOf(event.target.closest('li') as Element);
    },
    onBlur: () => {
      at.current = undefined;
    },
  };
}
