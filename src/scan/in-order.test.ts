import { setImmediate as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createInOrder } from './in-order.ts';

test('lots of units that come in any order are handed on in the order of units', async () => {
  const handed: string[] = [];
  const inOrder = createInOrder<string>({
    handOn: async (unit, lot) => {
      await pause();
      handed.push(`${unit}${lot}`);
    },
    weigh: () => 1,
    maxHeld: 100,
  });
  await Promise.all([
    inOrder.take(2, 'a', true),
    inOrder.take(1, 'a', false),
    inOrder.take(0, 'a', false),
    inOrder.take(1, 'b', true),
    inOrder.take(0, 'b', true),
    inOrder.take(3, 'a', true),
  ]);
  expect(handed).toEqual(['0a', '0b', '1a', '1b', '2a', '3a']);
});

test('who is too early waits once much is held, and goes on when it is due', async () => {
  const inOrder = createInOrder<number>({ handOn: async () => undefined, weigh: (lot) => lot, maxHeld: 10 });
  let waits = true;
  await inOrder.take(1, 10, false);
  const early = inOrder.take(1, 1, false).then(() => {
    waits = false;
  });
  for (let times = 0; times < 5; times++) await pause();
  expect(waits).toBe(true);
  await inOrder.take(0, 1_000, false);
  await inOrder.take(0, 1_000, true);
  await early;
  expect(waits).toBe(false);
});

test('a lot that cannot be handed on is told to who brings it', async () => {
  const inOrder = createInOrder<string>({
    handOn: () => Promise.reject(new Error('disk full')),
    weigh: () => 1,
    maxHeld: 10,
  });
  await expect(inOrder.take(0, 'a', false)).rejects.toThrow('disk full');
});
