/** The queue as a table. One row an alert; the title is the row's link and takes the focus. */

import { memo } from 'react';
import { Link } from '../location.tsx';
import { LevelBadge, StatusBadge } from '../parts/badge.tsx';
import { Entities } from '../parts/entities.tsx';
import { Time } from '../parts/time.tsx';
import { useTitle } from '../parts/title.ts';
import { useSigned, useText } from '../session.tsx';
import type { AlertView } from '../types.ts';

export interface AlertTableProps {
  readonly alerts: readonly AlertView[];
  readonly cursor: string;
  readonly selected: ReadonlySet<string>;
  readonly selectable: boolean;
  /** Address that opens the alert beside the list. */
  readonly address: (id: string) => string;
  readonly onOpen: (id: string) => void;
  readonly onSelect: (ids: readonly string[], on: boolean) => void;
}

export function AlertTable(props: AlertTableProps) {
  const text = useText();
  const { many } = useSigned();
  const { alerts, selected } = props;
  const all = alerts.length > 0 && alerts.every((alert) => selected.has(alert.id));
  return (
    <table className="table table-alerts">
      <thead>
        <tr>
          {props.selectable ? (
            <th scope="col" className="col-check">
              <input
                type="checkbox"
                aria-label={text.alerts.selectAll}
                checked={all}
                onChange={(event) =>
                  props.onSelect(
                    alerts.map((alert) => alert.id),
                    event.target.checked,
                  )
                }
              />
            </th>
          ) : null}
          <th scope="col" className="col-level">
            {text.columns.level}
          </th>
          <th scope="col" className="col-title">
            {text.columns.title}
          </th>
          {many ? (
            <th scope="col" className="col-member">
              {text.columns.member}
            </th>
          ) : null}
          <th scope="col" className="col-entities">
            {text.columns.entities}
          </th>
          <th scope="col" className="col-number">
            {text.columns.count}
          </th>
          <th scope="col" className="col-time">
            {text.columns.lastSeen}
          </th>
          <th scope="col" className="col-status">
            {text.columns.status}
          </th>
          <th scope="col" className="col-incident">
            {text.columns.incident}
          </th>
        </tr>
      </thead>
      <tbody>
        {alerts.map((alert) => (
          <AlertRow
            key={alert.id}
            alert={alert}
            atCursor={alert.id === props.cursor}
            selected={selected.has(alert.id)}
            selectable={props.selectable}
            address={props.address(alert.id)}
            onOpen={props.onOpen}
            onSelect={props.onSelect}
          />
        ))}
      </tbody>
    </table>
  );
}

interface RowProps extends Pick<AlertTableProps, 'selectable' | 'onOpen' | 'onSelect'> {
  readonly alert: AlertView;
  readonly atCursor: boolean;
  readonly selected: boolean;
  readonly address: string;
}

// Hot: a list of a thousand rows is drawn again at every key press; only the two rows that changed may cost.
const AlertRow = memo(function AlertRow(props: RowProps) {
  const text = useText();
  const { many, memberName } = useSigned();
  const { alert } = props;
  const member = memberName(alert.memberId);
  const title = useTitle()(alert);
  return (
    <tr
      data-row={alert.id}
      className={`row row-${alert.status} row-level-${alert.level}`}
      data-cursor={props.atCursor || undefined}
      data-selected={props.selected || undefined}
      onClick={(event) => {
        const target = event.target as Element;
        if (target.closest('a, input, button') === null && !window.getSelection()?.toString()) props.onOpen(alert.id);
      }}
    >
      {props.selectable ? (
        <td className="col-check">
          <input
            type="checkbox"
            aria-label={text.alerts.selectOne(title)}
            checked={props.selected}
            onChange={(event) => props.onSelect([alert.id], event.target.checked)}
          />
        </td>
      ) : null}
      <td className="col-level">
        <LevelBadge level={alert.level} />
      </td>
      <td className="col-title">
        <Link
          className="row-title"
          data-row-focus=""
          href={props.address}
          onClick={(event) => {
            if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
            event.preventDefault();
            props.onOpen(alert.id);
          }}
          {...(props.atCursor ? { 'aria-current': true as const } : {})}
        >
          {title}
        </Link>
        <span className="row-under">
          {many ? <span>{member}</span> : null}
          {alert.entities.length > 0 ? (
            <span className="row-under-entities">
              {alert.entities
                .map((entity) => entity.value)
                .slice(0, 2)
                .join(' · ')}
            </span>
          ) : null}
          <span>
            <Time at={alert.lastSeenAt} />
          </span>
        </span>
      </td>
      {many ? (
        <td className="col-member" title={alert.memberId}>
          {member}
        </td>
      ) : null}
      <td className="col-entities">
        <Entities entities={alert.entities} limit={2} memberId={alert.memberId} compact />
      </td>
      <td className="col-number">{alert.count.toLocaleString()}</td>
      <td className="col-time">
        <Time at={alert.lastSeenAt} />
      </td>
      <td className="col-status">
        <StatusBadge status={alert.status} kind="alert" />
        {alert.assignee === null ? null : <span className="row-assignee">{alert.assignee}</span>}
      </td>
      <td className="col-incident">
        {alert.incidentId === null ? null : (
          <Link href={`/incidents/${encodeURIComponent(alert.incidentId)}`} title={alert.incidentId}>
            {text.alerts.openLink}
            <span className="hidden-visually"> {text.alerts.toIncident}</span>
          </Link>
        )}
      </td>
    </tr>
  );
});
