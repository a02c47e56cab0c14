import { expect, test } from 'vitest';
import { actId, timedId } from './ids.ts';

test('acts sort by time, and those of one millisecond in the order in which they were done', () => {
  const atMs = Date.UTC(2026, 10, 24);
  const ids = [...Array(2_000).keys()].map((index) => actId(atMs + (index < 1_500 ? 0 : 1)));
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids[0]).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
  expect(ids[0]?.slice(0, 10)).toBe(timedId(atMs).slice(0, 10));
});
