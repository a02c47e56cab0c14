import { describe, expect, test } from 'vitest';
import type { CorrelationRule } from '../detect/rule.ts';
import { type CorrelatorOptions, createCorrelator } from './correlator.ts';
import { atLeast, baseRule, compare, correlationRule, match, sameField, startMs, times } from './rules.fixture.ts';

const three = [baseRule('a'), baseRule('b'), baseRule('c')];

const create = (correlations: readonly CorrelationRule[], more: Partial<CorrelatorOptions> = {}) =>
  createCorrelator({ rules: three, correlations, ecsField: sameField, ...more });

describe('what must settle', () => {
  const few = correlationRule('x', { type: 'event_count', condition: compare('lt', 2), timespanMs: 10_000 });
  const at = (second: number) => match('a', second);

  test('waits until event time is past it by more than settleMs, and counts what came meanwhile', () => {
    const correlator = create([few], { settleMs: 60_000 });
    expect(correlator.add([at(100), at(155)])).toEqual([]);
    expect(correlator.stats().waiting).toBe(2);
    expect(correlator.add([at(95)])).toEqual([]);
    // 95 is alone in its window; 100 is not, as 95 came in time.
    expect(times(correlator.add([at(161)]))).toEqual([[95]]);
    expect(correlator.stats().waiting).toBe(2);
  });

  test('any match moves event time, and so does the caller', () => {
    const correlator = create([few], { settleMs: 60_000 });
    correlator.add([at(0)]);
    expect(correlator.advance(startMs + 60_000)).toEqual([]);
    expect(correlator.add([])).toEqual([]);
    expect(times(correlator.advance(startMs + 60_001))).toEqual([[0]]);
    expect(correlator.advance(startMs)).toEqual([]);
    correlator.add([at(70)]);
    expect(times(correlator.add([match('c', 131, { fields: {} })]))).toEqual([[70], [131]]);
  });

  test('what comes later than that is judged among itself, and changes nothing that was', () => {
    const correlator = create([few], { settleMs: 60_000 });
    correlator.add([at(0), at(1000)]);
    expect(times(correlator.add([at(500), at(505), at(5)]))).toEqual([]);
    expect(times(correlator.advance(startMs + 1_061_000))).toEqual([[500, 1000]]);
  });

  test('once, not again at each correlation above', () => {
    const above = correlationRule('y', { type: 'event_count', rules: ['x'], condition: compare('lt', 3) });
    const correlator = create([above, few], { settleMs: 60_000 });
    expect(correlator.add([at(0), at(20)])).toEqual([]);
    expect(times(correlator.advance(startMs + 80_001))).toEqual([[0, 20]]);
    expect(correlator.stats().waiting).toBe(0);
  });

  test('at once, where a further event can only help', () => {
    const correlator = create([correlationRule('y', { type: 'value_sum', condition: compare('gt', 4, 'n') })]);
    const amount = (second: number, n: number) => match('a', second, { fields: { 'source.ip': '203.0.113.7', n } });
    expect(times(correlator.add([amount(0, 2), amount(1, 3)]))).toEqual([[0, 1]]);
    expect(times(correlator.add([amount(2, -9)]))).toEqual([]);
  });
});

describe('correlations of correlations', () => {
  const burst = correlationRule('burst', {
    type: 'event_count',
    rules: ['a'],
    groupBy: ['Address'],
    condition: atLeast(3),
    timespanMs: 10_000,
  });
  const outer = correlationRule('x', {
    type: 'temporal_ordered',
    rules: ['burst', 'b'],
    groupBy: ['who'],
    aliases: { who: { burst: 'Address', b: 'Login' } },
    timespanMs: 60_000,
  });
  const ecsField = (_: string, field: string) => [field === 'Address' || field === 'Login' ? 'source.ip' : field];

  test('an occurrence is each event at which the inner one holds; the alert holds them, and its key is ECS', () => {
    const correlator = create([outer, burst], { ecsField });
    const findings = correlator.add([0, 1, 2, 3, 99].map((second) => match('a', second)));
    expect(findings).toEqual([]);
    const [finding, ...others] = correlator.add([match('b', 20)]);
    expect(others).toEqual([]);
    expect(finding?.ruleId).toBe('x');
    expect(finding?.key).toEqual([{ field: 'source.ip', value: '203.0.113.7' }]);
    expect(finding?.events.map(({ id }) => id)).toEqual([
      'a@kita-hospital+2',
      'a@kita-hospital+3',
      'b@kita-hospital+20',
    ]);
    expect(correlator.windowMs).toBe(86_400_000 + 2 * 60_000 + 10_000);
    expect([...correlator.matchFields]).not.toContain('Address');
  });

  test.each([
    [false, ['x']],
    [true, ['burst', 'x']],
  ])('generate: %s', (generate, expected) => {
    const correlator = create([burst, { ...outer, generate }], { ecsField });
    const findings = correlator.add([match('a', 0), match('a', 1), match('a', 2), match('b', 3)]);
    expect(
      [...new Set(findings.map(({ ruleId }) => ruleId))].filter((id) => id.length > 1 || id === 'x').sort(),
    ).toEqual(expected);
  });

  test('a late event that makes the inner one hold makes the outer one hold', () => {
    const correlator = create([burst, outer], { ecsField });
    expect(correlator.add([match('a', 0), match('b', 9), match('a', 4)])).toEqual([]);
    expect(times(correlator.add([match('a', 2)]))).toEqual([[4, 9]]);
  });
});
