import { describe, expect, test } from 'vitest';
import type { Fields } from '../../src/model/event.ts';
import { webAccess } from './index.ts';

function parse(record: string, config: Record<string, unknown> = {}): Fields {
  const source = {
    timeZone: 'Asia/Tokyo',
    receivedAt: '2026-11-20T09:00:00.000Z',
    config: webAccess.config.parse(config),
  };
  return webAccess.parse(record, source)[0] as Fields;
}

const tail = '203.0.113.66 - - [20/Nov/2026:10:02:33 +0900] "GET /a?b HTTP/1.1" 200 5';

describe('virtual host', () => {
  test.each([
    ['www.example.jp:443', 'www.example.jp', 443],
    ['www.example.jp', 'www.example.jp', undefined],
    ['[2001:db8::1]:8443', '[2001:db8::1]', 8443],
    ['www.example.jp:99999', 'www.example.jp:99999', undefined],
    ['-', undefined, undefined],
  ])('%s', (host, domain, port) => {
    const fields = parse(`${host} ${tail}`, { vhost: true });
    expect([fields['url.domain'], fields['url.port'], fields['source.ip']]).toEqual([domain, port, '203.0.113.66']);
  });

  test('a client that asks for another host does not change it', () => {
    const line = `www.example.jp ${tail.replace('/a?b', 'http://evil.example.com:8080/a')}`;
    const fields = parse(line, { vhost: true });
    expect([fields['url.domain'], fields['url.port'], fields['url.path']]).toEqual(['www.example.jp', undefined, '/a']);
  });

  test('is not looked for unless said', () => {
    expect(parse(tail)['source.ip']).toBe('203.0.113.66');
    expect(parse(tail)['url.domain']).toBe(undefined);
  });
});

describe('request time', () => {
  test.each([
    ['0.153', {}, 153_000_000],
    ['15321', {}, 15_321_000],
    ['3', { requestTime: 'seconds' }, 3_000_000_000],
    ['42', { requestTime: 'milliseconds' }, 42_000_000],
    ['0.5', { requestTime: 'milliseconds' }, 500_000_000],
    ['-', {}, undefined],
  ])('%s %o', (text, config, expected) => {
    const fields = parse(`${tail} "-" "-" ${text}`, config);
    expect(fields['event.duration']).toBe(expected);
    expect(fields['web_access.extra']).toBe(undefined);
  });
});

test('a user name cannot pass for a time or a request', () => {
  const fields = parse(
    '203.0.113.66 - x [01/Jan/2020:00:00:00 +0000] [20/Nov/2026:10:02:33 +0900] "GET / HTTP/1.1" 401 5',
  );
  expect(fields['@timestamp']).toBe('2026-11-20T01:02:33.000Z');
  expect(fields['user.name']).toBe('x [01/Jan/2020:00:00:00 +0000]');
});

test.each([
  ['\\x22', '"'],
  ['\\"', '"'],
  ['\\\\x22', '\\x22'],
  ['\\x5C', '\\'],
  ['\\x0a', '\\x0a'],
  ['\\x7F', '\\x7F'],
  ['\\xE6\\x9D\\xB1', '\\xE6\\x9D\\xB1'],
])('escape %s', (written, expected) => {
  expect(parse(`${tail} "-" "${written}"`)['user_agent.original']).toBe(expected);
});
