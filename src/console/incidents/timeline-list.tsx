/** The course of a case in order of time: alerts with their events a key press away, comments, changes. */

import { useState } from 'react';
import { Link } from '../location.tsx';
import { LevelMark, StatusBadge } from '../parts/badge.tsx';
import { Entities } from '../parts/entities.tsx';
import { EventList } from '../parts/event-list.tsx';
import { Icon } from '../parts/icon.tsx';
import { Failed, Loading } from '../parts/notice.tsx';
import { Time } from '../parts/time.tsx';
import { useTitle } from '../parts/title.ts';
import { useQuery } from '../query.ts';
import { useSigned, useText } from '../session.tsx';
import type { AlertView, Event, List, TimelineItem } from '../types.ts';
import { actorName } from './actor.ts';
import { describeChange } from './change-text.ts';

export function TimelineList(props: {
  readonly items: readonly TimelineItem[];
  readonly alerts: ReadonlyMap<string, AlertView>;
  /** Several members share the line: each entry names its own. */
  readonly named: boolean;
}) {
  return (
    <ol className="timeline">
      {props.items.map((item, at) => {
        const alert = item.alertId === undefined || item.kind === 'change' ? undefined : props.alerts.get(item.alertId);
        return (
          <li
            // biome-ignore lint/suspicious/noArrayIndexKey: entries have no identity of their own; they are only added to.
            key={`${item.at} ${item.alertId ?? ''} ${item.kind} ${at}`}
            className={`timeline-item timeline-${item.kind}`}
          >
            <div className="timeline-time">
              <Time at={item.at} />
            </div>
            <div className="timeline-mark">
              {alert === undefined ? (
                <Icon name={item.kind === 'comment' ? 'comment' : 'pen'} />
              ) : (
                <LevelMark level={alert.level} />
              )}
            </div>
            <div className="timeline-body">
              <Entry item={item} alert={alert} named={props.named} />
            </div>
          </li>
        );
      })}
    </ol>
  );
}

function Entry(props: { readonly item: TimelineItem; readonly alert: AlertView | undefined; readonly named: boolean }) {
  const text = useText();
  const { memberName } = useSigned();
  const titled = useTitle();
  const { item, alert } = props;
  const memberId = alert?.memberId ?? item.memberId;
  const kind = text.timelineKind[item.kind];
  return (
    <>
      <p className="timeline-head">
        {props.named && memberId !== undefined ? <span className="member-chip">{memberName(memberId)}</span> : null}
        <span className="timeline-title">
          {alert === undefined ? (
            describeChange(titled(item), text)
          ) : (
            <Link href={`/alerts?status=any&alert=${encodeURIComponent(alert.id)}`}>{titled(alert)}</Link>
          )}
        </span>
        <span className="muted">{kind}</span>
        {item.by === undefined ? null : <span className="muted">{actorName(item.by, text)}</span>}
        {alert === undefined || item.kind !== 'alert-first' ? null : <StatusBadge status={alert.status} kind="alert" />}
      </p>
      {item.text === undefined || item.text === '' ? null : <p className="comment-text">{item.text}</p>}
      {alert === undefined || item.kind !== 'alert-first' ? null : <AlertDetail alert={alert} />}
    </>
  );
}

function AlertDetail(props: { readonly alert: AlertView }) {
  const text = useText();
  const [open, setOpen] = useState(false);
  const { alert } = props;
  const events = useQuery<List<Event>>(open ? `alerts/${encodeURIComponent(alert.id)}/events` : undefined);
  return (
    <>
      <div className="timeline-facts">
        <span>{text.times(alert.count)}</span>
        {alert.lastSeenAt === alert.firstSeenAt ? null : (
          <span>
            – <Time at={alert.lastSeenAt} />
          </span>
        )}
        <Entities entities={alert.entities} limit={6} memberId={alert.memberId} compact />
        <button type="button" className="quiet" aria-expanded={open} onClick={() => setOpen(!open)}>
          <Icon name={open ? 'down' : 'chevron'} />
          {open ? text.incidents.hideEvents : text.incidents.showEvents}
        </button>
      </div>
      {!open ? null : events.data !== undefined ? (
        <EventList events={events.data.items} />
      ) : events.error !== undefined ? (
        <Failed error={events.error} again={events.reload} />
      ) : (
        <Loading />
      )}
    </>
  );
}
