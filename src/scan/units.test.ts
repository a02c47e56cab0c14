import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { fakeEvtx } from '../evtx/evtx.fixture.ts';
import type { Encoding } from '../model/member.ts';
import { readRecords } from './records.ts';
import { openUnit } from './unit-input.ts';
import { splitFiles } from './units.ts';

const folder = mkdtempSync(join(tmpdir(), 'hinomi-units-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Records of each unit, when the file is split at about every `partBytes`. */
async function read(bytes: Buffer, records: 'lines' | 'json', partBytes: number, encoding: Encoding = 'utf-8') {
  const path = join(folder, 'log');
  writeFileSync(path, bytes);
  const reading = { records, encoding };
  const units: string[][] = [];
  let onDisk = 0;
  for (const unit of splitFiles([{ file: 'log', path, size: bytes.length }], reading, partBytes)) {
    const input = await openUnit(unit, (count) => {
      onDisk += count;
    });
    const texts: string[] = [];
    for await (const lot of readRecords(input.chunks, reading, unit.part)) {
      for (const record of lot.records) texts.push(record instanceof Uint8Array ? Buffer.from(record).toString('latin1') : record.reason); // biome-ignore format: one thought
    }
    await input.close();
    units.push(texts);
  }
  expect(onDisk).toBe(bytes.length);
  return units;
}

const ndjson = Array.from({ length: 400 }, (_, index) => `{"number":${index},"t":"${'y'.repeat(index % 37)}"}`);
const marked = Buffer.from(`\ufeff${ndjson.join('\n')}`);
const strayMarks = Buffer.from(ndjson.map((line, index) => (index % 7 === 3 ? `\ufeff${line}` : line)).join('\n\n'));
const evtx = fakeEvtx(Array.from({ length: 40 }, (_, index) => ({ command: `${index}` })));

describe('parts of a file hold what the whole file holds', () => {
  test.each<[string, Buffer, 'lines' | 'json', number]>([
    ['NDJSON', Buffer.from(`${ndjson.join('\n')}\n`), 'json', 4],
    ['NDJSON behind a mark, without a last line end', marked, 'json', 4],
    ['marks in the middle', strayMarks, 'json', 4],
    ['lines', Buffer.from(ndjson.join('\r\n')), 'lines', 4],
    ['EVTX', evtx, 'json', 2],
  ])('%s', async (_, bytes, records, least) => {
    const whole = await read(bytes, records, bytes.length);
    expect(whole).toHaveLength(1);
    for (const partBytes of [1_000, 1_007, 4_099, 140_000]) {
      const parts = await read(bytes, records, partBytes);
      expect(parts.flat()).toEqual(whole.flat());
      if (partBytes === 1_000) expect(parts.length).toBeGreaterThan(least);
    }
  });

  test.each<[string, Buffer, 'lines' | 'json']>([
    ['an array', Buffer.from(`[${ndjson.join(',\n')}]`), 'json'],
    ['gzip', gzipSync(Buffer.from(ndjson.join('\n')), { level: 0 }), 'json'],
    ['CSV', Buffer.from(`a,b\n${'1,"2\n3"\n'.repeat(500)}`), 'json'],
    ['UTF-16', Buffer.from(`\ufeff${ndjson.join('\n')}`, 'utf16le'), 'lines'],
    ['one long line', Buffer.from('z'.repeat(10_000)), 'lines'],
  ])('%s stays whole', async (_, bytes, records) => {
    expect(await read(bytes, records, 1_000)).toHaveLength(1);
  });
});
