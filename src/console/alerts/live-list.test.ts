import { describe, expect, it } from 'vitest';
import type { AlertView } from '../types.ts';
import type { AlertFilters } from './filters.ts';
import { foldChange, showWaiting } from './live-list.ts';

const filters: AlertFilters = { status: ['new'], level: [], memberId: '', ruleId: '', text: '' };

function alert(id: string, more: Partial<AlertView> = {}): AlertView {
  return {
    id,
    memberId: 'kita-hospital',
    ruleId: 'r1',
    title: 'Many failed logins',
    titleJa: 'ログイン失敗の多発',
    level: 'high',
    tags: [],
    entities: [{ field: 'source.ip', value: '203.0.113.66' }],
    sourceIds: [],
    count: 1,
    firstSeenAt: '2026-11-20T00:00:00.000Z',
    lastSeenAt: '2026-11-20T00:00:00.000Z',
    eventIds: [],
    status: 'new',
    closeReason: null,
    assignee: null,
    incidentId: null,
    createdAt: '2026-11-20T00:00:00.000Z',
    updatedAt: '2026-11-20T00:00:00.000Z',
    version: 1,
    ...more,
  };
}

const ids = (alerts: readonly AlertView[]) => alerts.map((one) => one.id);
const list = { rows: [alert('a'), alert('b')], waiting: [] };

describe('foldChange', () => {
  it('keeps a row in its place, even when it no longer fits', () => {
    const next = foldChange(list, alert('b', { status: 'closed', version: 2 }), filters, true);
    expect(ids(next.rows)).toEqual(['a', 'b']);
    expect(next.rows[1]?.status).toBe('closed');
  });

  it('lets a newcomer wait unless the reader is at the top', () => {
    expect(foldChange(list, alert('c'), filters, true)).toMatchObject({
      rows: [{ id: 'c' }, { id: 'a' }, { id: 'b' }],
    });
    const next = foldChange(list, alert('c'), filters, false);
    expect(next.rows).toBe(list.rows);
    expect(ids(next.waiting)).toEqual(['c']);
  });

  it('does not count a waiting alert twice, and forgets it when somebody else dealt with it', () => {
    const waiting = foldChange(list, alert('c'), filters, false);
    const again = foldChange(waiting, alert('c', { count: 2, version: 2 }), filters, false);
    expect(again.waiting.map((one) => one.count)).toEqual([2]);
    const dealt = foldChange(again, alert('c', { status: 'acknowledged', version: 3 }), filters, false);
    expect(dealt.waiting).toEqual([]);
  });

  it('does not go back to an older version', () => {
    const newer = { rows: [alert('a', { version: 3, status: 'acknowledged' })], waiting: [alert('c', { version: 2 })] };
    expect(foldChange(newer, alert('a', { version: 2 }), filters, false)).toBe(newer);
    expect(foldChange(newer, alert('c', { version: 1 }), filters, false)).toBe(newer);
  });

  it.each([
    ['another status', { status: 'closed' as const }, {}],
    ['another level', {}, { level: ['low' as const] }],
    ['another member', {}, { memberId: 'waterworks' }],
    ['another rule', {}, { ruleId: 'r2' }],
    ['other words', {}, { text: 'FAILED 198.51.100' }],
  ])('leaves out what the filters leave out: %s', (_, more: Partial<AlertView>, asked: Partial<AlertFilters>) => {
    expect(foldChange(list, alert('c', more), { ...filters, ...asked }, true)).toBe(list);
  });

  it('finds words in the title and in the entities, full-width or not', () => {
    const next = foldChange(list, alert('c'), { ...filters, text: 'ＦＡＩＬＥＤ 203.0.113 多発' }, true);
    expect(ids(next.rows)).toEqual(['c', 'a', 'b']);
  });
});

it('showWaiting puts the newcomers on top, each alert once', () => {
  const shown = showWaiting({ rows: list.rows, waiting: [alert('c'), alert('b', { version: 2 })] });
  expect(ids(shown.rows)).toEqual(['c', 'b', 'a']);
  expect(shown.waiting).toEqual([]);
});
