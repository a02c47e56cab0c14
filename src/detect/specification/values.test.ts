/** What values mean: the sentences of the rule specification about scalars, wildcards, escapes, lists, maps and fields. */
import { describe, expect, test } from 'vitest';
import type { Fields } from '../../model/event.ts';
import { compileRules } from '../compile.ts';
import { matchAll } from '../linear.ts';
import { identityMapping } from '../mapping.ts';
import { parseRules } from '../parse.ts';
import { judgeSelection, keeps, type Section } from './run.fixture.ts';

const sections: Section[] = [
  [
    'general: a text is the whole value, whatever its case',
    [
      ['A: Foo', { A: 'fOO' }, true],
      ['A: Foo', { A: 'foobar' }, false],
      ['A: foo', { A: ' foo' }, false],
      ['A: foo', {}, false],
      ['A: ÄÖ検知', { A: 'äö検知' }, true],
      ['A: 検知', { A: '検 知' }, false],
      ['A: Ａ', { A: 'ａ' }, true],
      ['A: Ａ', { A: 'A' }, false],
    ],
  ],
  [
    'general: case is ignored unit by unit, in no locale, and no unit becomes two',
    [
      ['A: ΑΣ', { A: 'ας' }, false],
      ['A: ΑΣ', { A: 'ασ' }, true],
      ['A: "\\u212A"', { A: 'k' }, true],
      ['A: "\\u0130"', { A: 'i\u0307' }, false],
      ['A: "\\u0130"', { A: 'i' }, false],
      ['A: ı', { A: 'I' }, false],
      ['A: straße', { A: 'STRASSE' }, false],
      ['A|contains: "x\\u0130y"', { A: 'aX\u0130Yb' }, true],
    ],
  ],
  [
    'general: a scalar may be text, null, a boolean, an integer or a fraction',
    [
      ['A: true', { A: true }, true],
      ['A: true', { A: 'True' }, true],
      ['A: true', { A: 1 }, false],
      ['A: false', { A: false }, true],
      ['A: false', {}, false],
      ["A: 'true'", { A: true }, true],
      ['A: [1, false, x]', { A: false }, true],
      ['A: 0.5', { A: 0.5 }, true],
      ['A: 0.5', { A: '0.5' }, true],
      ['A: yes', { A: 'yes' }, true],
      ['A: yes', { A: true }, false],
    ],
  ],
  [
    'general: a number is the same as its text, in the rule as in the event',
    [
      ['A: 4624', { A: '4624' }, true],
      ['A: 4624', { A: 4624 }, true],
      ["A: '4624'", { A: 4624 }, true],
      ['A: 4624', { A: '14624' }, false],
      ['A: 5', { A: '05' }, false],
      ["A: '5'", { A: '5.0' }, false],
      ['A: -1', { A: -1 }, true],
      ['A: -0', { A: 0 }, true],
      ["A: '46*'", { A: 4624 }, true],
    ],
  ],
  [
    'general: integers beyond 2^53 keep their digits',
    [
      ['A: 9007199254740993', { A: '9007199254740993' }, true],
      ['A: 9007199254740993', { A: '9007199254740992' }, false],
      ['A: 18446744073709551615', { A: '18446744073709551615' }, true],
      ['A: [1, 18446744073709551615]', { A: '18446744073709551616' }, false],
      ["A: '9007199254740993'", { A: '9007199254740993' }, true],
      ['A: -9007199254740993', { A: '-9007199254740993' }, true],
    ],
  ],
  [
    'string wildcard: * is any run, the empty one included; ? is exactly one character',
    [
      ["A: 'a*c'", { A: 'abbbC' }, true],
      ["A: 'a*c'", { A: 'ac' }, true],
      ["A: 'a*c'", { A: 'xac' }, false],
      ["A: 'a*c'", { A: 'a\nc' }, true],
      ["A: 'prog?.exe'", { A: 'progB.exe' }, true],
      ["A: 'prog?.exe'", { A: 'prog.exe' }, false],
      ["A: 'prog?.exe'", { A: 'progAB.exe' }, false],
      ["A: 'av_V*.exe'", { A: 'AV_v21.2.1.exe' }, true],
      ["A: '*'", { A: '' }, true],
      ["A: '*'", { A: 0 }, true],
      ["A: '?'", { A: '' }, false],
      ["A: '??'", { A: 'é' }, false],
      ["A: '*?'", { A: '' }, false],
      ["A: '?*?'", { A: 'x' }, false],
      ["A: '?*?'", { A: 'xy' }, true],
      ["A: '***'", { A: 'xy' }, true],
    ],
  ],
  [
    'string wildcard: pieces between wildcards stand in order and do not overlap',
    [
      ["A: 'ab*bc'", { A: 'abc' }, false],
      ["A: 'ab*bc'", { A: 'abbc' }, true],
      ["A: '*a*b?c*'", { A: 'xxaYYbbcZ' }, true],
      ["A: '*bc*c'", { A: 'xbc' }, false],
      ["A: 'ab*bc*cd'", { A: 'abcd' }, false],
      ["A: '*b?c'", { A: 'abxcbyc' }, true],
      ["A: '*b?b*c'", { A: 'bbbabxc' }, true],
      ["A: '*ab*ab*'", { A: 'xaby' }, false],
      ["A: '*ab*ab*'", { A: 'abab' }, true],
      ["A: '?a*a?'", { A: 'xaay' }, true],
      ["A: '?a*a?'", { A: 'xay' }, false],
    ],
  ],
  [
    'string wildcard: a piece may be long, and its ? stand anywhere in it',
    [31, 32, 33, 64, 65, 200].flatMap((length): Section[1] => {
      const yaml = `A: '*${'a?'.repeat(length / 2)}${'c'.repeat(length % 2)}b*'`;
      return [
        [yaml, { A: `aab${'aa'.repeat(length / 2)}${'c'.repeat(length % 2)}b` }, true],
        [yaml, { A: `xaba${'az'.repeat(length / 2)}${'c'.repeat(length % 2)}bx` }, true],
        [yaml, { A: `xab${'az'.repeat(length / 2)}${'c'.repeat(length % 2)}x` }, false],
        [yaml, { A: `xab${'za'.repeat(length / 2 - 1)}zz${'c'.repeat(length % 2)}b` }, false],
      ];
    }),
  ],
  [
    'escape character: a backslash before no wildcard is itself, single or double',
    [
      ["A: 'C:\\Windows\\x'", { A: 'c:\\windows\\X' }, true],
      ["A: 'C:\\\\Windows'", { A: 'c:\\windows' }, true],
      ["A: 'C:\\\\Windows'", { A: 'c:\\\\windows' }, false],
      ["A: 'a\\'", { A: 'a\\' }, true],
      ["A: 'a\\\\'", { A: 'a\\' }, true],
      ["A: '\\\\x'", { A: '\\x' }, true],
      ["A: '\\x'", { A: '\\x' }, true],
    ],
  ],
  [
    'escape character: \\* and \\? are the plain characters',
    [
      ["A: 'a\\*c'", { A: 'a*c' }, true],
      ["A: 'a\\*c'", { A: 'abc' }, false],
      ["A: 'a\\*c'", { A: 'a\\bc' }, false],
      ["A: 'a\\?c'", { A: 'a?c' }, true],
      ["A: 'a\\?c'", { A: 'abc' }, false],
      ["A|contains: '\\*'", { A: 'a*b' }, true],
      ["A|contains: '\\*'", { A: 'ab' }, false],
    ],
  ],
  [
    'escape character: \\\\* is a backslash and a wildcard, \\\\\\* both as plain characters',
    [
      ["A: 'a\\\\*c'", { A: 'a\\xxc' }, true],
      ["A: 'a\\\\*c'", { A: 'axxc' }, false],
      ["A: 'a\\\\?c'", { A: 'a\\xc' }, true],
      ["A: 'a\\\\?c'", { A: 'a\\c' }, false],
      ["A: 'a\\\\\\*c'", { A: 'a\\*c' }, true],
      ["A: 'a\\\\\\*c'", { A: 'a\\xc' }, false],
      ["A: 'a\\\\\\?c'", { A: 'a\\?c' }, true],
      ["A|endswith: '\\\\*'", { A: 'x\\' }, true],
      ["A|endswith: '\\\\*'", { A: 'x' }, false],
    ],
  ],
  [
    'escape character: three or four backslashes are two',
    [
      ["A: '\\\\\\server'", { A: '\\\\server' }, true],
      ["A: '\\\\\\\\server'", { A: '\\\\server' }, true],
      ["A: '\\\\\\\\server'", { A: '\\server' }, false],
      ["A: '\\\\\\\\*'", { A: '\\\\any' }, true],
      ["A: '\\\\\\\\*'", { A: '\\any' }, false],
    ],
  ],
  [
    'special field values: null is a missing field, an empty text is an empty text',
    [
      ['A: null', {}, true],
      ['A: null', { A: '' }, false],
      ['A: null', { A: 'null' }, false],
      ['A: null', { A: 0 }, false],
      ['A: null', { A: false }, false],
      ['A:', {}, true],
      ['A: ~', {}, true],
      ["A: 'null'", {}, false],
      ["A: 'null'", { A: 'NULL' }, true],
      ["A: ''", { A: '' }, true],
      ["A: ''", {}, false],
      ["A: ''", { A: ' ' }, false],
      ["A: ''", { A: ['x', ''] }, true],
      ["A: '*'", {}, false],
    ],
  ],
  [
    'special field values: null in a list is no part of Sigma, but taken as written in the wild',
    [
      ["A: [null, '']", { A: '' }, true],
      ["A: [null, '']", {}, true],
      ["A: [null, '']", { A: 'x' }, false],
      ['A: [x, null]', { A: 'X' }, true],
      ["A: ['??', null]", {}, true],
      ["A: [null, '*']", { A: '' }, true],
    ],
  ],
  [
    'maps: all items together; lists of values: any of them',
    [
      ['A: x\nB: y', { A: 'x', B: 'y' }, true],
      ['A: x\nB: y', { A: 'x' }, false],
      ['A: [517, 1102]\nB: Security', { A: 1102, B: 'security' }, true],
      ['A: [517, 1102]\nB: Security', { A: 1103, B: 'security' }, false],
      ['A:\n  - x\n  - foo', { A: 'foo' }, true],
      ["A: '0x17'", { A: '0X17' }, true],
    ],
  ],
  [
    'lists: maps of a list are alternatives',
    [
      ['- A: x\n- B: y', { B: 'y' }, true],
      ['- A: x\n- B: y', { B: 'x' }, false],
      ['- A: x\n  C: z\n- B: y', { A: 'x' }, false],
      ['- A: x\n  C: z\n- B: y', { A: 'x', C: 'z' }, true],
      ['- A: x\n- A: null', {}, true],
    ],
  ],
  [
    'lists in an event: any member will do, each member by itself',
    [
      ['A: foo', { A: ['bar', 'FOO'] }, true],
      ['A: foo', { A: ['fo', 'o'] }, false],
      ['A: foo', { A: [] }, false],
      ['A: 5', { A: ['x', 5] }, true],
      ["A: '*'", { A: [] }, false],
      ['A: null', { A: [] }, false],
      ['A: [a, b]', { A: ['b', 'c'] }, true],
    ],
  ],
  [
    'field usage: names are exact, case included; a dot and a blank are part of the name',
    [
      ['A: foo', { a: 'foo' }, false],
      ['a.b: x', { 'a.b': 'x' }, true],
      ['a.b: x', { a: 'x' }, false],
      ['Threat Name: x', { 'Threat Name': 'x' }, true],
      ['ThreatName: x', { 'Threat Name': 'x' }, false],
      ["'cs-uri-query|contains': x", { 'cs-uri-query': 'axb' }, true],
      ["'@timestamp': '2026*'", { '@timestamp': '2026-11-20T00:00:00.000Z' }, true],
      ["'検知': x", { 検知: 'x' }, true],
      ['A|contains|all|b: x', {}, 'unknown modifier "b"'],
    ],
  ],
  [
    'field usage: names of JavaScript objects are fields like any other',
    [
      ['constructor|exists: true', {}, false],
      ['constructor: x', { constructor: 'X' } as unknown as Fields, true],
      ['__proto__: x', {}, false],
      ['__proto__: x', JSON.parse('{"__proto__": "x"}') as Fields, true],
      ['__proto__: null', JSON.parse('{"__proto__": "x"}') as Fields, false],
      ['toString: null', {}, true],
      ['hasOwnProperty: x', JSON.parse('{"hasOwnProperty": "x"}') as Fields, true],
      ['length: 1', { length: 1 }, true],
    ],
  ],
  [
    'what no event of ours holds counts as missing: a nested object, null',
    [
      ['A.B: x', JSON.parse('{"A":{"B":"x"}}') as Fields, false],
      ['A: null', JSON.parse('{"A":{"B":"x"}}') as Fields, true],
      ['A: null', JSON.parse('{"A":null}') as Fields, true],
      ['A: x', JSON.parse('{"A":[null,{"B":"x"},["x"]]}') as Fields, false],
      ['A: x', JSON.parse('{"A":[null,{},"x"]}') as Fields, true],
    ],
  ],
];

describe.each(sections)('%s', (_sentence, rows) => {
  test.each(rows)('%s on %j: %s', (selection, event, expected) => {
    const verdict = judgeSelection(selection, event);
    expect(keeps(verdict, expected), String(verdict)).toBe(true);
  });
});

test('rules come in the order of their ids, and nothing an event holds makes the engine throw', () => {
  const rule = (id: string) =>
    `title: T\nid: ${id}\nlogsource: { product: x }\ndetection:\n  s:\n    A|contains: a\n    B: null\n  k: [zz]\n  condition: s and not k`;
  const set = parseRules([rule('b'), rule('c'), rule('a')].join('\n---\n'), 'r.yml');
  const engine = compileRules(set, identityMapping);
  const ids = (event: Fields) => {
    const found = engine.match(event).map(({ id }) => id);
    expect(matchAll(set.rules, event, identityMapping).map(({ id }) => id)).toEqual(found);
    return found;
  };
  expect(ids({ A: 'xax' })).toEqual(['a', 'b', 'c']);
  const hostile = JSON.parse(
    '{"A":"a","B":null,"C":{"D":[{"E":1}]},"F":[null,["x"],{}],"__proto__":{"A":1},"constructor":"zz."}',
  );
  expect(ids(hostile)).toEqual([]);
  delete hostile.constructor;
  expect(ids(hostile)).toEqual(['a', 'b', 'c']);
  expect(ids(Object.create(null))).toEqual([]);
});
