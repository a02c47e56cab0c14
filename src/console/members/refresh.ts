/** Reads a page of counters again while somebody looks at it: they change with every batch, too often for the live stream. */
import { useEffect } from 'react';

const refreshMs = 15_000;

export function useRefresh(reload: () => void): void {
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') reload();
    }, refreshMs);
    return () => clearInterval(timer);
  }, [reload]);
}
