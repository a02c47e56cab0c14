import { expect, it } from 'vitest';
import { visible } from './visible.ts';

it.each([
  ['火の見 plain – text\tand\nlines', '火の見 plain – text\tand\nlines'],
  ['gpj.\u202Eexe', 'gpj.[U+202E]exe'],
  ['a\u0000b\u001b[31m\r', 'a[U+0000]b[U+001B][31m[U+000D]'],
  ['zero\u200Bwidth\uFEFF', 'zero[U+200B]width[U+FEFF]'],
  ['tag\u{E0041}', 'tag[U+E0041]'],
  ['line\u2028separator', 'line[U+2028]separator'],
])('%j', (value, shown) => {
  expect(visible(value)).toBe(shown);
});

it('cuts what is too long and says so', () => {
  expect(visible('x'.repeat(50), 10)).toBe(`${'x'.repeat(10)}…`);
});
