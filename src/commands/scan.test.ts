import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { packZip } from '../archive/zip.fixture.ts';
import { fakeEvtx, utf16 } from '../evtx/evtx.fixture.ts';
import { UsageError } from './arguments.ts';
import { scan } from './scan.ts';

let folder: string;

const rule = (id: string, level: string, title: string, more: string): string =>
  `title: ${title}\nid: ${id}\nlevel: ${level}\ntags: [attack.t1033]\nlogsource: { product: windows, category: process_creation }\ndetection: { s: { ${more} }, condition: s }\n`;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hinomi-scan-'));
  await mkdir(join(folder, 'rules'));
  await writeFile(join(folder, 'rules/a.yml'), rule('aa', 'high', 'Who am I', `'Image|endswith': '\\whoami.exe'`));
  await writeFile(
    join(folder, 'rules/b.yml'),
    rule('bb', 'low', 'From a share', `'CommandLine|contains': '\\\\share'`),
  );
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const write = (name: string, text: string | Buffer): Promise<void> => writeFile(join(folder, name), text);

async function run(args: readonly string[], { signal = new AbortController().signal, isTerminal = false } = {}) {
  const out: string[] = [];
  const err: string[] = [];
  const io = {
    out: (text: string) => void out.push(text),
    err: (text: string) => void err.push(text),
    env: {},
    cwd: folder,
    isTerminal,
    signal,
  };
  const status = await scan(args, io);
  return { status, out: out.join('\n'), err: err.join('\n').replaceAll(folder, '') };
}

const own = ['--rules', 'rules', '--output', 'matches.ndjson'];
const matches = async (): Promise<unknown[]> =>
  (await readFile(join(folder, 'matches.ndjson'), 'utf8'))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

const event = (command: string, image = 'C:\\Windows\\System32\\cmd.exe'): string =>
  JSON.stringify({
    Channel: 'Microsoft-Windows-Sysmon/Operational',
    EventID: 1,
    '@timestamp': '2026-11-20T01:02:03.004Z',
    Hostname: 'ws1.example.jp',
    Image: image,
    CommandLine: command,
  });
const csv = (records: readonly string[]): string => {
  const rows = records.map((text) => JSON.parse(text) as Record<string, string>);
  const cells = (row: readonly string[]): string => row.map((cell) => `"${cell}"`).join(';');
  return [Object.keys(rows[0] ?? {}), ...rows.map((row) => Object.values(row))].map(cells).join('\r\n');
};
const evtx = (records: readonly string[]): Buffer =>
  fakeEvtx(
    records.map((text) => {
      const { CommandLine, Image } = JSON.parse(text) as Record<string, string>;
      return { command: CommandLine as string, data: [['Image', [1, utf16(Image as string)]]] };
    }),
    3,
  );
const quiet = event('cmd');
const share = event('\\\\share\\x.exe');
const both = event('\\\\share\\whoami.exe', 'Z:\\whoami.exe');
const time = '2026-11-20T01:02:03.004Z';
const aa = { rule: 'aa', title: 'Who am I', level: 'high', time };
const bb = { rule: 'bb', title: 'From a share', level: 'low', time };

describe('every packing and form gives the same matches', () => {
  const records = [quiet, share, quiet, both];
  const lines = `${records.join('\n\n')}\n`;
  test.each<[string, string | Buffer]>([
    ['NDJSON', lines],
    ['an array', `[${records.join(',\n')}]`],
    ['objects one after another', records.map((text) => JSON.stringify(JSON.parse(text), undefined, 2)).join('')],
    ['gzip', gzipSync(lines)],
    ['zstd', zstdCompressSync(lines)],
    ['CSV', csv(records)],
    ['UTF-16, as PowerShell writes it', Buffer.from(`\ufeff[${records.join(',')}]`, 'utf16le')],
  ])('%s', async (_, text) => {
    await write('log', text);
    for (const index of ['indexed', 'linear']) {
      const { status, out, err } = await run([...own, '--rules-index', index, 'log']);
      expect({ status, err }).toEqual({ status: 1, err: '' });
      expect(out).toContain('4 records of 1 file');
      expect(await matches()).toEqual([
        { file: 'log', line: 1, ...bb },
        { file: 'log', line: 3, ...aa },
        { file: 'log', line: 3, ...bb },
      ]);
    }
  });
});

describe('EVTX', () => {
  const records = [quiet, share, quiet, both];
  const found = [
    { ...bb, file: 'log', line: 1 },
    { ...aa, file: 'log', line: 3 },
    { ...bb, file: 'log', line: 3 },
  ].map((match) => ({ ...match, time: '2020-12-14T13:30:00.000Z' }));

  test.each<[string, Buffer]>([
    ['as it is', evtx(records)],
    ['in zstd', zstdCompressSync(evtx(records))],
  ])('%s', async (_, bytes) => {
    await write('log', bytes);
    expect(await run([...own, 'log'])).toMatchObject({ status: 1, err: '' });
    expect(await matches()).toEqual(found);
  });

  test('what is torn keeps its number, what is no chunk is told', async () => {
    const bytes = evtx(records);
    bytes.writeUInt32LE(0, 4096 + 512);
    await write('log', Buffer.concat([bytes, Buffer.alloc(65_536, 1)]));
    const { status, out, err } = await run([...own, 'log']);
    expect(status).toBe(2);
    expect(out).toMatch(/4 records of 1 file .*: 3 events, 1 reject[\s\S]*log, record 0: .* torn/);
    expect(err).toBe('hinomi scan: log: the chunk at byte 135168 is damaged, and passed over');
    expect(await matches()).toEqual(found);
  });

  test('a connector of lines does not read it', async () => {
    await write('log', evtx(records));
    const { status, err } = await run(['--connector', 'linux-auth', 'log']);
    expect(status).toBe(2);
    expect(err).toMatch(/log: this is a Windows event log \(EVTX\): --connector windows-event reads it/);
  });
});

describe('zip archives', () => {
  test('their members are files, told by their names', async () => {
    const members = [
      { name: 'z.json', text: share },
      { name: 'in/a.json.gz', text: gzipSync(`${quiet}\n${both}`) },
      { name: 'b.evtx', text: evtx([quiet, share]), stored: true },
      { name: 'empty', text: '' },
    ];
    await write('logs.zip', packZip(members));
    await write('logs.zip-', share);
    const { status, out, err } = await run([...own, 'logs.zip', 'logs.zip-']);
    expect({ status, err }).toEqual({ status: 1, err: '' });
    expect(out).toContain('6 records of 5 files');
    expect((await matches()).map((match) => Object.values(match as object).slice(0, 3))).toEqual([
      ['logs.zip-', 0, 'bb'],
      ['logs.zip/b.evtx', 1, 'bb'],
      ['logs.zip/in/a.json.gz', 1, 'aa'],
      ['logs.zip/in/a.json.gz', 1, 'bb'],
      ['logs.zip/z.json', 0, 'bb'],
    ]);
  });

  test('a member that cannot be read is told, and the others are read', async () => {
    const members = [
      { name: 'secret', text: share, flags: 1 },
      { name: 'bad', text: `${share}\n`, crc: 1 },
      { name: 'zip', text: gzipSync(packZip([])) },
      { name: 'good', text: share },
    ];
    await write('a.zip', packZip(members));
    await write('b.zip', packZip(members).subarray(0, 100));
    const { status, err } = await run([...own, 'a.zip', 'b.zip']);
    expect(status).toBe(2);
    expect(err.split('\n')).toEqual([
      expect.stringMatching(/a\.zip\/bad: bad: its check sum is wrong.* \(records before that, .*: 1\)$/),
      expect.stringMatching(/a\.zip\/secret: secret: it is encrypted/),
      expect.stringMatching(/a\.zip\/zip: a zip archive inside of a packed file is not opened/),
      expect.stringMatching(/b\.zip: the zip archive has no directory at its end; is it whole\?/),
    ]);
    expect(await matches()).toHaveLength(2);
  });
});

describe('threads', () => {
  test('two find what one finds, to the byte', async () => {
    await mkdir(join(folder, 'logs'));
    const line = [quiet, share, '{"broken"', both].join('\n');
    for (let number = 0; number < 12; number++) await write(`logs/${number}.json`, `${line}\n${line}`);
    await write('logs/a.zip', packZip([{ name: 'x', text: line }]));
    await write('logs/5.json', 'no text\0');
    await write('logs/large.json', `${share}\n${`${quiet}\n`.repeat(50_000)}${share}\n{"broken"\n`);
    await write('logs/large.evtx', evtx(Array.from({ length: 20 }, () => share)));
    const results: unknown[] = [];
    for (const threads of ['1', '2']) {
      const { out, err } = await run([...own, '--threads', threads, 'logs']);
      results.push({
        out: out.replace(/ in [\d.]+ s \([\d,]+ records\/s\)/, ''),
        err,
        bytes: await readFile(join(folder, 'matches.ndjson'), 'utf8'),
      });
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[0]).toMatchObject({ bytes: expect.stringContaining('{"file":"logs/large.json","line":50001,') });
  });

  test('a sample is taken in each', async () => {
    for (let number = 0; number < 20; number++) await write(`${number}.json`, `${share}\n`.repeat(50));
    const files = Array.from({ length: 20 }, (_, number) => `${number}.json`);
    const { out } = await run(['--rules', 'rules', '--threads', '2', '--profile', ...files]);
    expect(out).toMatch(/on a sample of \d+ events/);
  });
});

test('folders are read below, each file once, and told in the order of their names', async () => {
  await mkdir(join(folder, 'logs/b/c'), { recursive: true });
  await write('logs/b/c/2.json', share);
  await write('logs/b/1.json', share);
  await write('logs/a.json', share);
  await symlink('/', join(folder, 'logs/everything'));
  const args = ['--rules', 'rules', '--output', 'logs/matches.ndjson', 'logs/b/1.json', 'logs', 'logs/b'];
  for (let times = 0; times < 2; times++) {
    const { status, out } = await run(args);
    expect(status).toBe(1);
    expect(out).toContain('3 records of 3 files');
    const found = await readFile(join(folder, 'logs/matches.ndjson'), 'utf8');
    expect(found.match(/"file":"[^"]+"/g)).toEqual([
      '"file":"logs/a.json"',
      '"file":"logs/b/1.json"',
      '"file":"logs/b/c/2.json"',
    ]);
  }
  expect((await readdir(join(folder, 'logs'))).sort()).toEqual(['a.json', 'b', 'everything', 'matches.ndjson']);
});

test('the summary tells records, rejects with reasons, rules, levels, techniques, and what is not run', async () => {
  await write('rules/c.yml', 'title: Broken\nid: cc\ndetection: { s: { a: 1 }, condition: s }\n');
  await write(
    'rules/d.yml',
    'title: Many\nid: dd\ncorrelation: { type: event_count, rules: [aa], group-by: [host.name], timespan: 5m, condition: { gte: 2 } }\n',
  );
  await write('rules/e.yml', rule('ee', 'low', 'Elsewhere', 'a: 1').replace('windows', 'plan9'));
  await write('log', `${both}\n{"a":"\u001b[31m"\n${share}\n`);
  const { status, out } = await run(['--rules', 'rules', '--profile', 'log']);
  expect(status).toBe(1);
  for (const part of [
    /Rules: 3 in force; rules are refused in 1 file /,
    /1 of those in force are for log sources that no connector brings/,
    /1 correlation is not run/,
    /refused: .*c\.yml:\d+:\d+: .*logsource/,
    /Read 3 records of 1 file .*: 2 events, 1 reject\./,
    /log, record 1: not JSON/,
    /3 matches of 2 rules:/,
    /\n +1 {2}high +Who am I +aa\n +2 {2}low +From a share +bb\n/,
    /\n +3 {2}T1033/,
    /Dearest rules, each timed alone by the linear evaluator \(no index\) on a sample of 2 events/,
    /% {2,}\d+\.\d\d +2 +From a share +bb/,
  ])
    expect(out).toMatch(part);
  expect(out.includes('\u001b')).toBe(false);
});

test.each<[string, number]>([
  ['informational', 1],
  ['low', 1],
  ['medium', 0],
  ['critical', 0],
])('matches of level low and --fail-level %s: status %i', async (failLevel, status) => {
  await write('log', share);
  expect((await run(['--rules', 'rules', '--fail-level', failLevel, 'log'])).status).toBe(status);
});

test('no match is status 0, and an empty file of matches', async () => {
  await write('log', quiet);
  const { status, out } = await run([...own, 'log']);
  expect(status).toBe(0);
  expect(out).toContain('No rule matched.');
  expect(await matches()).toEqual([]);
});

test('lines go through the connector that is named, with the rules that come along', async () => {
  const line =
    '<38>Nov 20 09:00:01 gate sshd[811]: Failed password for invalid user admin from 203.0.113.9 port 50122 ssh2';
  await write('auth.log', `${line}\n\n${line}\nnonsense\n`);
  const wrong = await run(['auth.log']);
  expect(wrong.out).toMatch(/0 events, 3 rejects[\s\S]*name what wrote them with --connector/);
  const right = await run(['--connector', 'linux-auth', 'auth.log']);
  expect(right.out).toMatch(/3 records of 1 file .*: 2 events, 1 reject/);
});

describe('a file that fails is told, and the others are read', () => {
  test.each<[string, string | Buffer, RegExp, number]>([
    [
      'an array cut off',
      `[${share},`,
      /bad: the JSON array .* not closed.* \(records before that, which are in the result: 1\)/,
      2,
    ],
    ['a damaged gzip', gzipSync(share).subarray(0, 40), /bad: unexpected end of file/, 1],
    ['a binary file', Buffer.from([1, 2, 0, 3]), /bad: this is not text/, 1],
  ])('%s', async (_, text, message, found) => {
    await write('bad', text);
    await write('good', share);
    const { status, err } = await run([...own, 'bad', 'good']);
    expect(status).toBe(2);
    expect(err).toMatch(message);
    expect((await matches()).length).toBe(found);
  });
});

describe('wrong use', () => {
  test.each<[string[], RegExp]>([
    [[], /usage: hinomi scan/],
    [['--fail-level', 'severe', 'log'], /--fail-level takes informational, low/],
    [['--connector', 'constructor', 'log'], /--connector takes fortinet-fortigate, .*, not "constructor"/],
    [['--rules-index', 'fast', 'log'], /--rules-index takes indexed, linear/],
    [['--time-zone', 'Asia/Edo', 'log'], /--time-zone takes a name such as/],
    [['--encoding', 'cp1252', 'log'], /--encoding takes utf-8/],
    [['--threads', '0', 'log'], /--threads takes 1 to 64, or auto, not "0"/],
    [['--threads', '1e1', 'log'], /--threads takes 1 to 64, or auto/],
  ])('%j', async (args, message) => {
    await write('log', quiet);
    await expect(run(args)).rejects.toThrow(UsageError);
    await expect(run(args)).rejects.toThrow(message);
  });

  test.each<[string[], RegExp]>([
    [['missing'], /there is no missing/],
    [['empty'], /there is no file below empty/],
    [['--rules', 'empty', 'log'], /no rule is in force/],
    [['--rules', 'missing', 'log'], /rules' folder .*missing cannot be read/],
    [[...own.slice(0, 3), 'empty', 'log'], /empty is no file/],
    [[...own.slice(0, 3), 'missing/matches', 'log'], /cannot be written/],
  ])('%j', async (args, message) => {
    await write('log', quiet);
    await mkdir(join(folder, 'empty'));
    await expect(run(args)).rejects.toThrow(message);
  });
});

test('interrupted, it leaves an earlier result as it was, and nothing beside it', async () => {
  await write('log', share);
  await write('matches.ndjson', 'earlier');
  const stop = new AbortController();
  stop.abort();
  const { status, err } = await run([...own, 'log'], { signal: stop.signal });
  expect({ status, err }).toEqual({ status: 2, err: 'hinomi scan: interrupted; nothing was written' });
  expect(await readFile(join(folder, 'matches.ndjson'), 'utf8')).toBe('earlier');
  expect((await readdir(folder)).sort()).toEqual(['log', 'matches.ndjson', 'rules']);
});

test('a terminal sees how far it is', async () => {
  await write('log', quiet);
  expect((await run(['--rules', 'rules', 'log'], { isTerminal: true })).out).toMatch(/1 records {2}\S+ MB\/s {2}100 %/);
});
