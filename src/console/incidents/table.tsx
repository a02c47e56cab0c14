/** Rows of campaigns and incidents: the same columns, so that the two kinds read as one list. */

import { Link } from '../location.tsx';
import { LevelBadge, StatusBadge } from '../parts/badge.tsx';
import { Time } from '../parts/time.tsx';
import { useTitle } from '../parts/title.ts';
import { useSigned, useText } from '../session.tsx';
import type { Campaign, IncidentView } from '../types.ts';
import { actorName } from './actor.ts';

/** Members named in a campaign's row before the rest is only counted. */
const mostChips = 4;

export const incidentAddress = (incident: { readonly id: string }) => `/incidents/${encodeURIComponent(incident.id)}`;
export const campaignAddress = (campaign: { readonly id: string }) => `/campaigns/${encodeURIComponent(campaign.id)}`;

interface Row {
  readonly address: string;
  readonly doc: Campaign | IncidentView;
  readonly memberIds: readonly string[];
  readonly alerts: string;
  readonly inCampaign: boolean;
}

export function CaseTable(props: {
  readonly campaigns: readonly Campaign[];
  readonly incidents: readonly IncidentView[];
  /** Address of the row under the cursor. */
  readonly cursor: string;
  readonly onOpen: (address: string) => void;
}) {
  const text = useText();
  const { many, memberName } = useSigned();
  const titled = useTitle();
  const rows: readonly Row[] = [
    ...props.campaigns.map((doc) => ({
      address: campaignAddress(doc),
      doc,
      memberIds: doc.memberIds,
      alerts: text.incidents.memberCount(doc.memberIds.length),
      inCampaign: false,
    })),
    ...props.incidents.map((doc) => ({
      address: incidentAddress(doc),
      doc,
      memberIds: [doc.memberId],
      alerts: text.incidents.alertCount(doc.alertIds.length),
      inCampaign: Boolean(doc.campaignId),
    })),
  ];
  return (
    <table className="table table-cases">
      <thead>
        <tr>
          <th scope="col" className="col-level">
            {text.columns.level}
          </th>
          <th scope="col" className="col-title">
            {text.columns.title}
          </th>
          {many ? (
            <th scope="col" className="col-members">
              {text.columns.member}
            </th>
          ) : null}
          <th scope="col" className="col-span">
            {text.columns.period}
          </th>
          <th scope="col" className="col-status">
            {text.columns.status}
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ address, doc, memberIds, alerts, inCampaign }) => (
          <tr
            key={doc.id}
            data-row={address}
            className={`row row-${doc.status} row-level-${doc.level}`}
            data-cursor={address === props.cursor || undefined}
            onClick={(event) => {
              if ((event.target as Element).closest('a, button') === null) props.onOpen(address);
            }}
          >
            <td className="col-level">
              <LevelBadge level={doc.level} />
            </td>
            <td className="col-title">
              <Link className="row-title" data-row-focus="" href={address}>
                {titled(doc)}
              </Link>
              <span className="row-count muted">{alerts}</span>
              {inCampaign ? <span className="tag">{text.incidents.partOfShort}</span> : null}
              <span className="row-under">
                {many ? <span>{memberIds.map(memberName).join(' · ')}</span> : null}
                <span>
                  <Time at={doc.lastSeenAt} />
                </span>
              </span>
            </td>
            {many ? (
              <td className="col-members">
                {memberIds.slice(0, mostChips).map((id) => (
                  <span key={id} className={memberIds.length > 1 ? 'member-chip' : ''}>
                    {memberName(id)}
                  </span>
                ))}
                {memberIds.length > mostChips ? <span className="muted">+{memberIds.length - mostChips}</span> : null}
              </td>
            ) : null}
            <td className="col-span">
              <Time at={doc.firstSeenAt} form="minute" /> – <Time at={doc.lastSeenAt} form="minute" />
            </td>
            <td className="col-status">
              <StatusBadge status={doc.status} kind="incident" />
              {doc.assignee === null ? null : <span className="row-assignee">{actorName(doc.assignee, text)}</span>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
