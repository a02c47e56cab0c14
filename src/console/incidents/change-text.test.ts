import { expect, it } from 'vitest';
import { en } from '../i18n/en.ts';
import { ja } from '../i18n/ja.ts';
import { describeChange } from './change-text.ts';

it.each([
  ['status: new → in-progress, assignee: - → kai', 'Status: New → In progress, Assignee: – → kai'],
  ['Failed logins: status: new → acknowledged', 'Failed logins: Status: New → Acknowledged'],
  ['level: low → critical', 'Severity: Low → Critical'],
  ['status: new → __proto__', 'Status: New → __proto__'],
  ['something else', 'something else'],
])('%s', (said, told) => {
  expect(describeChange(said, en)).toBe(told);
});

it('tells the state of an alert from that of an incident, which differ in Japanese', () => {
  expect(describeChange('status: new → closed', ja)).toBe('状態: 未着手 → 完了');
  expect(describeChange('A title: status: new → closed', ja)).toBe('A title: 状態: 未確認 → 完了');
});
