import { describe, expect, test } from 'vitest';
import type { Finding } from '../correlate/finding.ts';
import { incident as incidentSchema } from '../model/alert.ts';
import type { Change } from '../store/store.ts';
import { createCenter, finding, rules, sweepOf, write } from './book.fixture.ts';
import { createIncidentBook } from './book.ts';
import { alertId } from './fold-alert.ts';
import { mostAlerts } from './fold-incident.ts';

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
    expect(incident).toMatchObject({
      title: 'Title of high1',
      titleJa: 'high1の題名',
      level: 'high',
      memberId: 'kita',
    });
  });

  test('title and level are those of the gravest', () => {
    const center = createCenter();
    center.add(finding('high1', 'host srv1', 5));
    const { notices } = center.add(finding('critical1', 'host srv1', 3), finding('low1', 'host srv1', 9));
    expect(center.incidents()).toMatchObject([
      {
        title: 'Title of critical1',
        titleJa: 'critical1の題名',
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
      titleJa: 'critical1の題名',
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
