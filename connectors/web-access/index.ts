/**
 * Access logs of nginx and Apache in the common and combined formats, with or without a virtual host in front and more values
 * behind. What a client sent is kept as the server wrote it: percent bytes and escaped control bytes are not decoded.
 */
import { isIP } from 'node:net';
import { z } from 'zod';
import { defineConnector, isoTime, monthNumber, RecordError, unwrapRelayed, zonedTime } from '../../src/connector.ts';
import type { Fields } from '../../src/model/event.ts';

const config = z.object({
  vhost: z
    .boolean()
    .default(false)
    .describe('Lines begin with the virtual host ("www.example.jp:443" or without port)'),
  requestTime: z
    .enum(['seconds', 'milliseconds', 'microseconds'])
    .default('microseconds')
    .describe('Unit of a request time at the end of the line that is a whole number; one with decimals is in seconds'),
});

export const webAccess = defineConnector({
  type: 'web-access',
  summary: {
    en: 'Web server access logs: nginx and Apache, common or combined format',
    ja: 'Webサーバーのアクセスログ:nginx・Apache(common形式またはcombined形式)',
  },
  config,
  records: 'lines',
  parse(record, source) {
    const fields: Fields = {};
    const line = unwrapRelayed(record, source, fields);
    const cursor: Cursor = { line, at: 0 };
    readClient(cursor, fields, source.config.vhost, source.timeZone);
    readExchange(cursor, fields);
    if (fields.tags === undefined) readTrailer(cursor, fields, source.config.requestTime);
    fields['event.original'] = record;
    return [fields];
  },
});

interface Cursor {
  readonly line: string;
  at: number;
}

function notAccessLog(line: string): RecordError {
  return new RecordError(
    `not an access log line: expected address, two names, [time] and "request", found ${JSON.stringify(line.slice(0, 60))}`,
  );
}

/** Up to the next blank, which is passed. */
function word(cursor: Cursor): string {
  const end = cursor.line.indexOf(' ', cursor.at);
  const stop = end < 0 ? cursor.line.length : end;
  const text = cursor.line.slice(cursor.at, stop);
  cursor.at = stop + 1;
  return text;
}

/** Everything before the request: virtual host, client, names, time. */
function readClient(cursor: Cursor, fields: Fields, vhost: boolean, timeZone: string): void {
  const { line } = cursor;
  if (vhost) readAuthority(word(cursor), fields);
  const start = cursor.at;
  word(cursor);
  // Some log X-Forwarded-For in the address's place: a list with commas, of which the client wrote any part.
  while (line[cursor.at - 2] === ',' && cursor.at < line.length) word(cursor);
  const address = line.slice(start, cursor.at - 1);
  const ident = word(cursor);
  // Apache writes an empty user as two quotes.
  const emptyUser = line.startsWith('"" [', cursor.at);
  if (emptyUser) cursor.at += 2;
  // A client chooses its user name, blanks and brackets included, but servers escape its quotes: the time is what stands
  // before the first quote, not what looks like a time first.
  const quote = line.indexOf('"', cursor.at);
  const open = line.lastIndexOf('[', quote);
  if (quote < 0 || open < cursor.at || line.slice(quote - 2, quote) !== '] ') throw notAccessLog(line);
  const user = line.slice(cursor.at, open).trimEnd();
  fields['@timestamp'] = logTime(line.slice(open + 1, quote - 2), timeZone);
  if (isAddress(address)) fields['source.ip'] = address;
  else if (address !== '-' && address !== '') fields['source.address'] = address;
  if (ident !== '-' && ident !== '') fields['web_access.ident'] = ident;
  if (user !== '-' && user !== '') fields['user.name'] = unescapeText(user);
  cursor.at = quote;
}

/** The request, the answer, referrer and user agent: as much as there is. */
function readExchange(cursor: Cursor, fields: Fields): void {
  const request = quoted(cursor);
  readRequest(request?.text ?? '', request?.closed ?? false, fields);
  if (request === undefined || !request.closed) {
    fields.tags = ['truncated'];
    return;
  }
  const status = word(cursor);
  if (/^[1-9]\d\d$/.test(status)) {
    fields['http.response.status_code'] = Number(status);
    fields['event.outcome'] = Number(status) >= 400 ? 'failure' : 'success';
  } else if (status === '' || cursor.at > cursor.line.length) {
    fields.tags = ['truncated'];
    return;
  } else if (status !== '-') fields['web_access.status'] = status;
  const bytes = word(cursor);
  if (/^\d{1,15}$/.test(bytes)) fields['http.response.body.bytes'] = Number(bytes);
  else if (bytes === '') fields.tags = ['truncated'];
  else if (bytes !== '-') fields['web_access.bytes'] = bytes;
  for (const name of ['http.request.referrer', 'user_agent.original', 'web_access.forwarded_for']) {
    const value = quoted(cursor);
    if (value === undefined) return;
    if (value.text !== '-' && value.text !== '') fields[name] = unescapeText(value.text);
    if (!value.closed) {
      fields.tags = ['truncated'];
      return;
    }
  }
}

const nanoseconds = { seconds: 1_000_000_000, milliseconds: 1_000_000, microseconds: 1000 };

/** What administrators add behind the combined format: a request time is understood, the rest is kept as one text. */
function readTrailer(cursor: Cursor, fields: Fields, unit: keyof typeof nanoseconds): void {
  let rest = cursor.line.slice(cursor.at);
  const time = /^(\d{1,9})(\.\d{1,9})?(?: |$)/.exec(rest);
  if (time !== null) {
    const duration = Math.round(
      Number(`${time[1]}${time[2] ?? ''}`) * nanoseconds[time[2] === undefined ? unit : 'seconds'],
    );
    if (Number.isSafeInteger(duration)) {
      fields['event.duration'] = duration;
      rest = rest.slice(time[0].length);
    }
  }
  if (rest !== '' && rest !== '-') fields['web_access.extra'] = rest;
}

/** A value in quotes at the cursor, still escaped; undefined when there is none. Not closed: the line ends inside it. */
function quoted(cursor: Cursor): { readonly text: string; readonly closed: boolean } | undefined {
  const { line } = cursor;
  if (line[cursor.at] !== '"') return undefined;
  const start = cursor.at + 1;
  let end = start;
  while (end < line.length && line[end] !== '"') end += line[end] === '\\' ? 2 : 1;
  const closed = end < line.length;
  cursor.at = closed && line[end + 1] === ' ' ? end + 2 : end + 1;
  return { text: line.slice(start, end), closed };
}

/** Undoes the servers' escapes of printable characters; control bytes and bytes beyond ASCII stay as the server wrote them. */
function unescapeText(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\(?:(["\\])|x([2-6][0-9A-Fa-f]|7[0-9A-Ea-e]))/g, (_, plain: string | undefined, hex: string) =>
    plain === undefined ? String.fromCharCode(Number.parseInt(hex, 16)) : plain,
  );
}

function readRequest(escaped: string, whole: boolean, fields: Fields): void {
  if (escaped === '-' || escaped === '') {
    if (whole) fields['event.reason'] = 'empty request line';
    return;
  }
  const first = escaped.indexOf(' ');
  const last = escaped.lastIndexOf(' ');
  const method = escaped.slice(0, first < 0 ? escaped.length : first);
  if (first < 0 || !/^[A-Za-z][A-Za-z_-]{0,31}$/.test(method)) {
    fields['web_access.request'] = unescapeText(escaped);
    if (escaped.startsWith('\\x16\\x03')) fields['event.reason'] = 'TLS handshake where plain HTTP was expected';
    else if (whole) fields['event.reason'] = 'malformed request line';
    return;
  }
  fields['http.request.method'] = method;
  // A target may hold blanks that no client should send: only a version at the end is not part of it.
  const version = last === first ? undefined : /^HTTP\/(\d(?:\.\d)?)$/.exec(escaped.slice(last + 1))?.[1];
  if (version !== undefined) fields['http.version'] = version;
  else if (whole) fields['event.reason'] = 'request line without HTTP version';
  readTarget(method, unescapeText(escaped.slice(first + 1, version === undefined ? escaped.length : last)), fields);
}

/** RFC 9112 section 3.2: origin form, absolute form, authority form (CONNECT), asterisk form. */
function readTarget(method: string, target: string, fields: Fields): void {
  fields['url.original'] = target;
  if (method === 'CONNECT') {
    readAuthority(target, fields);
    return;
  }
  let path = target;
  const scheme = /^(https?):\/\//i.exec(target);
  if (scheme !== null) {
    const start = scheme[0].length;
    const length = target.slice(start).search(/[/?#]/);
    const end = length < 0 ? target.length : start + length;
    readAuthority(target.slice(start, end), fields);
    path = target.slice(end);
  }
  const mark = path.indexOf('?');
  if (mark !== 0 && path !== '') fields['url.path'] = mark < 0 ? path : path.slice(0, mark);
  if (mark >= 0) fields['url.query'] = path.slice(mark + 1);
}

/** "name", "name:443", "[2001:db8::1]:443". The server's own virtual host is not overwritten by what a client claims. */
function readAuthority(text: string, fields: Fields): void {
  if (fields['url.domain'] !== undefined || text === '' || text === '-') return;
  const colon = text.lastIndexOf(':');
  const port = colon > 0 && colon > text.lastIndexOf(']') ? text.slice(colon + 1) : '';
  const hasPort = /^[1-9]\d{0,4}$/.test(port) && Number(port) <= 65_535;
  fields['url.domain'] = hasPort ? text.slice(0, colon) : text;
  if (hasPort) fields['url.port'] = Number(port);
}

/** "20/Nov/2026:10:02:33 +0900" -> "@timestamp". */
function logTime(text: string, timeZone: string): string {
  const found = /^(\d\d)\/([A-Z][a-z]{2})\/(\d{4}):(\d\d):(\d\d):(\d\d)(?: ([+-])(\d\d)(\d\d))?$/.exec(text);
  const month = monthNumber(found?.[2] ?? '');
  if (found === null || month === undefined) {
    throw new RecordError(
      `not a time: expected "20/Nov/2026:10:02:33 +0900", found ${JSON.stringify(text.slice(0, 40))}`,
    );
  }
  const zone = found[7] === undefined ? timeZone : 'UTC';
  const local = zonedTime(
    zone,
    Number(found[3]),
    month,
    Number(found[1]),
    Number(found[4]),
    Number(found[5]),
    Number(found[6]),
  );
  const east = (Number(found[8] ?? 0) * 60 + Number(found[9] ?? 0)) * (found[7] === '-' ? -1 : 1);
  return isoTime(local - east * 60_000);
}

// A zone ("fe80::1%eth0") passes isIP, yet no store takes it for an address.
function isAddress(text: string): boolean {
  return isIP(text) !== 0 && !text.includes('%');
}
