/** A center in which all is well, to be changed by tests. */
import type { CenterStatus, ProcessStatus } from './model/status.ts';
import type { CenterFacts } from './status-problems.ts';

const at = '2026-11-20T01:00:00.000Z';

export function processOf(roles: ProcessStatus['roles'], change: Partial<ProcessStatus> = {}): ProcessStatus {
  return {
    ...{
      id: `process-${roles.join('-')}`,
      roles,
      version: '0.1.0',
      host: 'tower-1',
      pid: 7,
      startedAt: at,
      seenAt: at,
    },
    ...{ rules: 'rules-1', cpu: 0.5, memoryBytes: 2 ** 28 },
    ...change,
  };
}

const idle = { jobs: 0, records: 0, bytes: 0, dead: 0, oldestMs: 0 };

export function centerFacts(change: Partial<CenterFacts>): CenterFacts {
  return {
    at,
    engines: { store: 'sqlite', queue: 'sqlite', shared: false },
    processes: [
      processOf(['intake', 'worker', 'correlator', 'api'], { correlator: { leads: true, term: 4, groups: 0 } }),
    ],
    queues: { records: idle, matches: idle, memoryShare: 0, backlogShare: 0 },
    waiting: [],
    correlator: { lagMs: 0, leader: 'process-intake-worker-correlator-api' },
    store: {
      ...{ state: 'good', reason: 'none', detail: '', diskFreeBytes: 2 ** 36, diskTotalBytes: 2 ** 37 },
      ...{ events: 12, bytes: 2 ** 20 },
    },
    ...change,
  };
}

export const centerStatusOf = (change: Partial<CenterStatus>): CenterStatus => ({
  ...centerFacts({}),
  problems: [],
  ...change,
});
