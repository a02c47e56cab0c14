import { describe, expect, test } from 'vitest';
import type { CorrelationRule } from '../detect/rule.ts';
import { type CorrelatorOptions, createCorrelator } from './correlator.ts';
import { atLeast, baseRule, compare, correlationRule, match, sameField, times } from './rules.fixture.ts';

const three = [baseRule('a'), baseRule('b'), baseRule('c')];

const create = (correlations: readonly CorrelationRule[], more: Partial<CorrelatorOptions> = {}) =>
  createCorrelator({ rules: three, correlations, ecsField: sameField, ...more });

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

  test('a group not used for long goes first; it is counted, and which rule forgot it', () => {
    const correlator = create([pair], { maxGroups: 2 });
    correlator.add([from('203.0.113.1', 1), from('203.0.113.2', 2), from('203.0.113.1', 3), from('203.0.113.3', 4)]);
    expect(correlator.stats()).toEqual({
      groups: 2,
      entries: 3,
      evicted: 1,
      waiting: 0,
      forgetful: [{ ruleId: 'x', evicted: 1 }],
    });
    expect(correlator.add([from('203.0.113.3', 5)])).toHaveLength(1);
    expect(correlator.add([from('203.0.113.2', 6)])).toEqual([]);
  });

  test('moments that wait do not outlive their groups by much', () => {
    const few = correlationRule('x', { type: 'event_count', condition: compare('lt', 2) });
    const correlator = create([few], { maxGroups: 100 });
    for (let index = 0; index < 10; index++)
      correlator.add(Array.from({ length: 1000 }, (_, at) => from(`198.51.100.${index}.${at}`, 0)));
    expect(correlator.stats().waiting).toBeLessThanOrEqual(1200);
    expect(correlator.advance(Number.POSITIVE_INFINITY)).toHaveLength(100);
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
