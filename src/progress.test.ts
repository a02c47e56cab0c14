/** What a line of progress says. */
import { expect, test } from 'vitest';
import { formatProgress, formatSeconds } from './progress.ts';

test.each([
  [{ readBytes: 0, totalBytes: 1_000 }, 0, '[--------------------]  12,000 records  3100.0 MB/s  0 %'],
  [{ readBytes: 420, totalBytes: 1_000 }, 1_000, '[########------------]  12,000 records  3.1 MB/s  42 %  2 s left'],
  [{ readBytes: 1_000, totalBytes: 1_000 }, 1_000, '[####################]  12,000 records  3.1 MB/s  100 %'],
  [{ readBytes: 1_200, totalBytes: 1_000 }, 1_000, '[####################]  12,000 records  3.1 MB/s  100 %'],
  [{ readBytes: 420, totalBytes: undefined }, 1_000, '12,000 records  3.1 MB/s'],
])('%j after %d ms', (part, elapsedMs, expected) => {
  expect(formatProgress({ ...part, doneBytes: 3_100_000, doneRecords: 12_000 }, elapsedMs)).toBe(expected);
});

test.each([
  [0.2, '1 s'],
  [89, '89 s'],
  [91, '2 min'],
  [7_200, '2.0 h'],
])('%d seconds are %s', (seconds, expected) => {
  expect(formatSeconds(seconds)).toBe(expected);
});
