import { describe, expect, it } from 'vitest';
import { barStep, boundsOf, rangeParams, readRange } from './range.ts';

const from = (params: Readonly<Record<string, string>>) => (name: string) => params[name] ?? '';
const since = '2026-11-20T00:00:00.000Z';
const until = '2026-11-21T00:00:00.000Z';

describe('readRange', () => {
  it.each([
    ['nothing', {}, { kind: 'preset', preset: '24h' }],
    ['a preset', { range: '7d' }, { kind: 'preset', preset: '7d' }],
    ['an unknown preset', { range: '9y' }, { kind: 'preset', preset: '24h' }],
    ['two times', { since, until }, { kind: 'fixed', since, until }],
    ['times in another zone', { since: '2026-11-20T09:00:00+09:00', until }, { kind: 'fixed', since, until }],
    ['times in the wrong order', { since: until, until: since }, { kind: 'preset', preset: '24h' }],
    ['no times at all', { since: 'x', until: 'y', range: '1h' }, { kind: 'preset', preset: '1h' }],
  ])('%s', (_, params: Readonly<Record<string, string>>, range) => {
    expect(readRange(from(params))).toEqual(range);
  });

  it.each([
    { kind: 'preset', preset: '24h' },
    { kind: 'preset', preset: '30d' },
    { kind: 'fixed', since, until },
  ] as const)('reads back what rangeParams wrote: %o', (range) => {
    expect(readRange(from(rangeParams(range)))).toEqual(range);
  });
});

describe('barStep', () => {
  it.each([
    ['15m', 1],
    ['1h', 1],
    ['24h', 15],
    ['7d', 120],
    ['30d', 720],
  ] as const)('%s: %i minutes a bar', (preset, minutes) => {
    const bounds = boundsOf({ kind: 'preset', preset }, Date.parse(until));
    expect(barStep(bounds, 100)).toBe(minutes * 60_000);
  });

  it('is whole minutes and few bars for years too', () => {
    const step = barStep({ since: '2000-01-01T00:00:00Z', until }, 100);
    expect(step % 60_000).toBe(0);
    expect((Date.parse(until) - Date.parse('2000-01-01T00:00:00Z')) / step).toBeLessThanOrEqual(100);
  });
});
