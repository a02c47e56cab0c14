/** Cores stand in their needles, and the gate lets through whatever holds a needle. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chooseCores, createCoreGate } from './core-gate.ts';
import { fold } from './fold.ts';

test.each<[needles: string[], cores: string[]]>([
  [['sekurlsa::', 'lsadump::', 'misc::skeleton'], ['::']],
  [['gentilkiwi.com', 'eo.oe.kiwi', 'kiwi legit'], ['kiwi']],
  [['abc'], ['abc']],
  [
    ['x', 'xy'],
    ['xy', 'x'],
  ],
  [[], []],
])('%j has the cores %j', (needles, cores) => {
  expect(chooseCores(needles)).toEqual(cores);
});

test('what holds a needle passes', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'B', 'k', 'ſ', ':', '.', '\u212a', ' '), maxLength: 12 });
  fc.assert(
    fc.property(
      fc.array(
        text.filter((one) => one !== ''),
        { maxLength: 6 },
      ),
      text,
      text,
      (needles, before, after) => {
        const gate = createCoreGate(needles.map(fold));
        for (const needle of needles)
          expect(
            gate(before + needle.toUpperCase().slice(0, needle.length) + after) ||
              fold(needle.toUpperCase()) !== fold(needle),
          ).toBe(true);
        for (const needle of needles) expect(gate(before + needle + after)).toBe(true);
      },
    ),
  );
});
