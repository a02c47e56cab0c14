/** The measured figures as tables. Measures nothing. */
import { availableParallelism } from 'node:os';
import { parts, type Seconds } from './cluster-center.ts';
import { EVENT_DAYS, MEMBERS } from './cluster-fill.ts';
import type { Read, Times } from './cluster-reads.ts';
import type { Round, WindowsLoad } from './cluster-share.ts';

export interface Filled {
  readonly nowMs: number;
  readonly alerts: number;
  readonly incidents: number;
  readonly alertSeconds: number;
  readonly events: number;
  readonly eventSeconds: number;
  readonly eventBytes: number;
  readonly alertBytes: number;
  readonly indices: number;
}

const round = (value: number, digits = 0): string => value.toLocaleString('en-US', { maximumFractionDigits: digits });
const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
};
const table = (rows: readonly (readonly string[])[]): string =>
  rows
    .map((cells, index) => `| ${cells.join(' | ')} |\n${index === 0 ? `|${cells.map(() => '---').join('|')}|\n` : ''}`)
    .join('');
const total = (seconds: Seconds): number => sum(parts.map((part) => seconds[part]));

export function printShare(
  rounds: readonly Round[],
  load: WindowsLoad,
  peaks: readonly (readonly [part: string, bytes: number])[],
): string {
  const [first] = rounds;
  if (first === undefined) return '';
  const numbers = [...new Set(rounds.map(({ workers }) => workers))];
  const of = (workers: number): readonly Round[] => rounds.filter((one) => one.workers === workers);
  const speeds = rounds.map((one, index) => [
    String(one.workers),
    String(index + 1),
    round(one.events / one.seconds),
    round(one.events / one.plainSeconds),
    round(one.plainSeconds / one.seconds, 2),
    round(one.events / one.acceptedSeconds),
    round(one.seconds - one.workedSeconds, 2),
    round(total(one.cpu) / one.seconds, 2),
    round(total(one.plainCpu) / one.plainSeconds, 2),
  ]);
  const micros = (all: readonly Round[], pick: (one: Round) => Seconds, part: (typeof parts)[number]): number =>
    median(all.map((one) => (pick(one)[part] / one.events) * 1e6));
  const cpu = parts.map((part) => [
    part,
    ...numbers.map((workers) =>
      round(
        micros(of(workers), (one) => one.cpu, part),
        1,
      ),
    ),
    round(
      micros(rounds, (one) => one.plainCpu, part),
      1,
    ),
  ]);
  const perEvent = (pick: (one: Round) => Seconds, all: readonly Round[]): number =>
    median(all.map((one) => (total(pick(one)) / one.events) * 1e6));
  const documents = sum(rounds.map((one) => one.documents));
  const last = numbers.at(-1) as number;
  return `## End to end beside a plain bulk loop

${rounds.length} rounds, in each both in turn: first the center, from the first request to the intake until all ${round(first.events)} events are stored and
found by a search and no match waits; then a loop that sends the very documents which the center wrote, as ready requests of 4 MB
over 2 connections, into a new index of the same template. Other lines in every round; both warmed up before. Events are Windows
events of OTRF's recorded attacks as an agent sends them: JSON, ${round(load.bytes / load.records)} bytes each, 1,000 a request, zstd (${round(load.bodyBytes / load.records)} bytes an event);
${round(sum(rounds.map((one) => one.matches)) / (sum(rounds.map((one) => one.events)) / 1_000), 1)} matches in 1,000 events. A document has ${round(sum(rounds.map((one) => one.documentBytes)) / documents)} bytes, ${round(sum(rounds.map((one) => one.storedBytes)) / documents)} on disk once merged.

${table([['workers', 'round', 'events/s', 'plain loop/s', 'share', 'accepted/s', 'alerts after, s', 'cores in use', 'cores in use, plain loop'], ...speeds])}
**Share, median: ${numbers.map((workers) => `${round(median(of(workers).map((one) => one.plainSeconds / one.seconds)), 2)} with ${workers} worker${workers > 1 ? 's' : ''}`).join(', ')}; the goal is 0.9.**

Microseconds of CPU time an event, medians:

${table([
  ['process', ...numbers.map((workers) => `${workers} worker${workers > 1 ? 's' : ''}`), 'plain loop'],
  ...cpu,
  [
    'all',
    ...numbers.map((workers) =>
      round(
        perEvent((one) => one.cpu, of(workers)),
        1,
      ),
    ),
    round(
      perEvent((one) => one.plainCpu, rounds),
      1,
    ),
  ],
])}
${whatLimits(rounds, of(last))}

Queue: ${round(median(rounds.map(({ queued }) => queued.bytes / Math.max(1, queued.records))))} bytes of Redis for an event that waits (median over the moments right after the last request).
Peak resident memory, MiB: ${peaks.map(([part, bytes]) => `${part} ${round(bytes / 2 ** 20)}`).join(', ')}.
`;
}

/** From the figures: whether cores or waiting keep the share where it is, and what the same cores could give at most. */
function whatLimits(rounds: readonly Round[], last: readonly Round[]): string {
  const busy = median(last.map((one) => total(one.cpu) / one.seconds)) / availableParallelism();
  const micro = (pick: (one: Round) => number): number => median(last.map((one) => (pick(one) / one.events) * 1e6));
  const own = micro((one) => total(one.cpu) - one.cpu.elasticsearch);
  const store = micro((one) => one.cpu.elasticsearch);
  const plain = median(rounds.map((one) => (total(one.plainCpu) / one.events) * 1e6));
  const cause =
    busy > 0.8
      ? `the cores: ${round(busy * 100)} % of them were busy.`
      : `waiting, and what else runs on this machine: only ${round(busy * 100)} % of the cores were busy with it.`;
  return `What limits: ${cause} Elasticsearch takes ${round(store)} µs of an event, everything else ${round(own)} µs, the plain loop ${round(plain)} µs in all.
Were the cores the only limit of both, the share would be ${round(plain / (plain + own), 2)} at most; it may be measured above that where the loop leaves cores idle.
A share of 0.9 needs cores for the center beside those of Elasticsearch: ${round(own / plain, 1)} for each of its (docs/sizing.md).`;
}

export function printReads(
  filled: Filled,
  reads: readonly Read[],
  quiet: readonly Times[],
  loaded: readonly Times[],
  { rate, startSeconds, correlatorBytes }: { rate: number; startSeconds: number; correlatorBytes: number },
): string {
  const ms = ({ p50, p99, worst }: Times): string[] => [round(p50, 1), round(p99, 1), round(worst)];
  const rows = reads.map(({ what }, index) => [what, ...ms(quiet[index] as Times), ...ms(loaded[index] as Times)]);
  return `## The API at size

${round(filled.events)} events of six kinds over ${MEMBERS} members and ${EVENT_DAYS} days, ${round(filled.alerts)} alerts and ${round(filled.incidents)} incidents over 30 days, in ${filled.indices} indices.
Filled by the store's own methods from one process, both at the same time: alerts and incidents in ${round(filled.alertSeconds)} s (${round(filled.alerts / filled.alertSeconds)} alerts/s), events in ${round(filled.eventSeconds)} s
(${round(filled.events / filled.eventSeconds)}/s). On disk ${round(filled.eventBytes / filled.events)} bytes an event and ${round(filled.alertBytes / Math.max(1, filled.alerts))} bytes an alert, as merged as they came to be.
Intake, worker and correlator started on that in ${round(startSeconds, 1)} s; the correlator took ${round(correlatorBytes / 2 ** 20)} MiB.

Milliseconds, HTTP from the api process, by a key that may see all members, ${quiet[0]?.asked} and ${loaded[0]?.asked} requests each in turns with the others, most with
other values every time; first while nothing comes in, then while ${round(rate)} Windows events/s come in through the intake.
A search that no index narrows ends after two seconds, and goes on from its cursor.

${table([['read', 'p50', 'p99', 'worst', 'p50, loaded', 'p99, loaded', 'worst, loaded'], ...rows])}`;
}
