import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCutter, detectShape, type TextBatch } from './cut.ts';

function cut(text: Buffer, maxRecords: number, chunkBytes: number, maxBytes = 1_000_000): TextBatch[] {
  const cutter = createCutter({ maxRecords, maxBytes, shape: detectShape(text), offset: 0 });
  const batches: TextBatch[] = [];
  for (let at = 0; at < text.length; at += chunkBytes) batches.push(...cutter.push(text.subarray(at, at + chunkBytes)));
  return [...batches, ...cutter.end()];
}
const shown = (batches: readonly TextBatch[]): [string, number, number][] =>
  batches.map(({ bytes, offset, records }) => [bytes.toString('latin1'), offset, records]);
const big = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16();

describe('createCutter', () => {
  test.each<[string, Buffer, number, [string, number, number][]]>([
    [
      'lines',
      Buffer.from('a\nb\nc\n'),
      2,
      [
        ['a\nb\n', 0, 2],
        ['c\n', 4, 1],
      ],
    ],
    ['no line feed at the end', Buffer.from('a\nb'), 5, [['a\nb', 0, 2]]],
    ['CR LF and blank lines', Buffer.from('a\r\n\r\n \t\nb\r\n'), 2, [['a\r\n\r\n \t\nb\r\n', 0, 2]]],
    ['only blank lines', Buffer.from('\n \n'), 2, [['\n \n', 0, 0]]],
    ['nothing', Buffer.alloc(0), 2, []],
    ['a mark alone', Buffer.from('\ufeff'), 2, [['\xef\xbb\xbf', 0, 0]]],
    ['a mark and a blank line', Buffer.from('\ufeff\na\n'), 1, [['\xef\xbb\xbf\na\n', 0, 1]]],
  ])('%s', (_, text, maxRecords, expected) => {
    for (const chunkBytes of [1, 2, 3, 1000]) expect(shown(cut(text, maxRecords, chunkBytes))).toEqual(expected);
  });

  test.each<[string, Buffer]>([
    ['little', Buffer.from('\ufeffaਊb\nਊ\n\nc', 'utf16le')],
    ['big', big('\ufeffaਊb\nਊ\n\nc')],
    ['little, no mark', Buffer.from('ab\nਊ\n\nc', 'utf16le')],
    ['big, no mark', big('ab\nਊ\n\nc')],
  ])('UTF-16 (%s) is cut at whole line feeds only', (_, text) => {
    for (const chunkBytes of [1, 2, 3, 1000]) {
      const batches = cut(text, 1, chunkBytes);
      expect(batches.map(({ records }) => records)).toEqual([1, 1, 1]);
      expect(batches.every(({ offset }) => offset % 2 === 0)).toBe(true);
      expect(Buffer.concat(batches.map(({ bytes }) => bytes))).toEqual(text);
    }
  });

  test('a batch ends with the line that reaches the bytes', () => {
    expect(shown(cut(Buffer.from('aaaa\nbb\ncc\n'), 100, 4, 6))).toEqual([
      ['aaaa\nbb\n', 0, 2],
      ['cc\n', 8, 1],
    ]);
  });

  test('the same text gives the same batches however it arrives, and nothing is lost', () => {
    const line = fc.constantFrom('', ' ', 'a', 'bc', 'x'.repeat(30), 'é検', '\r');
    fc.assert(
      fc.property(
        fc.array(line),
        fc.nat(40),
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 4 }),
        (lines, end, chunkBytes, maxRecords) => {
          const text = Buffer.from(lines.join('\n').slice(0, Math.max(end, lines.length)));
          const batches = cut(text, maxRecords, chunkBytes, 40);
          expect(shown(batches)).toEqual(shown(cut(text, maxRecords, 1_000_000, 40)));
          expect(Buffer.concat(batches.map(({ bytes }) => bytes))).toEqual(text);
          const records = text
            .toString()
            .split('\n')
            .filter((one) => /[^ \t\r]/.test(one)).length;
          expect(batches.reduce((sum, batch) => sum + batch.records, 0)).toBe(records);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('a line without end is told, not gathered', () => {
    const cutter = createCutter({ maxRecords: 1, maxBytes: 1, shape: detectShape(Buffer.alloc(0)), offset: 7 });
    const block = Buffer.alloc(33 * 1024 * 1024, 'a');
    cutter.push(block);
    expect(() => cutter.push(block)).toThrow('the line at byte 7 is longer than 64 MiB');
  });
});
