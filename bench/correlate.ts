/**
 * What correlating costs on this machine: matches a second of CPU time of the correlator's thread (making the matches not
 * counted, collection of garbage counted), and bytes a group. BENCH_MATCHES makes a shorter run; --expose-gc is needed for bytes.
 */

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type CorrelatorOptions, createCorrelator } from '../src/correlate/correlator.ts';
import { atLeast, baseRule, correlationRule, sameField, startMs } from '../src/correlate/rules.fixture.ts';
import type { CorrelationCondition, CorrelationRule } from '../src/detect/rule.ts';
import type { Match } from '../src/model/alert.ts';

/** Shown as it comes, and kept in bench/correlate.md. */
let printed = '';
function print(text: string): void {
  process.stdout.write(text);
  printed += text;
}

const number = Number(process.env.BENCH_MATCHES ?? 1_000_000);
const batch = 500;

const threadMs = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};
const processMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

function heapBytes(): number {
  for (let round = 0; round < 3; round++) globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

/** As read from the queue: each text an object of its own. */
const fresh = (matches: readonly Match[]): Match[] => JSON.parse(JSON.stringify(matches)) as Match[];

interface Load {
  readonly what: string;
  readonly rule: CorrelationRule;
  readonly number: number;
  readonly options?: Partial<CorrelatorOptions>;
  /** The address that groups, and what is counted; `index` grows with event time. */
  readonly at: (index: number) => { readonly address: number; readonly value: string | number; readonly ms: number };
}

const dotted = (address: number): string =>
  `${10 + (address >>> 24)}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;

/** Matches a second. */
async function run({ what, rule, number: matches, options, at }: Load): Promise<number> {
  // What the run before held goes only after a turn.
  await new Promise((resolve) => setTimeout(resolve, 50));
  const before = heapBytes();
  const correlator = createCorrelator({
    rules: [baseRule('a')],
    correlations: [rule],
    ecsField: sameField,
    maxGroups: 4_000_000,
    maxEntries: 4_000_000,
    ...options,
  });
  let ms = 0;
  let allMs = 0;
  let found = 0;
  for (let from = 0; from < matches; from += batch) {
    const some = fresh(
      Array.from({ length: Math.min(batch, matches - from) }, (_, offset): Match => {
        const { address, value, ms: later } = at(from + offset);
        return {
          ruleId: 'a',
          eventId: `01m${String(from + offset).padStart(23, '0')}`,
          memberId: 'kita-hospital',
          sourceId: 'kita-hospital.vpn',
          atMs: startMs + later,
          fields: { 'source.ip': dotted(address), 'counted.value': value },
        };
      }),
    );
    const start = threadMs();
    const startAll = processMs();
    for (const { events } of correlator.add(some)) found += events.length;
    ms += threadMs() - start;
    allMs += processMs() - startAll;
  }
  const bytes = heapBytes() - before;
  const { groups, entries, evicted } = correlator.stats();
  const perSecond = Math.round((matches / ms) * 1000);
  const each = globalThis.gc === undefined ? '-' : Math.round(bytes / groups).toLocaleString('en-US');
  const cells = [what, matches, groups, perSecond, Math.round((matches / allMs) * 1000)];
  const told = cells.map((cell) => (typeof cell === 'number' ? cell.toLocaleString('en-US') : cell));
  const held = globalThis.gc === undefined ? '-' : Math.round(bytes / 1e6).toLocaleString('en-US');
  print(`| ${told.join(' | ')} | ${each} | ${held} | ${found.toLocaleString('en-US')} | ${entries} | ${evicted} |\n`);
  return perSecond;
}

const machine = `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB`;
const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD']).toString().trim();
print(`# Correlation: what it costs

\`node --expose-gc bench/correlate.ts\`, ${new Date().toISOString().slice(0, 10)}, on ${commit}, Node ${process.version}, ${machine}.
Matches as read from the queue, in batches of ${batch}, making them not counted. "thread" is CPU time of the correlator's thread, "process"
with V8's own threads. Bytes are heap after a collection, the texts of the matches that are kept included.

| load | matches | groups | matches/s, thread | matches/s, process | bytes a group | MB held | events found | entries | evicted |
|---|---|---|---|---|---|---|---|---|---|
`);

const count = correlationRule('x', { type: 'event_count', condition: atLeast(5), timespanMs: 600_000 });
const scatter = (index: number): number => Math.imul(index, 0x9e3779b1) >>> 0;
await run({
  what: 'event_count, warming up',
  rule: count,
  number: Math.min(number, 50_000),
  at: (index) => ({ address: index % 1000, value: 'v', ms: index * 10 }),
});
await run({
  what: 'event_count, each match a group of its own',
  rule: count,
  number,
  at: (index) => ({ address: index, value: 'v', ms: index / 2 }),
});
await run({
  what: 'event_count, matches scattered over a million groups',
  rule: count,
  number,
  at: (index) => ({ address: scatter(index) % 1_000_000, value: 'v', ms: index / 2 }),
});
await run({
  what: 'event_count, each match a group, 200,000 groups kept',
  rule: count,
  number,
  options: { maxGroups: 200_000 },
  at: (index) => ({ address: index, value: 'v', ms: index / 2 }),
});
await run({
  what: 'event_count, a thousand groups, many alerts',
  rule: count,
  number,
  at: (index) => ({ address: index % 1000, value: 'v', ms: index * 10 }),
});

// One group, a window that always holds 100,000 events: only the number of distinct values differs.
const inWindow = 100_000;
const measured = (
  what: string,
  type: CorrelationRule['type'],
  condition: CorrelationCondition,
  distinct: number,
): Promise<number> =>
  run({
    what,
    rule: correlationRule('x', { type, condition, timespanMs: inWindow - 1 }),
    number: Math.min(number, 400_000),
    options: { maxGroupEntries: 2 * inWindow, latenessMs: 60_000, settleMs: 10_000 },
    at: (index) => ({
      address: 1,
      value: type === 'value_count' ? `u${index % distinct}` : scatter(index) % 1000,
      ms: index,
    }),
  });
const never = 100_000;
const few = await measured(
  'value_count, 10 distinct in a window',
  'value_count',
  atLeast(never, 'counted.value') as CorrelationCondition,
  10,
);
const many = await measured(
  'value_count, 99,999 distinct in a window',
  'value_count',
  atLeast(never, 'counted.value') as CorrelationCondition,
  99_999,
);

const moderate = (type: CorrelationRule['type']): CorrelationCondition => ({
  compare: [{ op: 'gt', value: 1e12 }],
  fields: ['counted.value'],
  percentile: type === 'value_percentile' ? 95 : undefined,
});
for (const type of ['value_sum', 'value_avg', 'value_median', 'value_percentile'] as const)
  await measured(`${type}, 100,000 numbers in a window`, type, moderate(type), 0);

const { maxRSS } = process.resourceUsage();
print(`
value_count, 10 distinct against 99,999: ${(few / many).toFixed(2)} times the cost. Peak resident memory of it all: ${Math.round(maxRSS / 1024).toLocaleString('en-US')} MiB.
`);
writeFileSync(fileURLToPath(new URL('correlate.md', import.meta.url)), printed);
