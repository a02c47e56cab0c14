import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { HelpWanted, nearest, readArguments, UsageError } from './arguments.ts';

const usage = {
  usage: 'play FILE [--speed N]',
  about: 'Plays a file.',
  arguments: { min: 1, max: 2 },
  options: {
    speed: { type: 'number', default: 1, min: 0.5, max: 9, help: 'how fast' },
    name: { type: 'text', help: 'a name' },
    member: { type: 'texts', value: 'ID', help: 'who' },
    loud: { type: 'flag', help: 'aloud' },
  },
} as const;

describe('readArguments', () => {
  test('values, defaults and the rest', () => {
    expect(readArguments(['a', '--speed=2.5', '--member', 'x', '--member', 'y', '--loud', '--', '--b'], usage)).toEqual(
      {
        options: { speed: 2.5, name: undefined, member: ['x', 'y'], loud: true },
        rest: ['a', '--b'],
      },
    );
    expect(readArguments(['a'], usage).options).toEqual({ speed: 1, name: undefined, member: [], loud: false });
  });

  test.each<[string[], RegExp]>([
    [[], /usage: hinomi play FILE/],
    [['a', 'b', 'c'], /usage: hinomi play FILE/],
    [['a', '--sped', '2'], /unknown option --sped \(did you mean --speed\?\)/],
    [['a', '--constructor', '2'], /unknown option --constructor;/],
    [['a', '--speed', 'fast'], /--speed takes a number from 0\.5 to 9, not "fast"/],
    [['a', '--speed', '10'], /from 0\.5 to 9/],
    [['a', '--name'], /--name/],
  ])('%j is refused', (args, message) => {
    expect(() => readArguments(args, usage)).toThrow(UsageError);
    expect(() => readArguments(args, usage)).toThrow(message);
  });

  test('help names every option with its default', () => {
    expect(() => readArguments(['--help'], usage)).toThrow(HelpWanted);
    expect(() => readArguments(['-h'], usage)).toThrow(
      /--speed N +how fast \(default 1\)[\s\S]*--member ID +who \(may be repeated\)/,
    );
  });
});

test.each([
  ['seve', 'serve'],
  ['xyz', undefined],
])('nearest to %s is %s', (name, expected) => {
  expect(nearest(name, ['serve', 'send', 'demo'])).toBe(expected);
});

describe('hinomi', () => {
  const main = fileURLToPath(new URL('../main.ts', import.meta.url));
  const run = (...args: string[]): Promise<{ status: number; out: string; err: string }> =>
    new Promise((resolve) => {
      execFile(process.execPath, [main, ...args], (error, out, err) =>
        resolve({ status: typeof error?.code === 'number' ? error.code : 0, out, err }),
      );
    });

  test.each<[string[], number, RegExp, RegExp]>([
    [[], 2, /Usage: hinomi COMMAND/, /^$/],
    [['--help'], 0, / {2}send +send files/, /^$/],
    [['--version'], 0, /^\d+\.\d+\.\d+\n$/, /^$/],
    [['confg'], 2, /^$/, /no command "confg" \(did you mean "config"\?\)/],
    [['send', '--help'], 0, /--to URL/, /^$/],
    [['config', '--config', 'absent.yml'], 2, /^$/, /^hinomi config: absent\.yml: cannot be read/],
  ])('%j ends with %d', async (args, status, out, err) => {
    const ran = await run(...args);
    expect(ran).toMatchObject({ status, out: expect.stringMatching(out), err: expect.stringMatching(err) });
  });
});
