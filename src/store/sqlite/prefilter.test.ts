import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Fields } from '../../model/event.ts';
import { matchesQuery } from '../../search/match.ts';
import type { Query } from '../../search/query.ts';
import { compilePrefilter } from './prefilter.ts';

const fields = fc.constantFrom('message', 'user.name', 'source.ip', 'process.command_line', 'url.path', 'odd');
const odd = fc.constantFrom(
  'Σ',
  'ς',
  'ﾛｸﾞ',
  '検知',
  'Ａ',
  '\u0303',
  'n',
  'İ',
  'ſ',
  '\ud800',
  '\\',
  '"',
  '\n',
  '\u001f',
  ' ',
  'a',
  '=',
  '７',
);
const value = fc.oneof(
  fc.array(odd, { maxLength: 6 }).map((parts) => parts.join('')),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.integer({ min: -5, max: 70_000 }),
  fc.boolean(),
  fc.string({ minLength: 250, maxLength: 270 }),
);

it('never says no to an event that matches', () => {
  let matched = 0;
  fc.assert(
    fc.property(
      fc.dictionary(fields, value, { minKeys: 1 }),
      fc.nat(),
      fc.nat(9),
      fc.nat(9),
      (event: Fields, which, from, length) => {
        const names = Object.keys(event);
        const field = names[which % names.length] as string;
        const whole = String(event[field]);
        const part = whole.slice(from % (whole.length + 1)).slice(0, length + 1);
        const queries: Query[] = [
          { op: 'field', field, text: whole, wildcard: false },
          { op: 'field', field, text: whole.toLowerCase().normalize('NFKC'), wildcard: false },
          { op: 'text', text: part, wildcard: false },
          { op: 'text', text: `*${part}*`, wildcard: true },
          { op: 'field', field, text: `*${part.slice(1)}?*`, wildcard: true },
          { op: 'range', field, compare: '>=', value: whole },
          {
            op: 'or',
            of: [
              { op: 'text', text: part, wildcard: false },
              { op: 'field', field, text: part, wildcard: false },
            ],
          },
        ];
        queries.push({ op: 'and', of: queries.slice(0, 3) });
        const line = JSON.stringify(event);
        for (const query of queries) {
          if (!matchesQuery(query, event)) continue;
          matched++;
          expect(compilePrefilter(query)(line), JSON.stringify({ line, query })).toBe(true);
        }
      },
    ),
    { numRuns: 1_500 },
  );
  expect(matched).toBeGreaterThan(1_000);
});

it.each([
  ['a word that is not there', 'message', 'hello', 'bye', false],
  ['a word in capitals', 'message', 'HELLO you', 'hello', true],
  ['a word in Japanese', 'message', '検知しました', '検知', true],
  ['another word in Japanese', 'message', '失敗しました', '検知', false],
  ['an account with a backslash', 'user.name', 'DOMAIN\\alice', 'domain\\alice', true],
  ['the end of a word', 'process.executable', 'C:\\Windows\\WhoAmI.exe', '*\\whoami.exe', true],
  ['another end', 'process.executable', 'C:\\Windows\\cmd.exe', '*\\whoami.exe', false],
  ['another account', 'user.name', 'DOMAIN\\bob', 'domain\\alice', false],
])('sees without parsing: %s', (_, field, stored, text, expected) => {
  const test = compilePrefilter({ op: 'field', field, text, wildcard: text.includes('*') });
  expect(test(JSON.stringify({ [field]: stored }))).toBe(expected);
});
