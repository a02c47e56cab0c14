import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fakeEvtx, fragment, long, type Typed, utf16, wide, word } from './evtx.fixture.ts';
import { createEvtxReader } from './reader.ts';

interface Read {
  readonly records: readonly unknown[];
  readonly problems: readonly string[];
}

function read(bytes: Buffer, step = Number.MAX_SAFE_INTEGER): Read {
  const reader = createEvtxReader();
  const lots = [];
  for (let from = 0; from < bytes.length; from += step) lots.push(reader.push(bytes.subarray(from, from + step)));
  lots.push(reader.end());
  return {
    records: lots.flatMap(({ records }) => records.map((one) => ('json' in one ? JSON.parse(one.json) : one))),
    problems: lots.flatMap(({ problems }) => problems),
  };
}

const commandOf = (record: unknown): unknown =>
  (record as { Event?: { EventData: { CommandLine: string } } }).Event?.EventData.CommandLine ?? record;

const three = fakeEvtx([{ command: 'one' }, { command: '検知' }, { command: 'three' }], 2);

test('a record has the shape of evtx_dump', () => {
  expect(read(three).records[1]).toEqual({
    Event: {
      '#attributes': { xmlns: 'urn:x' },
      System: {
        Provider: { '#attributes': { Name: 'Microsoft-Windows-Sysmon' } },
        EventID: 1,
        TimeCreated: { '#attributes': { SystemTime: '2020-12-14T13:30:00.0000000Z' } },
        EventRecordID: 2,
        Channel: 'Microsoft-Windows-Sysmon/Operational',
        Computer: 'ws1.example.com',
      },
      EventData: { CommandLine: '検知' },
    },
  });
});

test.each([1, 700, 4096, 65_536, 70_000])('chunks are read the same in steps of %i bytes', (step) => {
  expect(read(three, step)).toEqual(read(three));
  expect(read(three).records.map(commandOf)).toEqual(['one', '検知', 'three']);
});

test('a reader can begin at any chunk', () => {
  const reader = createEvtxReader(4096 + 65_536);
  expect(reader.push(three.subarray(4096 + 65_536)).records).toHaveLength(1);
});

describe('values are as Windows shows them', () => {
  test.each<[string, Typed, unknown]>([
    ['nothing', [0x00, Buffer.alloc(0)], ''],
    ['empty text', [0x01, Buffer.alloc(0)], ''],
    ['text that ends in zeros', [0x01, utf16('a\0\0')], 'a'],
    ['bytes of text', [0x02, Buffer.from('ab\0')], 'ab'],
    ['a signed byte', [0x03, Buffer.from([0xff])], -1],
    ['a long number', [0x08, long(0xffffffff)], 4294967295],
    ['a number beyond doubles', [0x0a, wide(2n ** 63n)], '9223372036854775808'],
    ['yes', [0x0d, long(1)], true],
    ['bytes', [0x0e, Buffer.from([0xab, 1])], 'AB01'],
    [
      'a GUID',
      [0x0f, Buffer.from('00112233445566778899aabbccddeeff', 'hex')],
      '{33221100-5544-7766-8899-AABBCCDDEEFF}',
    ],
    ['a pointer', [0x10, wide(0x1f4n)], '0x1f4'],
    ['a time', [0x11, wide(132_524_262_000_000_001n)], '2020-12-14T13:30:00.0000001Z'],
    ['the first moment', [0x11, wide(0n)], '1601-01-01T00:00:00.0000000Z'],
    ['the last moment', [0x11, wide(2n ** 64n - 1n)], '+060056-05-28T05:36:10.9551615Z'],
    ['a system time', [0x12, Buffer.concat([2026, 11, 2, 24, 1, 2, 3, 4].map(word))], '2026-11-24T01:02:03.004Z'],
    ['a SID', [0x13, Buffer.from('010200000000000520000000' + '20020000', 'hex')], 'S-1-5-32-544'],
    ['a SID cut off', [0x13, Buffer.from('0102', 'hex')], '0102'],
    ['hex', [0x15, wide(0x8000000000000000n)], '0x8000000000000000'],
    ['a number of a wrong width', [0x08, word(1)], '0100'],
    ['texts', [0x81, utf16('a\0b\0')], ['a', 'b']],
    ['numbers', [0x88, Buffer.concat([long(1), long(2)])], [1, 2]],
    ['an unknown type', [0x33, word(1)], '0100'],
  ])('%s', (_, value, shown) => {
    const { records } = read(fakeEvtx([{ command: '', data: [['X', value]] }]));
    expect(records[0]).toHaveProperty('Event.EventData.X', shown);
  });

  test('a name that comes twice is a list; any name is a name', () => {
    const data = ['Twice', 'Twice', '__proto__'].map((name): [string, Typed] => [name, [0x01, utf16('a')]]);
    const [record] = read(fakeEvtx([{ command: '', data }])).records;
    expect(JSON.stringify(record)).toContain('"Twice":["a","a"],"__proto__":"a"');
  });

  test.each([true, false])(
    'binary XML as a value becomes elements, its identifier there or not: %s',
    (hasIdentifier) => {
      const value: Typed = [0x21, fragment('Inner', 'text', hasIdentifier)];
      const { records } = read(fakeEvtx([{ command: '', data: [['X', value]] }]));
      expect(records[0]).toHaveProperty('Event.EventData.Data.Inner', 'text');
    },
  );
});

describe('damage is told, and what is whole is read', () => {
  const commands = ({ records }: Read): unknown[] => records.map(commandOf);
  const torn = (change: (bytes: Buffer) => Buffer | undefined): Read => {
    const bytes = Buffer.from(three);
    return read(change(bytes) ?? bytes);
  };

  test('a torn record keeps its number', () => {
    const found = torn((bytes) => void bytes.writeUInt32LE(0xffff, 4096 + 512 + 4));
    expect(commands(found)).toEqual([{ damage: 'the record at byte 512 of its chunk is torn' }, '検知', 'three']);
  });
  test('a template that is broken spoils its record only', () => {
    const found = torn((bytes) => void bytes.fill(0xee, 4096 + 620, 4096 + 640));
    expect(commands(found)).toEqual([{ damage: expect.stringMatching(/byte \d+ of its chunk/) }, '検知', 'three']);
  });
  test('a chunk that is none', () => {
    const found = torn((bytes) => void bytes.fill(1, 4096, 4200));
    expect(found.problems).toEqual(['the chunk at byte 4096 is damaged, and passed over']);
    expect(commands(found)).toEqual(['three']);
  });
  test('a chunk that was never used says nothing', () => {
    expect(torn((bytes) => void bytes.fill(0, 4096, 4096 + 65_536))).toMatchObject({ problems: [] });
  });
  test('a header that is behind, as in a log that is being written', () => {
    expect(commands(torn((bytes) => void bytes.writeUInt32LE(512 + 700, 4096 + 48)))).toEqual(['one', '検知', 'three']);
  });
  test('a file cut off', () => {
    const found = torn((bytes) => bytes.subarray(0, 4096 + 65_536 + 600));
    expect(found.problems).toEqual(['the file ends within the chunk at byte 69632; is it whole?']);
    expect(commands(found)).toEqual(['one', '検知', { damage: 'the record at byte 512 of its chunk is torn' }]);
    expect(torn((bytes) => bytes.subarray(0, 100)).problems).toEqual(['the file ends within its header; is it whole?']);
  });

  test('any damage ends in words, soon, and in bounds', () => {
    const bytes = fakeEvtx([{ command: 'one', data: [['A', [0x81, utf16('a\0b')]]] }, { command: 'two' }]);
    const used = bytes.subarray(4096).readUInt32LE(48);
    const flips = fc.array(fc.tuple(fc.integer({ min: 4096 + 512, max: 4096 + used }), fc.nat(255)), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(flips, (changes) => {
        const damaged = Buffer.from(bytes);
        for (const [at, byte] of changes) damaged[at] = byte;
        const { records } = read(damaged);
        expect(records.length).toBeLessThan(50);
        expect(JSON.stringify(records).length).toBeLessThan(1_000_000);
      }),
      { numRuns: 500 },
    );
  });

  test('a value repeated without end is given up', () => {
    const bytes = fakeEvtx([{ command: 'x'.repeat(20_000), data: [] }]);
    const from = 4096 + 512;
    // Thousands of places for one value, in a record that is whole.
    const places = Buffer.concat(Array.from({ length: 5_000 }, () => Buffer.from([0x0d, 4, 0, 1])));
    const at = bytes.indexOf(Buffer.from([0x0e, 4, 0, 1]), from);
    const grown = Buffer.concat([bytes.subarray(from, at), places, bytes.subarray(at + 4, 4096 + 65_536)]);
    const size = bytes.readUInt32LE(from + 4) + places.length - 4;
    grown.writeUInt32LE(size, 4);
    grown.writeUInt32LE(size, size - 4);
    const template = 24 + 4 + 10 + 20;
    grown.writeUInt32LE(grown.readUInt32LE(template) + places.length - 4, template);
    const chunk = Buffer.concat([bytes.subarray(4096, from), grown]).subarray(0, 65_536);
    const { records } = read(Buffer.concat([bytes.subarray(0, 4096), chunk]));
    expect(records).toEqual([{ damage: expect.stringMatching(/unfold too far/) }]);
  });
});
