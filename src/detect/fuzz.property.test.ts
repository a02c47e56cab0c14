/**
 * Whatever a rule's text or an event holds: nothing throws, nothing hangs, and the engine says what the linear evaluator says.
 * Small by default; HINOMI_SLOW=1 runs it large.
 */
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Fields } from '../model/event.ts';
import { compileRules } from './compile.ts';
import { matchAll } from './linear.ts';
import { identityMapping } from './mapping.ts';
import { parseRules } from './parse.ts';

const slow = process.env.HINOMI_SLOW === '1';
const runs = (small: number) => ({ numRuns: slow ? 20_000 : small });
const timeout = slow ? 3_600_000 : 20_000;
const placeholders = { p: ['ab', 'b*'], 'q-1': ['\\', '-a?'] };

/** Few letters, so that things match; and what is read specially somewhere. */
const plain = fc.constantFrom('a', 'b', 'A', 'B', '1', '5');
const special = fc.constantFrom(
  ...[' ', '-', '/', '\u2013', '\u2015', '*', '?', '\\', '\\\\', '%p%', '\\%', '%q-1%', '%'],
  ...['ä', 'Ä', 'σ', 'Σ', 'ς', 's', 'ſ', 'k', '\u212a', '\u0130', 'ı', '\ud83d', '\ude00', '\n', '\u0000', '='],
);
const units = fc.oneof({ weight: 3, arbitrary: plain }, { weight: 1, arbitrary: special });
const text = fc.array(units, { maxLength: 6 }).map((parts) => parts.join(''));
/** Long pieces full of `?`, as no one writes them. */
const glob = fc
  .array(fc.constantFrom('a', 'b', '?', 'ab', '??', '*'), { minLength: 4, maxLength: 60 })
  .map((parts) => parts.join(''));
const number = fc.constantFrom(0, 1, 5, 11, 20, 47, -1, 1.5, 2026, 1e21, Number.MAX_SAFE_INTEGER);
const encoded = fc
  .tuple(text, fc.constantFrom<BufferEncoding>('utf8', 'utf16le'))
  .map(([value, encoding]) => Buffer.from(value, encoding).toString('base64'));

const expression: fc.Arbitrary<string> = fc.letrec<{ piece: string; all: string }>((tie) => ({
  piece: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(
      'a',
      'b',
      'B',
      's',
      'k',
      '1',
      '.',
      '^',
      '$',
      '\\b',
      '\\d',
      '\\w',
      '\\s',
      '\\\\',
      '[ab]',
      '[^a]',
      'ä',
      '-',
    ),
    fc
      .tuple(
        fc.constantFrom('(', '(?:', '(?i:', '(?s)('),
        tie('all'),
        fc.constantFrom('', '*', '+', '?', '{2}', '{0,3}?'),
      )
      .map(([open, inner, repeat]) => `${open}${inner})${repeat}`),
    fc.tuple(tie('all'), tie('all')).map((parts) => `(${parts.join('|')})`),
  ),
  all: fc.array(tie('piece'), { maxLength: 4 }).map((parts) => parts.join('')),
})).all;

/** Some of these modifiers, in any order. */
const some = (...names: string[]) => fc.shuffledSubarray(names);
const one = (...chains: string[][]) => fc.constantFrom(...chains);
const shuffled = (...parts: fc.Arbitrary<string[]>[]) =>
  fc.tuple(...parts).chain((lists) => {
    const names = lists.flat();
    return fc.shuffledSubarray(names, { minLength: names.length });
  });
const inOrder = (...parts: fc.Arbitrary<string[]>[]) => fc.tuple(...parts).map((lists) => lists.flat());
const place = one([], ['contains'], ['startswith'], ['endswith']);
const list = <T>(values: fc.Arbitrary<T>) => fc.array(values, { minLength: 1, maxLength: 3 });
const timeParts = ['minute', 'hour', 'day', 'week', 'month', 'year'];
const compares = ['lt', 'lte', 'gt', 'gte'];
const anyValue = fc.oneof(text, glob, number, fc.boolean(), fc.constant(null));

type Item = [modifiers: string[], values: unknown];
const item: fc.Arbitrary<Item> = fc.oneof(
  fc.tuple(shuffled(some('expand', 'windash', 'cased', 'all', 'neq'), place), list(fc.oneof(text, text, glob))),
  fc.tuple(shuffled(some('all', 'neq')), fc.oneof(anyValue, list(anyValue))),
  fc.tuple(
    inOrder(
      some('expand', 'windash'),
      one([], ['wide'], ['utf16'], ['utf16be'], ['utf16le']),
      one([], ['base64'], ['base64offset']),
      place,
      some('cased', 'all', 'neq'),
    ),
    list(fc.oneof(text, fc.constantFrom('ab', 'abc', 'aä', '-a'))),
  ),
  fc.tuple(
    inOrder(
      one(['re']),
      some('i', 'm', 's', 'ignorecase', 'multiline', 'dotall').map((names) => names.slice(0, 2)),
      some('all', 'neq'),
    ),
    list(expression),
  ),
  fc.tuple(
    inOrder(one(['cidr']), some('all', 'neq')),
    list(fc.constantFrom('10.0.0.0/8', '2001:db8::/32', '0.0.0.0/0', '::ffff:0:0/96', '10.0.0.1')),
  ),
  fc.tuple(
    shuffled(one([], ...compares.map((op) => [op])), one([], ...timeParts.map((part) => [part])), some('all', 'neq')),
    list(number),
  ),
  fc.tuple(inOrder(one(['exists']), some('neq')), fc.boolean()),
  fc.tuple(
    shuffled(one(['fieldref']), place, some('all', 'cased', 'neq')),
    list(fc.constantFrom('A', 'B', 'constructor')),
  ),
);
const names = ['A', 'B', 'C', 'constructor', '__proto__', 'hasOwnProperty', 'a.b', 'event.id', '@timestamp'];
const field = fc.constantFrom(...names, '');
/** Entries, so that `__proto__` becomes a key of its own. */
const map = fc
  .array(fc.tuple(field, item), { minLength: 1, maxLength: 2 })
  .map((items) =>
    Object.fromEntries(items.map(([name, [modifiers, values]]) => [[name, ...modifiers].join('|'), values])),
  );
const selection = fc.oneof(
  { weight: 4, arbitrary: map },
  { weight: 1, arbitrary: fc.array(fc.oneof(map, text, number), { minLength: 1, maxLength: 3 }) },
);
const condition = fc.constantFrom(
  's',
  'not s',
  's and not t',
  's or t',
  'not (s and t)',
  '1 of them',
  'all of them',
  '[s, t]',
);
const detection = fc
  .tuple(selection, selection, condition)
  .map(([s, t, c]) => ({ s, t, condition: c === '[s, t]' ? ['s', 't'] : c }));

const scalar = fc.oneof(
  text,
  encoded,
  number,
  fc.boolean(),
  fc.constantFrom(
    '10.0.0.1',
    '10.9.9.9',
    '2001:db8::1',
    '::ffff:10.0.0.1',
    '10.0.0',
    '9007199254740993',
    '1e21',
    'null',
  ),
  fc.constantFrom('2026-11-20T05:11:00.000Z', '2026-01-05 15:05', '2026-05-01', 'yesterday', 'ab'.repeat(40)),
);
/** Also what no event should hold: null, undefined, no numbers, objects, lists in lists. */
const foreign = fc.oneof(
  fc.constantFrom(null, undefined, Number.NaN, Number.POSITIVE_INFINITY),
  fc.dictionary(fc.constantFrom('A', 'B', 'length', 'toString'), scalar, { maxKeys: 2 }),
  fc.array(fc.array(scalar, { maxLength: 2 }), { maxLength: 2 }),
);
const anything = fc.oneof({ weight: 5, arbitrary: scalar }, { weight: 1, arbitrary: foreign });
const event = fc
  .tuple(
    fc.array(
      fc.tuple(
        fc.constantFrom(...names),
        fc.oneof({ weight: 4, arbitrary: anything }, fc.array(anything, { maxLength: 3 })),
      ),
      {
        maxLength: 4,
      },
    ),
    fc.boolean(),
  )
  .map(([entries, bare]) => {
    const made = Object.fromEntries(entries);
    return (bare ? Object.assign(Object.create(null), made) : made) as Fields;
  });

const modifierNames = [
  ...['contains', 'startswith', 'endswith', 'all', 'exists', 'cased', 'neq', 'windash', 're', 'i', 'm', 's', 'cidr'],
  ...[
    'ignorecase',
    'multiline',
    'dotall',
    'base64',
    'base64offset',
    'utf16le',
    'utf16be',
    'utf16',
    'wide',
    'expand',
    'fieldref',
  ],
  ...compares,
  ...timeParts,
];

test('random rules of every modifier on random events: the engine says what the linear evaluator says', {
  timeout,
}, () => {
  const used = new Map(modifierNames.map((name) => [name, 0]));
  let judged = 0;
  let matched = 0;
  fc.assert(
    fc.property(list(detection), fc.array(event, { minLength: 1, maxLength: 5 }), (detections, events) => {
      const documents = detections.map((each, index) =>
        JSON.stringify({ title: 'T', id: `r${index}`, logsource: { product: 'x' }, detection: each }),
      );
      const set = parseRules(documents.join('\n---\n'), 'p.yml');
      const engine = compileRules(set, identityMapping, { placeholders });
      for (const { id } of engine.rules) {
        const { s, t } = detections[Number(id.slice(1))] as (typeof detections)[number];
        for (const key of [s, t].flat().flatMap((part) => (typeof part === 'object' ? Object.keys(part) : [])))
          for (const name of key.split('|').slice(1)) used.set(name, (used.get(name) ?? 0) + 1);
      }
      // The second round meets what the first remembered.
      for (const each of [...events, ...events]) {
        const found = engine.match(each).map(({ id }) => id);
        expect(found).toEqual(matchAll(set.rules, each, identityMapping, { placeholders }).map(({ id }) => id));
        judged += engine.rules.length;
        matched += found.length;
      }
    }),
    runs(300),
  );
  // A generator whose rules are refused, or never or always match, would prove nothing.
  expect([...used].filter(([, count]) => count === 0)).toEqual([]);
  expect(judged).toBeGreaterThan(1000);
  expect(matched / judged).toBeGreaterThan(0.1);
  expect(matched / judged).toBeLessThan(0.9);
});

const folder = new URL('../../rules/', import.meta.url);
const real = readdirSync(folder, { recursive: true })
  .map(String)
  .filter((name) => name.endsWith('.yml') && !name.startsWith('fields'))
  .map((name) => readFileSync(new URL(name, folder), 'utf8'));

const scraps = fc.constantFrom(
  ...[
    '|',
    ':',
    ': ',
    '- ',
    '\n',
    '\n  ',
    '\t',
    '"',
    "'",
    '[',
    ']',
    '{',
    '}',
    '&a',
    '*a',
    '!!',
    '---\n',
    '...',
    '? ',
    '>',
    '#',
  ],
  ...[
    'null',
    '~',
    '%p%',
    '\\',
    '*',
    'not ',
    ' of ',
    '1 of them',
    'condition: ',
    'detection:',
    '|all',
    '|re',
    '(',
    ')',
    '\u0000',
    '\ud800',
  ],
);
/** A rule of ours with pieces cut, doubled, moved and put in. */
const mutated = fc
  .tuple(
    fc.nat({ max: Math.max(0, real.length - 1) }),
    fc.array(
      fc.tuple(fc.nat({ max: 5000 }), fc.nat({ max: 60 }), fc.oneof(scraps, fc.constant('cut'), fc.constant('twice'))),
      {
        minLength: 1,
        maxLength: 8,
      },
    ),
  )
  .map(([index, edits]) => {
    let rule = real[index] ?? '';
    for (const [place, length, scrap] of edits) {
      const at = rule.length === 0 ? 0 : place % rule.length;
      const piece = rule.slice(at, at + length);
      const put = scrap === 'cut' ? '' : scrap === 'twice' ? piece + piece : scrap + piece;
      rule = rule.slice(0, at) + put + rule.slice(at + length);
    }
    return rule;
  });
const noise = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('utf8')),
  fc.array(fc.oneof(scraps, text), { maxLength: 80 }).map((parts) => parts.join('')),
);

test('random bytes and mutated rules: parsing ends, complains in words, and what is left can be compiled', {
  timeout,
}, () => {
  expect(real.length).toBeGreaterThan(5);
  let rules = 0;
  let complaints = 0;
  fc.assert(
    fc.property(fc.oneof({ weight: 2, arbitrary: mutated }, noise), (text) => {
      const before = process.threadCpuUsage();
      const set = parseRules(text, 'p.yml');
      const engine = compileRules(set, identityMapping);
      engine.match({ A: 'x' });
      const { user, system } = process.threadCpuUsage(before);
      expect(user + system, text).toBeLessThan(2_000_000);
      rules += set.rules.length;
      for (const { where, message } of [...set.problems, ...engine.problems]) {
        complaints++;
        expect(message).toMatch(/^\S.{3,1500}$/su);
        expect(where.line).toBeGreaterThan(0);
        expect(where.column).toBeGreaterThan(0);
      }
    }),
    runs(300),
  );
  expect(rules).toBeGreaterThan(20);
  expect(complaints).toBeGreaterThan(100);
});
