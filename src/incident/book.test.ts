import { describe, expect, test } from 'vitest';
import type { Finding } from '../correlate/finding.ts';
import { campaign as campaignSchema, incident as incidentSchema } from '../model/alert.ts';
import type { Change } from '../store/store.ts';
import { finding, nothingWritten, rules, write } from './book.fixture.ts';
import { type BookOptions, createIncidentBook } from './book.ts';
import { alertId } from './fold-alert.ts';
import { mostAlerts } from './fold-incident.ts';

/** A book with its store. Each call of add is one apply, written and committed, a minute after the last. */
function createCenter(options: BookOptions = {}) {
  const book = createIncidentBook(options);
  const written = nothingWritten();
  let minute = 0;
  const now = () => new Date(Date.UTC(2026, 10, 23, 12, minute++)).toISOString();
  return {
    book,
    written,
    now,
    add(...findings: Finding[]) {
      const applied = book.apply(findings, rules, now());
      write(written, applied.changes);
      applied.commit();
      return applied;
    },
    /** Open incidents as lists of rules, each sorted. */
    cases: () =>
      [...written.incident.values()]
        .filter(({ mergedInto, status }) => mergedInto === null && status !== 'closed')
        .map(({ alertIds }) => alertIds.map((id) => written.alert.get(id)?.ruleId as string).sort())
        .sort(),
    incidents: () => [...written.incident.values()].filter(({ mergedInto }) => mergedInto === null),
  };
}

describe('what opens an incident', () => {
  const cases: readonly [string, Finding[], string[][]][] = [
    ['high', [finding('high1', 'host srv1')], [['high1']]],
    ['critical, about nothing', [finding('critical1', '')], [['critical1']]],
    ['medium alone does not', [finding('medium1', 'host srv1')], []],
    ['a medium correlation', [finding('chain', 'host srv1')], [['chain']]],
    ['a low correlation does not', [finding('lowchain', 'host srv1')], []],
    [
      'two rules, one host',
      [finding('low1', 'host srv1'), finding('low2', 'host SRV1.example.jp')],
      [['low1', 'low2']],
    ],
    ['one rule twice does not', [finding('low1', 'host srv1 user a'), finding('low1', 'host srv1 user b')], []],
    ['two rules, nothing shared', [finding('low1', 'host srv1'), finding('low2', 'host srv2')], []],
    ['two rules, only root shared', [finding('low1', 'host a user root'), finding('low2', 'host b user root')], []],
    ['two rules, a day apart', [finding('low1', 'host srv1', 0), finding('low2', 'host srv1', 24)], [['low1', 'low2']]],
    ['two rules, more than a day apart', [finding('low1', 'host srv1', 0), finding('low2', 'host srv1', 25)], []],
    ['two members', [finding('low1', 'host srv1'), finding('low2', 'host srv1', 12, { member: 'minami' })], []],
    ['informational never counts', [finding('info1', 'host srv1'), finding('low2', 'host srv1')], []],
    ['informational never joins', [finding('info1', 'host srv1'), finding('high1', 'host srv1')], [['high1']]],
    ['low joins high', [finding('high1', 'host srv1'), finding('low1', 'host srv1')], [['high1', 'low1']]],
    [
      'a destination that becomes a source',
      [finding('high1', 'destination 10.0.0.5'), finding('low1', 'source 10.0.0.5')],
      [['high1', 'low1']],
    ],
  ];
  test.each(cases)('%s', (_, findings, expected) => {
    const together = createCenter();
    together.add(...findings);
    expect(together.cases()).toEqual(expected);
    for (const order of [findings, findings.toReversed()]) {
      const center = createCenter();
      for (const one of order) center.add(one);
      expect(center.cases()).toEqual(expected);
    }
  });

  test('alerts that were waiting are drawn in, also over several steps', () => {
    const center = createCenter();
    center.add(finding('low1', 'host srv1 user bob'));
    center.add(finding('low1', 'user bob source 192.0.2.9'));
    expect(center.cases()).toEqual([]);
    center.add(finding('high1', 'host srv1'));
    expect(center.cases()).toEqual([['high1', 'low1', 'low1']]);
    const [incident] = center.incidents();
    expect(incidentSchema.parse(incident)).toEqual(incident);
    expect(incident).toMatchObject({ title: 'Title of high1', level: 'high', memberId: 'kita' });
  });

  test('title and level are those of the gravest', () => {
    const center = createCenter();
    center.add(finding('high1', 'host srv1', 5));
    const { notices } = center.add(finding('critical1', 'host srv1', 3), finding('low1', 'host srv1', 9));
    expect(center.incidents()).toMatchObject([
      {
        title: 'Title of critical1',
        level: 'critical',
        firstSeenAt: '2026-11-23T03:00:00.000Z',
        lastSeenAt: '2026-11-23T09:00:00.000Z',
      },
    ]);
    expect(notices.map(({ what }) => what)).toEqual(['escalated']);
  });
});

describe('merging', () => {
  test('an alert that ties two incidents folds the younger into the older', () => {
    const center = createCenter();
    center.add(finding('high1', 'host srv1'));
    center.add(finding('critical1', 'host srv2'));
    const [older, younger] = center.incidents();
    const { changes, notices } = center.add(
      finding('low1', 'host srv1 destination 10.0.0.1'),
      finding('low2', 'user u source 10.0.0.1'),
    );
    expect(changes.filter(({ kind }) => kind === 'incident')).toHaveLength(1);
    expect(notices).toEqual([]);
    center.add(finding('low2', 'host srv2 user u'));
    expect(center.cases()).toEqual([['critical1', 'high1', 'low1', 'low2', 'low2']]);
    expect(center.written.incident.get(older?.id ?? '')).toMatchObject({
      level: 'critical',
      title: 'Title of critical1',
    });
    expect(center.written.incident.get(younger?.id ?? '')).toMatchObject({ mergedInto: older?.id, status: 'closed' });
    for (const alert of center.written.alert.values()) expect(alert.incidentId).toBe(older?.id);
    expect(center.written.audit.map(({ action, memberId }) => [action, memberId])).toEqual([
      ['incident.merge', 'kita'],
    ]);
  });

  test('comments, assignee and state of the younger are kept', () => {
    const center = createCenter();
    center.add(finding('high1', 'host srv1'));
    center.add(finding('high1', 'host srv2'));
    const [older, younger] = center.incidents();
    if (older === undefined || younger === undefined) throw new Error('two incidents were expected');
    const comment = { at: '2026-11-23T12:30:00.000Z', by: 'aiko', text: 'called them' };
    const edited = {
      ...younger,
      assignee: 'aiko',
      status: 'in-progress' as const,
      comments: [comment],
      version: younger.version + 1,
    };
    write(center.written, [{ kind: 'incident', doc: edited }]);
    center.book.replace({ kind: 'incident', doc: edited });
    center.add(finding('low1', 'host srv1 user x'), finding('low1', 'host srv2 user x'));
    expect(center.incidents()).toMatchObject([
      { id: older.id, assignee: 'aiko', status: 'in-progress', comments: [comment] },
    ]);
  });

  test('an incident that is full takes no more; the next one is opened beside it', () => {
    const center = createCenter();
    center.add(finding('high1', 'host srv1'));
    center.add(...Array.from({ length: mostAlerts + 50 }, (_, index) => finding('low1', `host srv1 user u${index}`)));
    expect(center.incidents().map(({ alertIds }) => alertIds.length)).toEqual([mostAlerts]);
    center.add(finding('low2', 'host srv1'));
    expect(center.incidents().map(({ alertIds }) => alertIds.length)).toEqual([mostAlerts, 52]);
    const largest = center.incidents()[0];
    expect(largest?.entities.length).toBeLessThanOrEqual(100);
  });
});

describe('people and the book', () => {
  test('nothing is noted before commit, and the same again gives the same', () => {
    const { book } = createCenter();
    const first = book.apply([finding('high1', 'host srv1')], rules, '2026-11-23T12:00:00.000Z');
    const again = book.apply([finding('high1', 'host srv1')], rules, '2026-11-23T12:00:00.000Z');
    expect(again.changes).toEqual(first.changes);
    expect(book.stats()).toEqual({ alerts: 0, incidents: 0, campaigns: 0 });
    again.commit();
    expect(book.stats()).toEqual({ alerts: 1, incidents: 1, campaigns: 0 });
  });

  test('what an analyst changed is built upon', () => {
    const center = createCenter();
    center.add(finding('low1', 'host srv1'));
    const [alert] = center.written.alert.values();
    if (alert === undefined) throw new Error('an alert was expected');
    const edited = { ...alert, status: 'acknowledged' as const, assignee: 'aiko', version: 2 };
    write(center.written, [{ kind: 'alert', doc: edited }]);
    expect(() => center.add(finding('low1', 'host srv1', 13))).toThrow('version 2 after 2');
    center.book.replace({ kind: 'alert', doc: edited });
    center.add(finding('low1', 'host srv1', 13));
    expect(center.written.alert.get(alert.id)).toMatchObject({
      status: 'acknowledged',
      assignee: 'aiko',
      count: 2,
      version: 3,
    });
    center.book.replace({ kind: 'alert', doc: alert });
    center.add(finding('low1', 'host srv1', 14));
    expect(center.written.alert.get(alert.id)).toMatchObject({ count: 3, version: 4 });
  });

  test('a closed alert and its closed incident reopen with new events, and the audit says why', () => {
    const center = createCenter();
    center.add(finding('high1', 'host srv1'));
    close(center, 'benign');
    const { notices } = center.add(finding('high1', 'host srv1', 13));
    expect([...center.written.alert.values()]).toMatchObject([{ status: 'new', closeReason: null, count: 2 }]);
    expect(center.incidents()).toMatchObject([{ status: 'new', lastSeenAt: '2026-11-23T13:00:00.000Z' }]);
    expect(center.written.audit.map(({ action }) => action)).toEqual(['alert.reopen', 'incident.reopen']);
    expect(center.written.audit[0]?.text).toContain('closed as benign');
    expect(notices.map(({ what, kind }) => `${kind} ${what}`)).toEqual(['incident reopened']);
  });

  test('a false positive goes on counting in silence, and ties nothing', () => {
    const center = createCenter();
    center.add(finding('high1', 'host srv1'));
    close(center, 'false-positive');
    const { changes, notices } = center.add(finding('high1', 'host srv1', 13));
    expect(changes.map(({ kind }) => kind)).toEqual(['alert']);
    expect(notices).toEqual([]);
    center.add(finding('low1', 'host srv1', 13));
    expect(center.cases()).toEqual([]);
  });

  function close(center: ReturnType<typeof createCenter>, closeReason: 'benign' | 'false-positive'): void {
    const changes: Change[] = [];
    for (const doc of center.written.alert.values())
      changes.push({ kind: 'alert', doc: { ...doc, status: 'closed', closeReason, version: doc.version + 1 } });
    for (const doc of center.written.incident.values())
      changes.push({ kind: 'incident', doc: { ...doc, status: 'closed', version: doc.version + 1 } });
    write(center.written, changes);
    for (const change of changes) center.book.replace(change);
  }

  test('a book filled from the store goes on where the other one ended', () => {
    const center = createCenter();
    center.add(finding('high1', 'host srv1'), finding('low1', 'user bob'));
    center.add(...sweepOf('kita', 'minami'));
    const next = createIncidentBook();
    for (const kind of ['campaign', 'incident', 'alert'] as const)
      for (const doc of center.written[kind].values()) next.replace({ kind, doc } as Change);
    const more = [finding('high1', 'host srv1 user bob'), ...sweepOf('nishi')];
    const at = center.now();
    expect(next.apply(more, rules, at).changes).toEqual(center.book.apply(more, rules, at).changes);
  });

  test('the least recently written are forgotten, and come back by replace', () => {
    const center = createCenter({ maxAlerts: 10 });
    for (let index = 0; index < 30; index++) center.add(finding('low1', `host h${index}`));
    expect(center.book.stats().alerts).toBeLessThanOrEqual(10);
    expect(() => center.add(finding('low1', 'host h0', 13))).toThrow('version 1 after 1');
    const forgotten = center.written.alert.get(alertId(finding('low1', 'host h0')));
    if (forgotten !== undefined) center.book.replace({ kind: 'alert', doc: forgotten });
    center.add(finding('low1', 'host h0', 13));
    expect(center.written.alert.get(forgotten?.id ?? '')).toMatchObject({ count: 2, version: 2 });
  });

  test('a finding of an unknown rule is refused', () => {
    expect(() => createCenter().add(finding('nix', 'host srv1'))).toThrow('"nix"');
  });
});

const sweep = (member: string, campaignKey: string, address = '203.0.113.7', hour = 12) =>
  finding('sweep', `source ${address}`, hour, { member, campaignKey });
const sweepOf = (...members: string[]) => members.map((member) => sweep(member, 'k1'));

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
    expect(campaign).toMatchObject({ memberIds: ['kita', 'minami', 'nishi'], title: 'Title of sweep', level: 'low' });
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
