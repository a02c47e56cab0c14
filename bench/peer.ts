/**
 * Another engine and this one over the same file, one thread each, in turns, printed into bench/peer.md:
 *   node bench/peer.ts EVENTS.ndjson COMMAND [ARGUMENT…]
 * The file holds events as its engine wants them (a flat JSON object a line, Windows' names); the command must print
 * `evs_cpu=NUMBER`, events per second of CPU time, loading left aside. Ours reads, decodes, parses and matches in the same way.
 */
import { spawnSync } from 'node:child_process';
import { openSync, readSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileRules } from '../src/detect/compile.ts';
import type { Engine } from '../src/detect/engine.ts';
import type { Fields } from '../src/model/event.ts';
import { rawWindows, readSigmaHq } from '../test/corpora.ts';

const rounds = 5;
/** A short file is read so often that this many events are timed, and as many before, so that V8 has compiled what it will compile. */
const enoughEvents = 20_000;
const [file, command, ...rest] = process.argv.slice(2);

interface Speed {
  /** Events per second of CPU time. */
  readonly speed: number;
  readonly events: number;
  readonly matches: number;
}

/** `engine` undefined: only parsed. */
function pass(events: string, engine: Engine | undefined): Speed {
  const handle = openSync(events, 'r');
  const chunk = Buffer.allocUnsafe(1 << 20);
  let rest = Buffer.alloc(0);
  let number = 0;
  let matches = 0;
  const from = process.cpuUsage();
  for (let got = readSync(handle, chunk); got > 0; got = readSync(handle, chunk)) {
    const bytes = rest.length === 0 ? chunk.subarray(0, got) : Buffer.concat([rest, chunk.subarray(0, got)]);
    let start = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
      const event = JSON.parse(bytes.toString('utf8', start, end)) as Fields;
      number++;
      if (engine !== undefined) matches += engine.match(event).length;
      start = end + 1;
    }
    rest = Buffer.from(bytes.subarray(start));
  }
  const { user, system } = process.cpuUsage(from);
  return { speed: number / ((user + system) / 1e6), events: number, matches };
}

/** The mean of as many passes. */
function passes(times: number, events: string, engine: Engine | undefined): Speed {
  const all = Array.from({ length: times }, () => pass(events, engine));
  const seconds = all.reduce((sum, each) => sum + each.events / each.speed, 0);
  const [first] = all as [Speed, ...Speed[]];
  return { ...first, speed: (first.events * times) / seconds };
}

function peer(name: string, args: readonly string[]): Speed {
  const { stdout, status } = spawnSync(name, args, { encoding: 'utf8' });
  const speed = Number(/evs_cpu=(\d+)/.exec(stdout)?.[1]);
  if (status !== 0 || !(speed > 0)) throw new Error(`${name} did not print evs_cpu=NUMBER: ${stdout.slice(0, 500)}`);
  const field = (key: string) => Number(new RegExp(`${key}=(\\d+)`).exec(stdout)?.[1] ?? Number.NaN);
  return { speed, events: field('events'), matches: field('matches') };
}

const median = (all: readonly Speed[]): number =>
  all.map(({ speed }) => speed).toSorted((a, b) => a - b)[all.length >> 1] as number;

if (file === undefined || command === undefined) {
  process.stderr.write('usage: node bench/peer.ts EVENTS.ndjson COMMAND [ARGUMENT…]\n');
  process.exitCode = 2;
} else {
  const engine = compileRules(readSigmaHq(), rawWindows());
  globalThis.gc?.();
  const cold = pass(file, engine);
  const times = Math.ceil(enoughEvents / cold.events);
  passes(times, file, engine);
  const ours: Speed[] = [];
  const parsed: Speed[] = [];
  const theirs: Speed[] = [];
  for (let round = 0; round < rounds; round++) {
    theirs.push(peer(command, rest));
    parsed.push(passes(times, file, undefined));
    ours.push(passes(times, file, engine));
  }
  const row = (what: string, speed: number, matches: number | string) =>
    `| ${what} | ${Math.round(speed).toLocaleString('en')} | ${(speed / median(theirs)).toFixed(2)} | ${matches} |`;
  const text = `## ${basename(file)}

${new Date().toISOString().slice(0, 10)}, ${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}. Against \`${[basename(command), ...rest.map((one) => basename(one))].join(' ')}\`.

| | events per CPU second | against the peer | matches |
|---|---|---|---|
${row('the peer: read, parse, match', median(theirs), theirs[0]?.matches ?? '')}
${row('Hinomi: read, parse, match; every value known', median(ours), ours[0]?.matches ?? '')}
${row('Hinomi, the very first pass: groups built, code not yet compiled', cold.speed, cold.matches)}
${row('Node: read and JSON.parse only', median(parsed), '')}
`;
  const head = `# Beside another engine

Printed by \`node --expose-gc bench/peer.ts EVENTS.ndjson COMMAND…\`, one file at a time; medians of ${rounds} rounds in turns, one thread each, all of SigmaHQ.
A round of ours is as many passes over the file as make ${enoughEvents.toLocaleString('en')} events, after as many that are not timed.

`;
  writeFileSync(fileURLToPath(new URL(`peer-${basename(file).split('.')[0]}.md`, import.meta.url)), head + text);
  process.stdout.write(text);
}
