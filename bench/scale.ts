/**
 * What many rules cost, printed into bench/scale.md: SigmaHQ and ten times SigmaHQ on the same events in the same run, and the
 * memory that 50,000 rules take once every log source of the corpora has been met. Needs --expose-gc and the corpora.
 */
import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { compileRules } from '../src/detect/compile.ts';
import type { Engine } from '../src/detect/engine.ts';
import type { SigmaRule } from '../src/detect/rule.ts';
import type { Fields } from '../src/model/event.ts';
import { cloneRule } from '../test/cloned-rules.ts';
import { corpora, isPresent, normalize, rawWindows, readLines, readSigmaHq } from '../test/corpora.ts';

const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
async function memory(): Promise<number> {
  // Twice: what the first frees may hold buffers.
  for (let round = 0; round < 2; round++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** As the bytes of lines. */
function readViews(file: string, step: number): readonly Buffer[] {
  const views: Buffer[] = [];
  let line = 0;
  for (const bytes of readLines(`${file}.ndjson.zst`))
    if (line++ % step === 0) views.push(Buffer.from(JSON.stringify(normalize(JSON.parse(bytes.toString('utf8'))))));
  return views;
}

/** Microseconds an event: decoding and parsing the line, and matching it. */
function cost(engine: Engine | undefined, views: readonly Buffer[]): number {
  const from = cpuMs();
  for (const view of views) {
    const event = JSON.parse(view.toString('utf8')) as Fields;
    engine?.match(event);
  }
  return ((cpuMs() - from) * 1000) / views.length;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] as number;

if (!isPresent('sigmahq-rules.tar.gz', 'otrf-windows.ndjson.zst', 'otrf-process.ndjson.zst')) {
  process.stdout.write(`the corpora are not in ${corpora}: nothing measured (set HINOMI_CORPORA)\n`);
} else {
  const set = readSigmaHq();
  const cloned = (times: number): SigmaRule[] =>
    [...Array(times).keys()].flatMap((copy) => set.rules.map((rule) => cloneRule(rule, copy + 1)));
  const once = compileRules(set, rawWindows());
  const tenfold = compileRules({ ...set, rules: [...set.rules, ...cloned(9)] }, rawWindows());
  const rows: string[] = [];
  for (const [file, step] of [
    ['otrf-windows', 4],
    ['otrf-process', 1],
  ] as const) {
    const views = readViews(file, step);
    const none: number[] = [];
    const few: number[] = [];
    const many: number[] = [];
    // The first rounds build groups and let V8 compile; then the three take turns.
    const first = Math.ceil(20_000 / views.length);
    for (let round = 0; round < first + 5 * first; round++) {
      const [parse, one, ten] = [cost(undefined, views), cost(once, views), cost(tenfold, views)];
      if (round < first) continue;
      none.push(parse);
      few.push(one);
      many.push(ten);
    }
    const [parse, one, ten] = [median(none), median(few), median(many)];
    const [match, tenMatch] = [one - parse, ten - parse];
    rows.push(
      `| ${file} | ${views.length} | ${[parse, match, tenMatch].map((us) => us.toFixed(1)).join(' | ')} | ${(tenMatch / match).toFixed(2)} | ${(ten / one).toFixed(2)} |`,
    );
  }
  const before = await memory();
  const rules = cloned(Math.ceil(50_000 / set.rules.length)).slice(0, 50_000);
  const trees = await memory();
  const from = cpuMs();
  const huge = compileRules({ ...set, rules }, rawWindows());
  const compiled = cpuMs() - from;
  for (const file of ['otrf-windows', 'otrf-process']) cost(huge, readViews(file, 4));
  const after = await memory();
  const machine = `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}`;
  const text = `# Detection: what many rules cost

\`node --expose-gc bench/scale.ts\`, ${new Date().toISOString().slice(0, 10)}, ${machine}.
Rules: ${once.rules.length} of SigmaHQ, and ${tenfold.rules.length}: each cloned nine times, every literal with another end. Microseconds of CPU time an event,
values known from the round before, medians of rounds in turns. "parse" is decoding the line's bytes and JSON.parse, "match" what a round with
matching costs more; "in all" is parsing and matching.

| events | number | parse | match, SigmaHQ | match, ten times | ten times / once: match | in all |
|---|---|---|---|---|---|---|
${rows.join('\n')}

${huge.rules.length} rules of the same kind: compiled in ${Math.round(compiled)} ms; rules' trees ${megabytes(trees - before)}; engine ${megabytes(after - trees)} after every log source of the corpora was met.
`;
  writeFileSync(fileURLToPath(new URL('scale.md', import.meta.url)), text);
  process.stdout.write(text);
}
