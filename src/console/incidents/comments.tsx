/** Comments of a case, and the box to write one. Says who can read them before one writes. */
import { type FormEvent, type RefObject, useState } from 'react';
import { Time } from '../parts/time.tsx';
import { useSigned, useText } from '../session.tsx';
import type { Campaign } from '../types.ts';
import { actorName } from './actor.ts';

export function Comments(props: {
  readonly comments: Campaign['comments'];
  readonly readers: string;
  readonly boxRef: RefObject<HTMLTextAreaElement | null>;
  readonly onSend: (body: string) => Promise<boolean>;
}) {
  const text = useText();
  const { may } = useSigned();
  const [body, setBody] = useState('');
  const [busy, setBusy] = useState(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const said = body.trim();
    if (said === '' || busy) return;
    setBusy(true);
    void props.onSend(said).then((taken) => {
      setBusy(false);
      if (taken) setBody('');
    });
  };
  return (
    <section className="comments">
      <h2>{text.incidents.comments}</h2>
      {props.comments.length === 0 ? <p className="muted">{text.incidents.noComments}</p> : null}
      <ol>
        {props.comments.map((comment) => (
          <li key={`${comment.at} ${comment.by}`}>
            <p className="comment-head">
              <strong>{actorName(comment.by, text)}</strong> <Time at={comment.at} />
            </p>
            <p className="comment-text">{comment.text}</p>
          </li>
        ))}
      </ol>
      {may.comment ? (
        <form onSubmit={submit}>
          <label className="field">
            <span>
              {text.incidents.commentLabel} <kbd>m</kbd>
            </span>
            <textarea
              ref={props.boxRef}
              rows={3}
              maxLength={10_000}
              value={body}
              onChange={(event) => setBody(event.target.value)}
              onKeyDown={(event) => {
                if (event.key === 'Enter' && (event.ctrlKey || event.metaKey))
                  event.currentTarget.form?.requestSubmit();
              }}
            />
          </label>
          <div className="acts">
            <button type="submit" disabled={busy || body.trim() === ''}>
              {text.incidents.commentSend}
            </button>
            <span className="muted">{props.readers}</span>
          </div>
        </form>
      ) : null}
    </section>
  );
}
