import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Fields } from '../model/event.ts';
import { holdsTokens, matchesQuery } from './match.ts';
import { CJK, normalise, type Token, tokensOf } from './normalise.ts';
import { parseQuery } from './parse.ts';
import type { Query } from './query.ts';
import { eventTerms, queryTerms, type TermQuery } from './terms.ts';

const termsOf = (event: Fields): Set<string> => {
  const terms = new Set<string>();
  eventTerms(event, terms);
  return terms;
};
const holds = (query: TermQuery, terms: ReadonlySet<string>): boolean => {
  if (query.op === 'term') return terms.has(query.term);
  if (query.op === 'prefix') return [...terms].some((one) => one.startsWith(query.term));
  return query.op === 'and'
    ? query.of.every((part) => holds(part, terms))
    : query.of.some((part) => holds(part, terms));
};
const term = (text: string): TermQuery => ({ op: 'term', term: text });
const prefix = (text: string): TermQuery => ({ op: 'prefix', term: text });

test('eventTerms: words, CJK pairs and entities', () => {
  const terms = termsOf({
    '@timestamp': '2026-11-23T00:00:00.000Z',
    'event.original': 'hidden',
    'user.name': 'Bob',
    'source.ip': ['192.0.2.1'],
    'destination.port': 443,
    message: `ﾛｸﾞｵﾝ ok 失 ${'x'.repeat(100)}`,
  });
  const words = ['bob', '192', '0', '2', '1', '443', 'ログ', 'グオ', 'オン', 'ok', 'x'.repeat(64)];
  expect([...terms].sort()).toEqual([...words, 'user.name=bob', 'source.ip=192.0.2.1'].sort());
});

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

// Few letters, so that queries often match; among them those that normalising changes, joins or splits.
const letter = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom('a', 'b', ' ', '.', '検', '知') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...[
        'a',
        'b',
        'A',
        '1',
        '0',
        '.',
        ' ',
        '-',
        '\\',
        ':',
        '_',
        '検',
        '知',
        'ロ',
        'ｸ',
        'ﾞ',
        'ー',
        '、',
        'Ａ',
        '＊',
        '？',
        'ﬁ',
        'İ',
      ],
      ...[
        'Σ',
        'σ',
        'é',
        'e\u0301',
        '\u0301',
        '\u3099',
        '𠮷',
        '𐐀',
        '😀',
        '\ud801',
        '\udc00',
        '\uffff',
        '\u0000',
        '한',
        'ㄱ',
        '一',
      ],
    ),
  },
);
const someText = fc.oneof(
  { weight: 8, arbitrary: fc.array(letter, { minLength: 3, maxLength: 9 }).map((letters) => letters.join('')) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('a'.repeat(70), `${'a'.repeat(70)}b`, 'word '.repeat(12), '検知'.repeat(30)),
  },
);
const fieldName = fc.constantFrom(
  'user.name',
  'message',
  'event.code',
  'event.original',
  'url.path',
  'x.y',
  'hinomi.rules',
);
const scalar = fc.oneof(someText, fc.constantFrom(1, 0, 10, 1.5, -1, 1e21, true));
const someEvent: fc.Arbitrary<Fields> = fc.dictionary(fieldName, fc.oneof(scalar, fc.array(scalar, { maxLength: 3 })), {
  maxKeys: 4,
});

/** A query cut out of the event's own values as often as not: free draws alone would hardly ever match. */
const queryFor = (event: Fields): fc.Arbitrary<Query> => {
  const entries = Object.entries(event).flatMap(([field, value]) =>
    (Array.isArray(value) ? value : [value]).map((one) => [field, String(one)] as const),
  );
  const picked = entries.length === 0 ? fc.constant(['x.y', 'a'] as const) : fc.constantFrom(...entries);
  const cut = fc.tuple(picked, fc.nat(8), fc.nat(12), fc.boolean()).map(([[field, value], from, length, whole]) => ({
    field,
    text: whole ? value : value.slice(from, from + length),
  }));
  const star = fc
    .tuple(cut, fc.array(fc.tuple(fc.nat(8), fc.constantFrom('*', '?')), { minLength: 1, maxLength: 3 }))
    .map(([{ field, text }, wildcards]) => {
      let pattern = text;
      for (const [at, wildcard] of wildcards) pattern = pattern.slice(0, at) + wildcard + pattern.slice(at + 1);
      return { field, text: pattern };
    });
  const words = fc.oneof(
    { weight: 5, arbitrary: cut },
    { weight: 1, arbitrary: fc.record({ field: fieldName, text: someText }) },
  );
  const leaf: fc.Arbitrary<Query> = fc.oneof(
    words.map(({ text }): Query => ({ op: 'text', text, wildcard: false })),
    words.map(({ field, text }): Query => ({ op: 'field', field, text, wildcard: false })),
    star.map(({ text }): Query => ({ op: 'text', text, wildcard: true })),
    star.map(({ field, text }): Query => ({ op: 'field', field, text, wildcard: true })),
    words.map(({ field, text }): Query => ({ op: 'range', field, compare: '>=', value: text })),
  );
  return fc.letrec<{ query: Query }>((tie) => ({
    query: fc.oneof(
      { maxDepth: 2 },
      leaf,
      fc.record({
        op: fc.constantFrom('and' as const, 'or' as const),
        of: fc.array(tie('query'), { minLength: 1, maxLength: 3 }),
      }),
      fc.record({ op: fc.constant('not' as const), of: tie('query') }),
    ),
  })).query;
};

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
