import { expect, it } from 'vitest';
import { processMetrics } from './app-metrics.ts';
import { centerStatusOf, processOf } from './status.fixture.ts';

const own = { version: '0.1.0', correlator: undefined };
const queue = { jobs: 3, records: 40, bytes: 5_000, dead: 1, oldestMs: 90_000 };
const waiting = [{ memberId: 'kita-hospital', records: 4, oldestHour: '', leastMs: 0, mostMs: 0 }];

it('tells the numbers of the status page, and no member', () => {
  const text = processMetrics(
    centerStatusOf({
      processes: [processOf(['intake', 'api']), processOf(['worker']), processOf(['worker'])],
      queues: { records: queue, matches: { ...queue, oldestMs: 0 }, memoryShare: 0.25, backlogShare: 0.5 },
      correlator: { lagMs: 90_000, leader: null },
      waiting,
      problems: [
        {
          ...{ code: 'records-behind', severity: 'warning', memberIds: ['kita-hospital'], detail: 'kita-hospital' },
          ...{ title: 'kita-hospital', titleJa: '北病院', advice: 'kita-hospital', adviceJa: '北病院' },
        },
      ],
    }),
    own,
  );
  for (const line of [
    'hinomi_reachable{part="queue"} 1',
    'hinomi_problems{severity="bad"} 0',
    'hinomi_problems{severity="warning"} 1',
    'hinomi_problem{code="records-behind",severity="warning"} 1',
    'hinomi_processes{role="worker"} 2',
    'hinomi_processes{role="correlator"} 0',
    'hinomi_queue_oldest_seconds{queue="records"} 90',
    'hinomi_queue_dead_batches{queue="matches"} 1',
    'hinomi_queue_fill_ratio 0.25',
    'hinomi_queue_backlog_ratio 0.5',
    'hinomi_correlator_lag_seconds 90',
    'hinomi_store_events 12',
    'hinomi_store_state{state="good"} 1',
    'hinomi_store_state{state="bad"} 0',
    `hinomi_store_disk_free_bytes ${2 ** 36}`,
  ]) {
    expect(text.split('\n')).toContain(line);
  }
  expect(text).not.toMatch(/kita|北病院/);
  for (const line of text.trimEnd().split('\n'))
    expect(line).toMatch(/^(# (HELP|TYPE) \S+ .+|\S+(\{.*\})? [0-9.e+-]+)$/);
});

it('leaves out what could not be asked, and says so', () => {
  const { store } = centerStatusOf({});
  const text = processMetrics(
    centerStatusOf({
      ...{ processes: null, queues: null, correlator: { lagMs: null, leader: null } },
      store: { ...store, state: 'bad', reason: 'unreachable', events: null, diskFreeBytes: null },
    }),
    own,
  );
  expect(text).toContain('hinomi_reachable{part="queue"} 0\nhinomi_reachable{part="store"} 0\n');
  expect(text).not.toMatch(/hinomi_(queue_|processes|correlator_lag|store_events|store_disk_free)|null|NaN/);
});
