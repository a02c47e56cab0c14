/** Found events, newest first, a line each; a line unfolds to all fields. */
import { memo } from 'react';
import { EventFields, type Pivot } from '../parts/event-fields.tsx';
import { summarise } from '../parts/event-summary.ts';
import { Icon } from '../parts/icon.tsx';
import { Time } from '../parts/time.tsx';
import { usePreferences, useSigned, useText } from '../session.tsx';
import type { Event } from '../types.ts';

export function Results(props: {
  readonly events: readonly Event[];
  readonly cursor: string;
  readonly open: ReadonlySet<string>;
  readonly onToggle: (id: string) => void;
  readonly onPivot: Pivot;
}) {
  const text = useText();
  const { many } = useSigned();
  return (
    <table className="table table-events" aria-label={text.search.results}>
      <thead>
        <tr>
          <th scope="col" className="col-time">
            {text.columns.time}
          </th>
          {many ? (
            <th scope="col" className="col-member">
              {text.columns.member}
            </th>
          ) : null}
          <th scope="col" className="col-source">
            {text.columns.source}
          </th>
          <th scope="col" className="col-title">
            {text.columns.summary}
          </th>
        </tr>
      </thead>
      <tbody>
        {props.events.map((event) => (
          <ResultRow
            key={event['event.id']}
            event={event}
            atCursor={event['event.id'] === props.cursor}
            open={props.open.has(event['event.id'])}
            onToggle={props.onToggle}
            onPivot={props.onPivot}
          />
        ))}
      </tbody>
    </table>
  );
}

const ResultRow = memo(function ResultRow(props: {
  readonly event: Event;
  readonly atCursor: boolean;
  readonly open: boolean;
  readonly onToggle: (id: string) => void;
  readonly onPivot: Pivot;
}) {
  const { language, text } = usePreferences();
  const { many, memberName } = useSigned();
  const { event, open } = props;
  const id = event['event.id'];
  const matched = Object.hasOwn(event, 'hinomi.rules');
  return (
    <>
      <tr
        data-row={id}
        className="row"
        data-cursor={props.atCursor || undefined}
        onClick={(pressed) => {
          if ((pressed.target as Element).closest('button') === null && !window.getSelection()?.toString()) {
            props.onToggle(id);
          }
        }}
      >
        <td className="col-time">
          <button
            type="button"
            className="row-toggle"
            data-row-focus=""
            aria-expanded={open}
            aria-label={text.search.toggle}
            onClick={() => props.onToggle(id)}
          >
            <Icon name={open ? 'down' : 'chevron'} />
          </button>
          <Time at={event['@timestamp']} />
        </td>
        {many ? <td className="col-member">{memberName(event['organization.id'])}</td> : null}
        <td className="col-source" title={event['event.dataset']}>
          {event['hinomi.source_id'].replace(`${event['organization.id']}.`, '')}
        </td>
        <td className="col-title">
          {matched ? <span className="tag tag-matched">Sigma</span> : null}
          <bdi className="event-line">{summarise(event, language)}</bdi>
          {many ? <span className="row-under">{memberName(event['organization.id'])}</span> : null}
        </td>
      </tr>
      {open ? (
        <tr className="row-details">
          <td colSpan={many ? 4 : 3}>
            <EventFields event={event} onPivot={props.onPivot} />
          </td>
        </tr>
      ) : null}
    </>
  );
});
