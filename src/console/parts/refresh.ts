/** Reads a page of counters again while somebody looks at it: they change with every batch, too often for the live stream. */
import { useEffect } from 'react';

export function useRefresh(reload: () => void, everyMs = 15_000): void {
  useEffect(() => {
    const look = () => {
      if (document.visibilityState === 'visible') reload();
    };
    const timer = setInterval(look, everyMs);
    // Who comes back to the page does not want to see how things were when they left.
    document.addEventListener('visibilitychange', look);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', look);
    };
  }, [reload, everyMs]);
}
