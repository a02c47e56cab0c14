/**
 * What matching costs, printed into bench/detect.md: all of SigmaHQ, routed, one thread, against JSON.parse of the same lines in the
 * same run (CPU time). BENCH_LINES makes a shorter run: every n-th line so that about so many are left.
 */
import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { compileRules } from '../src/detect/compile.ts';
import type { Engine } from '../src/detect/engine.ts';
import type { Fields } from '../src/model/event.ts';
import { corpora, isPresent, normalize, rawWindows, readLines, readMatches, readSigmaHq } from '../test/corpora.ts';

const most = Number(process.env.BENCH_LINES ?? Number.POSITIVE_INFINITY);

const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;

interface Line {
  readonly number: number;
  /** Where it stands in `all`. */
  readonly from: number;
  readonly to: number;
  readonly all: Buffer;
}

/** In the view that the known matches were computed in: what is parsed is what is matched. */
function readViews(file: string): readonly Line[] {
  const views: Buffer[] = [];
  for (const bytes of readLines(`${file}.ndjson.zst`))
    views.push(Buffer.from(JSON.stringify(normalize(JSON.parse(bytes.toString('utf8'))))));
  // One piece of memory: a hundred thousand would be work for the collector of garbage while time is taken.
  const all = Buffer.concat(views);
  const lines: Line[] = [];
  let at = 0;
  for (const [number, { length }] of views.entries()) {
    lines.push({ number, from: at, to: at + length, all });
    at += length;
  }
  const step = Math.max(1, Math.round(lines.length / most));
  return lines.filter((line) => line.number % step === 0);
}

/** Milliseconds of CPU time. Without an engine the lines are only parsed. */
function pass(lines: readonly Line[], engine: Engine | undefined, found: Set<string>): number {
  const began = cpuMs();
  for (const { number, from, to, all } of lines) {
    const event = JSON.parse(all.toString('utf8', from, to)) as Fields;
    if (engine !== undefined) for (const { id } of engine.match(event)) found.add(`${number} ${id}`);
  }
  return cpuMs() - began;
}

interface Cost {
  readonly events: number;
  readonly parseMs: number;
  readonly matchMs: number;
  readonly difference: number;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] as number;

/** Matching is what a pass with the engine costs more than one without, each the median of so many rounds in turns. */
function measure(engine: Engine, lines: readonly Line[], file: string, rounds: number): Cost {
  const found = new Set<string>();
  const parsed: number[] = [];
  const both: number[] = [];
  for (let round = 0; round < rounds; round++) {
    parsed.push(pass(lines, undefined, found));
    both.push(pass(lines, engine, found));
  }
  const numbers = new Set(lines.map(({ number }) => number));
  const known = new Set(readMatches(`${file}.matches.tsv.gz`).filter((row) => numbers.has(Number.parseInt(row, 10))));
  const parseMs = median(parsed);
  return {
    events: lines.length,
    parseMs,
    matchMs: median(both) - parseMs,
    difference: known.symmetricDifference(found).size,
  };
}

if (!isPresent('sigmahq-rules.tar.gz', 'otrf-windows.ndjson.zst', 'otrf-process.ndjson.zst')) {
  process.stdout.write(`the corpora are not in ${corpora}: nothing measured (set HINOMI_CORPORA)\n`);
} else {
  const rows: string[] = [];
  const readAt = cpuMs();
  const set = readSigmaHq();
  const compileAt = cpuMs();
  const engine = compileRules(set, rawWindows());
  const compiledAt = cpuMs();
  const row = (what: string, cost: Cost): void => {
    const us = (ms: number) => ((ms * 1000) / cost.events).toFixed(1);
    rows.push(
      `| ${what} | ${cost.events} | ${us(cost.parseMs)} | ${us(cost.matchMs)} | ${(cost.matchMs / cost.parseMs).toFixed(2)} | ${cost.difference} |`,
    );
    process.stdout.write(`${rows.at(-1)}\n`);
  };
  const processes = readViews('otrf-process');
  const half = (rest: number) => processes.filter(({ number }) => number % 2 === rest);
  // The parser is warm, as it would be in a center.
  for (let round = 0; round < 5; round++) pass(processes, undefined, new Set());
  row('otrf-process, every other line: groups are built in it', measure(engine, half(0), 'otrf-process', 1));
  row('otrf-process, the lines between: values are new', measure(engine, half(1), 'otrf-process', 1));
  row('otrf-process, all again: values are known', measure(engine, processes, 'otrf-process', 15));
  const windows = readViews('otrf-windows');
  globalThis.gc?.();
  row('otrf-windows, first pass: groups are built in it', measure(engine, windows, 'otrf-windows', 1));
  row('otrf-windows, all again', measure(engine, windows, 'otrf-windows', 5));
  // Twice: what the first frees may hold buffers.
  for (let round = 0; round < 2; round++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();

  const machine = `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}`;
  const text = `# Detection: what matching costs

\`node --expose-gc bench/detect.ts\`, ${new Date().toISOString().slice(0, 10)}, ${machine}.
Rules: ${engine.rules.length} of SigmaHQ, routed by log source, raw Windows names. One thread. Microseconds of CPU time an event, collection of garbage included;
"parse" is decoding the line's bytes and JSON.parse; "match" is what a pass with matching costs more, medians of rounds in turns. "Differences" are lines and rules found and not known, or known and not found.

| events | number | parse | match | match / parse | differences |
|---|---|---|---|---|---|
${rows.join('\n')}

Reading the rules' YAML: ${Math.round(compileAt - readAt)} ms. Compiling: ${Math.round(compiledAt - compileAt)} ms, groups apart, which are built at their first event.
Memory after it all: heap ${megabytes(heapUsed)} (rules and their trees included), tables ${megabytes(arrayBuffers)}, resident ${megabytes(rss)}.
`;
  writeFileSync(fileURLToPath(new URL('detect.md', import.meta.url)), text);
  process.stdout.write(text);
}
