import { describe, expect, test } from 'vitest';
import { linkingKeys } from './linking.ts';

const keys = (field: string, value: string, relays: string[] = []) => linkingKeys([{ field, value }], new Set(relays));

describe('linkingKeys', () => {
  test.each([
    ['user.name', 'Maint01', 'user maint01'],
    ['user.name', 'CORP\\bob', 'user bob'],
    ['user.name', 'bob@example.jp', 'user bob'],
    ['user.name', 'CORP\\bob@example.jp', 'user bob'],
    ['user.name', '@odd', 'user @odd'],
    ['host.name', 'SRV1.corp.example.jp', 'host srv1'],
    ['host.name', '10.0.0.5', 'address 10.0.0.5'],
    ['source.ip', '203.0.113.7', 'address 203.0.113.7'],
    ['destination.ip', '203.0.113.7', 'address 203.0.113.7'],
    ['source.ip', '10.0.0.5', 'address 10.0.0.5'],
    ['source.ip', '2001:DB8:0:0:0::1', 'address 2001:db8::1'],
    ['source.ip', '::ffff:203.0.113.7', 'address 203.0.113.7'],
    ['process.hash.sha256', 'AB'.repeat(32), `hash ${'ab'.repeat(32)}`],
  ])('%s %s', (field, value, key) => {
    expect(keys(field, value)).toEqual([key]);
  });

  test.each([
    ...[
      '',
      '-',
      'SYSTEM',
      'NT AUTHORITY\\SYSTEM',
      'Local Service',
      'NETWORK SERVICE',
      'root',
      'Administrator',
      'guest',
    ].map((name) => ['user.name', name]),
    ...['ANONYMOUS LOGON', 'NT AUTHORITY\\ANONYMOUS LOGON', 'SRV1$', 'CORP\\SRV1$', 'DWM-3', 'UMFD-0'].map((name) => [
      'user.name',
      name,
    ]),
    ...['localhost', '-', '', 'localhost.localdomain', '127.0.0.1'].map((name) => ['host.name', name]),
    ...[
      '127.0.0.1',
      '127.8.9.1',
      '::1',
      '::',
      '0.0.0.0',
      '169.254.1.1',
      'fe80::1%eth0',
      '224.0.0.251',
      '255.255.255.255',
    ].map((address) => ['source.ip', address]),
    ['source.ip', '::ffff:127.0.0.1'],
    ['source.ip', 'not an address'],
    ['file.hash.sha256', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['file.hash.sha256', 'short'],
    ['event.action', 'logon'],
  ])('%s "%s" names no one in particular', (field, value) => {
    expect(keys(field as string, value as string)).toEqual([]);
  });

  test('a relay ties nothing together', () => {
    expect(keys('host.name', 'Loghost.example.jp', ['loghost'])).toEqual([]);
  });

  test('a user and a host of one name are two things; repeats count once', () => {
    const both = [
      { field: 'host.name', value: 'srv1' },
      { field: 'user.name', value: 'srv1' },
      { field: 'host.name', value: 'SRV1.example.jp' },
    ];
    expect(linkingKeys(both)).toEqual(['host srv1', 'user srv1']);
  });
});
