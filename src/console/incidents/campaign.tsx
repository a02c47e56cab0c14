/** The same attack at several members, on one time axis with a lane for each of them. Only for readers who may see all of it. */

import { useEffect, useMemo, useRef } from 'react';
import { useKeys } from '../keys.ts';
import { Link } from '../location.tsx';
import { LevelBadge, StatusBadge } from '../parts/badge.tsx';
import { Failed, Loading } from '../parts/notice.tsx';
import { useTitle } from '../parts/title.ts';
import { useSigned, useText } from '../session.tsx';
import type { CampaignDetail } from '../types.ts';
import { actorName } from './actor.ts';
import { CaseHead } from './case-head.tsx';
import { CaseMissing } from './case-missing.tsx';
import { Comments } from './comments.tsx';
import { useCase } from './detail.ts';
import { markOf, showInList } from './incident.tsx';
import { TimelineChart } from './timeline-chart.tsx';
import { TimelineList } from './timeline-list.tsx';

export function CampaignPage(props: { readonly id: string }) {
  const text = useText();
  const { may, user, memberName } = useSigned();
  const titled = useTitle();
  const box = useRef<HTMLTextAreaElement>(null);
  const found = useCase<CampaignDetail>(`campaigns/${encodeURIComponent(props.id)}`, (change, known) => {
    if (change.kind === 'gap') return true;
    if (change.kind === 'campaign') return change.doc.id === props.id;
    const incidentId = change.kind === 'alert' ? change.doc.incidentId : change.doc.id;
    return (
      change.doc.campaignId === props.id || known?.incidents.some((incident) => incident.id === incidentId) === true
    );
  });
  const { data } = found;
  const alerts = useMemo(() => new Map((data?.alerts ?? []).map((alert) => [alert.id, alert])), [data]);

  useKeys({
    ...(may.triage
      ? {
          e: () => {
            if (data !== undefined) found.set({ status: 'in-progress', assignee: user.login }, data.campaign.version);
          },
        }
      : {}),
    ...(may.comment ? { m: () => box.current?.focus() } : {}),
  });
  useEffect(() => {
    document.title = `${data === undefined ? text.incidents.campaign : titled(data.campaign)} · ${text.product}`;
  }, [data, text, titled]);

  if (data === undefined) {
    if (found.error?.status === 404 || found.error?.status === 403) return <CaseMissing />;
    return found.error === undefined ? <Loading /> : <Failed error={found.error} again={found.reload} />;
  }
  const { campaign, incidents, timeline } = data;
  // The member that was hit first stands on top: the picture reads as the attack went.
  const inOrder = [...data.alerts].sort((a, b) => (a.firstSeenAt < b.firstSeenAt ? -1 : 1));
  const memberIds = [...new Set([...inOrder.map((alert) => alert.memberId), ...campaign.memberIds])];
  const rows = memberIds.flatMap((memberId) => incidents.filter((incident) => incident.memberId === memberId));
  return (
    <article className="case">
      <CaseHead
        kind={`${text.incidents.campaign} · ${text.incidents.memberCount(memberIds.length)}`}
        facts={campaign}
        busy={found.busy}
        onSet={(set) => found.set(set, campaign.version)}
      />
      {inOrder.length === 0 ? null : (
        <section className="case-chart">
          <h2>{text.incidents.timeline}</h2>
          <p className="muted">{text.incidents.timelineHint}</p>
          <TimelineChart
            lanes={memberIds.map((id) => ({ id, label: memberName(id) }))}
            marks={inOrder.map((alert) => markOf(alert, alert.memberId, titled(alert)))}
            onPick={showInList}
          />
        </section>
      )}
      <section>
        <h2>{text.incidents.members}</h2>
        <div className="table-wrap">
          <table className="table">
            <thead>
              <tr>
                <th scope="col">{text.columns.member}</th>
                <th scope="col">{text.columns.level}</th>
                <th scope="col">{text.columns.title}</th>
                <th scope="col">{text.columns.status}</th>
                <th scope="col">{text.columns.assignee}</th>
                <th scope="col" className="col-number">
                  {text.columns.alerts}
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((incident) => (
                <tr key={incident.id} className="row">
                  <td>{memberName(incident.memberId)}</td>
                  <td>
                    <LevelBadge level={incident.level} />
                  </td>
                  <td>
                    <Link href={`/incidents/${encodeURIComponent(incident.id)}`}>{titled(incident)}</Link>
                  </td>
                  <td>
                    <StatusBadge status={incident.status} kind="incident" />
                  </td>
                  <td>{incident.assignee === null ? '' : actorName(incident.assignee, text)}</td>
                  <td className="col-number">{incident.alertIds.length}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </section>
      <div className="case-columns">
        <section>
          <h2>{text.incidents.list}</h2>
          <TimelineList items={timeline} alerts={alerts} named />
        </section>
        <div className="case-side">
          <Comments
            comments={campaign.comments}
            readers={text.incidents.commentCenter}
            boxRef={box}
            onSend={found.comment}
          />
        </div>
      </div>
    </article>
  );
}
