/** Title, state, severity and assignee of a case, and the controls to change them for those who may. */

import type { ReactNode } from 'react';
import { LevelBadge, LevelMark, levels, StatusBadge } from '../parts/badge.tsx';
import { Icon } from '../parts/icon.tsx';
import { Time } from '../parts/time.tsx';
import { type Titled, useTitle } from '../parts/title.ts';
import { useSigned, useText } from '../session.tsx';
import type { IncidentStatus, Level } from '../types.ts';
import { actorName } from './actor.ts';
import type { CaseSet } from './detail.ts';

const statuses: readonly IncidentStatus[] = ['new', 'in-progress', 'waiting-on-member', 'closed'];

export interface CaseFacts extends Titled {
  readonly level: Level;
  readonly status: IncidentStatus;
  readonly assignee: string | null;
  readonly firstSeenAt: string;
  readonly lastSeenAt: string;
  readonly version: number;
}

export function CaseHead(props: {
  readonly kind: string;
  readonly facts: CaseFacts;
  readonly busy: boolean;
  readonly onSet: (set: CaseSet) => void;
  readonly children?: ReactNode;
}) {
  const text = useText();
  const { may, user } = useSigned();
  const titled = useTitle();
  const { facts, busy, onSet } = props;
  const mine = facts.assignee === user.login;
  return (
    <header className="case-head">
      <p className="case-kind">
        <LevelMark level={facts.level} />
        {props.kind}
      </p>
      <h1>{titled(facts)}</h1>
      <div className="case-line">
        {may.triage ? (
          <>
            <label className="field-inline">
              <span>{text.columns.level}</span>
              <select
                value={facts.level}
                disabled={busy}
                onChange={(event) => onSet({ level: event.target.value as Level })}
              >
                {levels.map((level) => (
                  <option key={level} value={level}>
                    {text.level[level]}
                  </option>
                ))}
              </select>
            </label>
            <label className="field-inline">
              <span>{text.columns.status}</span>
              <select
                value={facts.status}
                disabled={busy}
                onChange={(event) => onSet({ status: event.target.value as IncidentStatus })}
              >
                {statuses.map((status) => (
                  <option key={status} value={status}>
                    {text.incidentStatus[status]}
                  </option>
                ))}
              </select>
            </label>
          </>
        ) : (
          <>
            <LevelBadge level={facts.level} />
            <StatusBadge status={facts.status} kind="incident" />
          </>
        )}
        <span className="assignee">
          <Icon name="person" />
          {facts.assignee === null ? (
            <span className="muted">{text.incidents.unassigned}</span>
          ) : (
            actorName(facts.assignee, text)
          )}
        </span>
        {may.triage && facts.status !== 'closed' ? (
          mine && facts.status !== 'new' ? (
            <button type="button" className="quiet" disabled={busy} onClick={() => onSet({ assignee: null })}>
              {text.incidents.unassign}
            </button>
          ) : (
            <button
              type="button"
              className="main-act"
              disabled={busy}
              onClick={() => onSet({ status: 'in-progress', assignee: user.login })}
            >
              {text.incidents.takeOver} <kbd>e</kbd>
            </button>
          )
        ) : null}
        <span className="case-span">
          <Icon name="clock" />
          <Time at={facts.firstSeenAt} form="minute" /> – <Time at={facts.lastSeenAt} form="minute" />
        </span>
        {props.children}
      </div>
    </header>
  );
}
