/** What a reader can do to alerts: one by its version, many at once; each can be undone from the message that tells of it. */
import { useCallback, useRef, useState } from 'react';
import { get, send } from '../api.ts';
import { navigate } from '../location.tsx';
import { useTell } from '../parts/toast.tsx';
import { asApiError } from '../query.ts';
import { useSigned, useText } from '../session.tsx';
import type { AlertStatus, AlertView, BulkResults, CloseReason, IncidentDetail } from '../types.ts';

interface AlertSet {
  readonly status?: AlertStatus;
  readonly closeReason?: CloseReason | null;
  readonly assignee?: string | null;
}

export interface AlertActs {
  readonly acknowledge: (alerts: readonly AlertView[]) => void;
  readonly reopen: (alerts: readonly AlertView[]) => void;
  readonly close: (alerts: readonly AlertView[], closeReason: CloseReason, note: string) => void;
  /** Makes the reader responsible: for its incident, which is opened, or for the alert where there is none yet. */
  readonly takeOver: (alert: AlertView) => void;
  readonly busy: boolean;
}

const mostAtOnce = 1_000;

interface Outcome {
  readonly done: readonly AlertView[];
  readonly failed: number;
  readonly why: string;
}

async function changeOne(alert: AlertView, set: AlertSet, reason: string): Promise<Outcome> {
  const body = reason === '' ? set : { ...set, reason };
  const done = await send<AlertView>('PATCH', `alerts/${encodeURIComponent(alert.id)}`, body, alert.version);
  return { done: [done], failed: 0, why: '' };
}

async function changeMany(alerts: readonly AlertView[], set: AlertSet, reason: string): Promise<Outcome> {
  const done: AlertView[] = [];
  let failed = 0;
  let why = '';
  for (let at = 0; at < alerts.length; at += mostAtOnce) {
    const part = new Map(alerts.slice(at, at + mostAtOnce).map((alert) => [alert.id, alert]));
    const body = { ids: [...part.keys()], set, ...(reason === '' ? {} : { reason }) };
    const { results } = await send<BulkResults>('POST', 'alerts/bulk', body);
    for (const result of results) {
      const alert = part.get(result.id);
      if (result.ok && alert !== undefined)
        done.push({ ...alert, ...set, version: result.version ?? alert.version + 1 });
      else {
        failed += 1;
        why = result.error?.detail ?? '';
      }
    }
  }
  return { done, failed, why };
}

/** Puts each alert back to how it was: one request for each different former state. */
async function restore(former: readonly AlertView[]): Promise<readonly AlertView[]> {
  const groups = new Map<string, AlertView[]>();
  for (const alert of former) {
    const name = JSON.stringify([alert.status, alert.closeReason, alert.assignee]);
    groups.set(name, [...(groups.get(name) ?? []), alert]);
  }
  const done: AlertView[] = [];
  for (const group of groups.values()) {
    const [one] = group;
    if (one === undefined) continue;
    const closed = one.status === 'closed' && one.closeReason !== null ? { closeReason: one.closeReason } : {};
    const outcome = await changeMany(group, { status: one.status, assignee: one.assignee, ...closed }, '');
    done.push(...outcome.done.map((alert) => ({ ...alert, closeReason: one.closeReason })));
  }
  return done;
}

/** `onChanged` gets the new state of alerts that were changed, to put into the list at once. */
export function useAlertActs(onChanged: (alerts: readonly AlertView[]) => void): AlertActs {
  const text = useText();
  const tell = useTell();
  const { user } = useSigned();
  const [running, setRunning] = useState(0);
  // A fast reader is at the next alert before the answer to the last is there; only the same alert must wait for its answer.
  const inFlight = useRef(new Set<string>());

  const run = useCallback(
    (alerts: readonly AlertView[], work: () => Promise<void>) => {
      for (const alert of alerts) inFlight.current.add(alert.id);
      setRunning((n) => n + 1);
      work()
        .catch((error: unknown) => {
          const told = asApiError(error);
          const why = told.code === 'version-conflict' ? text.incidents.conflict : told.message;
          tell({ text: `${text.errors.title}: ${why || text.errors.unreachable}`, failed: true });
        })
        .finally(() => {
          for (const alert of alerts) inFlight.current.delete(alert.id);
          setRunning((n) => n - 1);
        });
    },
    [tell, text],
  );

  const change = useCallback(
    (wanted: readonly AlertView[], set: AlertSet, reason: string, said: (n: number) => string) => {
      const alerts = wanted.filter((alert) => !inFlight.current.has(alert.id));
      const [one] = alerts;
      if (one === undefined) return;
      run(alerts, async () => {
        const outcome =
          alerts.length === 1
            ? await changeOne(one, set, reason).catch(async (error: unknown) => {
                if (asApiError(error).code === 'version-conflict') {
                  onChanged([await get<AlertView>(`alerts/${encodeURIComponent(one.id)}`)]);
                }
                throw error;
              })
            : await changeMany(alerts, set, reason);
        onChanged(outcome.done);
        if (outcome.failed > 0) tell({ text: text.alerts.failed(outcome.failed, outcome.why), failed: true });
        else {
          const former = alerts;
          tell({
            text: said(outcome.done.length),
            undo: () =>
              run(former, async () => {
                onChanged(await restore(former));
                tell({ text: text.alerts.undone });
              }),
          });
        }
      });
    },
    [run, onChanged, tell, text],
  );

  const me = user.login;
  return {
    busy: running > 0,
    acknowledge: useCallback(
      (alerts) => {
        const waiting = alerts.filter((alert) => alert.status === 'new');
        change(waiting, { status: 'acknowledged', assignee: me }, '', text.alerts.acknowledged);
      },
      [change, me, text],
    ),
    reopen: useCallback((alerts) => change(alerts, { status: 'new' }, '', text.alerts.reopened), [change, text]),
    close: useCallback(
      (alerts, closeReason, note) => change(alerts, { status: 'closed', closeReason }, note, text.alerts.closed),
      [change, text],
    ),
    takeOver: useCallback(
      (alert) => {
        if (inFlight.current.has(alert.id)) return;
        run([alert], async () => {
          if (alert.status !== 'closed') {
            onChanged((await changeOne(alert, { status: 'acknowledged', assignee: me }, '')).done);
          }
          if (alert.incidentId === null) {
            tell({ text: text.alerts.noIncident });
            return;
          }
          const path = `incidents/${encodeURIComponent(alert.incidentId)}`;
          const { incident } = await get<IncidentDetail>(path);
          await send('PATCH', path, { status: 'in-progress', assignee: me }, incident.version);
          tell({ text: text.alerts.takenOver });
          navigate(`/incidents/${encodeURIComponent(alert.incidentId)}`);
        });
      },
      [run, onChanged, me, tell, text],
    ),
  };
}
