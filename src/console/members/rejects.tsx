/** Records that could not be read: why, what they looked like, and another try once the cause is mended. */
import { useState } from 'react';
import { send, withQuery } from '../api.ts';
import { Icon } from '../parts/icon.tsx';
import { Empty, Failed, Loading } from '../parts/notice.tsx';
import { Time } from '../parts/time.tsx';
import { useTell } from '../parts/toast.tsx';
import { visible } from '../parts/visible.ts';
import { asApiError, byId, usePages } from '../query.ts';
import { useSigned, useText } from '../session.tsx';
import type { Reject, SourceView } from '../types.ts';
import { decodeRaw } from './raw.ts';

const nothing: ReadonlySet<string> = new Set();

export function Rejects(props: {
  readonly sources: readonly SourceView[];
  readonly sourceId: string;
  readonly onChoose: (sourceId: string) => void;
}) {
  const text = useText();
  const tell = useTell();
  const { may } = useSigned();
  const { sources } = props;
  // Without a choice: the source with the most of them, which is the one to look at.
  const worst = [...sources].sort((a, b) => b.counters.rejects - a.counters.rejects)[0];
  const sourceId = props.sourceId === '' ? (worst?.id ?? '') : props.sourceId;
  const pages = usePages<Reject>(withQuery('rejects', { sourceId, limit: 50 }), byId);
  const [selected, setSelected] = useState(nothing);
  const [busy, setBusy] = useState(false);

  const replay = (ids: readonly string[]) => {
    if (ids.length === 0) return;
    setBusy(true);
    send<{ readonly replayed: number; readonly cut: number }>('POST', 'rejects/replay', { ids })
      .then((answer) => {
        tell({ text: text.members.replayed(answer.replayed, answer.cut), failed: answer.cut > 0 });
        setSelected(nothing);
        pages.reload();
      })
      .catch((error: unknown) => tell({ text: asApiError(error).message || text.errors.unreachable, failed: true }))
      .finally(() => setBusy(false));
  };
  const select = (ids: readonly string[], on: boolean) => {
    const next = new Set(selected);
    for (const id of ids) {
      if (on) next.add(id);
      else next.delete(id);
    }
    setSelected(next);
  };

  const rejects = pages.stale ? [] : pages.items;
  return (
    <section>
      <div className="section-head">
        <h2>{text.members.rejects}</h2>
        <label className="field-inline">
          <span>{text.columns.source}</span>
          <select value={sourceId} onChange={(event) => props.onChoose(event.target.value)}>
            {sources.map((source) => (
              <option key={source.id} value={source.id}>
                {source.name} ({source.counters.rejects.toLocaleString()})
              </option>
            ))}
          </select>
        </label>
        {may.replay && selected.size > 0 ? (
          <button type="button" className="main-act" disabled={busy} onClick={() => replay([...selected])}>
            {text.members.replaySelected(selected.size)}
          </button>
        ) : null}
      </div>
      {pages.error === undefined ? null : <Failed error={pages.error} again={pages.reload} />}
      {rejects.length === 0 ? (
        pages.loading ? (
          <Loading />
        ) : pages.error === undefined ? (
          <Empty title={text.members.noRejects} />
        ) : null
      ) : (
        <>
          <p className="muted">{text.members.rejectsHint}</p>
          {may.replay ? (
            <label className="check">
              <input
                type="checkbox"
                checked={rejects.every((reject) => selected.has(reject.id))}
                onChange={(event) => select(rejects.map(byId), event.target.checked)}
              />
              <span>{text.alerts.selectAll}</span>
            </label>
          ) : null}
          <ul className="rejects">
            {rejects.map((reject) => (
              <li key={reject.id}>
                {may.replay ? (
                  <input
                    type="checkbox"
                    aria-label={text.alerts.selectOne(reject.reason)}
                    checked={selected.has(reject.id)}
                    onChange={(event) => select([reject.id], event.target.checked)}
                  />
                ) : null}
                <details>
                  <summary>
                    <Time at={reject.receivedAt} />
                    <span className="reject-reason">{visible(reject.reason, 300)}</span>
                  </summary>
                  <RawRecord reject={reject} />
                </details>
                {may.replay ? (
                  <button type="button" className="quiet" disabled={busy} onClick={() => replay([reject.id])}>
                    <Icon name="replay" />
                    {text.members.replay}
                  </button>
                ) : null}
              </li>
            ))}
          </ul>
          {pages.last?.next === undefined ? null : (
            <p className="list-end">
              <button type="button" disabled={pages.loading} onClick={pages.more}>
                {text.more}
              </button>
            </p>
          )}
        </>
      )}
    </section>
  );
}

function RawRecord(props: { readonly reject: Reject }) {
  const text = useText();
  const { reject } = props;
  const raw = decodeRaw(reject.raw, reject.encoding);
  return (
    <>
      <pre className="raw">
        <bdi>{visible(raw.text, 8_000)}</bdi>
      </pre>
      <p className="muted">
        {text.members.encoding} {reject.encoding}
        {raw.bytes < reject.bytes ? ` · ${text.members.cut(raw.bytes, reject.bytes)}` : ''}
      </p>
    </>
  );
}
