import { describe, expect, test } from 'vitest';
import type { CorrelationRule } from '../detect/rule.ts';
import type { Match } from '../model/alert.ts';
import type { Scalar } from '../model/event.ts';
import { type CorrelatorOptions, createCorrelator } from './correlator.ts';
import {
  and,
  atLeast,
  baseRule,
  compare,
  correlationRule,
  match,
  not,
  or,
  sameField,
  seen,
  times,
} from './rules.fixture.ts';

const three = [baseRule('a'), baseRule('b'), baseRule('c')];

const create = (correlations: readonly CorrelationRule[], more: Partial<CorrelatorOptions> = {}) =>
  createCorrelator({ rules: three, correlations, ecsField: sameField, ...more });

describe('windows', () => {
  const ofUsers = (users: string) =>
    [...users].map((user, second) => match('a', second, { fields: { 'source.ip': '203.0.113.7', 'user.name': user } }));
  const ofNumbers = (...numbers: (Scalar | readonly Scalar[])[]) =>
    numbers.map((n, second) => match('a', second, { fields: { 'source.ip': '203.0.113.7', n } }));
  const history = (text: string): Match[] =>
    [...text].flatMap((rule, second) => (rule === '.' ? [] : [match(rule, second)]));

  const cases: readonly [string, Partial<CorrelationRule> & Pick<CorrelationRule, 'type'>, Match[], number[]][] = [
    ['three in the window', { type: 'event_count', condition: atLeast(3) }, history('a.a.a'), [0, 2, 4]],
    [
      'exactly a timespan apart',
      { type: 'event_count', condition: atLeast(2), timespanMs: 4000 },
      history('a...a'),
      [0, 4],
    ],
    ['a moment too far apart', { type: 'event_count', condition: atLeast(2), timespanMs: 3999 }, history('a...a'), []],
    ['windows slide', { type: 'event_count', condition: atLeast(3), timespanMs: 2000 }, history('a.aaa.a'), [2, 3, 4]],
    [
      'gt',
      { type: 'event_count', condition: { compare: [{ op: 'gt', value: 2 }], fields: [], percentile: undefined } },
      history('aaa'),
      [0, 1, 2],
    ],
    [
      'a range is left behind at its upper end',
      {
        type: 'event_count',
        condition: { compare: [{ op: 'gte', value: 2 }, { op: 'lt', value: 3 }], fields: [], percentile: undefined }, // biome-ignore format: one case a line
        timespanMs: 3000,
      },
      history('aaaaa'),
      [0, 1],
    ],
    [
      'lt holds for the first of two in a window, and for one alone',
      {
        type: 'event_count',
        condition: { compare: [{ op: 'lt', value: 2 }], fields: [], percentile: undefined },
        timespanMs: 1000,
      },
      history('aa...a'),
      [0, 5],
    ],
    ['three users', { type: 'value_count', condition: atLeast(3, 'user.name') }, ofUsers('uuuvvw'), [0, 1, 2, 3, 4, 5]],
    ['two users', { type: 'value_count', condition: atLeast(3, 'user.name') }, ofUsers('uuvvuv'), []],
    [
      'a sum of a field, what is no amount passed over',
      { type: 'value_sum', condition: atLeast(6, 'n') },
      ofNumbers(1, -1, 'x', '2.5', '0x9', 2.5),
      [0, 3, 5],
    ],
    [
      'a sum not reached, cents exact',
      { type: 'value_sum', condition: compare('gt', 0.3, 'n') },
      ofNumbers(0.1, 0.2),
      [0, 1],
    ],
    [
      'a sum has no memory of what left',
      { type: 'value_sum', condition: compare('eq', 0.1, 'n'), timespanMs: 1000 },
      ofNumbers(1e17, 0.1, 0.1),
      [],
    ],
    [
      'and is exact for what is left',
      { type: 'value_sum', condition: compare('eq', 0.1, 'n'), timespanMs: 0 },
      ofNumbers(1e17, 0.1),
      [1],
    ],
    [
      'an average',
      { type: 'value_avg', condition: compare('lt', 3, 'n'), timespanMs: 1000 },
      ofNumbers(9, 1, 4, 1),
      [1, 2, 3],
    ],
    [
      'a median of three, and of two',
      { type: 'value_median', condition: compare('eq', 5, 'n'), timespanMs: 2000 },
      ofNumbers(9, 1, 5, 7),
      [0, 1, 2, 3],
    ],
    [
      'a percentile is the value of the nearest rank',
      { type: 'value_percentile', condition: { ...compare('gte', 9, 'n'), percentile: 75 } },
      ofNumbers(1, 2, 9, 8),
      [0, 1, 2],
    ],
    [
      'a list gives each of its numbers',
      { type: 'value_avg', condition: compare('eq', 2, 'n') },
      ofNumbers([3, 2, 1, 'x', 2]),
      [0],
    ],
    ['users are exact text', { type: 'value_count', condition: atLeast(2, 'user.name') }, ofUsers('uU'), [0, 1]],
    [
      'a list gives each of its values',
      { type: 'value_count', condition: atLeast(3, 'user.name') },
      [match('a', 0, { fields: { 'source.ip': '203.0.113.7', 'user.name': ['u', 'v', 'w'] } })],
      [0],
    ],
    [
      'combinations of fields',
      { type: 'value_count', condition: atLeast(3, 'user.name', 'host.name') },
      ['uh', 'uh', 'uk', 'vh'].map(([user, host], second) =>
        match('a', second, {
          fields: { 'source.ip': '203.0.113.7', 'user.name': user as string, 'host.name': host as string },
        }),
      ),
      [0, 1, 2, 3],
    ],
    ['all rules, any order', { type: 'temporal', rules: ['a', 'b', 'c'] }, history('cba'), [0, 1, 2]],
    ['not all rules', { type: 'temporal', rules: ['a', 'b', 'c'] }, history('ccbb'), []],
    ['two of three rules', { type: 'temporal', rules: ['a', 'b', 'c'], condition: atLeast(2) }, history('c.b'), [0, 2]],
    ['in order', { type: 'temporal_ordered', rules: ['a', 'b', 'c'] }, history('ab.c'), [0, 1, 3]],
    ['not in order', { type: 'temporal_ordered', rules: ['a', 'b', 'c'] }, history('bac.cb'), []],
    [
      'the chain must fit into the timespan',
      { type: 'temporal_ordered', rules: ['a', 'b'], timespanMs: 2000 },
      history('a..b.a.b'),
      [5, 7],
    ],
    ['the same rule twice needs two events', { type: 'temporal_ordered', rules: ['a', 'a', 'b'] }, history('ab.b'), []],
    [
      'one of two, and not a third',
      {
        type: 'temporal',
        rules: ['a', 'b', 'c'],
        expression: and(or(seen('a'), seen('b')), not(seen('c'))),
        timespanMs: 2000,
      },
      history('a...cb...b'),
      [0, 9],
    ],
    [
      'in order, another absent',
      {
        type: 'temporal_ordered',
        rules: ['a', 'b', 'c'],
        expression: and(seen('b'), seen('a'), not(seen('c'))),
        timespanMs: 2000,
      },
      history('ba...cab....ab'),
      [12, 13],
    ],
    [
      'one order or another',
      {
        type: 'temporal_ordered',
        rules: ['a', 'b', 'c'],
        expression: and(seen('a'), or(seen('b'), seen('c'))),
        timespanMs: 1000,
      },
      history('ca...ba...ac'),
      [10, 11],
    ],
    [
      'what precedes the chain in its window is shown',
      { type: 'temporal_ordered', rules: ['a', 'b'] },
      history('baab'),
      [0, 1, 2, 3],
    ],
  ];
  test.each(cases)('%s', (_, rule, matches, expected) => {
    const correlator = create([correlationRule('x', rule)]);
    const findings = [...correlator.add(matches), ...correlator.advance(Number.POSITIVE_INFINITY)];
    expect(times(findings).flat()).toEqual(expected);
  });

  test('groups do not mix, and a match without the field is passed over', () => {
    const correlator = create([
      correlationRule('x', { type: 'event_count', condition: atLeast(2), groupBy: ['user.name'] }),
    ]);
    const user = (name: string | undefined, second: number, memberId = 'kita-hospital') =>
      match('a', second, { memberId, fields: name === undefined ? {} : { 'user.name': name } });
    const first = correlator.add([
      user('u', 1),
      user('v', 2),
      user(undefined, 3),
      user(undefined, 4),
      user('u', 5, 'minami'),
    ]);
    expect(first).toEqual([]);
    expect(times(correlator.add([user('u', 6)]))).toEqual([[1, 6]]);
  });

  test('names of objects in JavaScript are fields and values like others', () => {
    const fields = JSON.parse('{"__proto__": "x", "constructor": "y"}');
    const rule = correlationRule('x', {
      type: 'event_count',
      condition: atLeast(2),
      groupBy: ['__proto__', 'constructor'],
    });
    expect(create([rule]).add([match('a', 1), match('a', 2)])).toEqual([]);
    const [finding] = create([rule]).add([match('a', 1, { fields }), match('a', 2, { fields })]);
    expect(finding?.key.map(({ value }) => value).sort()).toEqual(['x', 'y']);
  });

  test('aliases name the field of each rule', () => {
    const rule = correlationRule('x', {
      type: 'temporal',
      rules: ['a', 'b'],
      groupBy: ['who'],
      aliases: { who: { a: 'SubjectUser', b: 'TargetUser' } },
    });
    const correlator = create([rule], { ecsField: (id, field) => [`${id}.${field}`] });
    const findings = correlator.add([
      match('a', 1, { fields: { 'a.SubjectUser': 'bob' } }),
      match('b', 2, { fields: { 'b.TargetUser': 'eve', 'b.SubjectUser': 'bob' } }),
      match('b', 3, { fields: { 'b.TargetUser': 'bob' } }),
    ]);
    expect(times(findings)).toEqual([[1, 3]]);
    expect(findings[0]?.key).toEqual([{ field: 'a.SubjectUser', value: 'bob' }]);
    expect([...correlator.matchFields]).toEqual(expect.arrayContaining(['a.SubjectUser', 'b.TargetUser']));
  });

  test('the period is that of the last event of the window', () => {
    const night = 12 * 3600;
    const correlator = create([correlationRule('x', { type: 'event_count', condition: atLeast(2) })]);
    const findings = correlator.add([match('a', night - 2), match('a', night - 1), match('a', night + 1)]);
    expect(findings.map(({ periodStartMs }) => new Date(periodStartMs).getUTCDate())).toEqual([23, 24]);
    expect(times(findings)).toEqual([
      [night - 2, night - 1],
      [night - 2, night - 1, night + 1],
    ]);
  });
});

test.each([
  ['a circle', { type: 'temporal', rules: ['a', 'x'] }, /test\.yml:1: .* refers to itself/],
  [
    'a field that the inner one does not group by',
    { type: 'temporal', rules: ['y'], groupBy: ['user.name'] },
    /"user.name" is not among the group-by fields of the correlation "y"/,
  ],
  ['numbers of no field', { type: 'value_sum', condition: atLeast(2) }, /value_sum needs one "field"/],
  ['a percentile without which', { type: 'value_percentile', condition: atLeast(2, 'n') }, /needs "percentile"/],
  [
    'an order of nothing',
    { type: 'temporal_ordered', rules: ['a', 'b'], expression: not(seen('a')) },
    /without any rule seen/,
  ],
  [
    'a contradiction',
    { type: 'temporal_ordered', rules: ['a', 'b'], expression: and(seen('a'), not(seen('a'))) },
    /never hold/,
  ],
  [
    'a condition on strangers',
    { type: 'temporal', rules: ['a', 'b'], expression: seen('c') },
    /names "c", which is not among/,
  ],
  ['an unknown rule', { type: 'temporal', rules: ['a', 'q'] }, /there is no rule "q"/],
  ['no condition', { type: 'event_count' }, /event_count needs a condition/],
  ['no field to count', { type: 'value_count', condition: atLeast(2) }, /value_count needs "field"/],
  ['an unpayable threshold', { type: 'event_count', condition: atLeast(1e9) }, /too large/],
  ['a condition on an order', { type: 'temporal_ordered', rules: ['a', 'b'], condition: atLeast(1) }, /no condition/],
] as const)('refuses %s', (_, rule, message) => {
  const other = correlationRule('y', { type: 'event_count', condition: atLeast(2) });
  expect(() => create([correlationRule('x', rule as never), other])).toThrow(message);
});
