/** Whether the page is live, in which zone its times are, and how far the center is behind. */
import { type ReactNode, useEffect } from 'react';
import { useLiveState } from '../live.ts';
import { Link } from '../location.tsx';
import { formatDuration } from '../parts/duration.ts';
import { useQuery } from '../query.ts';
import { useSigned, useText } from '../session.tsx';
import type { QueueView } from '../types.ts';

const refreshMs = 10_000;

export function Footer() {
  const text = useText();
  const { may } = useSigned();
  const live = useLiveState();
  const queue = useQuery<QueueView>(may.queue ? 'queue' : undefined);
  const { reload } = queue;
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') reload();
    }, refreshMs);
    return () => clearInterval(timer);
  }, [reload]);

  const depth = queue.data?.depth;
  const dead = queue.data?.dead.length ?? 0;
  const oldestMs = depth?.oldestMs ?? 0;
  return (
    <footer className="shell-foot">
      <span className={`live live-${live}`} role="status">
        <svg viewBox="-6 -6 12 12" aria-hidden="true" focusable="false">
          {live === 'live' ? <circle r="3.500" /> : <path d="M-4 0h8" />}
        </svg>
        {text.footer[live]}
      </span>
      {depth === undefined ? null : (
        <ToStatus>
          {text.footer.queue(depth.records)}
          {depth.records > 0 && oldestMs > 1_000
            ? ` · ${text.footer.lag(formatDuration(oldestMs, text.duration))}`
            : ''}
        </ToStatus>
      )}
      {dead > 0 ? (
        <span className="footer-warning">
          <ToStatus>{text.footer.dead(dead)}</ToStatus>
        </span>
      ) : null}
      <span className="footer-zone">{text.footer.zone(Intl.DateTimeFormat().resolvedOptions().timeZone)}</span>
    </footer>
  );
}

/** Where there is more to know about what is said, for those who may. */
function ToStatus(props: { readonly children: ReactNode }) {
  const { may } = useSigned();
  return may.status ? <Link href="/status">{props.children}</Link> : <span>{props.children}</span>;
}
