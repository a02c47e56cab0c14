import fc from 'fast-check';
import { expect, it } from 'vitest';
import { packFrame, unpackFrame } from './frame.ts';

it('gives back the records that were packed', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 30 }), async (records) => {
      const spans: number[] = [];
      let at = 0;
      for (const record of records) {
        spans.push(at, record.length);
        at += record.length;
      }
      const unpacked = await unpackFrame(await packFrame(Buffer.concat(records), spans), 100_000);
      expect(unpacked.map((record) => [...record])).toEqual(records.map((record) => [...record]));
    }),
    { numRuns: 50 },
  );
});

it('does not unpack more than it may', async () => {
  const frame = await packFrame(Buffer.alloc(1_000_000), [0, 1_000_000]);
  await expect(unpackFrame(frame, 10_000)).rejects.toThrow();
});
