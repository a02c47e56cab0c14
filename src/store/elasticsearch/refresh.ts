/**
 * What this process wrote it finds: an index it wrote to is refreshed before its next search there. What others wrote is found
 * once the index refreshes by itself: within a second where somebody searches, and where nobody did for a while (half a minute,
 * five seconds for events) before the search that comes then, which waits for it. So no index has a `refresh_interval`: with one, those that nobody looks at are
 * refreshed every second as well, which cost Elasticsearch a third of its time (measured).
 */
import type { Elastic } from './connection.ts';

export interface Freshness {
  /** To be told after a write is durable. */
  wrote(indices: Iterable<string>): void;
  /** To be awaited before a search of these; names may hold "*". */
  before(patterns: readonly string[]): Promise<void>;
  /** The same, where what other processes and threads wrote must be found as well. */
  beforeWhole(patterns: readonly string[]): Promise<void>;
}

/** Names that fit into a request's path. */
const NAMES = 50;

export function createFreshness(elastic: Pick<Elastic, 'request'>): Freshness {
  const written = new Set<string>();
  const running = new Map<string, Promise<unknown>>();

  function refresh(names: readonly string[]): void {
    // Before the refresh: what is written while it runs needs another one.
    for (const index of names) written.delete(index);
    const path = `/${names.join(',')}/_refresh`;
    const done = elastic.request({ method: 'POST', path, query: { ignore_unavailable: true } });
    const settle = (): void => {
      for (const index of names) if (running.get(index) === done) running.delete(index);
    };
    for (const index of names) running.set(index, done);
    done.then(settle, () => {
      settle();
      for (const index of names) written.add(index);
    });
  }

  return {
    wrote(indices) {
      for (const index of indices) written.add(index);
    },
    async before(patterns) {
      const tests = patterns.map((pattern) => new RegExp(`^${pattern.split('*').map(RegExp.escape).join('.*')}$`));
      const matches = (index: string): boolean => tests.some((test) => test.test(index));
      const stale = [...written].filter(matches);
      for (let at = 0; at < stale.length; at += NAMES) refresh(stale.slice(at, at + NAMES));
      await Promise.all([...running].flatMap(([index, done]) => (matches(index) ? [done] : [])));
    },
    async beforeWhole(patterns) {
      const query = { ignore_unavailable: true, allow_no_indices: true };
      await elastic.request({ method: 'POST', path: `/${patterns.join()}/_refresh`, query, patience: 'writer' });
    },
  };
}
