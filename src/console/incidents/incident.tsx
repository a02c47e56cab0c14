/** One member's incident: state, course, entities, comments. */

import { useEffect, useMemo, useRef } from 'react';
import { useKeys } from '../keys.ts';
import { Link } from '../location.tsx';
import { Entities } from '../parts/entities.tsx';
import { Failed, Loading } from '../parts/notice.tsx';
import { useTitle } from '../parts/title.ts';
import { useSigned, useText } from '../session.tsx';
import type { AlertView, IncidentDetail } from '../types.ts';
import { CaseHead } from './case-head.tsx';
import { CaseMissing } from './case-missing.tsx';
import { Comments } from './comments.tsx';
import { useCase } from './detail.ts';
import { TimelineChart } from './timeline-chart.tsx';
import type { Mark } from './timeline-layout.ts';
import { TimelineList } from './timeline-list.tsx';

/** Alerts of one member are told apart by their rules: a lane each, up to this many, the most severe first. */
const mostLanes = 12;

export function IncidentPage(props: { readonly id: string }) {
  const text = useText();
  const { many, may, user, memberName } = useSigned();
  const titled = useTitle();
  const box = useRef<HTMLTextAreaElement>(null);
  const found = useCase<IncidentDetail>(`incidents/${encodeURIComponent(props.id)}`, (change) =>
    change.kind === 'alert'
      ? change.doc.incidentId === props.id
      : change.kind === 'incident' && change.doc.id === props.id,
  );
  const { data } = found;
  const alerts = useMemo(() => new Map((data?.alerts ?? []).map((alert) => [alert.id, alert])), [data]);

  useKeys({
    ...(may.triage
      ? {
          e: () => {
            if (data !== undefined) found.set({ status: 'in-progress', assignee: user.login }, data.incident.version);
          },
        }
      : {}),
    ...(may.comment ? { m: () => box.current?.focus() } : {}),
  });
  useEffect(() => {
    document.title = `${data === undefined ? text.incidents.title : titled(data.incident)} · ${text.product}`;
  }, [data, text, titled]);

  if (data === undefined) {
    if (found.error?.status === 404) return <CaseMissing />;
    return found.error === undefined ? <Loading /> : <Failed error={found.error} again={found.reload} />;
  }
  const { incident, timeline } = data;
  const { lanes, marks } = lanesByRule(data.alerts, titled);
  return (
    <article className="case">
      <CaseHead
        kind={text.incidents.title}
        facts={incident}
        busy={found.busy}
        onSet={(set) => found.set(set, incident.version)}
      >
        {many ? (
          <Link href={`/members/${encodeURIComponent(incident.memberId)}`}>{memberName(incident.memberId)}</Link>
        ) : null}
        {incident.campaignId ? (
          <Link className="campaign-link" href={`/campaigns/${encodeURIComponent(incident.campaignId)}`}>
            {text.incidents.partOf}
          </Link>
        ) : null}
      </CaseHead>
      {incident.mergedInto === null ? null : (
        <div className="notice" role="status">
          <p>{text.incidents.merged}</p>
          <Link href={`/incidents/${encodeURIComponent(incident.mergedInto)}`}>{text.incidents.openMerged}</Link>
        </div>
      )}
      {marks.length === 0 ? null : (
        <section className="case-chart">
          <h2>{text.incidents.timeline}</h2>
          <p className="muted">{text.incidents.timelineHint}</p>
          <TimelineChart lanes={lanes} marks={marks} onPick={showInList} />
        </section>
      )}
      <div className="case-columns">
        <section>
          <h2>{text.incidents.list}</h2>
          <TimelineList items={timeline} alerts={alerts} named={false} />
        </section>
        <div className="case-side">
          <section>
            <h2>{text.incidents.entities}</h2>
            {incident.entities.length === 0 ? (
              <p className="muted">{text.incidents.noEntities}</p>
            ) : (
              <Entities entities={incident.entities} memberId={incident.memberId} />
            )}
          </section>
          <Comments
            comments={incident.comments}
            readers={many ? text.incidents.commentMember : ''}
            boxRef={box}
            onSend={found.comment}
          />
        </div>
      </div>
    </article>
  );
}

function lanesByRule(alerts: readonly AlertView[], titled: (alert: AlertView) => string) {
  const inOrder = [...alerts].sort((a, b) => (a.firstSeenAt < b.firstSeenAt ? -1 : 1));
  const titles = new Map(inOrder.map((alert) => [alert.ruleId, titled(alert)]));
  const lanes = [...titles].slice(0, mostLanes).map(([id, label]) => ({ id, label }));
  return { lanes, marks: inOrder.map((alert) => markOf(alert, alert.ruleId, titled(alert))) };
}

/** An alert as a mark of the chart. */
export function markOf(alert: AlertView, laneId: string, title: string): Mark {
  return {
    id: alert.id,
    laneId,
    fromMs: Date.parse(alert.firstSeenAt),
    toMs: Date.parse(alert.lastSeenAt),
    level: alert.level,
    title,
  };
}

/** Brings an alert's first entry in the list into sight. */
export function showInList(alertId: string): void {
  const link = document.querySelector<HTMLElement>(
    `.timeline a[href$="alert=${CSS.escape(encodeURIComponent(alertId))}"]`,
  );
  link?.scrollIntoView({ block: 'center' });
  link?.focus({ preventScroll: true });
}
