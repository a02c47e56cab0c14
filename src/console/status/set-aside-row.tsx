/** One batch that was set aside. What it failed at may be in the words of a hostile log: bounded, wrapped, nothing hidden in it. */
import { Link } from '../location.tsx';
import { Icon } from '../parts/icon.tsx';
import { Time } from '../parts/time.tsx';
import { visible } from '../parts/visible.ts';
import { useSigned, useText } from '../session.tsx';
import type { DeadBatch } from '../types.ts';

const shortLength = 240;

/** `onRetry` is missing for readers who may not. */
export function SetAsideRow(props: {
  readonly batch: DeadBatch;
  readonly busy: boolean;
  readonly onRetry: (() => void) | undefined;
}) {
  const words = useText().status.setAside;
  const { memberName } = useSigned();
  const { queue, memberId, sourceId, records, receivedAt, attempts, error } = props.batch;
  const member = memberName(memberId);
  const source = visible(sourceId, 200);
  return (
    <li>
      <div className="set-aside-what">
        <p className="set-aside-facts">
          <Link className="row-title" href={`/members/${encodeURIComponent(memberId)}`}>
            {member}
          </Link>
          <span>{source}</span>
          <span className="tag">{words.queueNames[queue]}</span>
          <span>{words.records(records)}</span>
          <span>
            {words.received} <Time at={receivedAt} />
          </span>
          <span>{words.attempts(attempts)}</span>
        </p>
        <Reason error={error} />
      </div>
      {props.onRetry === undefined ? null : (
        // Disabled it would lose the focus.
        <button
          type="button"
          aria-disabled={props.busy}
          aria-label={words.retryOne(member, source)}
          onClick={props.onRetry}
        >
          <Icon name="replay" />
          {words.retry}
        </button>
      )}
    </li>
  );
}

function Reason(props: { readonly error: string }) {
  const words = useText().status.setAside;
  const { error } = props;
  const short = (
    <>
      <span className="muted">{words.error}:</span>{' '}
      {error === '' ? words.noError : <bdi lang="en">{visible(error, shortLength)}</bdi>}
    </>
  );
  if (error.length <= shortLength) return <p>{short}</p>;
  return (
    <details>
      <summary>{short}</summary>
      <pre>
        <bdi lang="en">{visible(error)}</bdi>
      </pre>
    </details>
  );
}
