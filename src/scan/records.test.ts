import { describe, expect, test } from 'vitest';
import type { Encoding } from '../model/member.ts';
import { decodeRecord } from '../pipeline/decode.ts';
import { detectJsonForm } from './form.ts';
import { readRecords } from './records.ts';

describe('the form of JSON is told by its content', () => {
  test.each<[string, string, string, number]>([
    ['NDJSON', '{"a":1}\n{"a":2}\n', 'lines', 0],
    ['behind a mark', '\ufeff{"a":1}\n', 'lines', 3],
    ['NDJSON whose first line is broken', '{"a":\n{"a":2}\n{"a":3}\n', 'lines', 0],
    ['NDJSON whose front was cut off', '1,"b":2}\n{"a":2}\n', 'lines', 0],
    ['one object', '{"a":1}', 'lines', 0],
    ['nothing', ' \n', 'lines', 0],
    ['an array', ' \n[{"a":1}]', 'array', 3],
    ['an array over lines', '[\n{"a":1},\n{"a":2}\n]', 'array', 1],
    ['indented objects', '{\n  "a": 1\n}\n{\n  "a": 2\n}', 'values', 0],
    ['indented, with objects on lines of their own', '{"a":[\n{"b":1},\n{"b":2}\n]}', 'values', 0],
    ['objects on one line', '\n{"a":1}{"a":2}\n{"a":3}\n{"a":4}', 'values', 1],
  ])('%s', (_, text, kind, start) => {
    expect(detectJsonForm(Buffer.from(text))).toEqual({ kind, start });
  });
});

async function read(
  bytes: Buffer,
  records: 'lines' | 'json',
  { encoding = 'utf-8' as Encoding, step = Number.MAX_SAFE_INTEGER } = {},
): Promise<string[]> {
  async function* chunks(): AsyncGenerator<Buffer, undefined> {
    for (let from = 0; from < bytes.length; from += step) yield bytes.subarray(from, from + step);
  }
  const texts: string[] = [];
  for await (const lot of readRecords(chunks(), { records, encoding })) {
    for (const record of lot.records)
      texts.push(record instanceof Uint8Array ? decodeRecord(record, lot.encoding) : `! ${record.reason}`);
  }
  return texts;
}

const wide = (text: string): Buffer => Buffer.from(`\ufeff${text}`, 'utf16le');
const bigEndian = (text: string): Buffer => wide(text).swap16();

describe('records', () => {
  test.each<[string, Buffer, 'lines' | 'json', Encoding, string[]]>([
    [
      'NDJSON, empty lines apart',
      Buffer.from('{"a":1}\n\n \r\n{"a":2}\r\n{"a":3}'),
      'json',
      'utf-8',
      ['{"a":1}', '{"a":2}', '{"a":3}'],
    ],
    [
      'NDJSON with a broken line',
      Buffer.from('{"a":1}\n{"a":{\n{"a":3}\n'),
      'json',
      'utf-8',
      ['{"a":1}', '{"a":{', '{"a":3}'],
    ],
    [
      'NDJSON behind a mark, whatever lines would be',
      Buffer.from('\ufeff{"a":"é"}\n{"a":2}\n'),
      'json',
      'shift_jis',
      ['{"a":"é"}', '{"a":2}'],
    ],
    ['an array behind a mark', Buffer.from('\ufeff[{"a":1},\n{"a":2}]'), 'json', 'utf-8', ['{"a":1}', '{"a":2}']],
    ['objects one after another', Buffer.from('{"a":1}{"a":2}'), 'json', 'utf-8', ['{"a":1}', '{"a":2}']],
    ['JSON in UTF-16', wide('[{"a":"検知"},{"a":2}]'), 'json', 'utf-8', ['{"a":"検知"}', '{"a":2}']],
    [
      'NDJSON in UTF-16, the other way round',
      bigEndian('{"a":"検知"}\n{"a":2}\n'),
      'json',
      'utf-8',
      ['{"a":"検知"}', '{"a":2}'],
    ],
    ['lines', Buffer.from('one\n\n{two\r\nthree'), 'lines', 'utf-8', ['one', '{two', 'three']],
    [
      'lines of a declared encoding',
      Buffer.from([0x8c, 0x9f, 0x92, 0x6d, 0x0a, 0x61]),
      'lines',
      'shift_jis',
      ['検知', 'a'],
    ],
    ['a mark overrules it', Buffer.from('\ufeff検知\né'), 'lines', 'shift_jis', ['検知', 'é']],
    ['lines in UTF-16', wide('検知\r\nb\n'), 'lines', 'utf-8', ['検知', 'b']],
    ['an empty file', Buffer.alloc(0), 'json', 'utf-8', []],
  ])('%s', async (_, bytes, records, encoding, expected) => {
    expect(await read(bytes, records, { encoding })).toEqual(expected);
    expect(await read(bytes, records, { encoding, step: 1 })).toEqual(expected);
  });

  test('a file larger than what is held comes whole and in order', async () => {
    const lines = Array.from(
      { length: 30_000 },
      (_, index) => `{"number":${index},"text":"${'x'.repeat(index % 90)}"}`,
    );
    for (const text of [lines.join('\n'), `[${lines.join(',')}]`]) {
      expect(await read(Buffer.from(text), 'json', { step: 100_003 })).toEqual(lines);
    }
  });

  test.each<[string, Buffer, RegExp]>([
    ['a binary file', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 1]), /not text \(byte 4 is zero\)/],
    ['an array cut off', Buffer.from('[{"a":1},'), /not closed/],
    ['UTF-16 cut off inside a character', wide('[{"a":"b"}]').subarray(0, -1), /utf-16le/],
  ])('%s is told', async (_, bytes, message) => {
    await expect(read(bytes, 'json')).rejects.toThrow(message);
  });

  test.each<[string, string, 'lines' | 'json', string[]]>([
    ['NDJSON', '{"a":1}\n{"a":2}\n{"a"', 'json', ['{"a":1}', '{"a":2}']],
    ['an array', '[{"a":1},{"a"', 'json', ['{"a":1}']],
    ['lines', 'one\ntwo\nthr', 'lines', ['one', 'two']],
    ['nothing', '', 'json', []],
  ])('what is whole comes before a reading that fails: %s', async (_, text, records, expected) => {
    async function* damaged(): AsyncGenerator<Buffer, undefined> {
      if (text !== '') yield Buffer.from(text);
      throw new Error('damaged');
    }
    const texts: string[] = [];
    const reading = async (): Promise<void> => {
      for await (const lot of readRecords(damaged(), { records, encoding: 'utf-8' })) {
        for (const record of lot.records) texts.push(Buffer.from(record as Uint8Array).toString());
      }
    };
    await expect(reading()).rejects.toThrow('damaged');
    expect(texts).toEqual(expected);
  });
});
