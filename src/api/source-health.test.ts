import { expect, test } from 'vitest';
import { judgeHealth } from './source-health.ts';

const now = Date.parse('2026-03-01T10:30:00.000Z');
const row = (hour: string, events: number, rejects: number) => ({
  ...{ memberId: 'alpha-hospital', sourceId: 'alpha-hospital.vpn', hour: `2026-03-01T${hour}:00:00.000Z` },
  ...{ received: events + rejects, events, rejects, refused: 0 },
});
const ago = (minutes: number): number => now - minutes * 60_000;

test.each([
  ['nothing ever', [], undefined, 'never'],
  ['a minute ago', [row('10', 100, 0)], ago(1), 'ok'],
  ['59 minutes ago', [row('09', 100, 0)], ago(59), 'ok'],
  ['61 minutes ago', [row('09', 100, 0)], ago(61), 'silent'],
  ['a tenth rejected', [row('10', 90, 10)], ago(1), 'ok'],
  ['more than a tenth rejected', [row('10', 89, 11)], ago(1), 'failing'],
  ['rejected in the hour before', [row('09', 50, 50), row('10', 10, 0)], ago(1), 'failing'],
  ['rejected long ago', [row('07', 0, 100), row('10', 10, 0)], ago(1), 'ok'],
  ['only waiting records', [], ago(5), 'ok'],
] as const)('%s', (_, rows, lastMs, health) => {
  expect(judgeHealth(rows, lastMs, now)).toBe(health);
});
