import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Finding } from '../correlate/finding.ts';
import { alert as alertSchema } from '../model/alert.ts';
import { dayMs, finding, rule } from './book.fixture.ts';
import { alertId, foldAlert, reopenReason } from './fold-alert.ts';

const now = '2026-11-23T13:00:00.000Z';

describe('alertId', () => {
  const one = finding('low1', 'host srv1 user bob');
  test('has the form of an id and sorts by period', () => {
    expect(alertId(one)).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
    expect(alertId({ ...one, periodStartMs: dayMs + 86_400_000 }) > alertId(one)).toBe(true);
  });
  test.each([
    ['member', { ...one, memberId: 'minami' }],
    ['rule', { ...one, ruleId: 'low2' }],
    ['period', { ...one, periodStartMs: dayMs + 1 }],
    ['key', { ...one, key: [] }],
    ['border between values', finding('low1', 'host srv1user user bob')],
  ])('another %s, another alert', (_, other) => {
    expect(alertId(other)).not.toBe(alertId(one));
  });
  test('events and further entities do not matter', () => {
    expect(alertId({ ...one, events: [], entities: [{ field: 'source.ip', value: '192.0.2.1' }] } as Finding)).toBe(
      alertId(one),
    );
  });
});

describe('foldAlert', () => {
  test('the first finding makes the alert', () => {
    const made = foldAlert(undefined, finding('high1', 'host srv1', 3), rule('high1', 'high'), now);
    expect(alertSchema.parse(made)).toEqual(made);
    expect(made).toMatchObject({
      title: 'Title of high1',
      titleJa: 'high1の題名',
      level: 'high',
      count: 1,
      firstSeenAt: '2026-11-23T03:00:00.000Z',
      lastSeenAt: '2026-11-23T03:00:00.000Z',
      sourceIds: ['kita.vpn'],
      status: 'new',
      version: 1,
      createdAt: now,
    });
  });

  test('of a rule without a title in Japanese it has none', () => {
    const plain = { ...rule('low1'), own: { ...rule('low1').own, titleJa: undefined } };
    expect(foldAlert(undefined, finding('low1', 'host srv1'), plain, now).titleJa).toBeNull();
  });

  test.each([
    ['new', null, 'new', null],
    ['acknowledged', null, 'acknowledged', null],
    ['closed', 'benign', 'new', null],
    ['closed', 'true-positive', 'new', null],
    ['closed', 'duplicate', 'new', null],
    ['closed', 'false-positive', 'closed', 'false-positive'],
  ] as const)('%s %s becomes %s with new events', (status, closeReason, after, reasonAfter) => {
    const old = foldAlert(undefined, finding('low1', 'host srv1', 3), rule('low1'), now);
    const closed = { ...old, status, closeReason, assignee: 'aiko', incidentId: 'i1' };
    const folded = foldAlert(closed, finding('low1', 'host srv1', 4), rule('low1'), now);
    expect(folded).toMatchObject({
      status: after,
      closeReason: reasonAfter,
      assignee: 'aiko',
      incidentId: 'i1',
      count: 2,
      version: 2,
    });
    expect(reopenReason(closed) !== undefined).toBe(status === 'closed' && after === 'new');
  });

  test('the order of findings does not matter', () => {
    const event = fc.record({
      id: fc.integer({ min: 0, max: 999 }).map((id) => `01KAQ-${String(id).padStart(6, '0')}`),
      atMs: fc.integer({ min: dayMs, max: dayMs + 86_399_999 }),
      sourceId: fc.constantFrom('kita.vpn', 'kita.ad', 'kita.web'),
    });
    const entity = fc.record({
      field: fc.constantFrom('host.name', 'user.name', 'source.ip', 'destination.ip', 'file.hash.sha256', 'x.y'),
      value: fc.integer({ min: 0, max: 40 }).map(String),
    });
    const findings = fc
      .uniqueArray(event, { selector: ({ id }) => id, minLength: 1, maxLength: 30 })
      .chain((events) =>
        fc
          .array(fc.array(entity, { maxLength: 12 }), { minLength: events.length, maxLength: events.length })
          .map((lists) =>
            events.map((one, index) =>
              finding('low1', 'host srv1', 0, { events: [one], entities: lists[index] ?? [] }),
            ),
          ),
      );
    const fold = (all: readonly Finding[]) =>
      all.reduce<ReturnType<typeof foldAlert> | undefined>(
        (old, one) => foldAlert(old, one, rule('low1'), now),
        undefined,
      );
    fc.assert(
      fc.property(
        findings.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
        ([all, shuffled]) => {
          const folded = fold(all);
          expect(fold(shuffled)).toEqual(folded);
          expect(folded?.count).toBe(all.length);
          expect(folded?.entities.length).toBeLessThanOrEqual(30);
          expect(folded?.entities[0]).toEqual({ field: 'host.name', value: 'srv1' });
          expect(folded?.eventIds).toEqual(
            all
              .map(({ events }) => events[0]?.id)
              .sort()
              .reverse()
              .slice(0, 10),
          );
        },
      ),
      { numRuns: 200 },
    );
  });
});
