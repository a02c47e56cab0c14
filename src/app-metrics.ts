/** What a process tells Prometheus: the numbers of the status page, and its own. Names no member. */
import type { CorrelatorStats } from './correlate/correlator.ts';
import type { CenterStatus, QueueStatus } from './model/status.ts';
import { roles } from './peers/peers.ts';

type Values = readonly (readonly [labels: string, value: number])[];
type Gauge = (name: string, help: string, values: Values) => void;

const one = (value: number | null): Values => (value === null ? [] : [['', value]]);

/**
 * Prometheus' text format, version 0.0.4. What cannot be asked now is left out, and hinomi_reachable says so.
 * `correlator`: of this process, where it has one.
 */
export function processMetrics(
  status: CenterStatus,
  own: { readonly version: string; readonly correlator: CorrelatorStats | undefined },
): string {
  const lines: string[] = [];
  const gauge: Gauge = (name, help, values) => {
    if (values.length === 0) return;
    lines.push(
      `# HELP ${name} ${help}`,
      `# TYPE ${name} gauge`,
      ...values.map(([labels, value]) => `${name}${labels} ${value}`),
    );
  };
  ownGauges(gauge, own.version);
  centerGauges(gauge, status);
  if (status.queues !== null) queueGauges(gauge, status.queues);
  storeGauges(gauge, status.store);
  if (own.correlator !== undefined) correlatorGauges(gauge, own.correlator);
  return `${lines.join('\n')}\n`;
}

function ownGauges(gauge: Gauge, version: string): void {
  const { rss, heapUsed } = process.memoryUsage();
  gauge('hinomi_info', 'Version of the software.', [[`{version="${label(version)}"}`, 1]]);
  gauge('process_resident_memory_bytes', 'Resident memory.', one(rss));
  gauge('nodejs_heap_used_bytes', 'Memory used by JavaScript.', one(heapUsed));
  gauge('process_start_time_seconds', 'Start of the process, Unix time.', one(Date.now() / 1_000 - process.uptime()));
}

function centerGauges(gauge: Gauge, { processes, queues, store, correlator, problems }: CenterStatus): void {
  gauge('hinomi_reachable', 'Whether a part of the center answered.', [
    ['{part="processes"}', Number(processes !== null)],
    ['{part="queue"}', Number(queues !== null)],
    ['{part="store"}', Number(store.reason !== 'unreachable')],
  ]);
  gauge('hinomi_problems', 'Problems that the status page shows.', [
    ...(['bad', 'warning'] as const).map((severity): Values[number] => [
      `{severity="${severity}"}`,
      problems.filter((problem) => problem.severity === severity).length,
    ]),
  ]);
  gauge(
    'hinomi_problem',
    'Each problem that the status page shows.',
    problems.map(({ code, severity }) => [`{code="${label(code)}",severity="${severity}"}`, 1]),
  );
  gauge(
    'hinomi_processes',
    'Processes of the center that reported lately, by role.',
    processes === null
      ? []
      : roles.map((role) => [`{role="${role}"}`, processes.filter((peer) => peer.roles.includes(role)).length]),
  );
  gauge(
    'hinomi_correlator_leaders',
    'Correlators that lead: one when all is well.',
    processes === null ? [] : one(processes.filter((peer) => peer.correlator?.leads === true).length),
  );
  gauge(
    'hinomi_correlator_lag_seconds',
    'Age of the oldest batch whose matches were not seen yet.',
    one(correlator.lagMs === null ? null : correlator.lagMs / 1000),
  );
}

function queueGauges(gauge: Gauge, queues: NonNullable<CenterStatus['queues']>): void {
  const each = (value: (depth: QueueStatus) => number): Values =>
    (['records', 'matches'] as const).map((name) => [`{queue="${name}"}`, value(queues[name])]);
  const rows: readonly (readonly [name: string, help: string, value: (depth: QueueStatus) => number])[] = [
    ['hinomi_queue_batches', 'Batches that wait or are being worked.', ({ jobs }) => jobs],
    ['hinomi_queue_records', 'Records in them.', ({ records }) => records],
    ['hinomi_queue_bytes', 'Bytes of them.', ({ bytes }) => bytes],
    ['hinomi_queue_oldest_seconds', 'Age of the oldest of them.', ({ oldestMs }) => oldestMs / 1000],
    ['hinomi_queue_dead_batches', 'Batches set aside after their last attempt.', ({ dead }) => dead],
  ];
  for (const [name, help, value] of rows) gauge(name, help, each(value));
  gauge(
    'hinomi_queue_fill_ratio',
    'Share of the memory that the queue may use; 0 where it has no limit.',
    one(queues.memoryShare),
  );
  gauge(
    'hinomi_queue_backlog_ratio',
    'Share of what may wait before senders are turned away.',
    one(queues.backlogShare),
  );
}

function storeGauges(gauge: Gauge, store: CenterStatus['store']): void {
  gauge('hinomi_store_events', 'Events stored.', one(store.events));
  gauge('hinomi_store_bytes', 'Bytes of the store on disk.', one(store.bytes));
  gauge(
    'hinomi_store_state',
    'Health of the store: 1 at the state it is in.',
    (['good', 'strained', 'bad'] as const).map((state) => [`{state="${state}"}`, Number(store.state === state)]),
  );
  gauge('hinomi_store_disk_free_bytes', 'Free on the disks of the store.', one(store.diskFreeBytes));
  gauge('hinomi_store_disk_total_bytes', 'Size of the disks of the store.', one(store.diskTotalBytes));
}

function correlatorGauges(gauge: Gauge, correlator: CorrelatorStats): void {
  gauge('hinomi_correlator_groups', 'Groups in the memory of correlation rules.', one(correlator.groups));
  gauge(
    'hinomi_correlator_evicted',
    'Events forgotten by correlation rules for want of room since the start.',
    one(correlator.evicted),
  );
  gauge(
    'hinomi_correlator_rule_evicted',
    'The same, of the rules that forget most.',
    correlator.forgetful.map(({ ruleId, evicted }) => [`{rule="${label(ruleId)}"}`, evicted]),
  );
  gauge('hinomi_correlator_waiting', 'Moments that are judged once event time has moved on.', one(correlator.waiting));
}

const label = (text: string): string => text.replaceAll(/[\\"\n]/g, '_');
