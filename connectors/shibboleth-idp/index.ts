/**
 * Shibboleth Identity Provider, versions 4 and 5: the process log (idp-process.log, console, syslog) with the audit records in
 * it, and idp-audit.log, whose lines are bare audit records. Further lines of a stack trace belong to no record and are refused.
 */
import { z } from 'zod';
import { defineConnector, isoTime, parseIsoTime, RecordError, unwrapRelayed } from '../../src/connector.ts';
import type { Fields } from '../../src/model/event.ts';
import { auditTime, defaultAuditFields, readAudit, setClient, splitAudit } from './audit.ts';

const config = z.object({
  auditFields: z
    .array(
      z
        .string()
        .regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/, 'write the label without "%", e.g. "SP"')
        .refine((label) => label !== 'constructor' && label !== 'prototype', 'this word cannot be a label'),
    )
    .min(2)
    .max(100)
    .refine((labels) => new Set(labels).size === labels.length, 'name each field once')
    .default([...defaultAuditFields])
    .describe('Labels of the audit format in conf/audit.xml, in order: "%a|%ST|%T" is ["a", "ST", "T"]'),
});

export const shibbolethIdp = defineConnector({
  type: 'shibboleth-idp',
  summary: {
    en: 'Shibboleth Identity Provider 4 and 5: sign-ins and single sign-on, from the process and audit logs',
    ja: 'Shibboleth IdP 4・5:ログインとシングルサインオン(プロセスログ・監査ログ)',
  },
  config,
  records: 'lines',
  parse(record, source) {
    const fields: Fields = {};
    const line = unwrapRelayed(record, source, fields);
    const head = parseHead(line, source.timeZone);
    if (head === undefined) readBareAudit(line, source, fields);
    else {
      if (head.atMs !== undefined) fields['@timestamp'] = isoTime(head.atMs);
      fields['log.level'] = head.level.toLowerCase();
      fields['log.logger'] = head.logger;
      if (head.line !== undefined) fields['log.origin.file.line'] = head.line;
      const profile = /^Shibboleth-Audit(?:\.(.{1,64}))?$/.exec(head.logger);
      if (profile !== null) {
        const values = splitAudit(head.text, source.config.auditFields);
        const writtenMs = auditTime(values.get('T'), source.timeZone);
        // Both tell one moment: T says its zone, the line's own time is finer. Apart, the one with a zone is right.
        if (writtenMs !== undefined && !(Math.abs(writtenMs - (head.atMs ?? Number.NaN)) < 1000)) {
          fields['@timestamp'] = isoTime(writtenMs);
        }
        readAudit(values, source.timeZone, fields);
        if (!values.get('a') && head.address !== '') setClient(fields, head.address);
        else if (head.address !== '' && head.address !== values.get('a')) {
          fields['shibboleth.idp.log_address'] = head.address;
        }
        fields['event.action'] = profile[1] === undefined ? guessAction(values) : (actions.get(profile[1]) ?? 'other');
      } else {
        if (head.address !== '') setClient(fields, head.address);
        fields.message = head.text;
        fields['event.action'] = 'other';
        readLogin(head, fields);
      }
    }
    fields['event.original'] = record;
    return [fields];
  },
});

const actions: ReadonlyMap<string, string> = new Map([
  ['SSO', 'sso'],
  ['Logout', 'logout'],
]);

/** A record without the logger's name does not say what it is about; only single sign-on issues an assertion. */
function guessAction(values: ReadonlyMap<string, string>): string {
  return values.get('i') || values.get('ac') ? 'sso' : 'other';
}

interface Head {
  readonly atMs: number;
  /** Client as the IdP saw it; empty for work of its own. */
  readonly address: string;
  readonly level: string;
  readonly logger: string;
  readonly line: number | undefined;
  readonly text: string;
}

/** The pattern of conf/logback.xml: `%date{ISO8601} - %mdc{idp.remote_addr} - %level [%logger:%line] - %msg`. */
function parseHead(line: string, timeZone: string): Head | undefined {
  const found =
    /^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?) - (?:(\S{0,128}) - )?(TRACE|DEBUG|INFO|WARN|ERROR) {1,2}\[([^\]\s]{1,256})\] - /.exec(
      line,
    );
  if (found === null) return undefined;
  const name = found[4] as string;
  const number = /:(\d{1,6})$/.exec(name);
  return {
    atMs: Date.parse(parseIsoTime(found[1] as string, timeZone)),
    address: found[2] ?? '',
    level: found[3] as string,
    logger: number === null ? name : name.slice(0, number.index),
    line: number === null ? undefined : Number(number[1]),
    text: line.slice(found[0].length),
  };
}

/** idp-audit.log is written without head. Only a record with a time in its place is believed to be one. */
function readBareAudit(
  line: string,
  source: { readonly timeZone: string; readonly config: z.output<typeof config> },
  fields: Fields,
): void {
  const isTrace = /^(?:\s|Caused by:|Suppressed:|\.{3} \d)/.test(line);
  const noHead = () =>
    new RecordError(
      `no log head: expected "2026-11-20 10:03:11,512 - address - LEVEL [logger] - text", found ${JSON.stringify(line.slice(0, 40))}` +
        (isTrace ? ', a further line of a stack trace' : ''),
    );
  if (isTrace || !line.includes('|')) throw noHead();
  const values = splitAudit(line, source.config.auditFields);
  const atMs = auditTime(values.get('T'), source.timeZone) ?? auditTime(values.get('ST'), source.timeZone);
  if (atMs === undefined) throw noHead();
  fields['@timestamp'] = isoTime(atMs);
  readAudit(values, source.timeZone, fields);
  fields['event.action'] = guessAction(values);
}

const endings: ReadonlyMap<string, 'success' | 'failure' | 'unknown'> = new Map([
  [' succeeded', 'success'],
  [' failed', 'failure'],
  // The directory could not be asked: this is no wrong password.
  [' produced exception', 'unknown'],
]);

/**
 * "Credential Validator ldap: Login by 'name' failed". The name is what someone typed, quotes and "' succeeded" included: the
 * last quote ends it. Only loggers of authentication are believed, since other texts quote strangers.
 */
function readLogin(head: Head, fields: Fields): void {
  if (!/^net\.shibboleth\.idp\.authn\.|CredentialValidator|ValidateUsernamePassword/.test(head.logger)) return;
  const start = head.text.indexOf("Login by '");
  if (start < 0 || head.text.indexOf("'") !== start + 9) return;
  const end = head.text.lastIndexOf("'");
  const outcome = endings.get(head.text.slice(end + 1));
  if (outcome === undefined || end < start + 10) return;
  fields['event.action'] = 'login';
  fields['event.outcome'] = outcome;
  const name = head.text.slice(start + 10, end);
  if (name !== '') fields['user.name'] = name;
}
