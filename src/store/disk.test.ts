import { expect, it } from 'vitest';
import { judgeDisks } from './disk.ts';

const GiB = 2 ** 30;
const disk = (name: string, freeGiB: number, totalGiB: number) => ({
  name,
  freeBytes: freeGiB * GiB,
  totalBytes: totalGiB * GiB,
});

it.each([
  ['no disk known', [], ['good', 'none'], null, null],
  ['room', [disk('a', 50, 100)], ['good', 'none'], 50, 100],
  ['a tenth and not a byte less', [disk('a', 10, 100)], ['good', 'none'], 10, 100],
  ['less than a tenth', [disk('a', 9.9, 100)], ['strained', 'disk-low'], 9.9, 100],
  ['a small disk, half empty', [disk('a', 4.9, 10)], ['strained', 'disk-low'], 4.9, 10],
  ['nothing to speak of', [disk('a', 0.2, 100)], ['bad', 'disk-full'], 0.2, 100],
  [
    'the fullest of three counts',
    [disk('a', 90, 100), disk('b', 0.1, 100), disk('c', 9, 100)],
    ['bad', 'disk-full'],
    99.1,
    300,
  ],
  ['the fuller of two', [disk('a', 90, 100), disk('b', 6, 100)], ['strained', 'disk-low'], 96, 200],
])('%s', (_, disks, [state, reason], free, total) => {
  const health = judgeDisks(disks);
  expect([health.state, health.reason]).toEqual([state, reason]);
  expect(health.diskFreeBytes === null ? null : health.diskFreeBytes / GiB).toEqual(
    free === null ? null : expect.closeTo(free),
  );
  expect(health.diskTotalBytes === null ? null : health.diskTotalBytes / GiB).toBe(total);
  expect(health.detail === '').toBe(state === 'good');
});

it('names the disk, says what is left and what to do', () => {
  expect(judgeDisks([disk('a', 90, 100), disk('node-2', 6, 100)]).detail).toMatch(
    /^6\.0 GiB \(6 %\) of the disk of node-2 are free: .*retention\.eventDays/,
  );
});
