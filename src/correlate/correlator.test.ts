import { describe, expect, test } from 'vitest';
import type { CorrelationRule } from '../detect/rule.ts';
import type { Match } from '../model/alert.ts';
import { type CorrelatorOptions, createCorrelator } from './correlator.ts';
import type { Finding } from './finding.ts';
import { atLeast, baseRule, correlationRule, match, sameField, startMs } from './rules.fixture.ts';

const three = [baseRule('a'), baseRule('b'), baseRule('c')];

const create = (correlations: readonly CorrelationRule[], more: Partial<CorrelatorOptions> = {}) =>
  createCorrelator({ rules: three, correlations, ecsField: sameField, ...more });

const times = (findings: readonly Finding[]) =>
  findings.map(({ events }) => events.map(({ atMs }) => (atMs - startMs) / 1000));

describe('rules that alert by themselves', () => {
  test('fold by host, user and source address, those present, within a day of event time', () => {
    const correlator = create([]);
    const fields = { 'source.ip': '203.0.113.7', 'host.name': 'srv1', 'process.name': 'x.exe' };
    const findings = correlator.add([
      match('a', 1, { fields }),
      match('a', 2, { fields }),
      match('a', 3, { fields: { ...fields, 'user.name': 'bob', 'destination.ip': '198.51.100.1' } }),
      match('a', 86_400, { fields }),
      match('a', 4, { fields, memberId: 'minami-museum' }),
    ]);
    expect(times(findings)).toEqual([[1, 2], [3], [86_400], [4]]);
    expect(findings[0]?.key).toEqual([
      { field: 'host.name', value: 'srv1' },
      { field: 'source.ip', value: '203.0.113.7' },
    ]);
    expect(findings[0]?.periodStartMs).toBe(Date.UTC(2026, 10, 23));
    expect(findings[1]?.entities).toEqual([{ field: 'destination.ip', value: '198.51.100.1' }]);
    expect(findings.map(({ memberId }) => memberId)).toEqual([
      'kita-hospital',
      'kita-hospital',
      'kita-hospital',
      'minami-museum',
    ]);
    expect(correlator.add([match('a', 2, { fields })])).toEqual([]);
  });

  test('fold by the fields and the period that the rule names', () => {
    const rule = baseRule('a', {
      own: { titleJa: undefined, descriptionJa: undefined, by: ['TargetUserName'], periodMs: 3_600_000 },
    });
    const correlator = createCorrelator({
      rules: [rule],
      correlations: [],
      ecsField: (_, field) =>
        field === 'TargetUserName' ? ['winlog.event_data.TargetUserName', 'user.name'] : [field],
    });
    expect([...correlator.matchFields]).toEqual(
      expect.arrayContaining(['winlog.event_data.TargetUserName', 'user.name']),
    );
    const findings = correlator.add([
      match('a', 1, { fields: { 'user.name': 'bob', 'host.name': 'h1' } }),
      match('a', 2, { fields: { 'user.name': 'bob', 'host.name': 'h2' } }),
      match('a', 3600, { fields: { 'user.name': 'bob' } }),
      match('a', 3, { fields: { 'user.name': '' } }),
    ]);
    expect(times(findings)).toEqual([[1, 2], [3600], [3]]);
    expect(findings[2]?.key).toEqual([]);
  });

  test.each([
    ['nobody refers to it', [], true],
    ['a correlation refers to it', [false], false],
    ['a correlation refers to it and says generate', [true], true],
    ['one of two says generate', [false, true], true],
  ])('%s', (_, generates, alerts) => {
    const correlations = generates.map((generate, index) =>
      correlationRule(`x${index}`, { type: 'event_count', condition: atLeast(9), generate }),
    );
    expect(create(correlations).add([match('a', 1)]).length > 0).toBe(alerts);
  });

  test('a level of informational is no reason to be silent', () => {
    const correlator = create([], { rules: [baseRule('a', { level: 'informational' })] });
    expect(correlator.add([match('a', 1)])).toHaveLength(1);
  });
});

describe('windows', () => {
  const ofUsers = (users: string) =>
    [...users].map((user, second) => match('a', second, { fields: { 'source.ip': '203.0.113.7', 'user.name': user } }));
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
      'lt is judged on what is there when an event comes',
      { type: 'event_count', condition: { compare: [{ op: 'lt', value: 2 }], fields: [], percentile: undefined }, timespanMs: 1000 },
      history('aa...a'),
      [0, 5],
    ],
    ['three users', { type: 'value_count', condition: atLeast(3, 'user.name') }, ofUsers('uuuvvw'), [0, 1, 2, 3, 4, 5]],
    ['two users', { type: 'value_count', condition: atLeast(3, 'user.name') }, ofUsers('uuvvuv'), []],
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
      'what precedes the chain in its window is shown',
      { type: 'temporal_ordered', rules: ['a', 'b'] },
      history('baab'),
      [0, 1, 2, 3],
    ],
  ];
  test.each(cases)('%s', (_, rule, matches, expected) => {
    const findings = create([correlationRule('x', rule)], {}).add(matches);
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

describe('across members', () => {
  const rule = correlationRule('x', { type: 'event_count', condition: atLeast(3), members: 'across', minMembers: 3 });
  const at = (memberId: string, second: number, address = '203.0.113.7') =>
    match('a', second, { memberId, fields: { 'source.ip': address } });

  test('one finding per member with its own events, and one campaign', () => {
    const correlator = create([rule]);
    expect(correlator.add([at('kita', 1), at('kita', 2), at('kita', 3), at('minami', 4)])).toEqual([]);
    const findings = correlator.add([at('nishi', 5)]);
    expect(findings.map(({ memberId, events }) => [memberId, events.length])).toEqual([
      ['kita', 3],
      ['minami', 1],
      ['nishi', 1],
    ]);
    for (const { memberId, events } of findings) for (const { id } of events) expect(id).toContain(memberId);
    expect(new Set(findings.map(({ campaignKey }) => campaignKey)).size).toBe(1);
    const [late] = correlator.add([at('higashi', 30)]);
    expect(late?.memberId).toBe('higashi');
    expect(late?.campaignKey).toBe(findings[0]?.campaignKey);
  });

  test('another address is another campaign; within a member there is none', () => {
    const all = ['kita', 'minami', 'nishi'].flatMap((member) => [at(member, 1), at(member, 2, '198.51.100.9')]);
    expect(
      new Set(
        create([rule])
          .add(all)
          .map(({ campaignKey }) => campaignKey),
      ).size,
    ).toBe(2);
    const within = create([{ ...rule, members: 'within' }]).add([at('kita', 1), at('kita', 2), at('kita', 3)]);
    expect(within[0]?.campaignKey).toBeUndefined();
  });

  test('a private address is not the same machine at two members', () => {
    for (const address of ['10.0.0.5', '192.168.1.1', '172.20.0.1', '127.0.0.1', 'fd00::1', '::ffff:10.0.0.5']) {
      expect(create([rule]).add(['kita', 'minami', 'nishi'].map((member) => at(member, 1, address)))).toEqual([]);
    }
  });

  test('a chain may run over members, and the window must hold enough of them', () => {
    const ordered = correlationRule('x', {
      type: 'temporal_ordered',
      rules: ['a', 'b'],
      members: 'across',
      minMembers: 3,
    });
    const success = (memberId: string, second: number) => ({
      ...at(memberId, second),
      ruleId: 'b',
      eventId: `b${second}`,
    });
    expect(create([ordered]).add([at('kita', 1), at('minami', 2), success('kita', 3)])).toEqual([]);
    const findings = create([ordered]).add([at('kita', 1), at('minami', 2), at('nishi', 3), success('minami', 4)]);
    expect(times(findings)).toEqual([[2, 4]]);
    expect(findings.map(({ memberId }) => memberId)).toEqual(['minami']);
  });
});

describe('bounds', () => {
  const pair = correlationRule('x', { type: 'event_count', condition: atLeast(2) });
  const from = (address: string, second: number) => match('a', second, { fields: { 'source.ip': address } });

  test('the least recently used group goes first, and it is counted', () => {
    const correlator = create([pair], { maxGroups: 2 });
    correlator.add([from('203.0.113.1', 1), from('203.0.113.2', 2), from('203.0.113.1', 3), from('203.0.113.3', 4)]);
    expect(correlator.stats()).toEqual({ groups: 2, entries: 3, evicted: 1 });
    expect(correlator.add([from('203.0.113.2', 5)])).toEqual([]);
    expect(correlator.add([from('203.0.113.3', 6)])).toHaveLength(1);
  });

  test('a full group forgets its oldest, but keeps what its threshold needs', () => {
    const small = create([pair], { maxGroupEntries: 8 });
    small.add(Array.from({ length: 100 }, (_, index) => match('a', index / 10)));
    expect(small.stats().entries).toBeLessThanOrEqual(8);
    const many = create([{ ...pair, condition: atLeast(50) }], { maxGroupEntries: 8 });
    expect(times(many.add(Array.from({ length: 100 }, (_, index) => match('a', index / 10)))).flat()).toHaveLength(100);
  });

  test('over all rules, the largest makes room', () => {
    const correlator = create([pair], { maxEntries: 50 });
    correlator.add([match('b', 0)]);
    for (let index = 0; index < 200; index++) correlator.add([from(`203.0.113.${index}`, index)]);
    const { entries, evicted } = correlator.stats();
    expect(entries).toBeLessThanOrEqual(50);
    expect(entries + evicted).toBe(201);
    expect(correlator.add([match('b', 0)])).toEqual([]);
  });

  test('what is older than timespan and lateness is forgotten', () => {
    const correlator = create([pair], { latenessMs: 3_600_000 });
    for (let hour = 0; hour < 48; hour++)
      correlator.add([from(`203.0.113.${hour}`, hour * 3600), match('b', hour * 3600)]);
    expect(correlator.stats().entries).toBeLessThan(20);
    expect(correlator.stats().evicted).toBe(0);
    expect(correlator.windowMs).toBe(3_600_000 + 2 * 60_000);
  });

  test('logs of last year, brought today, are judged among themselves', () => {
    const correlator = create([pair]);
    correlator.add([from('203.0.113.1', 0)]);
    const year = -365 * 86_400;
    expect(times(correlator.add([from('203.0.113.2', year), from('203.0.113.2', year + 5)]))).toEqual([
      [year, year + 5],
    ]);
  });

  test('values are cut, so that a log cannot fill the memory with one', () => {
    const [finding] = create([]).add([match('a', 1, { fields: { 'user.name': 'x'.repeat(1_000_000) } })]);
    expect(finding?.key[0]?.value).toHaveLength(256);
  });

  test('a spray of users leaves room for the other entities', () => {
    const rule = correlationRule('x', { type: 'event_count', condition: atLeast(2) });
    const findings = create([rule]).add(
      Array.from({ length: 100 }, (_, index) =>
        match('a', index / 10, {
          fields: { 'source.ip': '203.0.113.7', 'user.name': `user${index}`, 'host.name': 'vpn1' },
        }),
      ),
    );
    const entities = findings[0]?.entities ?? [];
    expect(entities[0]).toEqual({ field: 'host.name', value: 'vpn1' });
    expect(entities).toHaveLength(11);
  });
});

test.each([
  ['a correlation of correlations', { type: 'temporal', rules: ['a', 'y'] }, /test\.yml:1: "y" is a correlation/],
  ['an unknown rule', { type: 'temporal', rules: ['a', 'q'] }, /there is no rule "q"/],
  ['no condition', { type: 'event_count' }, /event_count needs a condition/],
  ['no field to count', { type: 'value_count', condition: atLeast(2) }, /value_count needs "field"/],
  ['an unpayable threshold', { type: 'event_count', condition: atLeast(1e9) }, /too large/],
  ['a condition on an order', { type: 'temporal_ordered', rules: ['a', 'b'], condition: atLeast(1) }, /no condition/],
] as const)('refuses %s', (_, rule, message) => {
  const other = correlationRule('y', { type: 'event_count', condition: atLeast(2) });
  expect(() => create([correlationRule('x', rule as never), other])).toThrow(message);
});
