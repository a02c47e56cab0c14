import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { unpack } from './unpack.ts';

const MIB = 1024 * 1024;

describe.each([
  ['gzip', gzipSync],
  ['zstd', zstdCompressSync],
] as const)('%s', (format, pack) => {
  test.each([0, 1, 70_000, 4 * MIB, 4 * MIB + 1, 9 * MIB])(
    '%i bytes come back, and one byte less is refused',
    async (length) => {
      const bytes = Buffer.alloc(length, 'some log line, over and over\n');
      const packed = pack(bytes);
      expect((await unpack(format, packed, Math.max(length, 1))).equals(bytes)).toBe(true);
      if (length > 1) {
        await expect(unpack(format, packed, length - 1)).rejects.toMatchObject({ code: 'ERR_BUFFER_TOO_LARGE' });
      }
    },
  );

  test.each([1_000, 9 * MIB])('what ends early or is damaged is refused (%i bytes)', async (length) => {
    const packed = pack(Buffer.from(Array.from({ length }, (_, index) => (index * 7919) >> 3)));
    await expect(unpack(format, packed.subarray(0, packed.length - 5), 20 * MIB)).rejects.toThrow();
    await expect(unpack(format, Buffer.from('no such data'), 20 * MIB)).rejects.toThrow();
  });
});
