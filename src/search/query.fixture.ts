/** Events and queries as fast-check draws them: few letters, so that queries often match, and among them what is hard to compare. */
import fc from 'fast-check';
import type { Fields } from '../model/event.ts';
import type { Query } from './query.ts';
import { createTermCollector, type TermCollector } from './term-collector.ts';

// Among them those that normalising changes, joins or splits.
export const letter = fc.oneof(
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
export const someEvent: fc.Arbitrary<Fields> = fc.dictionary(
  fieldName,
  fc.oneof(scalar, fc.array(scalar, { maxLength: 3 })),
  {
    maxKeys: 4,
  },
);

/** A query cut out of the event's own values as often as not: free draws alone would hardly ever match. */
export const queryFor = (event: Fields): fc.Arbitrary<Query> => {
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

/** Spells a term so that whatever it holds stands between blanks, to be read back by termsIn. */
export const createSpelledCollector = (): TermCollector =>
  createTermCollector((term) => JSON.stringify(term).replaceAll(' ', '\\u0020'));

/** What one taking holds of the events. */
export function termsIn(collector: TermCollector, events: readonly Fields[]): string[] {
  for (const event of events) collector.add(event);
  const text = collector.take();
  return text === '' ? [] : text.split(' ').map((word) => (word.startsWith('"') ? JSON.parse(word) : word));
}
