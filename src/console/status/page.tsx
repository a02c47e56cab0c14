/** How the center is: one look tells whether all is well, and if not, what is wrong and what to do. Reads itself anew. */
import { useEffect } from 'react';
import { Failed, Loading } from '../parts/notice.tsx';
import { useRefresh } from '../parts/refresh.ts';
import { Time } from '../parts/time.tsx';
import { useQuery } from '../query.ts';
import { useText } from '../session.tsx';
import type { CenterStatus } from '../types.ts';
import { StatusFacts } from './facts.tsx';
import { StatusHeadline } from './headline.tsx';
import { StatusProcesses } from './processes.tsx';
import { StatusQueues } from './queues.tsx';
import { StatusSetAside } from './set-aside.tsx';

const refreshMs = 5_000;

export function StatusPage() {
  const text = useText();
  const { data, error, reload } = useQuery<CenterStatus>('status');
  useRefresh(reload, refreshMs);
  useEffect(() => {
    document.title = `${text.status.title} · ${text.product}`;
  }, [text]);

  return (
    <div className="page page-status">
      <div className="page-head">
        <h1>{text.status.title}</h1>
        {data === undefined ? null : (
          <span className="muted">
            {text.status.updated} <Time at={data.at} />
          </span>
        )}
      </div>
      {error === undefined ? null : <Failed error={error} again={reload} />}
      {data === undefined ? (
        error === undefined ? (
          <Loading />
        ) : null
      ) : (
        <>
          {error === undefined ? (
            <StatusHeadline problems={data.problems} />
          ) : (
            <p className="status-stale">{text.status.stale}</p>
          )}
          <div className="status-body" data-stale={error !== undefined || undefined}>
            <StatusFacts status={data} />
            <StatusProcesses processes={data.processes} shared={data.engines.shared} />
            <StatusQueues status={data} />
            <StatusSetAside queues={data.queues} onRetried={reload} />
          </div>
        </>
      )}
    </div>
  );
}
