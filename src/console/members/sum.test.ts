import { expect, it } from 'vitest';
import type { Health, SourceView } from '../types.ts';
import { sumSources } from './sum.ts';

function source(health: Health, received: number, lastReceivedAt: string | null): SourceView {
  return {
    id: 'a.b',
    memberId: 'a',
    name: 'b',
    type: 't',
    encoding: 'utf-8',
    timeZone: 'Asia/Tokyo',
    config: {},
    createdAt: '2026-11-20T00:00:00.000Z',
    version: 1,
    counters: { received, events: received, rejects: 1, refused: 2, pending: 0 },
    lastReceivedAt,
    health,
  };
}

it.each([
  [[], 'never'],
  [['never'], 'never'],
  [['ok', 'never'], 'ok'],
  [['ok', 'silent'], 'silent'],
  [['silent', 'failing', 'ok'], 'failing'],
] as [Health[], Health][])('health of %o is %s', (healths, expected) => {
  expect(sumSources(healths.map((health) => source(health, 1, null))).health).toBe(expected);
});

it('adds up, and keeps the newest time', () => {
  const sum = sumSources([
    source('ok', 5, '2026-11-20T01:00:00.000Z'),
    source('ok', 7, '2026-11-20T03:00:00.000Z'),
    source('never', 0, null),
  ]);
  expect(sum).toEqual({
    sources: 3,
    received: 12,
    rejects: 3,
    refused: 6,
    lastReceivedAt: '2026-11-20T03:00:00.000Z',
    health: 'ok',
  });
});
