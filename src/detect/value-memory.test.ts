/** What is remembered is what was found, whatever is forgotten in between; and it is forgotten when the budget is spent. */
import { expect, test } from 'vitest';
import type { Slot, Texts } from './cursor.ts';
import { createValueMemory } from './value-memory.ts';

test('a text is looked for once, until too many others came', () => {
  const searched: string[] = [];
  const memory = createValueMemory(1_000);
  const find = memory.remember((text) => {
    searched.push(text);
    return [text.length];
  });
  for (let round = 0; round < 3; round++) expect(find('abc')).toEqual([3]);
  expect(searched).toEqual(['abc']);
  for (let number = 100; number < 200; number++) expect(find(`x${number}`)).toEqual([4]);
  expect(find('abc')).toEqual([3]);
  expect(searched.filter((text) => text === 'abc').length).toBe(2);
});

test('long texts are not kept', () => {
  let searched = 0;
  const find = createValueMemory().remember(() => {
    searched++;
    return [];
  });
  const long = 'x'.repeat(5_000);
  find(long);
  find(long);
  expect(searched).toBe(2);
});

test('answers go with the value, from its second coming on', () => {
  const memory = createValueMemory(2_000);
  let value: Texts;
  const slot: Slot = {
    texts: () => value,
    folded: () => value,
    near: () => () => undefined,
    share: (_key, test) => test,
  };
  let asked = 0;
  const isA = memory.answer(slot, () => {
    asked++;
    return value === 'a' || value === undefined;
  });
  const isList = memory.answer(slot, () => typeof value === 'object');
  const see = (next: Texts): boolean[] => {
    memory.move();
    value = next;
    return [isA(), isList(), isA()];
  };
  for (let round = 0; round < 5; round++) {
    expect(see('a')).toEqual([true, false, true]);
    expect(see('b')).toEqual([false, false, false]);
  }
  // Twice at the first coming, once at the second.
  expect(asked).toBe(6);
  expect(see(undefined)).toEqual([true, false, true]);
  expect(see(['a'])).toEqual([false, true, false]);
  for (let number = 0; number < 200; number++) expect(see(`v${number}`)).toEqual([false, false, false]);
  asked = 0;
  expect(see('a')).toEqual([true, false, true]);
  expect(asked).toBe(2);
  // A question that came later finds rows without room for it.
  const isB = memory.answer(slot, () => value === 'b');
  for (let round = 0; round < 3; round++) {
    memory.move();
    value = 'b';
    expect([isA(), isB()]).toEqual([false, true]);
    memory.move();
    value = 'a';
    expect([isA(), isB()]).toEqual([true, false]);
  }
});
