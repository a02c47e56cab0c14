/** One alert beside the list: what is known, what can be done, and its newest events. */

import { useEffect, useRef } from 'react';
import { useKeys } from '../keys.ts';
import { Link } from '../location.tsx';
import { LevelBadge, StatusBadge } from '../parts/badge.tsx';
import { Entities } from '../parts/entities.tsx';
import { EventList } from '../parts/event-list.tsx';
import { Icon } from '../parts/icon.tsx';
import { Failed, Loading } from '../parts/notice.tsx';
import { Time } from '../parts/time.tsx';
import { useTitle } from '../parts/title.ts';
import { useQuery } from '../query.ts';
import { searchAddress } from '../search/address.ts';
import { useSigned, useText } from '../session.tsx';
import type { AlertView, Event, List } from '../types.ts';
import type { AlertActs } from './acts.ts';

export function AlertPanel(props: {
  readonly alert: AlertView;
  readonly acts: AlertActs;
  readonly onClosing: () => void;
  readonly onDismiss: () => void;
}) {
  const text = useText();
  const { many, may, memberName } = useSigned();
  const { alert, acts } = props;
  const title = useTitle()(alert);
  const panel = useRef<HTMLElement>(null);
  const events = useQuery<List<Event>>(`alerts/${encodeURIComponent(alert.id)}/events`);
  useKeys({ escape: props.onDismiss }, 2);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another alert begins at its top.
  useEffect(() => {
    panel.current?.scrollTo(0, 0);
  }, [alert.id]);

  // A live alert counts on; its newest events are read again when the count has moved.
  const { reload } = events;
  const seen = useRef({ id: alert.id, count: alert.count });
  useEffect(() => {
    const before = seen.current;
    seen.current = { id: alert.id, count: alert.count };
    if (before.id === alert.id && before.count !== alert.count) reload();
  }, [alert.id, alert.count, reload]);

  return (
    <aside className="panel" aria-label={text.alerts.details} ref={panel}>
      <header className="panel-head">
        <div className="panel-badges">
          <LevelBadge level={alert.level} />
          <StatusBadge status={alert.status} kind="alert" />
          {alert.assignee === null ? null : (
            <span className="assignee">
              <Icon name="person" />
              {alert.assignee}
            </span>
          )}
        </div>
        <button type="button" className="quiet icon-only" onClick={props.onDismiss} aria-label={text.close}>
          <Icon name="x" />
        </button>
        <h2>{title}</h2>
      </header>

      {may.triage ? (
        <div className="acts">
          {alert.status === 'closed' ? (
            <button type="button" disabled={acts.busy} onClick={() => acts.reopen([alert])}>
              {text.alerts.reopen}
            </button>
          ) : (
            <>
              <button
                type="button"
                disabled={acts.busy || alert.status !== 'new'}
                onClick={() => acts.acknowledge([alert])}
              >
                {text.alerts.acknowledge} <kbd>a</kbd>
              </button>
              <button type="button" disabled={acts.busy} onClick={() => acts.takeOver(alert)}>
                {text.alerts.takeOver} <kbd>e</kbd>
              </button>
              <button type="button" disabled={acts.busy} onClick={props.onClosing}>
                {text.alerts.closeAlert} <kbd>c</kbd>
              </button>
            </>
          )}
        </div>
      ) : null}

      <dl className="facts">
        {many ? (
          <div>
            <dt>{text.columns.member}</dt>
            <dd>
              <Link href={`/members/${encodeURIComponent(alert.memberId)}`}>{memberName(alert.memberId)}</Link>
            </dd>
          </div>
        ) : null}
        <div>
          <dt>{text.columns.count}</dt>
          <dd>{text.times(alert.count)}</dd>
        </div>
        <div>
          <dt>{text.columns.period}</dt>
          <dd>
            <Time at={alert.firstSeenAt} /> – <Time at={alert.lastSeenAt} />
          </dd>
        </div>
        {alert.closeReason === null ? null : (
          <div>
            <dt>{text.alerts.closedAs}</dt>
            <dd>{text.closeReason[alert.closeReason]}</dd>
          </div>
        )}
        <div>
          <dt>{text.columns.incident}</dt>
          <dd>
            {alert.incidentId === null ? (
              <span className="muted">{text.none}</span>
            ) : (
              <Link href={`/incidents/${encodeURIComponent(alert.incidentId)}`}>{text.alerts.toIncident}</Link>
            )}
            {alert.campaignId ? (
              <>
                {' · '}
                <Link href={`/campaigns/${encodeURIComponent(alert.campaignId)}`}>{text.incidents.openCampaign}</Link>
              </>
            ) : null}
          </dd>
        </div>
        <div>
          <dt>{text.alerts.rule}</dt>
          <dd>
            <Link href={`/rules?rule=${encodeURIComponent(alert.ruleId)}`}>{title}</Link>
            <Tags tags={alert.tags} />
          </dd>
        </div>
        <div>
          <dt>{text.columns.source}</dt>
          <dd>{alert.sourceIds.join(', ')}</dd>
        </div>
      </dl>

      <section>
        <h3>{text.alerts.entities}</h3>
        {alert.entities.length === 0 ? (
          <p className="muted">{text.none}</p>
        ) : (
          <Entities entities={alert.entities} memberId={alert.memberId} />
        )}
      </section>

      <section>
        <div className="section-head">
          <h3>{text.alerts.newest}</h3>
          <Link href={searchAddress({ field: 'hinomi.rules', value: alert.ruleId, memberId: alert.memberId })}>
            {text.alerts.searchEvents}
          </Link>
        </div>
        {events.data !== undefined ? (
          <EventList events={events.data.items} />
        ) : events.error !== undefined ? (
          <Failed error={events.error} again={events.reload} />
        ) : (
          <Loading />
        )}
      </section>
    </aside>
  );
}

/** ATT&CK techniques as people write them: "attack.t1110.003" -> "T1110.003"; other tags as they are. */
export function Tags(props: { readonly tags: readonly string[] }) {
  if (props.tags.length === 0) return null;
  return (
    <span className="tags">
      {props.tags.map((tag) => (
        <span key={tag} className="tag">
          {tag.startsWith('attack.t') ? tag.slice(7).toUpperCase() : tag.replace(/^attack\./, '')}
        </span>
      ))}
    </span>
  );
}
