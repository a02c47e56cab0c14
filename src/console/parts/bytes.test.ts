import { expect, it } from 'vitest';
import { formatBytes } from './bytes.ts';

it.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [9.94 * 1024, '9.9 KiB'],
  [9.96 * 1024, '10 KiB'],
  [1023.9 * 1024, '1.0 MiB'],
  [5.25 * 2 ** 30, '5.3 GiB'],
  [3 * 2 ** 50, '3.0 PiB'],
])('%d is %s', (bytes, expected) => {
  expect(formatBytes(bytes)).toBe(expected);
});
