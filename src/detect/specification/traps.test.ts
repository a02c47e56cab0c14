/** What engines of Sigma have been seen to get wrong, each as the smallest rule and event that shows it. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { windowsEvent } from '../../../connectors/windows-event/index.ts';
import type { Fields } from '../../model/event.ts';
import { compileRules } from '../compile.ts';
import { matchAll } from '../linear.ts';
import { createMapping, identityMapping } from '../mapping.ts';
import { parseRules } from '../parse.ts';
import { parseMapping } from '../parse-mapping.ts';
import { judgeDetection, judgeSelection, keeps, type Section } from './run.fixture.ts';

const b64 = (text: string) => Buffer.from(text).toString('base64');

const sections: Section[] = [
  [
    'null is never a text: not "null", not "<nil>", not ""',
    [
      ['Details: null', { Other: 'x' }, true],
      ['Details: null', { Details: 'null' }, false],
      ["Details: 'null'", {}, false],
      ["CommandLine|contains: ['<', '>']", {}, false],
      ['CommandLine|contains: nil', {}, false],
      ['CommandLine|re: null', {}, 'needs text'],
      ["CommandLine|re: '^$'", {}, false],
    ],
  ],
  [
    'a lone star needs the field, and takes whatever is in it',
    [
      ["ContextInfo|contains: '*'", {}, false],
      ["ContextInfo|contains: '*'", { ContextInfo: '' }, true],
      ["ContextInfo|contains: '*'", { ContextInfo: 'x' }, true],
      ["ContextInfo|endswith: '*'", { ContextInfo: 0 }, true],
      ["ContextInfo|neq: '*'", {}, true],
    ],
  ],
  [
    'numbers and their texts are the same, whichever side has which',
    [
      ['DestPort: 5985', { DestPort: '5985' }, true],
      ['LogonType: 9', { LogonType: '9' }, true],
      ["LogonType: '9'", { LogonType: 9 }, true],
      ['LogonType: [3, 9]', { LogonType: ['9'] }, true],
      ['LogonType|startswith: 1', { LogonType: 10 }, true],
    ],
  ],
  [
    'a folder, a backslash and a star',
    [
      ["Image: 'C:\\Temp\\\\*'", { Image: 'c:\\temp\\x.exe' }, true],
      ["Image: 'C:\\Temp\\*'", { Image: 'c:\\temp\\x.exe' }, false],
      ["Image: 'C:\\Temp\\*'", { Image: 'c:\\temp*' }, true],
      ["Image|startswith: 'C:\\Temp\\'", { Image: 'c:\\temp\\x.exe' }, true],
      ["Image|startswith: '\\\\\\\\'", { Image: '\\\\server\\x' }, true],
      ["Image|startswith: '\\\\\\\\'", { Image: '\\x' }, false],
    ],
  ],
  [
    'windash beside wildcards and beside all',
    [
      ["CommandLine|windash|contains: ' -e*x'", { CommandLine: 'a /encodex' }, true],
      ["CommandLine|contains|all|windash: [' -u', ' -p']", { CommandLine: 'net /u a -p b' }, true],
      ["CommandLine|contains|all|windash: [' -u', ' -p']", { CommandLine: 'net /u a -u b' }, false],
    ],
  ],
  [
    'base64offset counts bytes where characters have several',
    [0, 1, 2].map((offset) => ['A|base64offset|contains: ルート', { A: b64(`${'z'.repeat(offset)}ルートx`) }, true]),
  ],
  [
    'flags inside an expression work, though they are out of fashion',
    [
      ["A|re: '(?i)mimikatz'", { A: 'MIMIKATZ' }, true],
      ["A|re: 'x(?i)y'", { A: 'xY' }, true],
      ["A|re: 'x(?i)y'", { A: 'XY' }, false],
      ["A|re: '(?i:x)y'", { A: 'Xy' }, true],
      ["A|re: '(?s)a.b'", { A: 'a\nb' }, true],
    ],
  ],
  [
    'expressions that ignore case know more letters than Sigma texts do',
    [
      ['A|re|i: mask', { A: 'ma\u017fk' }, true],
      ['A|re|i: mask', { A: 'mas\u212a' }, true],
      ['A|contains: mask', { A: 'ma\u017fk' }, false],
      ['A|contains: mask', { A: 'mas\u212a' }, true],
    ],
  ],
  [
    'a list is no text: its members are not glued together',
    [
      ["A|contains: ','", { A: ['x', 'y'] }, false],
      ['A: x,y', { A: ['x', 'y'] }, false],
      ["A|re: 'x.*y'", { A: ['x', 'y'] }, false],
      ['- xy', { A: ['x', 'y'] }, false],
    ],
  ],
];

describe.each(sections)('trap: %s', (_sentence, rows) => {
  test.each(rows)('%s on %j: %s', (selection, event, expected) => {
    const verdict = judgeSelection(selection, event);
    expect(keeps(verdict, expected), String(verdict)).toBe(true);
  });
});

test('trap: the negation of a test on a missing field is true', () => {
  const detection = "s: { A: x }\nfilter_main_1:\n  B|contains: '*'\ncondition: s and not 1 of filter_main_*";
  expect(judgeDetection(detection, { A: 'x' })).toBe(true);
  expect(judgeDetection(detection, { A: 'x', B: 'y' })).toBe(false);
});

describe('trap: needles that begin, end or hold one another, hundreds of them, also below a negation', () => {
  const stems = ['power', 'powershell', 'shell', 'hell', 'ell', 'wershell.exe'];
  const words = stems.flatMap((stem) => Array.from({ length: 100 }, (_, index) => `${stem}${index}`));
  const list = (kind: string) => `\n  A|${kind}:\n${words.map((word) => `    - ${word}`).join('\n')}`;
  test.each(['contains', 'startswith', 'endswith'])('%s', (kind) => {
    const detection = `s:${list(kind)}\nt: { B: x }\ncondition: t and not s`;
    const positive = `s:${list(kind)}\ncondition: s`;
    for (const text of ['powershell7', 'xpowershell77', 'ell9', 'powershel', 'hell.powersh', 'power10x', 'xx', '']) {
      const holds = words.some((word) =>
        kind === 'contains' ? text.includes(word) : kind === 'startswith' ? text.startsWith(word) : text.endsWith(word),
      );
      expect([text, judgeDetection(positive, { A: text })]).toEqual([text, holds]);
      expect([text, judgeDetection(detection, { A: text, B: 'x' })]).toEqual([text, !holds]);
    }
  });
});

test('trap: a rule that cannot be used is told, and does not take the others with it', () => {
  const rule = (id: string, selection: string) =>
    `title: T\nid: ${id}\nlogsource: { product: x }\ndetection:\n  s:\n    ${selection}\n  condition: s`;
  const rules = [rule('good', 'A: x'), rule('bad', "A|re: '(?<=x)y'"), rule('worse', 'A|cidr: 10.1')];
  const engine = compileRules(parseRules(rules.join('\n---\n'), 'r.yml'), identityMapping);
  expect(engine.rules.map(({ id }) => id)).toEqual(['good']);
  expect(engine.problems.map(({ where, severity }) => `${severity} ${where.line}`)).toEqual(['error 14', 'error 22']);
  expect(engine.match({ A: 'x' }).length).toBe(1);
});

describe('trap: from the record to the rule', () => {
  const text = readFileSync(new URL('../../../rules/fields/windows.yml', import.meta.url), 'utf8');
  const { table } = parseMapping(text, 'windows.yml');
  const mapping = createMapping(table === undefined ? [] : [table]);

  /** Whether a rule for this selection matches what the connector makes of a Windows record. */
  function finds(selection: string, record: string, logsource = 'product: windows', condition = 's'): boolean {
    const set = parseRules(
      `title: T\nid: r\nlogsource: { ${logsource} }\ndetection:\n  s:\n    ${selection}\n  condition: ${condition}`,
      'r.yml',
    );
    const engine = compileRules(set, mapping);
    expect([...set.problems, ...engine.problems]).toEqual([]);
    const context = { timeZone: 'UTC', receivedAt: '2026-11-20T00:00:00.000Z', config: {} };
    const events: readonly Fields[] = windowsEvent.parse(record, context);
    const [matched] = events.map((event) => engine.match(event).length === 1);
    expect(events.map((event) => matchAll(set.rules, event, mapping).length === 1)).toEqual([matched]);
    return matched as boolean;
  }
  const record = (fields: string, channel = 'Security') => `{"Channel":"${channel}","EventID":4624,${fields}}`;

  test.each([
    ['an integer beyond 2^53 keeps its digits', 'X: 9007199254740993', '"X":9007199254740993', true],
    ['… and is no other', 'X: 9007199254740993', '"X":9007199254740992', false],
    ['… as its neighbour is not it', 'X: 9007199254740992', '"X":9007199254740993', false],
    ['… in a list', 'X: 18446744073709551615', '"X":[1,18446744073709551615]', true],
    ['… nested', 'winlog.event_data.Y.X: -9007199254740993', '"EventData":{"Y":{"X":-9007199254740993}}', true],
    ['the event id', 'EventID: 4624', '"X":1', true],
    ['blanks of a name are stripped', 'ThreatName: x', '"EventData":{"Threat Name":"x"}', true],
    ['… of every name', 'SAMUserAccount|contains: x', '"SAM User Account":"axb"', true],
    ['null is as if it were not there', 'PasswordLastSet: null', '"PasswordLastSet":null', true],
    ['… also for exists', 'PasswordLastSet|exists: true', '"PasswordLastSet":null', false],
    ['an empty text is there', 'PasswordLastSet|exists: true', '"PasswordLastSet":""', true],
    ['a keyword in a nested value', '- kiwi', '"EventData":{"A":{"B":["x","gentilkiwi"]}}', true],
    ['a keyword in a number', '- 4711', '"X":47110', true],
    ['a field named like a method', 'constructor: x', '"constructor":"X"', true],
    ['… that is not there', 'toString: null', '"X":1', true],
  ])('%s: %s on %s: %s', (_name, selection, fields, expected) => {
    expect(finds(selection, record(fields))).toBe(expected);
  });

  test('a rule that only negates sees the events of its own source alone, and the case of a channel does not matter', () => {
    const sees = (channel: string) =>
      finds('X: y', record('"A":"b"', channel), 'product: windows, service: security', 'not s');
    expect(sees('Security')).toBe(true);
    expect(sees('security')).toBe(true);
    expect(sees('System')).toBe(false);
  });
});
