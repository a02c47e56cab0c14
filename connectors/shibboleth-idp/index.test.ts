import { describe, expect, test } from 'vitest';
import type { Fields } from '../../src/model/event.ts';
import { shibbolethIdp } from './index.ts';

function parse(record: string, config: Record<string, unknown> = {}): Fields {
  const source = {
    timeZone: 'Asia/Tokyo',
    receivedAt: '2026-11-20T09:00:00.000Z',
    config: shibbolethIdp.config.parse(config),
  };
  return shibbolethIdp.parse(record, source)[0] as Fields;
}

describe('auditFields', () => {
  const head = '2026-11-20 10:03:11,512 - 203.0.113.9 - INFO [Shibboleth-Audit.SSO:283] - ';

  test('gives the order, known labels and others', () => {
    const fields = parse(`${head}m2412345|Success|203.0.113.8|blue|true`, {
      auditFields: ['u', 'S', 'a', 'colour', 'fauth'],
    });
    expect(fields).toEqual({
      '@timestamp': '2026-11-20T01:03:11.512Z',
      'log.level': 'info',
      'log.logger': 'Shibboleth-Audit.SSO',
      'log.origin.file.line': 283,
      'user.name': 'm2412345',
      'shibboleth.idp.status': 'Success',
      'source.ip': '203.0.113.8',
      'shibboleth.idp.colour': 'blue',
      'shibboleth.idp.forced_authn': true,
      'event.outcome': 'success',
      'shibboleth.idp.log_address': '203.0.113.9',
      'event.action': 'sso',
      'event.original': `${head}m2412345|Success|203.0.113.8|blue|true`,
    });
  });

  test.each([
    ['fewer values', 'a|b'],
    ['more values, and the last is no free text', 'a|b|c|d'],
  ])('%s: no guess', (_name, text) => {
    expect(() => parse(head + text, { auditFields: ['u', 'SP', 's'] })).toThrow('auditFields names 3');
  });

  test('a pipe at the very end is no value', () => {
    expect(parse(`${head}a|b|c|`, { auditFields: ['u', 'SP', 's'] })['shibboleth.idp.session_id']).toBe('c');
  });

  test.each([[['%a', '%T']], [['a', 'a']], [['__proto__', 'a']], [['constructor', 'a']], [['a']]])(
    'refuses %j',
    (auditFields) => {
      expect(shibbolethIdp.config.safeParse({ auditFields }).success).toBe(false);
    },
  );
});

describe('time of an audit record', () => {
  const record = (line: string, written: string) =>
    parse(`${line} - 203.0.113.9 - INFO [Shibboleth-Audit.SSO:283] - ${written}|u1`, { auditFields: ['T', 'u'] });
  test.each([
    ['the finer of two that agree', '2026-11-20 10:03:11,512', '2026-11-20T01:03:11Z', '2026-11-20T01:03:11.512Z'],
    [
      'the one with a zone of two that do not',
      '2026-11-20 01:03:11,512',
      '2026-11-20T01:03:11Z',
      '2026-11-20T01:03:11.000Z',
    ],
    ['the only one that can be read', '2026-11-20 10:03:11,512', 'later', '2026-11-20T01:03:11.512Z'],
  ])('%s', (_name, line, written, expected) => {
    expect(record(line, written)['@timestamp']).toBe(expected);
  });
});

describe('log-in', () => {
  const line = (logger: string, text: string) => `2026-11-20 10:03:08,101 - 203.0.113.9 - INFO [${logger}:1] - ${text}`;
  const validator = 'net.shibboleth.idp.authn.impl.LDAPCredentialValidator';
  test.each([
    [validator, "Credential Validator ldap: Login by 'a' succeeded", ['login', 'success', 'a']],
    [validator, "Credential Validator ldap: Login by 'a' failed", ['login', 'failure', 'a']],
    [validator, "Credential Validator ldap: Login by 'a' succeeded' failed", ['login', 'failure', "a' succeeded"]],
    [validator, "Credential Validator ldap: Login by 'a' failed' succeeded", ['login', 'success', "a' failed"]],
    [validator, "Credential Validator ldap: Login by 'a' forgot", ['other', undefined, undefined]],
    [validator, "Credential Validator ldap: Login by '", ['other', undefined, undefined]],
    [validator, "name 'x: Login by 'a' succeeded", ['other', undefined, undefined]],
    ['a.CredentialValidator', "Login by 'a' failed", ['login', 'failure', 'a']],
    ['org.opensaml.Handler', "Login by 'a' succeeded", ['other', undefined, undefined]],
  ])('%s %s', (logger, text, expected) => {
    const fields = parse(line(logger, text));
    expect([fields['event.action'], fields['event.outcome'], fields['user.name']]).toEqual(expected);
  });
});
