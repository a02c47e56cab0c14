import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { tarEntry, tarOf } from './tar.fixture.ts';
import { readTar } from './tar.ts';

const folder = mkdtempSync(join(tmpdir(), 'hinomi-tar-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const read = (bytes: Uint8Array) =>
  [...readTar(bytes)].map((file) => [file.name, Buffer.from(file.read()).toString('utf8')]);

const deep = `${'folder-of-thirty-characters-xx/'.repeat(5)}${'n'.repeat(120)}.yml`;
const names = ['a.yml', 'x/empty.yml', 'x/日本.yml', deep];
mkdirSync(join(folder, 'in'));
for (const name of names) {
  mkdirSync(dirname(join(folder, 'in', name)), { recursive: true });
  writeFileSync(join(folder, 'in', name), name.includes('empty') ? '' : `text of ${name}`.repeat(60));
}
symlinkSync('/etc/hosts', join(folder, 'in/link.yml'));

test.each(['gnu', 'pax', 'ustar'])('what tar packs as %s is read whole, links and folders apart', (format) => {
  const packed = format === 'ustar' ? names.slice(0, 3) : [...names, 'link.yml', 'x'];
  const bytes = execFileSync('tar', [`--format=${format}`, '-cf', '-', '-C', join(folder, 'in'), ...packed]);
  const found = new Map(read(bytes).map(([name, text]) => [name as string, text]));
  const kept = names.filter((name) => packed.includes(name));
  expect([...found.keys()].sort()).toEqual([...kept].sort());
  for (const name of kept) expect(found.get(name)).toBe(name.includes('empty') ? '' : `text of ${name}`.repeat(60));
});

test.each<[string, Uint8Array, RegExp]>([
  ['cut within a file', tarOf({ 'a.yml': 'x'.repeat(900) }).subarray(0, 1024), /ends within a file/],
  ['cut at its end', tarOf({ 'a.yml': 'x' }).subarray(0, 1024), /without its closing block/],
  ['a device', Buffer.concat([tarEntry('tty', '', '3'), Buffer.alloc(1024)]), /unknown kind "3"/],
  ['a header that was changed', Buffer.from(tarOf({ 'a.yml': 'x' })).fill('b', 0, 1), /checksum/],
  ['a large name', Buffer.concat([tarEntry('l', 'n'.repeat(70_000), 'L'), Buffer.alloc(1024)]), /extended header of/],
  ['a broken pax record', Buffer.concat([tarEntry('p', '99 path=x\n', 'x'), Buffer.alloc(1024)]), /cannot be read/],
  ['a name that is no text', Buffer.concat([tarEntry(Buffer.from([0xff]), 'x'), Buffer.alloc(1024)]), /not UTF-8/],
  ['nothing', new Uint8Array(0), /closing block/],
])('%s is refused', (_name, bytes, message) => {
  expect(() => read(bytes)).toThrow(message);
});

test('the words of a pax header count for one file only', () => {
  const bytes = Buffer.concat([tarEntry('p', '15 path=bb.yml\n', 'x'), tarEntry('a', '1'), tarOf({ 'c.yml': '2' })]);
  expect(read(bytes)).toEqual([
    ['bb.yml', '1'],
    ['c.yml', '2'],
  ]);
});

test('no bytes crash or hang it', () => {
  const good = Buffer.from(tarOf({ 'a.yml': 'x'.repeat(700), 'b/c.yml': 'y' }));
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 6 }), (changes) => {
      const bytes = Buffer.from(good);
      for (const [at, value] of changes) bytes[at] = value;
      try {
        for (const [, text] of read(bytes)) expect(text?.length).toBeLessThanOrEqual(good.length);
      } catch (error) {
        expect((error as Error).message).toMatch(/^no good tar archive: at byte \d+: /);
      }
    }),
    { numRuns: 300 },
  );
});
