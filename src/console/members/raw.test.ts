import { expect, it } from 'vitest';
import { decodeRaw } from './raw.ts';

it.each([
  ['utf-8', [0xe7, 0x81, 0xab], '火', 3],
  ['shift_jis', [0x89, 0xce], '火', 2],
  ['utf-8', [0xff, 0x41], '\ufffdA', 2],
])('%s %o', (encoding, bytes, text, length) => {
  expect(decodeRaw(btoa(String.fromCharCode(...bytes)), encoding)).toEqual({ text, bytes: length });
});

it('shows what is no base64 as it is', () => {
  expect(decodeRaw('%%', 'utf-8').text).toBe('%%');
});
