/** Modifiers that change values or compare other things than text: encodings, placeholders, other fields, numbers, times. */
import { describe, expect, test } from 'vitest';
import type { Fields } from '../../model/event.ts';
import { judgeSelection, keeps, type Section } from './run.fixture.ts';

const b64 = (text: string, encoding: BufferEncoding = 'utf8') => Buffer.from(text, encoding).toString('base64');
const utf16be = (text: string) => Buffer.from(text, 'utf16le').swap16().toString('base64');
/** The text at each distance from the start of a group of three bytes. */
const shifted = (text: string, encoding: BufferEncoding = 'utf8') =>
  [0, 1, 2, 3].map((offset) => b64(`${'z'.repeat(offset)}${text}, and more`, encoding));

const sections: Section[] = [
  [
    'base64: the value in Base64',
    [
      ['A|base64: http://', { A: b64('http://') }, true],
      ['A|base64|contains: http://', { A: `x${b64('http://')}` }, true],
      ['A|base64|contains: http://', { A: 'http://' }, false],
      ['A|base64: 検知', { A: b64('検知') }, true],
      ['A|base64|startswith: abc', { A: b64('abcdef') }, true],
      ['A|base64|contains|all: [abc, xyz]', { A: `${b64('abc')} ${b64('xyz')}` }, true],
      ['A|base64|cased: abc', { A: b64('abc').toLowerCase() }, false],
      ["A|base64: 'a\\*'", { A: b64('a*') }, true],
      ["A|base64: 'a*'", {}, 'cannot encode wildcards'],
      ['A|contains|base64: a', {}, 'must stand before'],
      ['A|base64|base64offset: a', {}, 'do not go together'],
    ],
  ],
  [
    'base64offset: the value at each of three shifts, counted in bytes',
    [
      ...shifted('foo bar').map((A): Section[1][number] => ['A|base64offset|contains: foo bar', { A }, true]),
      ...shifted('検知 ä').map((A): Section[1][number] => ['A|base64offset|contains: 検知 ä', { A }, true]),
      ['A|base64offset|contains: foo', { A: b64('xxfxo') }, false],
      ['A|base64offset|contains: [bar, foo]', { A: b64('xxfoo') }, true],
      ['A|base64offset|contains|all: [foo, bar]', { A: b64('xxfoo') }, false],
      ['A|base64offset|contains|all: [foo, bar]', { A: b64('foobar') }, true],
      ['A|base64offset|startswith: foo', { A: b64('foo and') }, true],
      ["A|base64offset|contains: ''", {}, 'too short for base64offset'],
    ],
  ],
  [
    'utf16le, its alias wide, utf16be, and utf16 with its byte order mark',
    [
      ['A|wide|contains: hi', { A: 'xh\u0000i\u0000' }, true],
      ['A|wide|contains: hi', { A: 'xhi' }, false],
      ['A|utf16le|contains: hi', { A: 'xh\u0000i\u0000' }, true],
      ['A|utf16le|contains: hi', { A: 'x\u0000h\u0000i' }, false],
      ['A|utf16le: hi', { A: '\u0000h\u0000i' }, false],
      ['A|utf16be: hi', { A: '\u0000h\u0000i' }, true],
      ['A|utf16be: hi', { A: 'h\u0000i\u0000' }, false],
      ['A|utf16: hi', { A: 'ÿþh\u0000i\u0000' }, true],
      ['A|utf16: hi', { A: 'h\u0000i\u0000' }, false],
      ['A|utf16be|base64|contains: pi', { A: utf16be('pi') }, true],
      ['A|utf16|base64|contains: pi', { A: b64('\ufeffpi', 'utf16le') }, true],
      ['A|utf16|base64|contains: pi', { A: b64('pi', 'utf16le') }, false],
      ['A|base64|wide: pi', {}, 'must stand before'],
      ['A|wide|utf16le: pi', {}, 'do not go together'],
    ],
  ],
  [
    'wide and base64offset: what an encoded PowerShell command holds',
    [
      ...shifted('ping', 'utf16le').map((A): Section[1][number] => ['A|wide|base64offset|contains: ping', { A }, true]),
      ['A|utf16le|base64offset|contains: [pong, ping]', { A: b64('xx ping', 'utf16le') }, true],
      ['A|utf16be|base64offset|contains: ping', { A: utf16be('xping') }, true],
      ['A|wide|base64offset|contains: ping', { A: b64('ping') }, false],
      ['A|windash|wide|base64offset|contains: " -e"', { A: b64('x /e', 'utf16le') }, true],
    ],
  ],
  [
    'expand: a placeholder is each of its values, and they may hold wildcards',
    [
      ["A|expand: '%admins%'", { A: 'Root' }, true],
      ["A|expand: '%admins%'", { A: 'admin2' }, true],
      ["A|expand: '%admins%'", { A: 'user' }, false],
      ["A|expand: ['%two%', z]", { A: 'z' }, true],
      ["A|expand: '%two%-%two%'", { A: 'x-y' }, true],
      ["A|expand: '%two%-%two%'", { A: 'x-z' }, false],
      ["A|contains|expand: 'u=%admins%;'", { A: 'u=root;' }, true],
      ["A|expand|contains|all: ['u=%admins%', 'v=%two%']", { A: 'u=root v=x' }, true],
      ["A|expand|neq: '%two%'", { A: 'x' }, false],
      ["A|expand|base64|contains: 'v=%two%'", { A: b64('v=y') }, true],
      ["A|expand: '%folder%*'", { A: 'c:\\temp\\any' }, true],
      ["A|expand: '100%'", { A: '100%' }, true],
      ["A|expand: '5% of 10%'", { A: '5% of 10%' }, true],
    ],
  ],
  [
    'expand: without it, or behind a backslash, a percent sign is itself',
    [
      ["A: '%two%'", { A: '%two%' }, true],
      ["A|expand: '\\%two\\%'", { A: '%two%' }, true],
      ["A|expand: '\\%plain%two%'", { A: '%plainx' }, true],
      ["A|expand: '\\%two%'", { A: 'x' }, false],
      ["A|expand: 'dom\\\\%two%'", { A: 'dom\\x' }, true],
      ["A|expand: 'dom\\\\%two%'", { A: 'dom\\%two%' }, false],
    ],
  ],
  [
    'expand: a rule whose placeholder has no values is refused',
    [
      ["A|expand: '%nobody%'", {}, 'the placeholder %nobody% has no values here'],
      ["A|expand: '%empty%'", {}, 'the placeholder %empty% has no values here'],
      ["A|expand: '%constructor%'", {}, 'the placeholder %constructor% has no values here'],
      ["A|expand|base64: '%admins%'", {}, 'cannot encode wildcards'],
    ],
  ],
  [
    'expand and windash work in the order written',
    [
      ["A|windash|expand|contains: ' -u %two%'", { A: 'a /u x' }, true],
      ["A|expand|windash|contains: ' -u %two%'", { A: 'a /u x' }, true],
      ["A|expand|windash: '%one%'", { A: '/z' }, true],
      ["A|windash|expand: '%one%'", { A: '/z' }, false],
      ["A|windash|expand: '%one%'", { A: '-z' }, true],
    ],
  ],
  [
    'fieldref: the value of another field of the same event',
    [
      ['A|fieldref: B', { A: 'Bob', B: 'bOB' }, true],
      ['A|fieldref: B', { A: 'bob', B: 'eve' }, false],
      ['A|fieldref: B', { A: 'bob' }, false],
      ['A|fieldref: B', { B: 'bob' }, false],
      ['A|fieldref: B', {}, false],
      ['A|fieldref: B', { A: 'b*', B: 'bob' }, false],
      ['A|fieldref: B', { A: 5, B: '5' }, true],
      ['A|fieldref: [B, C]', { A: 'x', C: 'x' }, true],
      ['A|fieldref|all: [B, C]', { A: 'x', C: 'x' }, false],
      ['A|fieldref|cased: B', { A: 'Bob', B: 'bob' }, false],
      ['A|fieldref|neq: B', { A: 'bob', B: 'eve' }, true],
      ['A|fieldref|neq: B', { A: 'bob', B: 'BOB' }, false],
      ['A|fieldref|neq: B', { A: 'bob' }, true],
      ['A|fieldref: a.b', { A: 'x', 'a.b': 'x' }, true],
    ],
  ],
  [
    'fieldref with a place: the other value stands there, and its wildcards are none',
    [
      ['A|fieldref|startswith: B', { A: 'C:\\x', B: 'c:' }, true],
      ['A|fieldref|endswith: B', { A: 'ab', B: 'b' }, true],
      ['A|fieldref|endswith: B', { A: 'ab', B: 'a' }, false],
      ['A|fieldref|contains: B', { A: ['x', 'a*b'], B: '*' }, true],
      ['A|fieldref|contains: B', { A: 'ab', B: '*' }, false],
      ['A|fieldref|contains|neq: B', { A: 'ab', B: 'b' }, false],
      ['A|fieldref|re: B', {}, 'do not go together'],
    ],
  ],
  [
    'lt, lte, gt, gte: numbers, also where the event has them as text',
    [
      ['A|gt: 5', { A: 6 }, true],
      ['A|gt: 5', { A: '6' }, true],
      ['A|gt: 5', { A: '5' }, false],
      ['A|gt: 9', { A: '10' }, true],
      ['A|gte: 5', { A: '5' }, true],
      ['A|gte: 5', { A: 4.9 }, false],
      ['A|lt: 5', { A: '10' }, false],
      ['A|lt: 5', { A: -1 }, true],
      ['A|lte: 1.5', { A: '1.50' }, true],
      ['A|lte: 1.5', { A: 1.51 }, false],
      ['A|gt: [5, 100]', { A: 6 }, true],
      ['A|gt|all: [5, 100]', { A: 6 }, false],
      ['A|gt: 5', { A: ['x', 7] }, true],
      ['A|gt: 9007199254740992', { A: '9007199254740993' }, true],
      ['A|gte: 9007199254740993', { A: '9007199254740992' }, false],
      ['A|lt: 90071992547409931', { A: '90071992547409931' }, false],
      ['A|gt: 5', { A: '1e2' }, true],
    ],
  ],
  [
    'lt, lte, gt, gte: what is no number is neither less nor greater, as is a missing field',
    [
      ...['x', '', '0x10', '1,000', ' 6', 'Infinity', 'NaN', 'true'].flatMap((A): Section[1] => [
        ['A|lt: 5', { A }, false],
        ['A|gte: 5', { A }, false],
      ]),
      ['A|lt: 5', { A: true }, false],
      ['A|lt: 5', {}, false],
      ['A|gt|neq: 5', {}, true],
      ['A|gt|neq: 5', { A: 6 }, false],
      ["A|gt: '5'", {}, 'needs a number, without quotes'],
      ['A|gt: [5, x]', {}, 'needs a number, without quotes'],
      ['A|gt|lt: 5', {}, 'do not go together'],
      ['A|gt|contains: 5', {}, 'do not go together'],
    ],
  ],
  ...(
    [
      ['minute', 4, 3, '2026-11-20T03:04:05.000Z'],
      ['hour', 3, 4, '2026-11-20T03:04:05.000Z'],
      ['day', 20, 11, '2026-11-20T03:04:05.000Z'],
      ['week', 47, 46, '2026-11-20T03:04:05.000Z'],
      ['month', 11, 20, '2026-11-20T03:04:05.000Z'],
      ['year', 2026, 26, '2026-11-20T03:04:05.000Z'],
    ] as const
  ).map(
    ([part, is, other, t]): Section => [
      `${part}: the number taken from a time as it is written`,
      [
        [`t|${part}: ${is}`, { t }, true],
        [`t|${part}: ${other}`, { t }, false],
        [`t|${part}: [${other}, ${is}]`, { t }, true],
        [`t|${part}|gte: ${is}`, { t }, true],
        [`t|gt|${part}: ${is}`, { t }, false],
        [`t|${part}|lt: ${is + 1}`, { t }, true],
        [`t|${part}|neq: ${is}`, { t }, false],
        [`t|${part}: ${is}`, { t: 'then' }, false],
        [`t|${part}: ${is}`, { t: Date.parse(t) }, false],
        [`t|${part}: ${is}`, {}, false],
        [`t|${part}: '${is}'`, {}, 'needs a number'],
      ],
    ],
  ),
  [
    'times: no zone is converted; a date has no hour; weeks are of ISO 8601',
    [
      ['t|hour|gte: 22', { t: '2026-11-20T23:00:00+09:00' }, true],
      ['t|minute: 4', { t: '2026-11-20 03:04' }, true],
      ['t|day: 20', { t: '2026-11-20' }, true],
      ['t|hour: 0', { t: '2026-11-20' }, false],
      ['t|hour: 0', { t: '2026-11-20T00:00:00Z' }, true],
      ['t|week: 53', { t: '2027-01-03T00:00:00Z' }, true],
      ['t|week: 1', { t: '2025-12-29T00:00:00Z' }, true],
      ['t|week: 1', { t: '2027-01-04' }, true],
      ['t|hour|day: 1', {}, 'do not go together'],
    ],
  ],
];

describe.each(sections)('modifiers, %s', (_sentence, rows) => {
  test.each(rows)('%s on %j: %s', (selection, event: Fields, expected) => {
    const verdict = judgeSelection(selection, event);
    expect(keeps(verdict, expected), String(verdict)).toBe(true);
  });
});
