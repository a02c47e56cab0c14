/** Digits survive: whatever number a double cannot hold is the text that stood there, whichever way the document is read. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RecordError } from '../../src/connector.ts';
import { parseDocument } from './json.ts';

test.each<[text: string, expected: object]>([
  ['{"Keywords":-9214364837600034816,"a":1}', { Keywords: '-9214364837600034816', a: 1 }],
  ['{"a" : 9007199254740993 , "b":9007199254740991}', { a: '9007199254740993', b: 9007199254740991 }],
  ['{"a":[1,9007199254740993]}', { a: [1, '9007199254740993'] }],
  ['{"a":":9007199254740993,"}', { a: ':9007199254740993,' }],
  ['{"a":"x\\":9007199254740993,"}', { a: 'x":9007199254740993,' }],
  ['{"a:":9007199254740993}', { 'a:': '9007199254740993' }],
  ['{"a":1e400,"b":0.1,"c":1.0000000000000000001}', { a: '1e400', b: 0.1, c: '1.0000000000000000001' }],
  ['{"a":1234567890123456,"b":"t:1234567890.1234567"}', { a: 1234567890123456, b: 't:1234567890.1234567' }],
])('%s', (text, expected) => {
  expect(parseDocument(text)).toEqual(expected);
});

test.each(['{"a":09007199254740993}', '{"a":-}', '{"a":9007199254740993', '"x":9007199254740993,'])(
  '%s is refused',
  (text) => {
    expect(() => parseDocument(text)).toThrow(RecordError);
  },
);

test('a document is read as JSON.parse reads it, numbers a double cannot hold apart', () => {
  const number = fc.oneof(
    fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(String),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  );
  const text = fc.string({ unit: fc.constantFrom('a', '"', ':', ',', '9007199254740993', '\\', '{', ' ') });
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(
          text,
          fc.oneof(
            number,
            text.map((one) => JSON.stringify(one)),
          ),
        ),
      ),
      (members) => {
        const source = `{${members.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`;
        const plain = JSON.parse(source) as Record<string, unknown>;
        for (const [key, value] of Object.entries(parseDocument(source))) {
          if (value === plain[key]) continue;
          expect(typeof plain[key]).toBe('number');
          expect(members.findLast(([name]) => name === key)?.[1]).toBe(value);
        }
      },
    ),
  );
});
