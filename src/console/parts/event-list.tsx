/** A few events as lines that unfold to all their fields: beside an alert and in an incident. */
import { usePreferences } from '../session.tsx';
import type { Event } from '../types.ts';
import { EventFields } from './event-fields.tsx';
import { summarise } from './event-summary.ts';
import { Empty } from './notice.tsx';
import { Time } from './time.tsx';

export function EventList(props: { readonly events: readonly Event[] }) {
  const { language, text } = usePreferences();
  if (props.events.length === 0) return <Empty title={text.alerts.noEvents} />;
  return (
    <ol className="event-list">
      {props.events.map((event) => (
        <li key={event['event.id']}>
          <details>
            <summary>
              <Time at={event['@timestamp']} />
              <bdi className="event-line">{summarise(event, language)}</bdi>
            </summary>
            <EventFields event={event} />
          </details>
        </li>
      ))}
    </ol>
  );
}
