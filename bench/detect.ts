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

const lines = Number(process.env.BENCH_LINES ?? Number.POSITIVE_INFINITY);
/** Lines that are parsed, then matched, before the next: few enough that what was parsed is still near. */
const chunkSize = 20;

const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;

interface Pass {
  readonly events: number;
  readonly parseMs: number;
  readonly matchMs: number;
  readonly difference: number;
}

/** Lines `offset`, `offset + step`, … */
function run(engine: Engine, file: string, step: number, offset = 0): Pass {
  let parseMs = 0;
  let matchMs = 0;
  let events = 0;
  const found = new Set<string>();
  let chunk: { line: number; bytes: Buffer }[] = [];
  const work = () => {
    const start = cpuMs();
    const views = chunk.map(({ bytes }) => JSON.parse(bytes.toString('utf8')) as Fields);
    const parsed = cpuMs();
    const matches: (readonly { id: string }[])[] = [];
    for (const view of views) matches.push(engine.match(view));
    matchMs += cpuMs() - parsed;
    parseMs += parsed - start;
    events += chunk.length;
    matches.forEach((rules, index) => {
      for (const { id } of rules) found.add(`${chunk[index]?.line} ${id}`);
    });
    chunk = [];
  };
  let line = 0;
  for (const bytes of readLines(`${file}.ndjson.zst`)) {
    // The view that the known matches were computed in, as a line: what is parsed is what is matched.
    if (line % step === offset)
      chunk.push({ line, bytes: Buffer.from(JSON.stringify(normalize(JSON.parse(bytes.toString('utf8'))))) });
    if (chunk.length === chunkSize) work();
    line++;
  }
  work();
  const known = new Set(
    readMatches(`${file}.matches.tsv.gz`).filter((row) => Number.parseInt(row, 10) % step === offset),
  );
  return { events, parseMs, matchMs, difference: known.symmetricDifference(found).size };
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
  const row = (what: string, pass: Pass): void => {
    const us = (ms: number) => ((ms * 1000) / pass.events).toFixed(1);
    rows.push(
      `| ${what} | ${pass.events} | ${us(pass.parseMs)} | ${us(pass.matchMs)} | ${(pass.matchMs / pass.parseMs).toFixed(2)} | ${pass.difference} |`,
    );
    process.stdout.write(`${rows.at(-1)}\n`);
  };
  const step = Math.max(1, Math.round(121_234 / lines));
  row('otrf-process, every other line: groups are built in it', run(engine, 'otrf-process', 2, 0));
  row('otrf-process, the lines between: values are new', run(engine, 'otrf-process', 2, 1));
  row('otrf-process, all again: values are known', run(engine, 'otrf-process', 1));
  row('otrf-windows, first pass: groups are built in it', run(engine, 'otrf-windows', step));
  row('otrf-windows, second pass', run(engine, 'otrf-windows', step));
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
"parse" is decoding the line's bytes and JSON.parse. "Differences" are lines and rules found and not known, or known and not found.

| events | number | parse | match | match / parse | differences |
|---|---|---|---|---|---|
${rows.join('\n')}

Reading the rules' YAML: ${Math.round(compileAt - readAt)} ms. Compiling: ${Math.round(compiledAt - compileAt)} ms, groups apart, which are built at their first event.
Memory after it all: heap ${megabytes(heapUsed)} (rules and their trees included), tables ${megabytes(arrayBuffers)}, resident ${megabytes(rss)}.
`;
  writeFileSync(fileURLToPath(new URL('detect.md', import.meta.url)), text);
  process.stdout.write(text);
}
