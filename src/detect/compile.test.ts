/** The engine against its oracle: random rules with every modifier, random events, no difference. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Fields } from '../model/event.ts';
import { compileRules } from './compile.ts';
import { matchAll } from './linear.ts';
import { identityMapping } from './mapping.ts';
import { parseRules } from './parse.ts';

const placeholders = { p: ['ab', 'b*'] };

/** Few letters, so that things match; case, wildcards, dashes, backslashes and awkward units, so that they nearly match. */
const plain = fc.constantFrom('a', 'b', 'A', 'B');
const awkward = fc.constantFrom(
  ...[' ', '-', '/', '\u2014', '*', '*', '?', '\\', '5', '1', 'ä', 'Ä', 'σ', '\u0130', '\ud83d', '%p%', '\n'],
);
const letters = fc.oneof({ weight: 2, arbitrary: plain }, { weight: 1, arbitrary: awkward });
const text = fc.array(letters, { maxLength: 5 }).map((units) => units.join(''));
/** Stands for an integer beyond 2^53 in the rules' text. */
const large = 987_654_321;
const number = fc.constantFrom(0, 1, 5, 51, -1, 1.5, large);
const address = fc.constantFrom('10.0.0.1', '10.9.9.9', '192.168.0.7', '2001:db8::1', '::ffff:10.0.0.1', '10.0.0', '-');
const time = fc.constantFrom('2026-11-20T05:51:00.000Z', '2026-01-05 15:05', '2026-05-01', 'yesterday');

const place = fc.constantFrom<string[]>([], ['contains'], ['startswith'], ['endswith']);
const flag = (name: string) => fc.constantFrom<string[]>([], [], [name]);
const joined = (...parts: fc.Arbitrary<string[]>[]) => fc.tuple(...parts).map((lists) => lists.flat());
const list = (values: fc.Arbitrary<unknown>) => fc.array(values, { minLength: 1, maxLength: 3 });

const item = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(
      joined(flag('expand'), flag('windash'), place, flag('cased'), flag('all'), flag('neq')),
      list(text),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(
      joined(flag('all'), flag('neq')),
      list(fc.oneof(text, number, fc.boolean(), fc.constant(null))),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(
      joined(
        fc.constantFrom<string[]>([], ['wide'], ['utf16'], ['utf16be'], ['utf16le']),
        fc.constantFrom(['base64'], ['base64offset']),
        fc.constant(['contains']),
      ),
      list(fc.constantFrom('ab', 'abc', 'aä', 'b5')),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(
      joined(fc.constant(['re']), flag('i'), flag('m'), flag('s'), flag('all'), flag('neq')),
      list(fc.constantFrom('a', '^b', 'a.b', '(?i)AB$', '[ab]+-', 'a{2,}', '\\\\', 'σ', '^$')),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(
      joined(fc.constant(['cidr']), flag('neq')),
      list(fc.constantFrom('10.0.0.0/8', '2001:db8::/32', '0.0.0.0/0')),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(
      joined(
        fc.constantFrom<string[]>([], ['minute'], ['hour'], ['day'], ['week'], ['month'], ['year']),
        fc.constantFrom(['gt'], ['gte'], ['lt'], ['lte']),
        flag('neq'),
      ),
      list(number),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(
      fc.constantFrom(['minute'], ['hour'], ['day'], ['week'], ['month'], ['year']),
      list(fc.constantFrom(5, 11, 20, 47)),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(
      flag('neq').map((more) => ['exists', ...more]),
      fc.boolean().map((value) => [value]),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(
      joined(fc.constant(['fieldref']), place, flag('cased'), flag('neq')),
      list(fc.constantFrom('A', 'B', 'C')),
    ),
  },
);
const names = fc.constantFrom('A', 'B', 'C', 'constructor');
const map = fc
  .dictionary(fc.constantFrom('x', 'y'), fc.tuple(names, item), { minKeys: 1 })
  .map((entries) =>
    Object.fromEntries(
      Object.values(entries).map(([field, [modifiers, values]]) => [[field, ...modifiers].join('|'), values]),
    ),
  );
const keywords = fc.oneof(
  fc.array(
    text.filter((word) => word !== ''),
    { minLength: 1, maxLength: 2 },
  ),
  fc.array(fc.constantFrom('a', 'b5', '*ä'), { minLength: 1, maxLength: 2 }).map((values) => ({ '|all': values })),
);
const selection = fc.oneof({ weight: 4, arbitrary: map }, fc.array(map, { minLength: 1, maxLength: 2 }), keywords);
const condition = fc.constantFrom(
  's',
  'not s',
  's and t',
  's or not t',
  'not (s and not t)',
  '1 of them',
  'not all of them',
  's and t and u',
  's or t or u',
);
const rule = fc
  .tuple(selection, selection, selection, condition)
  .map(([s, t, u, condition]) => ({ s, t, u, condition }));

const value = fc.oneof(
  text,
  text,
  number,
  fc.boolean(),
  address,
  time,
  fc.constantFrom(
    'ab',
    '90071992547409931',
    '90071992547409930',
    'YWI=',
    Buffer.from('ab', 'utf16le').toString('base64'),
  ),
);
const event: fc.Arbitrary<Fields> = fc.dictionary(
  fc.constantFrom('A', 'B', 'C', 'constructor', 'event.id', 'hinomi.x'),
  fc.oneof({ weight: 4, arbitrary: value }, fc.array(value, { maxLength: 3 })),
  { maxKeys: 4 },
);

test('compiled rules match what the linear evaluator matches', () => {
  let matched = 0;
  let judged = 0;
  fc.assert(
    fc.property(
      fc.array(rule, { minLength: 1, maxLength: 4 }),
      fc.array(event, { minLength: 1, maxLength: 6 }),
      (detections, events) => {
        const documents = detections.map((detection, index) =>
          JSON.stringify({ title: 'T', id: `r${index}`, logsource: { product: 'x' }, detection }).replaceAll(
            '90071992547409940',
            '90071992547409931',
          ),
        );
        const set = parseRules(documents.join('\n---\n'), 'p.yml');
        const engine = compileRules(set, identityMapping, { placeholders });
        for (const each of events) {
          const compiled = engine.match(each).map(({ id }) => id);
          const linear = matchAll(set.rules, each, identityMapping, { placeholders }).map(({ id }) => id);
          matched += compiled.length;
          judged += engine.rules.length;
          expect(compiled).toEqual(linear);
        }
      },
    ),
    { numRuns: 400 },
  );
  // A generator whose rules are refused, or never or always match, would prove nothing.
  expect(judged).toBeGreaterThan(1500);
  expect(matched / judged).toBeGreaterThan(0.1);
  expect(matched / judged).toBeLessThan(0.9);
});
