/** The whole way from matches to incidents: an attack over three members, in any order of arrival, and a day without one. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCorrelator } from '../correlate/correlator.ts';
import { atLeast, baseRule, correlationRule, match, sameField } from '../correlate/rules.fixture.ts';
import type { Match } from '../model/alert.ts';
import { nothingWritten, type Written, write } from './book.fixture.ts';
import { createIncidentBook } from './book.ts';

const minutes = 60_000;
const base = [
  baseRule('vpn-failure', { level: 'low' }),
  baseRule('vpn-success', { level: 'informational' }),
  baseRule('logon', { level: 'low' }),
  baseRule('service-installed', { level: 'medium' }),
  baseRule('log-cleared', { level: 'high' }),
];
const correlations = [
  correlationRule('vpn-sweep', {
    type: 'event_count',
    level: 'medium',
    rules: ['vpn-failure'],
    timespanMs: 30 * minutes,
    condition: atLeast(10),
    members: 'across',
    minMembers: 3,
  }),
  correlationRule('vpn-break-in', {
    type: 'temporal_ordered',
    level: 'high',
    rules: ['vpn-failure', 'vpn-success'],
    timespanMs: 60 * minutes,
  }),
  correlationRule('vpn-spray', {
    type: 'value_count',
    level: 'medium',
    rules: ['vpn-failure'],
    timespanMs: 30 * minutes,
    condition: atLeast(20, 'user.name'),
  }),
];

const attacker = '203.0.113.66';
const attacked = ['kita-hospital', 'minami-museum', 'nishi-hall'];
const quiet = ['higashi-university', 'chuo-foundation'];

function vpn(ruleId: string, memberId: string, second: number, address: string, user: string): Match {
  return match(ruleId, second, {
    memberId,
    eventId: `${ruleId} ${memberId} ${second} ${user}`,
    fields: { 'source.ip': address, 'user.name': user },
  });
}

function windows(ruleId: string, memberId: string, second: number, host: string, user?: string): Match {
  return match(ruleId, second, {
    memberId,
    sourceId: `${memberId}.windows`,
    fields: { 'host.name': host, ...(user !== undefined && { 'user.name': user }) },
  });
}

/** What happens at every member every day: people who mistype, people who sign in. */
const background: Match[] = [...attacked, ...quiet].flatMap((memberId, place) => [
  vpn('vpn-failure', memberId, 100 + place, `198.51.100.${place}`, `sato${place}`),
  vpn('vpn-success', memberId, 5 * 3600 + place, `198.51.100.${place}`, `sato${place}`),
  vpn('vpn-failure', memberId, 900 + place, '192.0.2.200', 'admin'),
  windows('logon', memberId, 1000, `pc${place}`, `suzuki${place}`),
  windows('logon', memberId, 1500, 'srv9', 'SYSTEM'),
]);

const attack: Match[] = [
  ...attacked.flatMap((memberId, place) =>
    ['admin', 'test', 'maint01', 'backup', 'vpnuser'].map((user, index) =>
      vpn('vpn-failure', memberId, 2000 + place * 120 + index * 7, attacker, user),
    ),
  ),
  vpn('vpn-success', 'kita-hospital', 2400, attacker, 'maint01'),
  windows('logon', 'kita-hospital', 2700, 'SRV1', 'CORP\\maint01'),
  windows('service-installed', 'kita-hospital', 2900, 'SRV1.kita.example.jp'),
  windows('log-cleared', 'kita-hospital', 3000, 'srv1', 'CORP\\maint01'),
];

function run(matches: readonly Match[], batch: number): Written {
  const correlator = createCorrelator({ rules: base, correlations, ecsField: sameField });
  const rules = new Map([...base, ...correlations].map((rule) => [rule.id, rule]));
  const book = createIncidentBook();
  const written = nothingWritten();
  for (let index = 0; index < matches.length; index += batch) {
    const findings = correlator.add(matches.slice(index, index + batch));
    const now = new Date(Date.UTC(2026, 10, 23, 13, 0, index)).toISOString();
    const applied = book.apply(findings, rules, now);
    write(written, applied.changes);
    applied.commit();
  }
  return written;
}

function expectTheStory(written: Written): void {
  expect([...written.campaign.values()].map(({ memberIds, title }) => ({ memberIds, title }))).toEqual([
    { memberIds: attacked, title: 'Correlation vpn-sweep' },
  ]);
  const [campaign] = written.campaign.values();
  const open = [...written.incident.values()].filter(({ mergedInto }) => mergedInto === null);
  expect(open.map(({ memberId }) => memberId).sort()).toEqual(attacked);
  expect(open.map(({ id }) => id).sort()).toEqual(campaign?.incidentIds);
  for (const { memberId, campaignId, level, alertIds } of open) {
    expect(campaignId).toBe(campaign?.id);
    const rules = alertIds.map((id) => written.alert.get(id)?.ruleId).sort();
    if (memberId === 'kita-hospital') {
      expect(level).toBe('high');
      expect(rules).toEqual(['log-cleared', 'logon', 'service-installed', 'vpn-break-in', 'vpn-sweep']);
    } else expect(rules).toEqual(['vpn-sweep']);
  }
  expect(campaign?.level).toBe('high');
}

describe('the story', () => {
  const inOrder = [...background, ...attack].sort((a, b) => a.atMs - b.atMs);

  test.each([1, 3, 1000])('one campaign over the three members attacked, told in batches of %d', (batch) => {
    expectTheStory(run(inOrder, batch));
  });

  test('in whatever order the logs arrive', () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray(inOrder, { minLength: inOrder.length }),
        fc.integer({ min: 1, max: 9 }),
        (matches, batch) => {
          expectTheStory(run(matches, batch));
        },
      ),
      { numRuns: 50 },
    );
  });

  test('a day without it gives neither incident nor campaign', () => {
    const written = run(background, 4);
    expect(written.incident.size).toBe(0);
    expect(written.campaign.size).toBe(0);
    expect(written.alert.size).toBeGreaterThan(0);
  });

  test('an attack on two members only is no campaign', () => {
    const written = run(
      [...background, ...attack].filter(({ memberId }) => memberId !== 'nishi-hall'),
      5,
    );
    expect(written.campaign.size).toBe(0);
    expect([...written.incident.values()].map(({ memberId }) => memberId)).toEqual(['kita-hospital']);
  });
});
