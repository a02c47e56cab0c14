/** What the modifiers and values mean, said once as a table and held against both evaluators. */
import { describe, expect, test } from 'vitest';
import type { Fields } from '../model/event.ts';
import { compileRules } from './compile.ts';
import { matchAll } from './linear.ts';
import { identityMapping } from './mapping.ts';
import { parseRules } from './parse.ts';

const placeholders = { admins: ['root', 'adm*'], two: ['x', 'y'] };

function matches(selection: string, event: Fields): boolean | string {
  const set = parseRules(
    `title: T\nid: r\nlogsource: { product: x }\ndetection:\n  s:\n    ${selection}\n  condition: s`,
    'r.yml',
  );
  if (set.rules.length === 0) return set.problems.map(({ message }) => message).join();
  const engine = compileRules(set, identityMapping, { placeholders });
  const linear = matchAll(set.rules, event, identityMapping, { placeholders }).length === 1;
  if (engine.problems.length > 0) return engine.problems.map(({ message }) => message).join();
  const compiled = engine.match(event).length === 1;
  return compiled === linear ? compiled : `compiled says ${compiled}, linear ${linear}`;
}

const b64 = (text: string, encoding: BufferEncoding = 'utf8') => Buffer.from(text, encoding).toString('base64');

describe.each<[string, [selection: string, event: Fields, expected: boolean][]]>([
  [
    'whole values',
    [
      ['A: Foo', { A: 'fOO' }, true],
      ['A: Foo', { A: 'foobar' }, false],
      ['A: foo', {}, false],
      ['A: [x, foo]', { A: 'foo' }, true],
      ['A: foo', { A: ['bar', 'FOO'] }, true],
      ['A: foo', { a: 'foo' }, false],
      ["A: ''", { A: '' }, true],
      ["A: ''", {}, false],
      ['A: true', { A: true }, true],
      ['A: true', { A: 'True' }, true],
      ['A: ΑΣ', { A: 'ας' }, false],
      ['A: ÄÖ検知', { A: 'äö検知' }, true],
      ['A: "\\u212A"', { A: 'k' }, true],
      ['A: "\\u0130"', { A: 'i\u0307' }, false],
      ['A: "\\u0130"', { A: 'i' }, false],
    ],
  ],
  [
    'numbers are compared by their text',
    [
      ['A: 4624', { A: '4624' }, true],
      ['A: 4624', { A: 4624 }, true],
      ["A: '4624'", { A: 4624 }, true],
      ['A: 5', { A: '05' }, false],
      ['A: 90071992547409931', { A: '90071992547409931' }, true],
      ['A: 90071992547409931', { A: '90071992547409930' }, false],
      ['A: 0.5', { A: 0.5 }, true],
    ],
  ],
  [
    'wildcards and backslashes',
    [
      ["A: 'a*c'", { A: 'abbbC' }, true],
      ["A: 'a?c'", { A: 'ac' }, false],
      ["A: 'a?c'", { A: 'axc' }, true],
      ["A: 'ab*bc'", { A: 'abc' }, false],
      ["A: '*a*b?c*'", { A: 'xxaYYbbcZ' }, true],
      ["A: '*bc*c'", { A: 'xbc' }, false],
      ["A: 'ab*bc*cd'", { A: 'abcd' }, false],
      ["A: '*b?c'", { A: 'abxcbyc' }, true],
      ["A: 'a\\*c'", { A: 'a*c' }, true],
      ["A: 'a\\*c'", { A: 'abc' }, false],
      ["A: 'a\\\\*c'", { A: 'a\\xxc' }, true],
      ["A: 'a\\\\\\*c'", { A: 'a\\*c' }, true],
      ["A: 'C:\\Windows\\x'", { A: 'c:\\windows\\X' }, true],
      ["A: '\\\\\\\\server'", { A: '\\\\server' }, true],
      ["A: '\\\\x'", { A: '\\x' }, true],
      ["A: 'a\\'", { A: 'a\\' }, true],
      ["A: '*'", { A: '' }, true],
      ["A: '?'", { A: '' }, false],
      ["A: '*'", {}, false],
    ],
  ],
  [
    'contains, startswith, endswith, all, cased',
    [
      ['A|contains: LL', { A: 'hello' }, true],
      ['A|contains: [zz, ll]', { A: 'hello' }, true],
      ['A|contains|all: [he, LO]', { A: 'hello' }, true],
      ['A|contains|all: [he, zz]', { A: 'hello' }, false],
      ['A|contains|all: [a, b]', { A: ['xa', 'xb'] }, true],
      ['A|startswith: He', { A: 'hello' }, true],
      ['A|endswith: lO', { A: 'hello' }, true],
      ['A|endswith: hell', { A: 'hello' }, false],
      ["A|contains: '*'", {}, false],
      ["A|contains: '*'", { A: 'x' }, true],
      ["A|startswith: 'h?l'", { A: 'Hello' }, true],
      ['A|contains: 46', { A: 4624 }, true],
      ['A|cased: Foo', { A: 'foo' }, false],
      ['A|cased: Foo', { A: 'Foo' }, true],
      ['A|contains|cased: LL', { A: 'hello' }, false],
    ],
  ],
  [
    'null, exists, neq',
    [
      ['A: null', {}, true],
      ['A: null', { A: '' }, false],
      ['A: null', { A: 'null' }, false],
      ["A: [null, '']", { A: '' }, true],
      ["A: [null, '']", {}, true],
      ['A|exists: true', { A: '' }, true],
      ['A|exists: true', {}, false],
      ['A|exists: false', {}, true],
      ['constructor|exists: true', {}, false],
      ['__proto__: x', {}, false],
      ['toString: null', {}, true],
      ['A|neq: foo', { A: 'bar' }, true],
      ['A|neq: foo', { A: 'FOO' }, false],
      ['A|neq: foo', {}, true],
      ['A|neq: null', { A: 'x' }, true],
      ['A|contains|neq: [a, b]', { A: 'xbx' }, false],
    ],
  ],
  [
    'regular expressions',
    [
      ["A|re: 'b+c'", { A: 'abbbcd' }, true],
      ["A|re: 'B+C'", { A: 'abbbcd' }, false],
      ["A|re|i: 'B+C'", { A: 'abbbcd' }, true],
      ["A|re|ignorecase: 'B+C'", { A: 'abbbcd' }, true],
      ["A|re: '(?i)B+C'", { A: 'abbbcd' }, true],
      ["A|re: '^b'", { A: 'a\nb' }, false],
      ["A|re|m: '^b'", { A: 'a\nb' }, true],
      ["A|re: 'a.b'", { A: 'a\nb' }, false],
      ["A|re|s: 'a.b'", { A: 'a\nb' }, true],
      ["A|re|dotall: 'a.b'", { A: 'a\nb' }, true],
      ["A|re|all: ['^a', 'b$']", { A: 'axb' }, true],
      ["A|re|all: ['^a', 'c$']", { A: 'axb' }, false],
      ["A|re: '^\\d+$'", { A: 123 }, true],
    ],
  ],
  [
    'windash',
    [
      ['A|windash|contains: " -enc"', { A: 'x /Enc y' }, true],
      ['A|contains|windash: " /enc"', { A: 'x \u2014enc y' }, true],
      ['A|windash|contains: " -enc"', { A: 'x \u2013enc' }, true],
      ['A|windash|contains: " -enc"', { A: 'x \u2015enc' }, true],
      ['A|windash|contains: " -enc"', { A: 'x +enc' }, false],
      ['A|windash|contains: a-b', { A: 'a/b' }, false],
      ['A|windash|contains|all: [" -a", " -b"]', { A: 'x /a /b' }, true],
      ['A|windash|contains|all: [" -a", " -b"]', { A: 'x /a -a' }, false],
      ['A|windash: " -a -b"', { A: ' /a \u2013b' }, true],
    ],
  ],
  [
    'encodings',
    [
      ['A|base64|contains: http://', { A: `x${b64('http://')}` }, true],
      ...[0, 1, 2, 3].map((offset): [string, Fields, boolean] => [
        'A|base64offset|contains: 検知 foo',
        { A: b64(`${'z'.repeat(offset)}検知 foo and more`) },
        true,
      ]),
      ['A|base64offset|contains: foo', { A: b64('xxfxo') }, false],
      ['A|wide|base64offset|contains: ping', { A: b64('xx ping', 'utf16le') }, true],
      ['A|utf16le|base64offset|contains: ping', { A: b64('ping', 'utf16le') }, true],
      ['A|utf16be|base64|contains: pi', { A: Buffer.from('pi', 'utf16le').swap16().toString('base64') }, true],
      ['A|utf16|base64|contains: pi', { A: Buffer.from('\ufeffpi', 'utf16le').toString('base64') }, true],
      ['A|wide|contains: hi', { A: 'xh\u0000i\u0000' }, true],
    ],
  ],
  [
    'numbers and times',
    [
      ['A|gt: 5', { A: 6 }, true],
      ['A|gt: 5', { A: '6' }, true],
      ['A|gt: 5', { A: '5' }, false],
      ['A|gte: 5', { A: '5' }, true],
      ['A|lt: 5', { A: '10' }, false],
      ['A|lte: 1.5', { A: '1.50' }, true],
      ['A|lt: 5', { A: 'x' }, false],
      ['A|lt: 5', { A: '' }, false],
      ['A|lt: 5', {}, false],
      ['A|gt: 90071992547409930', { A: '90071992547409931' }, true],
      ['A|gt: [5, 100]', { A: 6 }, true],
      ['A|gt|neq: 5', {}, true],
      ['t|hour: 3', { t: '2026-11-20T03:04:05.000Z' }, true],
      ['t|minute: 4', { t: '2026-11-20 03:04' }, true],
      ['t|hour|gte: 22', { t: '2026-11-20T23:00:00+09:00' }, true],
      ['t|day: 20', { t: '2026-11-20' }, true],
      ['t|hour: 0', { t: '2026-11-20' }, false],
      ['t|month: 11', { t: '2026-11-20T03:04:05Z' }, true],
      ['t|year: 2026', { t: '2026-11-20T03:04:05Z' }, true],
      ['t|week: 53', { t: '2027-01-03T00:00:00Z' }, true],
      ['t|week: 1', { t: '2025-12-29T00:00:00Z' }, true],
      ['t|week: 47', { t: '2026-11-20T00:00:00Z' }, true],
    ],
  ],
  [
    'networks',
    [
      ['A|cidr: 10.0.0.0/8', { A: '10.1.2.3' }, true],
      ['A|cidr: 10.0.0.0/8', { A: '11.1.2.3' }, false],
      ['A|cidr: [192.168.0.0/16, 172.16.0.0/12]', { A: '172.31.255.255' }, true],
      ['A|cidr: 0.0.0.0/0', { A: '198.51.100.1' }, true],
      ['A|cidr: 198.51.100.7', { A: '198.51.100.7' }, true],
      ["A|cidr: '2001:db8::/32'", { A: '2001:0DB8:1::192.0.2.1' }, true],
      ["A|cidr: '2001:db8::/32'", { A: '2001:db9::1' }, false],
      ["A|cidr: 'fe80::/10'", { A: 'fe80::1%eth0' }, true],
      ["A|cidr: '::1/128'", { A: '::1' }, true],
      ['A|cidr: 10.0.0.0/8', { A: '::ffff:10.0.0.1' }, false],
      ['A|cidr: 10.0.0.0/8', { A: '10.1.2' }, false],
      ['A|cidr: 10.0.0.0/8', { A: '010.1.2.3' }, false],
      ['A|cidr: 10.0.0.0/8', { A: '-' }, false],
    ],
  ],
  [
    'placeholders and other fields',
    [
      ["A|expand: '%admins%'", { A: 'Root' }, true],
      ["A|expand: '%admins%'", { A: 'admin2' }, true],
      ["A|expand: '%two%-%two%'", { A: 'x-y' }, true],
      ["A|contains|expand: 'u=%admins%;'", { A: 'u=root;' }, true],
      ["A|expand: '\\%two\\%'", { A: '%two%' }, true],
      ["A: '%two%'", { A: '%two%' }, true],
      ['A|fieldref: B', { A: 'Bob', B: 'bOB' }, true],
      ['A|fieldref: B', { A: 'bob' }, false],
      ['A|fieldref: B', { A: 5, B: '5' }, true],
      ['A|fieldref|cased: B', { A: 'Bob', B: 'bob' }, false],
      ['A|fieldref|neq: B', { A: 'bob', B: 'eve' }, true],
      ['A|fieldref|startswith: B', { A: 'C:\\x', B: 'c:' }, true],
      ['A|fieldref|endswith: B', { A: 'ab', B: 'b' }, true],
      ['A|fieldref|contains: B', { A: ['x', 'a*b'], B: '*' }, true],
      ['A|fieldref|contains: B', { A: 'ab', B: '*' }, false],
    ],
  ],
  [
    'keywords',
    [
      ['- EVIL', { A: 'so evil it is' }, true],
      ['- evil', { evil: 'x' }, false],
      ['- 4624', { A: [1, 14624] }, true],
      ["- 'ev*l'", { A: 'an evXXl one' }, true],
      ["'|all': [a, b]", { A: 'a', B: 'xbx' }, true],
      ["'|all': [a, b]", { A: 'a' }, false],
      ["'|re': 'e.il'", { A: 'xevil' }, true],
      ['- secret', { 'hinomi.source_id': 'secret', 'event.id': 'secret', 'organization.id': 'secret' }, false],
      ['- secret', { 'event.original': 'secret' }, true],
    ],
  ],
  [
    'lists and maps',
    [
      ['- A: x\n    - B: y', { B: 'y' }, true],
      ['- A: x\n      C: z\n    - B: y', { A: 'x' }, false],
      ['A: x\n    B: y', { A: 'x', B: 'y' }, true],
      ['A: x\n    B: y', { A: 'x' }, false],
      ['- word\n    - B: y', { C: 'a word' }, true],
    ],
  ],
])('%s', (_name, rows) => {
  test.each(rows)('%s on %j: %s', (selection, event, expected) => {
    expect(matches(selection, event)).toBe(expected);
  });
});

test.each([
  ["A|re: '(?=x)'", 'cannot be used'],
  ["A|re: '(a'", 'cannot be used'],
  ["A|cidr: '10.*'", 'networks have no wildcards'],
  ["A|cidr: '10.0.0.0/33'", 'is no network'],
  ["A|expand: '%nobody%'", 'the placeholder %nobody% has no values here'],
  ["A|expand: '%constructor%'", 'the placeholder %constructor% has no values here'],
  ["A|base64: 'a*'", 'cannot encode wildcards'],
  [`A|windash: '${'-a '.repeat(9)}'`, 'too many dashes'],
])('%s leaves the rule out: %s', (selection, expected) => {
  expect(matches(selection, {})).toContain(expected);
});

test('rules come in the order of their ids, and nothing an event holds makes the engine throw', () => {
  const rule = (id: string) =>
    `title: T\nid: ${id}\nlogsource: { product: x }\ndetection:\n  s:\n    A|contains: a\n    B: null\n  k: [zz]\n  condition: s and not k`;
  const engine = compileRules(parseRules([rule('b'), rule('c'), rule('a')].join('\n---\n'), 'r.yml'), identityMapping);
  expect(engine.match({ A: 'xax' }).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  const hostile = JSON.parse(
    '{"A":"a","B":null,"C":{"D":[{"E":1}]},"F":[null,["x"],{}],"__proto__":{"A":1},"constructor":"zz."}',
  );
  expect(engine.match(hostile)).toEqual([]);
  delete hostile.constructor;
  expect(engine.match(hostile).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  expect(engine.match(Object.create(null))).toEqual([]);
});
