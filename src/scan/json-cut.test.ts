import { describe, expect, test } from 'vitest';
import { createJsonCutter } from './json-cut.ts';

/** Values and error, with the text pushed in parts of `step` bytes. */
function cut(text: string, inArray: boolean, step: number): { values: string[]; error?: string } {
  const bytes = Buffer.from(text);
  const cutter = createJsonCutter({ inArray, offset: 0 });
  const values: string[] = [];
  try {
    for (let from = 0; from < bytes.length; from += step) {
      for (const value of cutter.push(bytes.subarray(from, from + step))) values.push(value.toString());
    }
    for (const value of cutter.end()) values.push(value.toString());
    return { values };
  } catch (error) {
    return { values, error: (error as Error).message };
  }
}

const whole = Number.MAX_SAFE_INTEGER;

describe('cutting is the same however the bytes arrive', () => {
  test.each<[string, string, boolean, string[], RegExp | undefined]>([
    ['nothing', ' \n ', false, [], undefined],
    ['objects without anything between', '{"a":1}{"b":2}', false, ['{"a":1}', '{"b":2}'], undefined],
    ['over lines', '{\n "a": [1,\n 2]\n}\n{\n}\n', false, ['{\n "a": [1,\n 2]\n}', '{\n}'], undefined],
    ['braces in strings', '{"a":"}{"} {"b":"]"}', false, ['{"a":"}{"}', '{"b":"]"}'], undefined],
    ['escaped quotes', '{"a":"\\"}"}{"b":"\\\\"}', false, ['{"a":"\\"}"}', '{"b":"\\\\"}'], undefined],
    ['many backslashes', `{"a":"${'\\'.repeat(9)}"}"}{}`, false, [`{"a":"${'\\'.repeat(9)}"}"}`, '{}'], undefined],
    ['characters of several bytes', '{"a":"検知"}{"b":"ｶﾅ"}', false, ['{"a":"検知"}', '{"b":"ｶﾅ"}'], undefined],
    [
      'words and strings are records too',
      'Record 1 "x{" {"a":1}',
      false,
      ['Record', '1', '"x{"', '{"a":1}'],
      undefined,
    ],
    ['brackets that close nothing', ']{}', false, [']', '{}'], undefined],
    ['an array', '{"a":1}, {"b":2} ]\n', true, ['{"a":1}', '{"b":2}'], undefined],
    ['an empty array', ']', true, [], undefined],
    ['arrays in the array', '[1,[2]],3]', true, ['[1,[2]]', '3'], undefined],
    ['an array cut off', '{"a":1},{"b":2}', true, ['{"a":1}', '{"b":2}'], /array .* is not closed/],
    ['a value cut off', '{"a":1}{"b":', false, ['{"a":1}'], /^byte 7: .* does not end/],
    ['a string cut off', '{"a":1} "b', false, ['{"a":1}'], /^byte 8: .* does not end/],
    ['something behind the array', '{"a":1}] {"b":2}', true, ['{"a":1}'], /^byte 9: something follows/],
  ])('%s', (_, text, inArray, values, error) => {
    for (const step of [1, 2, 3, 7, whole]) {
      const found = cut(text, inArray, step);
      expect(found.values).toEqual(values);
      if (error === undefined) expect(found.error).toBeUndefined();
      else expect(found.error).toMatch(error);
    }
  });
});

test('a value that never ends is given up before it fills the memory', () => {
  const cutter = createJsonCutter({ inArray: false, offset: 0 });
  const chunk = Buffer.alloc(16 * 1024 * 1024, 'x');
  cutter.push(Buffer.from('{"a":"'));
  expect(() => {
    for (let times = 0; times < 8; times++) cutter.push(chunk);
  }).toThrow(/longer than 64 MiB/);
});
