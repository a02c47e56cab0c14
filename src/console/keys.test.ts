import { expect, it } from 'vitest';
import { keyName } from './keys.ts';

it.each([
  ['j', 'KeyJ', false, 'j'],
  ['A', 'KeyA', true, 'A'],
  ['?', 'Slash', true, '?'],
  ['Escape', 'Escape', false, 'escape'],
  ['ArrowDown', 'ArrowDown', false, 'arrowdown'],
  ['ま', 'KeyJ', false, 'j'],
  ['Process', 'KeyA', true, 'A'],
])('%s on %s (shift %s) is %s', (key, code, shiftKey, name) => {
  expect(keyName({ key, code, shiftKey })).toBe(name);
});
