/** Campaigns as the book makes them of findings of rules across members. */
import { describe, expect, test } from 'vitest';
import type { Finding } from '../correlate/finding.ts';
import { campaign as campaignSchema } from '../model/alert.ts';
import type { Change } from '../store/store.ts';
import { createCenter, finding, rules, sweep, sweepOf, write } from './book.fixture.ts';
import { createIncidentBook } from './book.ts';

describe('campaigns', () => {
  test('one, over the members that were found together; a later member joins', () => {
    const center = createCenter();
    const { notices } = center.add(...sweepOf('kita', 'minami'));
    expect(notices.map(({ what, kind }) => `${kind} ${what}`)).toEqual([
      'incident opened',
      'incident opened',
      'campaign opened',
    ]);
    center.add(...sweepOf('nishi'));
    const [campaign, ...more] = center.written.campaign.values();
    expect(more).toEqual([]);
    expect(campaignSchema.parse(campaign)).toEqual(campaign);
    expect(campaign).toMatchObject({
      memberIds: ['kita', 'minami', 'nishi'],
      title: 'Title of sweep',
      titleJa: 'sweepの題名',
      level: 'low',
    });
    expect(campaign?.incidentIds).toHaveLength(3);
    for (const { campaignId, memberId, alertIds } of center.incidents()) {
      expect(campaignId).toBe(campaign?.id);
      for (const id of alertIds)
        expect(center.written.alert.get(id)).toMatchObject({ memberId, campaignId: campaign?.id });
    }
    expect(center.written.audit.map(({ action, memberId }) => [action, memberId])).toEqual([['campaign.create', null]]);
  });

  test('findings of two members in two calls make it too; one member alone makes none', () => {
    const center = createCenter();
    center.add(...sweepOf('kita'));
    expect(center.written.campaign.size).toBe(0);
    center.add(...sweepOf('minami'));
    expect([...center.written.campaign.values()]).toMatchObject([{ memberIds: ['kita', 'minami'] }]);
    expect(center.incidents().every(({ campaignId }) => campaignId !== null)).toBe(true);
  });

  test('it grows as graver alerts join one of its incidents', () => {
    const center = createCenter();
    center.add(...sweepOf('kita', 'minami'));
    const { notices } = center.add(finding('critical1', 'source 203.0.113.7', 20));
    expect([...center.written.campaign.values()]).toMatchObject([
      { level: 'critical', lastSeenAt: '2026-11-23T20:00:00.000Z' },
    ]);
    expect(notices.map(({ what, kind }) => `${kind} ${what}`)).toEqual(['incident escalated', 'campaign escalated']);
    expect(
      center
        .incidents()
        .map(({ level }) => level)
        .sort(),
    ).toEqual(['critical', 'low']);
  });

  describe('are named after the gravest rule across members that found something in them', () => {
    const breakIn = (member: string) => finding('breakin', 'source 203.0.113.7', 13, { member, campaignKey: 'k3' });
    const named = (center: ReturnType<typeof createCenter>) =>
      [...center.written.campaign.values()].filter(({ status }) => status !== 'closed').map(({ title }) => title);

    test.each<[string, readonly (readonly Finding[])[], string]>([
      ['a graver one later', [sweepOf('kita', 'minami'), [breakIn('kita')]], 'breakin'],
      ['a graver one in the same batch', [[...sweepOf('kita', 'minami'), breakIn('kita')]], 'breakin'],
      ['a graver one before', [[breakIn('kita'), breakIn('minami')], sweepOf('kita', 'minami', 'nishi')], 'breakin'],
      [
        'a graver one after something graver within a member',
        [sweepOf('kita', 'minami'), [finding('critical1', 'source 203.0.113.7', 12)], [breakIn('kita')]],
        'breakin',
      ],
      [
        'graver ones within a member only',
        [sweepOf('kita', 'minami'), [finding('critical1', 'source 203.0.113.7', 12)], sweepOf('nishi')],
        'sweep',
      ],
    ])('%s', (_, batches, expected) => {
      const center = createCenter();
      for (const batch of batches) center.add(...batch);
      expect(named(center)).toEqual([`Title of ${expected}`]);
      expect([...center.written.campaign.values()].map(({ titleJa }) => titleJa)).toEqual([`${expected}の題名`]);
    });

    test('two that become one have the name of the graver, also when that is the younger', () => {
      const center = createCenter();
      center.add(...sweepOf('kita', 'minami'));
      center.add(
        ...['kita', 'nishi'].map((member) =>
          finding('breakin', 'source 198.51.100.2', 12, { member, campaignKey: 'k4' }),
        ),
      );
      expect(named(center)).toEqual(['Title of sweep', 'Title of breakin']);
      center.add(finding('low1', 'source 203.0.113.7 destination 198.51.100.2'));
      expect(named(center)).toEqual(['Title of breakin']);
    });

    test('while the alert that gave the name is not at hand, the name stays', () => {
      const center = createCenter();
      center.add(breakIn('kita'), breakIn('minami'));
      const next = createIncidentBook();
      for (const kind of ['campaign', 'incident'] as const)
        for (const doc of center.written[kind].values()) next.replace({ kind, doc } as Change);
      const { changes } = next.apply(sweepOf('kita'), rules, center.now());
      const [campaign] = changes.flatMap((change) => (change.kind === 'campaign' ? [change.doc] : []));
      expect(campaign?.title ?? 'Title of breakin').toBe('Title of breakin');
      expect(changes.map(({ kind }) => kind)).toContain('alert');
    });
  });

  test('the next day of the same attack is the same campaign, also for a member that is new then', () => {
    const center = createCenter();
    center.add(...sweepOf('kita', 'minami'));
    center.add(sweep('kita', 'k2', '203.0.113.7', 25), sweep('minami', 'k2', '203.0.113.7', 25));
    center.add(sweep('nishi', 'k2', '203.0.113.7', 26));
    expect([...center.written.campaign.values()]).toMatchObject([{ memberIds: ['kita', 'minami', 'nishi'] }]);
  });

  test('two that turn out to share an incident become one, and stay so', () => {
    const center = createCenter();
    center.add(...sweepOf('kita', 'minami'));
    center.add(...['nishi', 'higashi'].map((member) => sweep(member, 'k2', '198.51.100.2')));
    center.add(sweep('kita', 'k2', '198.51.100.2'));
    expect(center.written.campaign.size).toBe(2);
    center.add(finding('low1', 'source 203.0.113.7 destination 198.51.100.2'));
    const [older, younger] = center.written.campaign.values();
    expect(older).toMatchObject({ status: 'new', memberIds: ['higashi', 'kita', 'minami', 'nishi'] });
    expect(younger).toMatchObject({ status: 'closed', comments: [{ by: 'system' }] });
    expect(older?.incidentIds).toHaveLength(4);
    for (const { campaignId } of center.incidents()) expect(campaignId).toBe(older?.id);
    for (const { campaignId, ruleId } of center.written.alert.values()) {
      expect(campaignId).toBe(ruleId === 'sweep' ? older?.id : null);
    }
    center.add(sweep('chuo', 'k2', '198.51.100.2'));
    expect(center.written.campaign.get(older?.id ?? '')?.memberIds).toContain('chuo');
    expect(center.written.campaign.get(younger?.id ?? '')).toEqual(younger);
  });

  test('a closed one reopens when its rule finds more', () => {
    const center = createCenter();
    center.add(...sweepOf('kita', 'minami'));
    const [campaign] = center.written.campaign.values();
    if (campaign === undefined) throw new Error('a campaign was expected');
    const closed = { ...campaign, status: 'closed' as const, version: 2 };
    write(center.written, [{ kind: 'campaign', doc: closed }]);
    center.book.replace({ kind: 'campaign', doc: closed });
    center.add(sweep('kita', 'k1', '203.0.113.7', 14));
    expect(center.written.campaign.get(campaign.id)).toMatchObject({ status: 'new', version: 3 });
    expect(center.written.audit.map(({ action }) => action)).toEqual(['campaign.create', 'campaign.reopen']);
  });

  test('nothing that a member may read names another member', () => {
    const center = createCenter();
    center.add(...sweepOf('kita', 'minami', 'nishi'));
    center.add(
      finding('high1', 'host srv1 source 203.0.113.7'),
      finding('high1', 'host srv1', 12, { member: 'minami' }),
    );
    for (const { campaignId: _, ...shown } of [...center.incidents(), ...center.written.alert.values()]) {
      for (const member of ['kita', 'minami', 'nishi'])
        if (member !== shown.memberId) expect(JSON.stringify(shown)).not.toContain(member);
    }
    for (const { memberId, text } of center.written.audit) if (memberId !== null) expect(text).not.toMatch(/campaign/i);
  });
});
