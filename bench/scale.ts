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
const memory = (): number => {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

function readViews(file: string, step: number): readonly Fields[] {
  const views: Fields[] = [];
  let line = 0;
  for (const bytes of readLines(`${file}.ndjson.zst`)) {
    // As from JSON.parse, whose objects are read fastest.
    if (line++ % step === 0) views.push(JSON.parse(JSON.stringify(normalize(JSON.parse(bytes.toString('utf8'))))));
  }
  return views;
}

/** Microseconds an event. */
function cost(engine: Engine, views: readonly Fields[]): number {
  const from = cpuMs();
  for (const view of views) engine.match(view);
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
    const few: number[] = [];
    const many: number[] = [];
    // The first round builds groups; then the two take turns.
    for (let round = 0; round < 6; round++) {
      const [one, ten] = [cost(once, views), cost(tenfold, views)];
      if (round === 0) continue;
      few.push(one);
      many.push(ten);
    }
    const [one, ten] = [median(few), median(many)];
    rows.push(`| ${file} | ${views.length} | ${one.toFixed(1)} | ${ten.toFixed(1)} | ${(ten / one).toFixed(2)} |`);
  }
  const before = memory();
  const rules = cloned(Math.ceil(50_000 / set.rules.length)).slice(0, 50_000);
  const trees = memory();
  const from = cpuMs();
  const huge = compileRules({ ...set, rules }, rawWindows());
  const compiled = cpuMs() - from;
  for (const file of ['otrf-windows', 'otrf-process']) for (const view of readViews(file, 4)) huge.match(view);
  const after = memory();
  const machine = `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}`;
  const text = `# Detection: what many rules cost

\`node --expose-gc bench/scale.ts\`, ${new Date().toISOString().slice(0, 10)}, ${machine}.
Rules: ${once.rules.length} of SigmaHQ, and ${tenfold.rules.length}: each cloned nine times, every literal with another end. Microseconds of CPU time an event,
matching only, values known from the round before, medians of five rounds in turns.

| events | number | SigmaHQ | ten times SigmaHQ | ratio |
|---|---|---|---|---|
${rows.join('\n')}

${huge.rules.length} rules of the same kind: compiled in ${Math.round(compiled)} ms; rules' trees ${megabytes(trees - before)}; engine ${megabytes(after - trees)} after every log source of the corpora was met.
`;
  writeFileSync(fileURLToPath(new URL('scale.md', import.meta.url)), text);
  process.stdout.write(text);
}
