import { describe, expect, test } from 'vitest';
import type { Encoding } from '../model/member.ts';
import { detectCsv } from './csv.ts';
import { readRecords } from './records.ts';

async function read(bytes: Buffer, encoding: Encoding = 'utf-8', step = bytes.length): Promise<unknown[]> {
  async function* chunks(): AsyncGenerator<Buffer, undefined> {
    for (let from = 0; from < bytes.length; from += step) yield bytes.subarray(from, from + step);
  }
  const found: unknown[] = [];
  for await (const lot of readRecords(chunks(), { records: 'json', encoding })) {
    for (const record of lot.records) {
      found.push(record instanceof Uint8Array ? JSON.parse(Buffer.from(record).toString()) : record.reason);
    }
  }
  return found;
}

describe('rows become objects', () => {
  const sjis = Buffer.from([0x8c, 0x9f, 0x92, 0x6d]);
  test.each<[string, string | Buffer, Encoding, unknown[]]>([
    ['commas', 'Channel,EventID\nSecurity,4688\n', 'utf-8', [{ Channel: 'Security', EventID: '4688' }]],
    [
      'semicolons, CR LF',
      'a;b\r\n1;2\r\n\r\n3;4',
      'utf-8',
      [
        { a: '1', b: '2' },
        { a: '3', b: '4' },
      ],
    ],
    ['tabs', 'a\tb c\n1\t2\n', 'utf-8', [{ a: '1', 'b c': '2' }]],
    ['behind a mark', '\ufeffa,b\n1,2\n', 'shift_jis', [{ a: '1', b: '2' }]],
    ['quotes', '"a","b"\n"x ""y"",\nz",2\n', 'utf-8', [{ a: 'x "y",\nz', b: '2' }]],
    ['quotes where none belong', 'a,b\nsay "yes",2\n', 'utf-8', [{ a: 'say "yes"', b: '2' }]],
    ['an empty cell says nothing', 'a,b,c\n1,,3\n', 'utf-8', [{ a: '1', c: '3' }]],
    ['cells that are missing', 'a,b,c\n1\n', 'utf-8', [{ a: '1' }]],
    [
      'cells without a name',
      'a,b\n1,2,3\n4,5\n',
      'utf-8',
      ['a row of 3 cells; the header names 2', { a: '4', b: '5' }],
    ],
    ['a name that objects have', 'a,__proto__\n1,2\n', 'utf-8', [JSON.parse('{"a":"1","__proto__":"2"}')]],
    [
      'Shift_JIS',
      Buffer.concat([Buffer.from('a,'), sjis, Buffer.from('\n1,'), sjis]),
      'shift_jis',
      [{ a: '1', 検知: '検知' }],
    ],
    ['UTF-16', Buffer.from('\ufeffa,検知\n1,2\n', 'utf16le'), 'utf-8', [{ a: '1', 検知: '2' }]],
    ['only a header', 'a,b\n', 'utf-8', []],
  ])('%s', async (_, text, encoding, rows) => {
    const bytes = Buffer.from(text as string);
    expect(await read(bytes, encoding)).toEqual(rows);
    expect(await read(bytes, encoding, 3)).toEqual(rows);
  });

  test('many rows, in order', async () => {
    const rows = Array.from({ length: 20_000 }, (_, index) => `${index},${'x'.repeat(index % 50)}`);
    const found = await read(Buffer.from(`number,text\n${rows.join('\n')}`), 'utf-8', 10_007);
    expect(found.map((row) => (row as { number: string }).number)).toEqual(rows.map((row) => row.split(',')[0]));
  });

  test.each<[string, string | Buffer, RegExp]>([
    ['a quote that never closes', 'a,b\n1,"2\n', /[Qq]uote/],
    [
      'another encoding than declared',
      Buffer.from([0x61, 0x2c, 0x62, 0x0a, 0x31, 0x2c, 0x8c, 0x0a]),
      /not utf-8 throughout/,
    ],
  ])('%s ends the file', async (_, text, message) => {
    await expect(read(Buffer.from(text as string))).rejects.toThrow(message);
  });
});

test.each<[string, boolean]>([
  ['TimeCreated,Id,ProviderName,"Level Display Name",@timestamp', true],
  ['日時;ユーザー名', true],
  ['one', false],
  ['a,b,a', false],
  ['a,,b', false],
  ['mandLine":"abc","Image":"x"}', false],
  ['Nov 20 09:00:01 gate sshd[811]: Failed password, again', false],
  ['2026-11-20,10:00,x', false],
  ['<38>a,b', false],
])('a header line: %s: %s', (line, isHeader) => {
  expect(detectCsv(Buffer.from(`${line}\nx`)) !== undefined).toBe(isHeader);
});
