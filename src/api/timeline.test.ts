import { expect, test } from 'vitest';
import type { Alert } from '../model/alert.ts';
import { CENTER_SCOPE } from '../model/scope.ts';
import { makeAlert } from '../store/store.fixture.ts';
import type { Reader } from './reader.ts';
import { buildTimeline } from './timeline.ts';

const reader: Reader = {
  actor: 'alice',
  role: 'analyst',
  scope: CENTER_SCOPE,
  whole: true,
  user: undefined,
  session: undefined,
  colleagues: new Set(),
};
const shown = (alert: Alert) => buildTimeline({ alerts: [alert], commented: [], history: [] }, reader);

test.each([
  ['one event', 0, ['alert-first']],
  ['just under five minutes', 299_999, ['alert-first']],
  ['five minutes', 300_000, ['alert-first', 'alert-last']],
])('the end of an alert is told when it says something: %s', (_, spanMs, kinds) => {
  const alert = makeAlert('a1', { count: 2 });
  const lastSeenAt = new Date(Date.parse(alert.firstSeenAt) + spanMs).toISOString();
  expect(shown({ ...alert, lastSeenAt }).map(({ kind }) => kind)).toEqual(kinds);
});

test('both titles are there, or only the one that the rule has', () => {
  expect(shown(makeAlert('a1', { title: 'One', titleJa: '一' }))).toMatchObject([{ title: 'One', titleJa: '一' }]);
  expect(shown(makeAlert('a1', { title: 'One', titleJa: null }))[0]).not.toHaveProperty('titleJa');
});
