import { describe, expect, test } from 'vitest';
import type { Fields } from '../model/event.ts';
import { compileQuery, matchesQuery } from './match.ts';
import { parseQuery } from './parse.ts';
import type { Query } from './query.ts';

const event: Fields = {
  '@timestamp': '2026-11-23T01:02:03.000Z',
  'event.id': 'IDENT-0001',
  'event.original': 'onlyhere',
  'event.code': 4625,
  'organization.id': 'kita-hospital',
  'hinomi.rules': ['rule-one', 'rule-two'],
  'host.name': 'SRV-01',
  'user.name': 'Alice Smith',
  'source.ip': '203.0.113.66',
  'destination.ip': '2001:db8::17',
  'destination.port': 443,
  'process.executable': 'C:\\Windows\\System32\\powershell.exe',
  'process.command_line': 'powershell.exe -enc AAAA',
  'network.type': 'IPv4',
  'network.bytes': '1200',
  'file.name': 'report final.docx',
  'event.ok': true,
  message: '不正検知：ログオン 失敗 Ⅳ ＡＢＣ１２３ ΟΔΟΣΑ',
};

describe('matchesQuery', () => {
  test.each<[string, boolean]>([
    ['powershell', true],
    ['POWERSHELL', true],
    ['power', false],
    ['power*', true],
    ['*shell', true],
    ['p?wershell', true],
    ['?ower', false],
    ['C:\\Windows\\*.exe', true],
    ['windows/system32', true],
    ['"windows powershell"', false],
    ['203.0.113.66', true],
    ['203.0.113.6', false],
    ['203.0.113.6*', true],
    ['03.0.113.66', false],
    ['2001:db8::17', true],
    ['検知', true],
    ['知：ログ', true],
    ['検知失敗', false],
    ['ﾛｸﾞｵﾝ', true],
    ['グオ', true],
    ['"ログオン 失敗"', true],
    ['"ログ 失敗"', false],
    ['"オン 失"', true],
    ['abc123', true],
    ['iv', true],
    ['ΟΔΟΣ*', true],
    ['4625', true],
    ['true', true],
    ['onlyhere', false],
    ['kita-hospital', false],
    ['IDENT-0001', false],
    ['event.original:onlyhere', true],
    ['member:kita-hospital', true],
    ['user:"alice smith"', true],
    ['user:alice', false],
    ['user:alice*', true],
    ['user:*smith', true],
    ['user:*lic*mit*', true],
    ['user:*lic*mit', false],
    ['user:?lice?smith', true],
    ['rule:rule-two', true],
    ['rule:rule-three', false],
    ['rule:*', true],
    ['dataset:*', false],
    ['code:4625', true],
    ['code:04625', true],
    ['code:462', false],
    ['code:"4625.0"', true],
    ['destination.port:>=443', true],
    ['destination.port:>443', false],
    ['destination.port:<1000', true],
    ['network.bytes:>900', true],
    ['network.type:>IPv3', true],
    ['user.name:>5', true],
    ['@timestamp:>=2026-11-23', true],
    ['@timestamp:<2026-11-23', false],
    ['dataset:>=0', false],
    ['ip:203.0.113.66', true],
    ['ip:2001:DB8::17', true],
    ['ip:203.0.113.67', false],
    ['process:powershell.exe', true],
    ['process:system32', true],
    ['process.command_line:"-enc"', true],
    ['process.command_line:-en*', true],
    ['file.name:report', false],
    ['file.name:"report final.docx"', true],
    ['message:検知', true],
    ['event.ok:true', true],
    ['NOT dataset:x', true],
    ['-code:4625', false],
    ['powershell nothing', false],
    ['powershell OR nothing', true],
    ['*', true],
    ['constructor.name:*', false],
    ['toString.x:*', false],
  ])('%s: %s', (typed, expected) => {
    expect(matchesQuery(parseQuery(typed) as Query, event)).toBe(expected);
  });

  test('a compiled query remembers nothing of the last event', () => {
    const matches = compileQuery(parseQuery('abc') as Query);
    expect([{ message: 'abc' }, { message: 'x' }, {}, { message: ['x', 'abc'] }].map(matches)).toEqual([
      true,
      false,
      false,
      true,
    ]);
  });

  test('keys that are special to JavaScript are ordinary fields', () => {
    const hostile = JSON.parse('{"__proto__":"secret","constructor.name":"x"}') as Fields;
    expect(matchesQuery(parseQuery('secret') as Query, hostile)).toBe(true);
    expect(matchesQuery({ op: 'field', field: '__proto__', text: 'secret', wildcard: false }, hostile)).toBe(true);
    expect(matchesQuery({ op: 'field', field: '__proto__', text: '*', wildcard: true }, {})).toBe(false);
  });

  test('repetitive text and patterns stay cheap', () => {
    const value: Fields = { message: 'a '.repeat(40_000), 'user.name': 'a'.repeat(60_000) };
    const started = performance.now();
    for (const typed of [
      `"${'a '.repeat(99)}b"`,
      `${'*a'.repeat(100)}*b`,
      `${'a?'.repeat(100)}b*`,
      `user:${'*a'.repeat(100)}b`,
    ]) {
      expect(matchesQuery(parseQuery(typed) as Query, value), typed).toBe(false);
    }
    expect(performance.now() - started).toBeLessThan(3_000);
  });
});
