/** One case (incident or campaign) with everything around it: read, kept current, changed, commented. */
import { useCallback, useEffect, useRef, useState } from 'react';
import { send } from '../api.ts';
import { type Change, useLive } from '../live.ts';
import { useTell } from '../parts/toast.tsx';
import { asApiError, type Loaded, useQuery } from '../query.ts';
import { useText } from '../session.tsx';
import type { IncidentStatus, Level } from '../types.ts';

export interface CaseSet {
  readonly status?: IncidentStatus;
  readonly assignee?: string | null;
  readonly level?: Level;
}

export interface Case<T> extends Loaded<T> {
  readonly busy: boolean;
  readonly set: (change: CaseSet, version: number) => void;
  /** Resolves to whether the comment was taken. */
  readonly comment: (body: string) => Promise<boolean>;
}

/** A story in progress changes many times a second; the page follows at this pace. */
const settleMs = 700;

/** `path`: "incidents/<id>" or "campaigns/<id>". `concerns` says which live changes make a new reading worth while. */
export function useCase<T>(path: string, concerns: (change: Change, data: T | undefined) => boolean): Case<T> {
  const text = useText();
  const tell = useTell();
  const loaded = useQuery<T>(path);
  const [busy, setBusy] = useState(false);
  const { reload } = loaded;
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);

  useLive((change) => {
    if (change.kind !== 'gap' && !concerns(change, loaded.data)) return;
    if (timer.current !== undefined) return;
    timer.current = setTimeout(() => {
      timer.current = undefined;
      reload();
    }, settleMs);
  });

  const fail = useCallback(
    (error: unknown) => {
      const told = asApiError(error);
      const conflict = told.code === 'version-conflict';
      tell({ text: conflict ? text.incidents.conflict : told.message || text.errors.unreachable, failed: true });
      if (conflict) reload();
    },
    [tell, text, reload],
  );

  return {
    ...loaded,
    busy,
    set: useCallback(
      (change, version) => {
        setBusy(true);
        send('PATCH', path, change, version)
          .then(() => {
            tell({ text: text.incidents.saved });
            reload();
          })
          .catch(fail)
          .finally(() => setBusy(false));
      },
      [path, tell, text, reload, fail],
    ),
    comment: useCallback(
      async (body) => {
        try {
          await send('POST', `${path}/comments`, { text: body });
          tell({ text: text.incidents.commented });
          reload();
          return true;
        } catch (error) {
          fail(error);
          return false;
        }
      },
      [path, tell, text, reload, fail],
    ),
  };
}
