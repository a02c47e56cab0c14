import { describe, expect, test } from 'vitest';
import { parseQuery, QueryError } from './parse.ts';
import type { Query } from './query.ts';

const text = (words: string, wildcard = false): Query => ({ op: 'text', text: words, wildcard });
const field = (name: string, value: string, wildcard = false): Query => ({
  op: 'field',
  field: name,
  text: value,
  wildcard,
});
const not = (of: Query): Query => ({ op: 'not', of });
const and = (...of: Query[]): Query => ({ op: 'and', of });
const or = (...of: Query[]): Query => ({ op: 'or', of });
const ipFields = ['source.ip', 'destination.ip', 'host.ip'];

describe('parseQuery', () => {
  test.each<[string, Query | undefined]>([
    ['', undefined],
    [' \t\u3000', undefined],
    ['failed', text('failed')],
    ['failed login', and(text('failed'), text('login'))],
    ['a\u3000b', and(text('a'), text('b'))],
    ['a AND b OR c d', or(and(text('a'), text('b')), and(text('c'), text('d')))],
    ['a and b', and(text('a'), text('and'), text('b'))],
    ['ＡＮＤ', text('ＡＮＤ')],
    ['a (b OR c) d', and(text('a'), or(text('b'), text('c')), text('d'))],
    ['NOT a b', and(not(text('a')), text('b'))],
    ['a -b', and(text('a'), not(text('b')))],
    ['a-b', text('a-b')],
    ['-(a b)', not(and(text('a'), text('b')))],
    ['-"a b"', not(text('a b'))],
    ['-user:x', not(field('user.name', 'x'))],
    ['NOT NOT a', not(not(text('a')))],
    ['"a AND \\"b\\" C:\\\\x \\d"', text('a AND "b" C:\\x \\d')],
    ['"AND"', text('AND')],
    ['pow*', text('pow*', true)],
    ['"pow*"', text('pow*')],
    ['*', text('*', true)],
    ['user:alice', field('user.name', 'alice')],
    ['user.name:alice', field('user.name', 'alice')],
    ['user:"Alice B"', field('user.name', 'Alice B')],
    ['user:*', field('user.name', '*', true)],
    ['user:a*', field('user.name', 'a*', true)],
    ['ip:192.0.2.1', or(...ipFields.map((name) => field(name, '192.0.2.1')))],
    ['src:2001:db8::1', field('source.ip', '2001:db8::1')],
    ['2001:db8::1', text('2001:db8::1')],
    ['fe80::1', text('fe80::1')],
    ['C:\\Windows\\x.exe', text('C:\\Windows\\x.exe')],
    ['https://example.jp/a', text('https://example.jp/a')],
    ['error:', text('error:')],
    ['user:(a OR b*)', or(field('user.name', 'a'), field('user.name', 'b*', true))],
    ['user:(a -b)', and(field('user.name', 'a'), not(field('user.name', 'b')))],
    ['destination.port:>=1024', { op: 'range', field: 'destination.port', compare: '>=', value: '1024' }],
    [
      'destination.port:(>10 AND <=20)',
      and(
        { op: 'range', field: 'destination.port', compare: '>', value: '10' },
        { op: 'range', field: 'destination.port', compare: '<=', value: '20' },
      ),
    ],
    ['@timestamp:<"2026-11-01"', { op: 'range', field: '@timestamp', compare: '<', value: '2026-11-01' }],
    ['event.code:"-"', field('event.code', '-')],
    ['__proto__.x:1', field('__proto__.x', '1')],
    ['constructor:1', text('constructor:1')],
    ['不正検知 ﾛｸﾞｵﾝ', and(text('不正検知'), text('ﾛｸﾞｵﾝ'))],
  ])('%j', (typed, expected) => {
    expect(parseQuery(typed)).toEqual(expected);
  });

  test.each<[string, number, RegExp]>([
    ['a (b', 2, /not closed/],
    ['a b)', 3, /closes nothing/],
    ['()', 0, /empty/],
    ['a ( )', 2, /empty/],
    ['"abc', 0, /quote is not closed/],
    ['a AND', 5, /ends too early/],
    ['OR a', 0, /nothing before/],
    ['a OR AND b', 5, /nothing before/],
    ['(a OR )', 6, /nothing stands before/],
    ['a NOT', 2, /nothing after/],
    ['user:', 0, /no value/],
    ['user: bob', 0, /no value/],
    ['a user:>= 5', 2, /no value/],
    ['user:(a host:b)', 8, /another field/],
    ['--', 1, /letter or digit/],
    ['"..."', 0, /letter or digit/],
    ['x'.repeat(4097), 4096, /longer/],
    [`${'('.repeat(51)}a${')'.repeat(51)}`, 50, /levels/],
    ['-'.repeat(60).concat('a'), 50, /levels/],
    [`"${'a '.repeat(101)}"`, 0, /100 words/],
    [`${'a'.repeat(256)}*`, 0, /wildcards/],
  ])('refuses %j', (typed, position, message) => {
    let thrown: unknown;
    try {
      parseQuery(typed);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(QueryError);
    expect(thrown).toMatchObject({ position, message: expect.stringMatching(message) });
    expect((thrown as QueryError).hint).not.toBe('');
  });

  test('50 levels are not too many', () => {
    expect(parseQuery(`${'('.repeat(49)}a${')'.repeat(49)}`)).toEqual(text('a'));
  });
});
