import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Fields, Scalar } from '../model/event.ts';
import { entityFields, notFreeText } from './fields.ts';
import { freeText } from './match.ts';
import { eachToken, normalise, WORD } from './normalise.ts';
import { createSpelledCollector, letter, someEvent, termsIn } from './query.fixture.ts';
import { entityTerm, TERM_CHARS } from './terms.ts';
import { createWordTable, HASH_START, hashUnit } from './word-table.ts';

/** The terms as one says it, slowly. */
function plainTerms(...events: readonly Fields[]): string[] {
  const terms = new Set<string>();
  for (const event of events) {
    for (const [field, value] of Object.entries(event)) {
      for (const one of (Array.isArray(value) ? value : [value]) as readonly Scalar[]) {
        if (entityFields.has(field)) terms.add(entityTerm(field, normalise(String(one))));
        if (notFreeText.has(field)) continue;
        const text = freeText(one);
        eachToken(text, (start, end, kind) => {
          if (kind === WORD) terms.add(text.slice(start, Math.min(end, start + TERM_CHARS)));
          else for (let at = start; at + 1 < end; at++) terms.add(text.slice(at, at + 2));
        });
      }
    }
  }
  return [...terms].sort();
}

test('words, CJK pairs and entities', () => {
  const collector = createSpelledCollector();
  const event = {
    '@timestamp': '2026-11-23T00:00:00.000Z',
    'event.original': 'hidden',
    'user.name': 'Bob',
    'source.ip': ['192.0.2.1'],
    'destination.port': 443,
    message: `ﾛｸﾞｵﾝ ok 失 ${'x'.repeat(100)}`,
  };
  const words = ['bob', '192', '0', '2', '1', '443', 'ログ', 'グオ', 'オン', 'ok', 'x'.repeat(64)];
  expect(termsIn(collector, [event]).sort()).toEqual([...words, 'user.name=bob', 'source.ip=192.0.2.1'].sort());
  expect(collector.take()).toBe('');
});

const letters = fc.array(letter, { maxLength: 12 }).map((all) => all.join(''));
const longText = fc
  .tuple(letters, letters, fc.nat(140), fc.constantFrom('x', '検', '𐐀', '𠮷', '\ud801'))
  .map(([before, after, times, one]) => before + one.repeat(times) + after);
const longEvent = fc
  .tuple(someEvent, longText, fc.array(longText, { maxLength: 3 }))
  .map(([event, message, tags]): Fields => ({ ...event, message, tags, 'user.name': message }));

test('one collector, many events: each time what the plain way finds, each once', () => {
  const collector = createSpelledCollector();
  fc.assert(
    fc.property(fc.array(fc.oneof(someEvent, longEvent), { maxLength: 4 }), (events) => {
      expect(termsIn(collector, events).sort()).toEqual(plainTerms(...events));
    }),
    { numRuns: 3_000 },
  );
});

test('more words and entities than are remembered, and texts longer than anything before', () => {
  const collector = createSpelledCollector();
  for (let round = 0; round < 4; round++) {
    const text = Array.from({ length: 40_000 }, (_, index) => (index * 7 + round).toString(36)).join(' ');
    const events = [text.slice(0, 60_000), text.slice(60_000, 120_000), text].map(
      (message, index): Fields => ({ message, 'host.name': [`host${round}-${index}`, 'same'] }),
    );
    expect(termsIn(collector, events).sort()).toEqual(plainTerms(...events));
  }
});

describe('word table', () => {
  const units = (text: string): Uint16Array => Uint16Array.from(text, (char) => char.charCodeAt(0));

  test('the same number for the same word, through growth, and none kept after clear', () => {
    const table = createWordTable();
    const numberOf = (word: string): number | undefined => {
      const its = units(word);
      return table.numberOf(its, 0, its.length, its.reduce(hashUnit, HASH_START));
    };
    const words = Array.from({ length: 100_000 }, (_, index) => `w${index.toString(36)}`);
    for (const [index, word] of words.entries()) expect(numberOf(word)).toBe(index);
    for (const [index, word] of words.entries()) if (numberOf(word) !== index) throw new Error(word);
    table.clear();
    expect([table.size, numberOf('new'), numberOf('new'), numberOf(words[0] as string)]).toEqual([0, 0, 0, 1]);
  });

  test('words made to hash alike cost no more than a few steps each, and are told as unknown', () => {
    const table = createWordTable();
    const words = Array.from({ length: 2_000 }, (_, index) => units(String(index)));
    const numbers = words.map((word) => table.numberOf(word, 0, word.length, 1));
    expect(numbers.filter((number) => number === undefined).length).toBeGreaterThan(1_900);
    expect(words.map((word) => table.numberOf(word, 0, word.length, 1))).toEqual(numbers);
  });
});
