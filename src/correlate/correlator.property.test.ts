/** The correlator against the plain meaning of its rules, on small random histories in every order of arrival. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CorrelationRule } from '../detect/rule.ts';
import type { Match } from '../model/alert.ts';
import { createCorrelator } from './correlator.ts';
import type { Finding } from './finding.ts';
import { baseRule, correlationRule, sameField, startMs } from './rules.fixture.ts';

const ruleIds = ['a', 'b', 'c'];
const periodMs = 40_000;

/** Few times, around the border of a period, and events of several rules, so that ties and borders are common. */
const matches = fc
  .constantFrom(2, 5, 20)
  .chain((step) =>
    fc.array(
      fc.record({
        rules: fc.subarray(ruleIds, { minLength: 1 }),
        second: fc.integer({ min: 0, max: 100 / step }).map((steps) => steps * step),
        member: fc.constantFrom('kita', 'minami', 'nishi'),
        address: fc.constantFrom('203.0.113.7', '203.0.113.8'),
        user: fc.constantFrom('u1', 'u2', 'u3', undefined),
        number: fc.integer({ min: 0, max: 1 }),
      }),
      { maxLength: 24 },
    ),
  )
  .map((events) => events.flatMap(({ rules, ...event }) => rules.map((rule) => ({ rule, ...event }))));

const rule = fc
  .record({
    type: fc.constantFrom('event_count', 'value_count', 'temporal', 'temporal_ordered'),
    rules: fc.subarray(ruleIds, { minLength: 1 }),
    twice: fc.boolean(),
    seconds: fc.integer({ min: 0, max: 40 }),
    op: fc.constantFrom('gt', 'gte'),
    value: fc.integer({ min: 1, max: 4 }),
    members: fc.constantFrom('within', 'across'),
    minMembers: fc.constantFrom(2, 3),
    grouped: fc.boolean(),
  })
  .map(({ type, rules, twice, seconds, op, value, members, minMembers, grouped }) =>
    correlationRule('x', {
      type,
      rules: type === 'temporal_ordered' && twice ? [...rules, ...rules.slice(0, 1)] : rules,
      timespanMs: seconds * 1000,
      condition:
        type === 'temporal_ordered'
          ? undefined
          : { compare: [{ op, value }], fields: type === 'value_count' ? ['user.name'] : [], percentile: undefined },
      members,
      minMembers,
      groupBy: grouped ? ['source.ip'] : [],
      own: { titleJa: undefined, descriptionJa: undefined, by: undefined, periodMs },
    }),
  );

function toMatches(drawn: typeof matches extends fc.Arbitrary<infer T> ? T : never): Match[] {
  return drawn.map(({ rule: ruleId, second, member, address, user, number }) => ({
    ruleId,
    memberId: member,
    // The same event may match several rules.
    eventId: `${member}-${address}-${user}-${second}-${number}`,
    sourceId: `${member}.vpn`,
    atMs: startMs + second * 1000,
    fields: { 'source.ip': address, ...(user !== undefined && { 'user.name': user }) },
  }));
}

/** Alert -> ids of its events. */
function told(findings: readonly Finding[]): Record<string, string[]> {
  const alerts: Record<string, string[]> = {};
  for (const { memberId, key, periodStartMs, events } of findings) {
    const alert = JSON.stringify([memberId, key, periodStartMs]);
    alerts[alert] = [...(alerts[alert] ?? []), ...events.map(({ id }) => id)];
  }
  for (const ids of Object.values(alerts)) ids.sort();
  return alerts;
}

function hasChain(window: readonly Match[], rules: readonly string[], used: readonly string[] = [], from = 0): boolean {
  const [first, ...rest] = rules;
  if (first === undefined) return true;
  return window.some(
    ({ ruleId, eventId, atMs }) =>
      ruleId === first && atMs >= from && !used.includes(eventId) && hasChain(window, rest, [...used, eventId], atMs),
  );
}

/** Straight from the words: every window that ends at an event and satisfies the condition. */
function meaning(correlation: CorrelationRule, all: readonly Match[]): Record<string, string[]> {
  const { type, timespanMs, members, minMembers, groupBy, condition } = correlation;
  const across = members === 'across';
  const mine = all.filter(
    ({ ruleId, fields }) =>
      correlation.rules.includes(ruleId) && (type !== 'value_count' || Object.hasOwn(fields, 'user.name')),
  );
  const groupOf = (match: Match) =>
    JSON.stringify([across ? '' : match.memberId, groupBy.map((field) => match.fields[field])]);
  const alerts: Record<string, Set<string>> = {};
  const arrived = new Set<string>();
  for (const last of mine) {
    const window = mine.filter(
      (match) => groupOf(match) === groupOf(last) && match.atMs <= last.atMs && match.atMs >= last.atMs - timespanMs,
    );
    const count = new Set(
      window.map((match) =>
        type === 'event_count' ? match.eventId : type === 'value_count' ? match.fields['user.name'] : match.ruleId,
      ),
    ).size;
    const { op, value } = condition?.compare[0] ?? { op: 'gte', value: 0 };
    const holds =
      type === 'temporal_ordered' ? hasChain(window, correlation.rules) : op === 'gt' ? count > value : count >= value;
    if (!holds || (across && new Set(window.map(({ memberId }) => memberId)).size < minMembers)) continue;
    for (const match of window) {
      const key = groupBy.map((field) => ({ field, value: match.fields[field] }));
      const alert = JSON.stringify([match.memberId, key, Math.floor(last.atMs / periodMs) * periodMs]);
      const ids = alerts[alert] ?? new Set();
      alerts[alert] = ids.add(match.eventId);
      if (match.ruleId === correlation.rules.at(-1)) arrived.add(alert);
    }
  }
  // An order over members is an alert for those that saw its end.
  const raised = Object.entries(alerts).filter(
    ([alert]) => !across || type !== 'temporal_ordered' || arrived.has(alert),
  );
  return Object.fromEntries(raised.map(([alert, ids]) => [alert, [...ids].sort()]));
}

test('whatever the order of arrival, the findings are what the rule means, each event once', () => {
  fc.assert(
    fc.property(
      rule,
      matches.chain((drawn) => fc.tuple(fc.shuffledSubarray(drawn, { minLength: drawn.length }), fc.constant(drawn))),
      fc.integer({ min: 1, max: 5 }),
      (correlation, [shuffled], batch) => {
        const all = toMatches(shuffled);
        const correlator = createCorrelator({
          rules: ruleIds.map((id) => baseRule(id)),
          correlations: [{ ...correlation, generate: true }],
          ecsField: sameField,
        });
        const findings: Finding[] = [];
        for (let index = 0; index < all.length; index += batch)
          findings.push(...correlator.add(all.slice(index, index + batch)));
        expect(told(findings.filter(({ ruleId }) => ruleId === 'x'))).toEqual(meaning(correlation, all));
        const alone = findings.filter(({ ruleId }) => ruleId !== 'x').flatMap(({ events }) => events);
        expect(alone).toHaveLength(new Set(all.map(({ ruleId, eventId }) => `${ruleId} ${eventId}`)).size);
        expect(correlator.add(all)).toEqual([]);
      },
    ),
    { numRuns: 1000 },
  );
});

test('a correlator rebuilt from the last windowMs goes on as the one before', () => {
  const hour = 3_600_000;
  fc.assert(
    fc.property(rule, matches, matches, fc.integer({ min: 0, max: 60 }), (correlation, before, after, lateSeconds) => {
      const options = {
        rules: ruleIds.map((id) => baseRule(id)),
        correlations: [correlation],
        ecsField: sameField,
        latenessMs: 30_000,
      };
      const old = toMatches(before);
      const newestMs = Math.max(...old.map(({ atMs }) => atMs), startMs);
      const fresh = toMatches(after)
        .map((match) => ({ ...match, eventId: `later-${match.eventId}`, atMs: match.atMs + lateSeconds * 1000 }))
        .filter(({ atMs }) => atMs >= newestMs - options.latenessMs);
      const lasting = createCorrelator(options);
      lasting.add(old);
      const rebuilt = createCorrelator(options);
      expect(rebuilt.windowMs).toBeLessThan(hour);
      rebuilt.add(old.filter(({ atMs }) => atMs >= newestMs - rebuilt.windowMs));
      expect(told(rebuilt.add(fresh))).toEqual(told(lasting.add(fresh)));
    }),
    { numRuns: 300 },
  );
});
