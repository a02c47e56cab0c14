import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Fields } from '../model/event.ts';
import { holdsTokens, matchesQuery } from './match.ts';
import { CJK, normalise, type Token, tokensOf } from './normalise.ts';
import { parseQuery } from './parse.ts';
import { createSpelledCollector, letter, queryFor, someEvent, termsIn } from './query.fixture.ts';
import type { Query } from './query.ts';
import { queryTerms, type TermQuery } from './terms.ts';

const collector = createSpelledCollector();
const termsOf = (event: Fields): Set<string> => new Set(termsIn(collector, [event]));
const holds = (query: TermQuery, terms: ReadonlySet<string>): boolean => {
  if (query.op === 'term') return terms.has(query.term);
  if (query.op === 'prefix') return [...terms].some((one) => one.startsWith(query.term));
  return query.op === 'and'
    ? query.of.every((part) => holds(part, terms))
    : query.of.some((part) => holds(part, terms));
};
const term = (text: string): TermQuery => ({ op: 'term', term: text });
const prefix = (text: string): TermQuery => ({ op: 'prefix', term: text });

describe('queryTerms', () => {
  test.each<[string, TermQuery | undefined]>([
    ['powershell', term('powershell')],
    ['power*', prefix('power')],
    ['po*', undefined],
    ['*power*', undefined],
    ['po?er', undefined],
    ['powe?s', prefix('powe')],
    ['power*shell', prefix('power')],
    ['検power*', prefix('power')],
    ['Windows\\power*', { op: 'and', of: [term('windows'), prefix('power')] }],
    ['user:power*', prefix('power')],
    ['event.original:power*', undefined],
    ['検知', term('検知')],
    ['検', undefined],
    ['*不正検*', { op: 'and', of: [term('不正'), term('正検')] }],
    ['user:Bob', term('user.name=bob')],
    ['user:b*', undefined],
    ['code:04625', { op: 'or', of: [term('event.code=04625'), term('event.code=4625')] }],
    ['a OR b*', undefined],
    ['a b*', term('a')],
    ['a -b', term('a')],
    ['-b', undefined],
    ['destination.port:>5', undefined],
    ['destination.port:443', term('443')],
    ['event.original:abc', undefined],
    ['a (b OR c)', { op: 'and', of: [term('a'), { op: 'or', of: [term('b'), term('c')] }] }],
  ])('%s', (typed, expected) => {
    expect(queryTerms(parseQuery(typed) as Query)).toEqual(expected);
  });
});

test('an event that matches holds every term that the query requires', () => {
  let matched = 0;
  fc.assert(
    fc.property(
      someEvent.chain((event) => fc.tuple(fc.constant(event), queryFor(event))),
      ([event, query]) => {
        if (!matchesQuery(query, event)) return;
        const required = queryTerms(query);
        if (required === undefined) return;
        matched++;
        expect(holds(required, termsOf(event)), JSON.stringify({ required, terms: [...termsOf(event)] })).toBe(true);
      },
    ),
    { numRuns: 8_000 },
  );
  expect(matched).toBeGreaterThan(400);
});

/** The rule as one says it, slowly: some window of the value's tokens fits the query's. */
function plainHolds(text: string, wanted: readonly Token[]): boolean {
  const tokens = tokensOf(text);
  const last = wanted.length - 1;
  return tokens.some(
    (_, start) =>
      wanted.length > 0 &&
      wanted.every(({ text: want, kind }, index) => {
        const token = tokens[start + index];
        if (token === undefined || token.kind !== kind) return false;
        if (kind !== CJK) return token.text === want;
        if (last === 0) return token.text.includes(want);
        if (index === 0) return token.text.endsWith(want);
        return index === last ? token.text.startsWith(want) : token.text === want;
      }),
  );
}

test('the fast search for tokens finds what the plain one finds', () => {
  let found = 0;
  fc.assert(
    fc.property(
      fc.array(letter, { maxLength: 12 }),
      fc.nat(10),
      fc.integer({ min: 1, max: 6 }),
      (letters, from, length) => {
        const value = normalise(letters.join(''));
        const wanted = tokensOf(normalise(letters.slice(from, from + length).join('')));
        const plain = plainHolds(value, wanted);
        if (plain) found++;
        expect(holdsTokens(value, wanted)).toBe(plain);
      },
    ),
    { numRuns: 4_000 },
  );
  expect(found).toBeGreaterThan(400);
});
