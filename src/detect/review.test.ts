/** Another witness is chosen by what events have; whatever they have afterwards, nothing that matches is lost and nothing is added. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Fields } from '../model/event.ts';
import { compileRules } from './compile.ts';
import type { Atom } from './compile-rule.ts';
import { matchAll } from './linear.ts';
import { createLot, type Lot } from './lot.ts';
import { createMapping, identityMapping, type Mapping } from './mapping.ts';
import { prepareItem } from './needles.ts';
import { parseRules } from './parse.ts';
import { parseMapping } from './parse-mapping.ts';
import { createPlaces, createProposer } from './proposal.ts';
import { reviewLot } from './review.ts';
import type { DetectionItem, RuleSet, Selection } from './rule.ts';
import { createValueMemory } from './value-memory.ts';
import { chooseWitnesses } from './witness.ts';

const idsOf = (rules: readonly { id: string }[]): readonly string[] => rules.map(({ id }) => id);
const ruleSet = (detections: readonly object[]): RuleSet =>
  parseRules(
    detections
      .map((detection, index) =>
        JSON.stringify({ title: 'T', id: `r${index}`, logsource: { product: 'x' }, detection }),
      )
      .join('\n---\n'),
    'p.yml',
  );

/** Each field holds what is in all events for a while; which of them changes. */
const detections = [
  { s: { 'A|contains': 'ntdll.dll|thread', 'B|endswith': '\\lsass.exe', C: '0x1440' }, condition: 's' },
  { s: { 'A|contains|all': ['ntdll.dll|thread', 'unknown('] }, t: { B: 'no' }, condition: 's and not t' },
  { s: { 'A|startswith': 'c:\\windows\\system32\\' }, t: { 'B|endswith': '\\lsass.exe' }, condition: 's and t' },
  { s: { 'A|startswith': 'c:\\windows\\system32\\' }, t: { C: ['0x1440', '7'] }, condition: 's or t' },
  { s: { 'A|re': 'thread.*unknown' }, t: ['keyword', 'another word'], condition: 's and t' },
  { s: { 'A|contains': 'ntdll.dll|thread' }, t: { C: null }, condition: 's and t' },
  { s: { 'A|exists': true }, t: { 'B|contains': 'lsass' }, condition: 's and t' },
  { s: { 'C|gt': 5 }, t: { B: 'x:\\lsass.exe' }, condition: 's and t' },
];
const set = ruleSet(detections);

const [a, b, c] = [
  [
    'c:\\windows\\system32\\ntdll.dll|thread',
    'C:\\Windows\\SYSTEM32\\ntdll.dll|threadUNKNOWN(',
    'thread unknown(',
    'keyword',
  ],
  ['x:\\lsass.exe', 'X:\\LSASS.EXE', 'no', 'another word'],
  ['0x1440', '0x1', 7, 4],
];
const event = fc.record(
  {
    A: fc.constantFrom(...a),
    B: fc.constantFrom(...b),
    C: fc.constantFrom<string | number>(...c),
    kind: fc.constantFrom('k', 'l'),
  },
  { requiredKeys: ['kind'] },
) as fc.Arbitrary<Fields>;

const tables = (): Mapping => {
  const text = 'product: x\nwhen: { kind: "*" }\nplaces: [{ when: { kind: k }, fields: { B: [b, B] } }]';
  const { table, problems } = parseMapping(text, 't.yml');
  expect(problems).toEqual([]);
  return createMapping(table === undefined ? [] : [table]);
};

describe('streams in which what is usual changes', () => {
  test.each<[name: string, mapping: Mapping]>([
    ['one class', identityMapping],
    ['two classes of one log source', tables()],
  ])('%s', (_name, mapping) => {
    let matches = 0;
    fc.assert(
      fc.property(
        fc.array(event, { minLength: 3, maxLength: 3 }),
        fc.infiniteStream(fc.tuple(fc.nat({ max: 9 }), event)),
        (usual, stream) => {
          const engine = compileRules(set, mapping);
          for (let number = 0; number < 9_000; number++) {
            const [chance, other] = stream.next().value as [number, Fields];
            const given = chance < 7 ? (usual[Math.floor(number / 3_000)] as Fields) : other;
            const found = idsOf(engine.match(given));
            // The oracle is slow: all of what is new, and some of what is not.
            if (chance < 7 && number % 16 !== 0) continue;
            expect(found).toEqual(idsOf(matchAll(set.rules, given, mapping)));
            matches += found.length;
          }
        },
      ),
      { numRuns: 4 },
    );
    expect(matches).toBeGreaterThan(1_000);
  });
});

describe('a review', () => {
  const atoms = new Map<DetectionItem, Atom>();
  const walk = (selection: Selection): void => {
    if (selection.kind !== 'item') {
      selection.of.forEach(walk);
      return;
    }
    const prepared = prepareItem(selection.item);
    if (!('problem' in prepared)) atoms.set(selection.item, { prepared, id: atoms.size, uses: 1 });
  };
  for (const rule of set.rules) Object.values(rule.selections).forEach(walk);
  const lens = identityMapping.lens((set.rules[0] as (typeof set.rules)[number]).logsource, {}) as NonNullable<
    ReturnType<Mapping['lens']>
  >;
  const lotOf = (): Lot => createLot(set.rules, chooseWitnesses(set.rules, atoms), 0, lens, createValueMemory());
  const proposed = (lot: Lot, given: Fields): readonly number[] => {
    const proposer = createProposer();
    const plan = createPlaces(lot.indexes(), new Map()).plan(Object.keys(given));
    return proposer.rules.slice(0, proposer.propose(plan, Object.values(given))).sort();
  };
  const usual: Fields = { A: 'c:\\windows\\system32\\ntdll.dll|thread', B: 'other', C: '0x1' };
  const hit: Fields = { A: 'c:\\windows\\system32\\ntdll.dll|threadunknown(', B: 'x:\\lsass.exe', C: '0x1440' };

  test('gives what was proposed in vain a rarer witness, and keeps what has none', () => {
    const lot = lotOf();
    const before = proposed(lot, usual);
    const samples = Array.from({ length: 32 }, () => ({ event: usual, proposed: before }));
    expect(reviewLot(lot, samples, atoms)).toBe(true);
    const after = proposed(lot, usual);
    expect(after.length).toBeLessThan(before.length);
    // It holds for all of them.
    expect(after).toContain(3);
    expect(proposed(lot, hit)).toEqual(expect.arrayContaining([0, 1, 2, 3, 6]));
    // Nothing more to gain.
    const again = Array.from({ length: 32 }, () => ({ event: usual, proposed: after }));
    expect(reviewLot(lot, again, atoms)).toBe(false);
  });

  test('goes back where the witness it chose turns out to be the usual one', () => {
    const lot = lotOf();
    reviewLot(
      lot,
      Array.from({ length: 32 }, () => ({ event: usual, proposed: proposed(lot, usual) })),
      atoms,
    );
    const other: Fields = { A: 'other', B: 'x:\\lsass.exe', C: '0x1440' };
    const before = proposed(lot, other);
    expect(
      reviewLot(
        lot,
        Array.from({ length: 32 }, () => ({ event: other, proposed: before })),
        atoms,
      ),
    ).toBe(true);
    expect(proposed(lot, other).length).toBeLessThan(before.length);
    expect(proposed(lot, hit)).toEqual(expect.arrayContaining([0, 1, 2, 3, 6]));
  });

  test('leaves what is seldom proposed', () => {
    const lot = lotOf();
    const samples = Array.from({ length: 64 }, (_, at) => ({
      event: usual,
      proposed: at === 0 ? proposed(lot, usual) : [],
    }));
    expect(reviewLot(lot, samples, atoms)).toBe(false);
  });
});
