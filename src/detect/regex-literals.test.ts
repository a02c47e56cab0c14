/** What a regular expression is said to need is there in whatever it matches; where that is unsure, nothing is said. */
import fc from 'fast-check';
import { RE2JS } from 're2js';
import { expect, test } from 'vitest';
import { fold } from './fold.ts';
import { requiredLiterals, tellingList } from './regex-literals.ts';
import { compileRegex } from './regex-test.ts';

test.each<[source: string, needed: string[][]]>([
  ['abc', [['abc']]],
  ['ab*c', [['a'], ['c']]],
  ['ab?c', [['ac', 'abc']]],
  ['a?b??', []],
  ['(?i)\\$\\{`?e`?n', [['${en', '${`en', '${e`n', '${`e`n']]],
  ['a?b?c?de?f', [['d'], ['f']]],
  ['ab+c', [['ab'], ['c']]],
  ['ab{2,3}c', [['ab'], ['c']]],
  ['ab{0,3}c', [['a'], ['c']]],
  ['a{,3}', [['a{,3}']]],
  ['(?i)Set.*&&\\s?set', [['set'], ['&&'], ['set']]],
  ['(environment|invoke|\\$\\{?input)', [['environment', 'invoke', '$input', '${input']]],
  ['(a|b*)', []],
  ['(ab)?cd', [['cd']]],
  ['(?:ab){2}', [['ab']]],
  ['\\w+`(\\w+|-|.)`[\\w+|\\s]', [['`'], ['`']]],
  ['^foo\\b\\.exe$', [['foo.exe']]],
  ['[a-z]\\x41\\pL\\p{Greek}x', [['x']]],
  ['[]a]b[^]]c[[:alpha:]]d', [['b'], ['c'], ['d']]],
  ['äb', [['b']]],
  ['', []],
  ['a|', []],
  ['\\Qa\\E', []],
  ['\\101', []],
])('%j needs %j', (source, needed) => {
  expect(requiredLiterals(source)).toEqual(needed);
});

test('the list that tells most has the longest shortest text', () => {
  expect(tellingList([['a'], ['abc', 'abcd'], ['ab']])).toEqual(['abc', 'abcd']);
  expect(tellingList([])).toBeUndefined();
});

const atom = fc.constantFrom(
  'a',
  'S',
  'k',
  'b',
  '`',
  '-',
  '.',
  '\\.',
  '\\w',
  '\\b',
  '[ab]',
  '[^s]',
  '[[:alpha:]]',
  'ä',
  '\\\\',
  '^',
  '$',
  '{',
);
const repeat = fc.constantFrom('', '', '', '*', '+', '?', '+?', '{2}', '{0,1}', '{1,}');
const { source } = fc.letrec<{ source: string; piece: string }>((tie) => ({
  piece: fc.oneof(
    { depthSize: 'small' },
    fc.tuple(atom, repeat).map((parts) => parts.join('')),
    fc
      .tuple(fc.constantFrom('(', '(?:', '(?i:', '(?P<n>'), tie('source'), repeat)
      .map(([open, inner, times]) => `${open}${inner})${times}`),
  ),
  source: fc
    .array(
      fc.array(tie('piece'), { minLength: 1, maxLength: 4 }).map((pieces) => pieces.join('')),
      { minLength: 1, maxLength: 2 },
    )
    .map((branches) => branches.join('|')),
}));
const text = fc
  .array(fc.constantFrom('a', 'A', 'b', 's', 'S', 'k', '\u017f', '\u212a', '`', '-', '.', '\\', 'ä', '{', '\n'), {
    maxLength: 8,
  })
  .map((units) => units.join(''));

test('a guarded expression matches what RE2 matches', () => {
  let judged = 0;
  let matched = 0;
  let guarded = 0;
  fc.assert(
    fc.property(source, fc.boolean(), fc.array(text, { minLength: 1, maxLength: 6 }), (written, anyCase, texts) => {
      const flags = anyCase ? RE2JS.CASE_INSENSITIVE : 0;
      let plain: RE2JS;
      try {
        plain = RE2JS.compile(written, flags);
      } catch {
        return;
      }
      const guard = compileRegex(written, flags);
      if (requiredLiterals(written).length > 0) guarded++;
      for (const one of texts) {
        const expected = plain.test(one);
        expect(guard(one, () => fold(one))).toBe(expected);
        judged++;
        if (expected) matched++;
      }
    }),
    { numRuns: 1500 },
  );
  // A generator whose expressions are refused, or never need or match anything, would prove nothing.
  expect(judged).toBeGreaterThan(2000);
  expect(guarded).toBeGreaterThan(120);
  expect(matched / judged).toBeGreaterThan(0.1);
  expect(matched / judged).toBeLessThan(0.9);
});

test.each(['.{3,}', '(.){3,}', '.{0,}', '.{1000,}'])('%s counts as RE2 does', (source) => {
  const plain = RE2JS.compile(source, 0);
  const counted = compileRegex(source, 0);
  for (const one of [
    '',
    'a',
    'abc',
    'ab\nab',
    'a\nbcd',
    '\u{1f600}\u{1f600}',
    '\ud83d\ud83d\ud83d',
    'ab\r\n',
    'a\u2028b',
    'x'.repeat(999),
    'x'.repeat(1000),
  ])
    expect([one, counted(one, () => fold(one))]).toEqual([one, plain.test(one)]);
});
