import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseQuery } from '../../search/parse.ts';
import { term, withTerm } from './query-text.ts';

describe('term', () => {
  it.each([
    ['source.ip', '192.0.2.1', 'source.ip:192.0.2.1'],
    ['source.ip', '2001:db8::1', 'source.ip:"2001:db8::1"'],
    ['user.name', 'OR', 'user.name:"OR"'],
    ['process.executable', 'C:\\Temp\\a "b".exe', 'process.executable:"C:\\\\Temp\\\\a \\"b\\".exe"'],
  ])('%s = %s', (field, value, text) => {
    expect(term(field, value)).toBe(text);
  });

  it('says the value and nothing else, whatever a log put into it', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ minLength: 1, unit: 'grapheme' }),
          fc.constantFrom('a" OR "b', '\\', '*', '-x', '(', 'NOT'),
        ),
        (value) => {
          fc.pre(value.trim() !== '');
          expect(parseQuery(term('user.name', value))).toEqual({
            op: 'field',
            field: 'user.name',
            text: value,
            wildcard: false,
          });
        },
      ),
    );
  });
});

describe('withTerm', () => {
  it.each([
    ['', 'a:1', 'include', 'a:1'],
    ['', 'a:1', 'exclude', 'NOT a:1'],
    ['x', 'a:1', 'include', 'x AND a:1'],
    ['x OR y', 'a:1', 'exclude', '(x OR y) AND NOT a:1'],
    ['"this OR that"', 'a:1', 'include', '"this OR that" AND a:1'],
    ['say "a \\" OR b"', 'a:1', 'include', 'say "a \\" OR b" AND a:1'],
    ['x OR y', 'a:1', 'only', 'a:1'],
    ['x AND a:1', 'a:1', 'include', 'x AND a:1'],
    ['x AND a:1', 'a:1', 'exclude', 'x AND a:1 AND NOT a:1'],
  ] as const)('%s with %s, %s', (query, added, mode, expected) => {
    expect(withTerm(query, added, mode)).toBe(expected);
  });

  it('binds the added term to the whole query', () => {
    expect(parseQuery(withTerm('x OR y', 'user.name:bob', 'exclude'))).toEqual(
      parseQuery('(x OR y) AND NOT user.name:bob'),
    );
  });
});
