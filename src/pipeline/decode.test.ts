import { expect, it } from 'vitest';
import type { Encoding } from '../model/member.ts';
import { decodeRecord } from './decode.ts';

it.each<[Encoding, number[], string]>([
  ['shift_jis', [0x83, 0x5c, 0x95, 0x5c, 0x94, 0x5c], 'ソ表能'],
  ['shift_jis', [0x87, 0x40, 0xfb, 0xfc, 0x81, 0x60], '①髙～'],
  ['euc-jp', [0xb8, 0xa1, 0xc3, 0xce], '検知'],
  ['iso-2022-jp', [0x1b, 0x24, 0x42, 0x38, 0x21, 0x43, 0x4e, 0x1b, 0x28, 0x42], '検知'],
  ['utf-16le', [0x1c, 0x69, 0xe5, 0x77], '検知'],
  ['utf-16be', [0x69, 0x1c, 0x77, 0xe5], '検知'],
  ['utf-8', [0xe6, 0xa4, 0x9c, 0xe7, 0x9f, 0xa5], '検知'],
])('%s %j', (encoding, bytes, text) => {
  expect(decodeRecord(Uint8Array.from(bytes), encoding)).toBe(text);
});

it.each<[Encoding, number[], RegExp]>([
  ['utf-8', [0x61, 0x62, 0x83, 0x5c], /byte 2 is not utf-8/],
  ['utf-8', [0xe6, 0xa4], /is not utf-8/],
  ['shift_jis', [0x61, 0x83, 0x20], /byte [12] is not shift_jis/],
  ['utf-16le', [0x61], /is not utf-16le/],
])('says where %s %j goes wrong', (encoding, bytes, message) => {
  expect(() => decodeRecord(Uint8Array.from(bytes), encoding)).toThrowError(message);
});
