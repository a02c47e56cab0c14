/** Events as hostile as a log can make them, for tests of what keeps events. */
import fc from 'fast-check';
import type { Fields } from '../model/event.ts';

const oddNames = [
  ...['kind', 'rest', 'terms', 'odd', 'matches', 'matched', 'reject', 'records', 'parsed', 'rejected', 'refused'],
  ...[
    'received',
    'uuid',
    '_id',
    '_source',
    '_index',
    '_routing',
    '__proto__',
    'constructor',
    'toString',
    'a',
    'a.b',
    'a.b.c',
  ],
  ...[
    '',
    '.',
    '..',
    '...',
    '.a',
    'a.',
    'a..b',
    ' ',
    '\t',
    '\0',
    'a\0b',
    '\ud800',
    'a\udc00',
    '検知',
    'x'.repeat(600),
    '@timestamp ',
  ],
  ...[
    'user.name',
    'user',
    'organization.id',
    'hinomi.source_id',
    'event.ingested',
    'event.dataset',
    '@timestamp',
    'event.code',
  ],
] as const;
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom(
    ...[
      '',
      ' ',
      '\0',
      '\ud800',
      '\udc00x',
      '\\ud800',
      '\\\\ud800',
      '"',
      '\u2028',
      '\u3000',
      '\u00a0',
      '\ufeff',
      '\u001f',
      '\u0085',
    ],
    ...[
      '検知',
      'a'.repeat(255),
      'a'.repeat(256),
      `${'b'.repeat(254)}\u{20bb7}`,
      '漢'.repeat(300),
      '\u{1f600}'.repeat(200),
    ],
    ...['c'.repeat(40_000), '2026-11-20T01:00:00.000Z', '2026-11-20', '{"a":1}', '1e400', 'null', '-'],
  ),
);
const scalar = fc.oneof(
  { weight: 3, arbitrary: text },
  { weight: 1, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }) },
  { weight: 1, arbitrary: fc.constantFrom(0, -1, 1e21, 1e-7, 2 ** 53, 1.7976931348623157e308, 5e-324, true, false) },
);

/** Fields of an event, without its id. */
export const hostileFields: fc.Arbitrary<Fields> = fc
  .array(
    fc.tuple(
      fc.oneof(
        { weight: 4, arbitrary: fc.constantFrom(...oddNames) },
        { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 6 }) },
      ),
      fc.oneof({ weight: 3, arbitrary: scalar }, { weight: 1, arbitrary: fc.array(scalar, { maxLength: 3 }) }),
    ),
    { maxLength: 6 },
  )
  .map((entries) => {
    const fields: Fields = {};
    // An assignment to "__proto__" would make no field.
    for (const [name, value] of entries)
      Object.defineProperty(fields, name, { value, enumerable: true, configurable: true, writable: true });
    return fields;
  });
