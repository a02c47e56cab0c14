/** What a process tells Prometheus: itself, the queues, the correlator, its peers. Names no member. */
import type { CorrelatorStats } from './correlate/correlator.ts';
import type { Engines } from './engines.ts';
import { roles } from './peers/peers.ts';

type Values = readonly (readonly [labels: string, value: number])[];

/** Prometheus' text format, version 0.0.4. `correlator`: of this process, where it has one. */
export async function processMetrics(parts: {
  readonly engines: Pick<Engines, 'records' | 'matches' | 'peers' | 'queueFill'>;
  readonly version: string;
  readonly correlator: CorrelatorStats | undefined;
}): Promise<string> {
  const { engines, version, correlator } = parts;
  const { records, matches, peers } = engines;
  const [recordsDepth, matchesDepth, fill, all] = await Promise.all([
    records.depth(),
    matches.depth(),
    engines.queueFill(),
    peers.all(),
  ]);
  const lines: string[] = [];
  const gauge = (name: string, help: string, values: Values): void => {
    lines.push(
      `# HELP ${name} ${help}`,
      `# TYPE ${name} gauge`,
      ...values.map(([labels, value]) => `${name}${labels} ${value}`),
    );
  };
  const depths = { records: recordsDepth, matches: matchesDepth };
  const each = (value: (depth: typeof recordsDepth) => number): Values =>
    Object.entries(depths).map(([name, depth]) => [`{queue="${name}"}`, value(depth)]);
  const { rss, heapUsed } = process.memoryUsage();
  const one = (value: number): Values => [['', value]];
  gauge('hinomi_info', 'Version of the software.', [[`{version="${label(version)}"}`, 1]]);
  gauge(
    'hinomi_processes',
    'Processes of the center that reported lately, by role.',
    roles.map((role) => [`{role="${role}"}`, all.filter((peer) => peer.roles.includes(role)).length]),
  );
  gauge('process_resident_memory_bytes', 'Resident memory.', one(rss));
  gauge('nodejs_heap_used_bytes', 'Memory used by JavaScript.', one(heapUsed));
  gauge('process_start_time_seconds', 'Start of the process, Unix time.', one(Date.now() / 1_000 - process.uptime()));
  gauge(
    'hinomi_queue_batches',
    'Batches that wait or are being worked.',
    each((depth) => depth.jobs),
  );
  gauge(
    'hinomi_queue_records',
    'Records in them.',
    each((depth) => depth.records),
  );
  gauge(
    'hinomi_queue_bytes',
    'Bytes of them.',
    each((depth) => depth.bytes),
  );
  gauge(
    'hinomi_queue_oldest_seconds',
    'Age of the oldest of them.',
    each((depth) => depth.oldestMs / 1000),
  );
  gauge(
    'hinomi_queue_dead_batches',
    'Batches set aside after their last attempt.',
    each((depth) => depth.dead),
  );
  gauge('hinomi_queue_fill_ratio', 'Share of the memory that the queue may use; 0 where it has no limit.', one(fill));
  gauge(
    'hinomi_correlator_lag_seconds',
    'Age of the oldest batch whose matches were not seen yet.',
    one(Math.max(recordsDepth.oldestMs, matchesDepth.oldestMs) / 1000),
  );
  if (correlator !== undefined) {
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
    gauge(
      'hinomi_correlator_waiting',
      'Moments that are judged once event time has moved on.',
      one(correlator.waiting),
    );
  }
  return `${lines.join('\n')}\n`;
}

const label = (text: string): string => text.replaceAll(/[\\"\n]/g, '_');
