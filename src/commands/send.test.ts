import { execFile } from 'node:child_process';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createKey } from '../access/keys.ts';
import { type FakeIntake, openFakeIntake } from '../send/fake-intake.fixture.ts';
import type { Io } from './io.ts';
import { send } from './send.ts';

const key = createKey().text;
let folder: string;
let intake: FakeIntake | undefined;
let text: string;
const stop = (): AbortController => new AbortController();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hinomi-send-'));
});
afterEach(async () => {
  await intake?.close();
  intake = undefined;
  rmSync(folder, { recursive: true, force: true });
});

const numbered = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, index) => `line ${from + index}`);
const asText = (lines: readonly string[]): string => `${lines.join('\n')}\n`;

/** Runs the command in the test's folder; `text` is what it said. */
async function run(
  args: readonly string[],
  { signal = stop().signal, isTerminal = false, env = {} } = {},
): Promise<number> {
  text = '';
  const say = (line: string): void => {
    text += `${line}\n`;
  };
  const io: Io = {
    out: say,
    err: say,
    env: { XDG_STATE_HOME: join(folder, 'state'), ...env },
    cwd: folder,
    isTerminal,
    signal,
  };
  return send(args, io);
}
const to = (...rest: string[]): string[] => ['--to', intake?.url ?? '', '--key', key, '--batch', '10', ...rest];

describe('what is sent', () => {
  test.each<[string, (lines: Buffer) => Buffer]>([
    ['plain', (lines) => lines],
    ['gzip', (lines) => gzipSync(lines)],
    ['gzip of two members', (lines) => Buffer.concat([gzipSync(lines.subarray(0, 70)), gzipSync(lines.subarray(70))])],
    ['zstd', (lines) => zstdCompressSync(lines)],
    [
      'zstd of two frames',
      (lines) => Buffer.concat([zstdCompressSync(lines.subarray(0, 70)), zstdCompressSync(lines.subarray(70))]),
    ],
  ])('a %s file, whatever its name', async (_, pack) => {
    intake = await openFakeIntake();
    writeFileSync(join(folder, 'a.log'), pack(Buffer.from(asText(numbered(95)))));
    expect(await run(to('a.log')), text).toBe(0);
    expect(intake.lines()).toEqual(numbered(95));
    expect(intake.posts).toHaveLength(10);
    expect(text).toContain('Sent 95 records in 10 batches');
    expect(text).toContain('Center: 95 events, 0 rejects, 10 alerts.');
  });

  test('several files, one of them empty', async () => {
    intake = await openFakeIntake();
    writeFileSync(join(folder, 'a'), asText(numbered(5)));
    writeFileSync(join(folder, 'b'), '');
    writeFileSync(join(folder, 'c'), asText(numbered(5, 5)).trimEnd());
    expect(await run(to('a', 'b', 'c'))).toBe(0);
    expect(intake.lines()).toEqual(numbered(10));
  });

  test('NDJSON, as its type', async () => {
    intake = await openFakeIntake();
    writeFileSync(join(folder, 'a'), '{"n":1}\n{"n":2}\n');
    expect(await run(to('--format', 'json', '--compression', 'gzip', 'a'))).toBe(0);
    expect(intake.posts[0]?.headers).toMatchObject({
      'content-type': 'application/x-ndjson',
      'content-encoding': 'gzip',
    });
  });

  test('the name of the folder is no part of a batch key, the name of the file is', async () => {
    intake = await openFakeIntake();
    const other = mkdtempSync(join(folder, 'x'));
    writeFileSync(join(folder, 'a'), 'line 0\n');
    writeFileSync(join(other, 'a'), 'line 0\n');
    writeFileSync(join(folder, 'b'), 'line 0\n');
    expect(await run(to('a', join(other, 'a')))).toBe(0);
    expect(intake.posts).toHaveLength(1);
    expect(text).toContain('The center had 1 of the batches already.');
    expect(await run(to('b'))).toBe(0);
    expect(intake.posts).toHaveLength(2);
  });

  test('standard input, each time anew', async () => {
    const opened = await openFakeIntake();
    intake = opened;
    const main = fileURLToPath(new URL('../main.ts', import.meta.url));
    const pipe = (input: Buffer): Promise<string> =>
      new Promise((resolve, reject) => {
        const env = { ...process.env, HINOMI_KEY: key };
        const child = execFile(
          process.execPath,
          [main, 'send', '--to', opened.url, '-'],
          { env },
          (error, stdout, stderr) => (error === null ? resolve(stdout) : reject(new Error(stderr))),
        );
        child.stdin?.end(input);
      });
    expect(await pipe(Buffer.from(asText(numbered(3))))).toContain('Sent 3 records in 1 batches');
    expect(await pipe(gzipSync(asText(numbered(3))))).toContain('Sent 3 records in 1 batches');
    expect(opened.posts).toHaveLength(2);
  });
});

describe('going on', () => {
  test('the same file again sends nothing, a longer one its new part, a replaced one all', async () => {
    intake = await openFakeIntake();
    const file = join(folder, 'a.log');
    writeFileSync(file, asText(numbered(20)));
    expect(await run(to('a.log'))).toBe(0);
    const tries = intake.tries();
    expect(await run(to('a.log'))).toBe(0);
    expect(intake.tries()).toBe(tries);
    expect(text).toContain('20 records were sent by an earlier run');

    appendFileSync(file, asText(numbered(5, 20)));
    expect(await run(to('a.log'))).toBe(0);
    expect(intake.lines()).toEqual(numbered(25));
    expect(text).toContain('Sent 5 records in 1 batches');

    writeFileSync(file, asText(numbered(12, 100)));
    expect(await run(to('a.log'))).toBe(0);
    expect(text).toContain('a.log is not the file that was sent before');
    expect(intake.lines()).toEqual([...numbered(25), ...numbered(12, 100)]);
  });

  test('after Ctrl-C, without doubling and with the batches of before', async () => {
    const control = stop();
    let accepted = 0;
    intake = await openFakeIntake(() => {
      if (++accepted === 7) control.abort();
      return 'accept';
    });
    writeFileSync(join(folder, 'a.log.gz'), gzipSync(asText(numbered(300))));
    expect(await run(to('a.log.gz'), { signal: control.signal })).toBe(2);
    expect(text).toContain('interrupted; the same command goes on where it was');
    expect(intake.posts.length).toBeLessThan(30);
    expect(await run([...to('a.log.gz'), '--batch', '17'])).toBe(0);
    expect(intake.lines()).toEqual(numbered(300));
    expect(intake.posts).toHaveLength(30);
  });

  test('a damaged archive is told, what came before the damage is delivered', async () => {
    intake = await openFakeIntake();
    const packed = gzipSync(asText(numbered(2_000)));
    writeFileSync(join(folder, 'a.gz'), packed.subarray(0, packed.length - 9));
    await expect(run(to('a.gz'))).rejects.toThrow(/^a\.gz: unexpected end of file$/);
    expect(intake.lines().length % 10).toBe(0);
  });

  test('the state holds no secret', async () => {
    intake = await openFakeIntake();
    writeFileSync(join(folder, 'a.log'), 'line 0\n');
    await run(to('a.log'));
    const states = readdirSync(join(folder, 'state/hinomi/send'));
    expect(states).toHaveLength(1);
    const state = readFileSync(join(folder, 'state/hinomi/send', states[0] as string), 'utf8');
    expect(JSON.parse(state)).toEqual({
      offset: 7,
      records: 1,
      batch: 10,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  test('a state that cannot be written does not stop the sending', async () => {
    intake = await openFakeIntake();
    writeFileSync(join(folder, 'a.log'), 'line 0\n');
    writeFileSync(join(folder, 'file'), '');
    expect(await run(to('a.log'), { env: { XDG_STATE_HOME: join(folder, 'file') } })).toBe(0);
    expect(text).toContain('cannot remember how far it is');
    expect(intake.lines()).toEqual(['line 0']);
  });
});

describe('what is told', () => {
  test('a refusal ends with the detail of the center', async () => {
    intake = await openFakeIntake(() => ({ status: 401, body: '{"detail":"this key is unknown"}' }));
    writeFileSync(join(folder, 'a.log'), asText(numbered(100)));
    await expect(run(to('a.log'))).rejects.toThrow(/^a\.log: http:.* answered 401: this key is unknown$/);
    expect(intake.tries()).toBeLessThanOrEqual(4);
  });

  test('receipts are waited for, and summed', async () => {
    intake = await openFakeIntake(undefined, (_, asked) =>
      asked <= 2 ? { state: 'queued', events: 0, alerts: null } : { events: 7, rejects: 3, alerts: 0 },
    );
    writeFileSync(join(folder, 'a.log'), asText(numbered(20)));
    expect(await run(to('a.log'))).toBe(0);
    expect(text).toContain('Center: 14 events, 6 rejects, 0 alerts.');
  });

  test('batches that the center set aside are a finding', async () => {
    intake = await openFakeIntake(undefined, () => ({ state: 'dead', events: 0, alerts: null }));
    writeFileSync(join(folder, 'a.log'), asText(numbered(1)));
    expect(await run(to('a.log'))).toBe(1);
    expect(text).toContain('could not work 1 of the batches');
  });

  test('a terminal sees one line that renews itself', async () => {
    intake = await openFakeIntake();
    writeFileSync(join(folder, 'a.log'), asText(numbered(30)));
    expect(await run(to('a.log'), { isTerminal: true })).toBe(0);
    const renewed = text.split('\u001b[1A\u001b[2K');
    expect(renewed.length).toBeGreaterThan(1);
    expect(renewed.at(-1)).toMatch(/^ {2}\[#{20}\] {2}30 records {2}[\d.]+ MB\/s {2}100 %\n/);
  });

  test.each<[readonly string[], RegExp]>([
    [['--key', key, 'a.log'], /--to/],
    [['--to', 'x', '--key', key, 'a.log'], /http or https/],
    [['--to', 'ftp://192.0.2.1', '--key', key, 'a.log'], /http or https/],
    [['--to', 'http://127.0.0.1:1', 'a.log'], /--key/],
    [['--to', 'http://127.0.0.1:1', '--key', 'secret', 'a.log'], /no key/],
    [['--to', 'http://127.0.0.1:1', '--key', key, '--format', 'xml', 'a.log'], /--format takes lines or json/],
    [['--to', 'http://127.0.0.1:1', '--key', key, '--bach', '1', 'a.log'], /did you mean --batch/],
    [['--to', 'http://127.0.0.1:1', '--key', key], /usage/],
    [['--to', 'http://127.0.0.1:1', '--key', key, '-', '-'], /once/],
    [['--to', 'http://127.0.0.1:1', '--key', key, 'absent.log'], /absent\.log cannot be read/],
    [['--to', 'http://127.0.0.1:1', '--key', key, '.'], /cannot be read/],
    [['--to', 'http://127.0.0.1:1', '--key', key, '--format', 'json', 'array.json'], /one JSON array/],
  ])('%j', async (args, message) => {
    writeFileSync(join(folder, 'a.log'), 'line 0\n');
    writeFileSync(join(folder, 'array.json'), ' [{"n":1}]');
    await expect(run(args)).rejects.toThrow(message);
  });
});
