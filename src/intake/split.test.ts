import { describe, expect, it } from 'vitest';
import { Refusal } from '../errors.ts';
import { type Split, splitJson, splitLines } from './split.ts';

const bytes = (text: string): Buffer => Buffer.from(text);
const wide = (text: string): Buffer => Buffer.from(text, 'utf16le');
const records = (body: Buffer, { spans }: Split): Buffer[] =>
  Array.from({ length: spans.length / 2 }, (_, index) => {
    const start = spans[index * 2] as number;
    return body.subarray(start, start + (spans[index * 2 + 1] as number));
  });
const texts = (body: Buffer, split: Split, encoding: BufferEncoding = 'utf8'): string[] =>
  records(body, split).map((record) => record.toString(encoding));

describe('splitLines', () => {
  it.each([
    ['', []],
    ['a', ['a']],
    ['a\n', ['a']],
    ['a\nb', ['a', 'b']],
    ['a\r\nb\r\n', ['a', 'b']],
    ['a\n\n  \n\tb\n', ['a', '\tb']],
    ['\uFEFFa\nb', ['a', 'b']],
    ['検知\n失敗', ['検知', '失敗']],
    ['a\rb\n', ['a\rb']],
  ])('%j', (text, expected) => {
    const body = bytes(text);
    expect(texts(body, splitLines(body, 'utf-8'))).toEqual(expected);
  });

  it('leaves the bytes of Shift_JIS as they are, backslash bytes and all', () => {
    const body = Buffer.from([0x83, 0x5c, 0x0a, 0x95, 0x5c, 0x0d, 0x0a]);
    expect(records(body, splitLines(body, 'shift_jis'))).toEqual([
      Buffer.from([0x83, 0x5c]),
      Buffer.from([0x95, 0x5c]),
    ]);
  });

  it('cuts UTF-16 at code units, not at bytes: U+0A0A and U+010A are no line ends', () => {
    const body = wide('a\u0a0ab\r\n\u010ac\n\n');
    const split = splitLines(body, 'utf-16le');
    expect(texts(body, split, 'utf16le')).toEqual(['a\u0a0ab', '\u010ac']);
  });

  it('believes a byte order mark more than the declaration', () => {
    const body = Buffer.concat([Buffer.from([0xff, 0xfe]), wide('検\n知')]);
    const split = splitLines(body, 'utf-8');
    expect(split.encoding).toBe('utf-16le');
    expect(texts(body, split, 'utf16le')).toEqual(['検', '知']);
  });

  it('keeps the odd last byte of UTF-16 with its record', () => {
    const body = Buffer.concat([wide('a\nb'), Buffer.from([0x41])]);
    expect(records(body, splitLines(body, 'utf-16le')).map((record) => record.length)).toEqual([2, 3]);
  });
});

describe('splitJson', () => {
  it.each([
    ['[]', []],
    ['[{"a":1},{"b":[1,{}]}]', ['{"a":1}', '{"b":[1,{}]}']],
    [' [ {"a":1} , {"b":2} ] ', ['{"a":1}', '{"b":2}']],
    ['{"a":1}', ['{"a":1}']],
    ['{"a":1}{"b":2}\n{\n"c":3}', ['{"a":1}', '{"b":2}', '{\n"c":3}']],
    ['["x",1,null]', ['"x"', '1', 'null']],
    ['[{"a":"]}\\"{"}]', ['{"a":"]}\\"{"}']],
    ['{"a":"\\\\"}{"b":1}', ['{"a":"\\\\"}', '{"b":1}']],
    ['nonsense', ['nonsense']],
    ['{"a":1} garbage {"b":2}', ['{"a":1}', 'garbage', '{"b":2}']],
    [`${'['.repeat(10_000)}${']'.repeat(10_000)}`, [`${'['.repeat(9_999)}${']'.repeat(9_999)}`]],
  ])('%.60j', (text, expected) => {
    const body = bytes(text);
    expect(texts(body, splitJson(body, 'utf-8'))).toEqual(expected);
  });

  it.each([
    ['[{"a":1},', /not closed/],
    ['[{"a":1},{"b":', /byte 9: .*does not end/],
    ['{"a":"x', /byte 5: .*string.*does not end/],
    ['[1] 2', /byte 4: something follows/],
  ])('refuses %j', (text, message) => {
    expect(() => splitJson(bytes(text), 'utf-8')).toThrowError(message);
  });

  it('refuses JSON of a source that declares another encoding', () => {
    expect(() => splitJson(bytes('[]'), 'shift_jis')).toThrow(Refusal);
  });
});
