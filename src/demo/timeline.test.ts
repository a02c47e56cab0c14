import { expect, it } from 'vitest';
import { createCity } from './city.ts';
import { encodeText } from './encode.ts';
import { createStory } from './story.ts';
import { secondOf } from './timeline.ts';

const start = Date.parse('2026-11-20T01:00:00Z');
const write = (seed: number) => {
  const city = createCity(seed);
  const options = { city, seed, story: createStory(city, seed) };
  return Array.from({ length: 20 }, (_, second) => [...secondOf(options, second, (cityMs) => start + cityMs)]);
};
it('gives the same city for the same seed, another for another', () => {
  expect(write(1)).toEqual(write(1));
  expect(write(1)).not.toEqual(write(2));
});

it('has eight members with two or three sources each', () => {
  const city = createCity(1);
  expect(city).toHaveLength(8);
  for (const member of city) expect([2, 3]).toContain(member.sources.length);
});

it('writes Japanese in the encodings of its products', () => {
  for (const encoding of ['shift_jis', 'euc-jp'] as const) {
    expect(new TextDecoder(encoding, { fatal: true }).decode(encodeText('検知 ソ表能 a', encoding))).toBe(
      '検知 ソ表能 a',
    );
  }
});
