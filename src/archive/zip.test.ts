import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { packZip } from './zip.fixture.ts';
import { readZip } from './zip.ts';

const all = (bytes: Uint8Array, limits = {}): [string, string][] =>
  [...readZip(bytes, limits)].map(({ name, read }) => [name, Buffer.from(read()).toString()]);

const text = 'a line that repeats itself\n'.repeat(100);

describe('what is packed comes out', () => {
  test.each<[string, Buffer, [string, string][]]>([
    ['nothing', packZip([]), []],
    ['stored and deflated', packZip([{ name: 'a', text }, { name: 'b/c', text, stored: true }]), [['a', text], ['b/c', text]]], // biome-ignore format: a row
    ['an empty member', packZip([{ name: 'a', text: '' }]), [['a', '']]],
    ['behind a comment', packZip([{ name: 'a', text }], { comment: 'PK\u0005\u0006 no end' }), [['a', text]]],
    ['zip64', packZip([{ name: 'a', text }, { name: 'b', text: 'b' }], { wide: true }), [['a', text], ['b', 'b']]], // biome-ignore format: a row
    ['sizes behind the data', packZip([{ name: 'a', text, streamed: true }]), [['a', text]]],
    [
      'folders and links left out',
      packZip([
        { name: 'b/', text: '' },
        { name: 'l', text: '/etc', mode: 0o120777 },
      ]),
      [],
    ],
    ['a name in Shift_JIS', packZip([{ name: Buffer.from([0x8c, 0x9f, 0x92, 0x6d]), text: '' }]), [['検知', '']]],
    ['a name in UTF-8', packZip([{ name: '検知', text: '' }]), [['検知', '']]],
  ])('%s', (_, bytes, members) => expect(all(bytes)).toEqual(members));
});

describe('refused, with a word', () => {
  const good = packZip([{ name: 'a', text }]);
  test.each<[string, () => unknown, RegExp]>([
    ['cut off', () => all(good.subarray(0, good.length - 30)), /no directory at its end; is it whole/],
    ['encrypted', () => all(packZip([{ name: 'a', text, flags: 1 }])), /^a: it is encrypted/],
    ['another packing', () => all(packZip([{ name: 'a', text, method: 9 }])), /^a: it is packed with method 9/],
    ['a wrong check sum', () => all(packZip([{ name: 'a', text, crc: 1 }])), /^a: its check sum is wrong/],
    ['more than it says', () => all(packZip([{ name: 'a', text, size: 5 }])), /^a: it cannot be unpacked/],
    ['less than it says', () => all(packZip([{ name: 'a', text, size: 9999 }])), /^a: it unpacks to another size/],
    [
      'members that share bytes',
      () =>
        all(
          packZip([
            { name: 'a', text },
            { name: 'b', at: 0, text },
          ]),
        ),
      /overlap, at b/,
    ],
    ['too many members', () => all(good, { maxMembers: 0 }), /has 1 members; 0 are allowed/],
    ['a member too large', () => all(good, { maxMemberBytes: 100 }), /too large unpacked, at a \(2700 bytes\)/],
    [
      'too large together',
      () =>
        all(
          packZip([
            { name: 'a', text },
            { name: 'b', text },
          ]),
          { maxTotalBytes: 3000 },
        ),
      /at b/,
    ],
  ])('%s', (_, read, message) => expect(read).toThrow(message));
});

test('a damaged archive ends in a word, never in a fault of ours', () => {
  const good = packZip(
    [
      { name: 'a', text },
      { name: 'b', text, stored: true },
    ],
    { wide: true },
  );
  const damage = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(damage, (flips) => {
      const bytes = Buffer.from(good);
      for (const [at, byte] of flips) bytes[at] = byte;
      try {
        for (const [, body] of all(bytes, { maxMemberBytes: 10_000 })) expect(body).toBe(text);
      } catch (error) {
        expect((error as Error).message).toMatch(/^the zip archive|: (it|its|the zip archive) /);
      }
    }),
    { numRuns: 2000 },
  );
});
