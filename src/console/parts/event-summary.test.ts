import { expect, it } from 'vitest';
import type { Event } from '../types.ts';
import { summarise } from './event-summary.ts';

const head = {
  '@timestamp': '2026-11-20T00:00:00.000Z',
  'event.id': 'x-0',
  'event.ingested': '2026-11-20T00:00:00.000Z',
  'event.dataset': 'test',
  'organization.id': 'kita-hospital',
  'hinomi.source_id': 'kita-hospital.test',
};

it.each([
  [
    'a Windows logon',
    {
      'winlog.channel': 'Security',
      'event.code': '4624',
      'user.name': 'maint01',
      'source.ip': '10.1.1.1',
      'host.name': 'srv1',
    },
    '4624 ログオン maint01 10.1.1.1 @srv1',
  ],
  ['an unknown Windows event', { 'winlog.channel': 'X', 'event.code': '1', 'host.name': 'srv1' }, '1 @srv1'],
  [
    'a firewall’s flow',
    { 'event.action': 'accept', 'source.ip': '10.0.0.1', 'destination.ip': '2001:db8::1', 'destination.port': 443 },
    'accept 10.0.0.1 → [2001:db8::1]:443',
  ],
  [
    'a web request',
    {
      'http.request.method': 'GET',
      'source.ip': '192.0.2.1',
      'url.original': '/x',
      'http.response.status_code': 404,
      'event.outcome': 'failure',
    },
    'GET 192.0.2.1 /x (404)',
  ],
  ['little structure', { 'source.ip': '192.0.2.1', message: 'PP[01] Rejected' }, 'PP[01] Rejected'],
  ['nothing but the record', { 'event.original': 'raw\u202Etext' }, 'raw[U+202E]text'],
  ['values that are lists', { 'event.action': ['a', 'b'], 'user.name': ['u'], 'host.name': 'h' }, 'a u @h'],
  ['nothing at all', {}, ''],
])('%s', (_, fields, line) => {
  expect(summarise({ ...head, ...fields } as Event, 'ja')).toBe(line);
});

it('is one bounded line', () => {
  expect(summarise({ ...head, message: 'x'.repeat(10_000) } as Event, 'en').length).toBeLessThan(500);
});
