/**
 * FortiGate logs in FortiOS's own key=value form (syslog format "default" or "csv"), bare, after <PRI>, or after a relay's header.
 * Reads neither CEF nor FortiAnalyzer's exports. Values are kept as written; only those ECS has a field for leave the prefix.
 */
import { isIP } from 'node:net';
import { z } from 'zod';
import {
  defineConnector,
  isoTime,
  parseIsoTime,
  RecordError,
  type SourceContext,
  syslogHeader,
} from '../../src/connector.ts';
import type { Fields, Scalar } from '../../src/model/event.ts';
import { type Pairs, scanPairs } from './pairs.ts';

const PREFIX = 'fortinet.fortigate.';

/** Text -> the value of an ECS field; undefined when the text is no such value, which then stays under its own name. */
type Read = (text: string) => Scalar | undefined;

const asText: Read = (text) => text;
const asName: Read = (text) => (text === '' || text === 'N/A' ? undefined : text);
const asLower: Read = (text) => text.toLowerCase();
// A zone ("fe80::1%port1") passes isIP, yet no store takes it for an address.
const asIp: Read = (text) => (isIP(text) !== 0 && !text.includes('%') ? text : undefined);
const asCount: Read = (text) =>
  /^(?:0|[1-9]\d{0,15})$/.test(text) && Number(text) <= Number.MAX_SAFE_INTEGER ? Number(text) : undefined;
const asPort: Read = (text) => (/^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined);
const asNanoseconds: Read = (text) =>
  /^(?:0|[1-9]\d{0,6})$/.test(text) && Number(text) <= 9_007_199 ? Number(text) * 1_000_000_000 : undefined;

const ecsFields: ReadonlyMap<string, readonly [field: string, read: Read]> = new Map([
  ['logid', ['event.code', asText]],
  ['action', ['event.action', asText]],
  ['reason', ['event.reason', asText]],
  ['duration', ['event.duration', asNanoseconds]],
  ['msg', ['message', asText]],
  ['devname', ['observer.name', asText]],
  ['devid', ['observer.serial_number', asText]],
  ['srcintf', ['observer.ingress.interface.name', asText]],
  ['dstintf', ['observer.egress.interface.name', asText]],
  ['srcip', ['source.ip', asIp]],
  ['remip', ['source.ip', asIp]],
  ['srcport', ['source.port', asPort]],
  ['srccountry', ['source.geo.country_name', asText]],
  ['sentbyte', ['source.bytes', asCount]],
  ['sentpkt', ['source.packets', asCount]],
  ['dstip', ['destination.ip', asIp]],
  ['dstport', ['destination.port', asPort]],
  ['dstcountry', ['destination.geo.country_name', asText]],
  ['rcvdbyte', ['destination.bytes', asCount]],
  ['rcvdpkt', ['destination.packets', asCount]],
  ['proto', ['network.iana_number', asText]],
  ['service', ['network.protocol', asLower]],
  ['user', ['user.name', asName]],
  ['policyid', ['rule.id', asText]],
  ['policyname', ['rule.name', asText]],
  ['url', ['url.original', asText]],
  ['hostname', ['url.domain', asText]],
]);

export const fortinetFortigate = defineConnector({
  type: 'fortinet-fortigate',
  summary: {
    en: 'Fortinet FortiGate: firewall, VPN and security logs in key=value form, by syslog or file',
    ja: 'Fortinet FortiGate:ファイアウォール・VPN・セキュリティのログ(key=value形式、syslogまたはファイル)',
  },
  config: z.object({}),
  records: 'lines',
  parse(record, source) {
    const header = syslogHeader(record, source);
    const pairs = scanPairs(header.message);
    const first = firstValues(pairs);
    if (
      !first.has('logid') &&
      !first.has('devid') &&
      !first.has('devname') &&
      !(first.has('type') && first.has('subtype'))
    ) {
      throw new RecordError(
        `not a FortiGate log line: expected key=value fields with logid, devid or devname, found ${JSON.stringify(record.slice(0, 60))}`,
      );
    }
    const fields: Fields = {};
    const { at, spent } = timeOf(first, source);
    const timestamp = at ?? header.time;
    if (timestamp !== undefined) fields['@timestamp'] = timestamp;
    if (header.facility !== undefined) fields['log.syslog.facility.code'] = header.facility;
    if (header.severity !== undefined) fields['log.syslog.severity.code'] = header.severity;
    if (header.host !== undefined) fields['log.syslog.hostname'] = header.host;
    if (header.app !== undefined) fields['log.syslog.appname'] = header.app;
    if (header.pid !== undefined) fields['log.syslog.procid'] = header.pid;

    const hasSourceIp = asIp(first.get('srcip') ?? '') !== undefined;
    for (const [key, text] of pairs.list) {
      if (spent.has(key) && first.get(key) === text) continue;
      const ecs = key === 'remip' && hasSourceIp ? undefined : ecsFields.get(key);
      const value = ecs?.[1](text);
      if (ecs !== undefined && value !== undefined) append(fields, ecs[0], value);
      else append(fields, PREFIX + key, text);
    }
    const outcome = outcomeOf(first);
    if (outcome !== undefined) fields['event.outcome'] = outcome;
    if (pairs.truncated || pairs.passedOver) {
      fields.tags = [...(pairs.truncated ? ['truncated'] : []), ...(pairs.passedOver ? ['partly-parsed'] : [])];
    }
    fields['event.original'] = record;
    return [fields];
  },
});

function firstValues(pairs: Pairs): ReadonlyMap<string, string> {
  const first = new Map<string, string>();
  for (const [key, value] of pairs.list) if (!first.has(key)) first.set(key, value);
  return first;
}

/** A key that comes again with another value makes an array, in the order of the line. */
function append(fields: Fields, name: string, value: Scalar): void {
  const held = fields[name];
  if (held === undefined) fields[name] = value;
  else if (Array.isArray(held)) {
    if (!held.includes(value)) fields[name] = [...held, value];
  } else if (held !== value) fields[name] = [held as Scalar, value];
}

const noKeys: ReadonlySet<string> = new Set();
const wallKeys: ReadonlySet<string> = new Set(['date', 'time', 'tz']);
const allTimeKeys: ReadonlySet<string> = new Set(['eventtime', 'date', 'time', 'tz']);

/**
 * `eventtime` is the same moment as date, time and tz, without doubt about the zone: it goes first, and what tells the same
 * moment is spent. What cannot be read is not spent and stays in the event under its own name.
 */
function timeOf(
  first: ReadonlyMap<string, string>,
  source: Pick<SourceContext, 'timeZone'>,
): { readonly at?: string; readonly spent: ReadonlySet<string> } {
  const epochMs = epochMilliseconds(first.get('eventtime') ?? '');
  const date = first.get('date') ?? '';
  const time = first.get('time') ?? '';
  const zone = zoneOf(first.get('tz') ?? '');
  const hasWall = /^\d{4}-\d\d-\d\d$/.test(date) && /^\d\d:\d\d:\d\d(?:\.\d{1,9})?$/.test(time) && zone !== undefined;
  if (epochMs !== undefined) return { at: isoTime(epochMs), spent: hasWall ? allTimeKeys : new Set(['eventtime']) };
  if (!hasWall) return { spent: noKeys };
  try {
    return { at: parseIsoTime(`${date}T${time}${zone}`, source.timeZone), spent: wallKeys };
  } catch (error) {
    if (error instanceof RecordError) return { spent: noKeys };
    throw error;
  }
}

const YEAR_2000 = 946_684_800_000;
const YEAR_2100 = 4_102_444_800_000;

/** Firmware 6.0 writes seconds, later ones nanoseconds, relays milliseconds or microseconds: the number of digits tells. */
function epochMilliseconds(text: string): number | undefined {
  if (!/^\d{9,20}$/.test(text)) return undefined;
  const ms =
    text.length <= 11
      ? Number(text) * 1000
      : text.length <= 14
        ? Number(text)
        : Number(text.slice(0, text.length <= 17 ? -3 : -6));
  return ms >= YEAR_2000 && ms < YEAR_2100 ? ms : undefined;
}

/** "+0900", "+09:00", "UTC+9" -> "+09:00"; "" for none, undefined for what is no offset. */
function zoneOf(text: string): string | undefined {
  if (text === '') return '';
  const found = /^(?:UTC|GMT)?([+-])(\d{1,2}):?(\d\d)?$/.exec(text);
  if (found === null) return undefined;
  return `${found[1]}${(found[2] as string).padStart(2, '0')}:${found[3] ?? '00'}`;
}

const loginActions: ReadonlySet<string> = new Set(['login', 'authentication', 'auth-logon']);

/**
 * Outcome of a log-in, and of nothing else: "accept" and "deny" of a policy are actions. An IPsec "tunnel-up" names the peer
 * gateway as its user and is no log-in of a person.
 */
function outcomeOf(first: ReadonlyMap<string, string>): 'success' | 'failure' | undefined {
  const action = first.get('action');
  if (action === undefined) return undefined;
  if (action === 'ssl-login-fail') return 'failure';
  if (action === 'tunnel-up') return first.get('tunneltype')?.startsWith('ssl') ? 'success' : undefined;
  if (!loginActions.has(action)) return undefined;
  const status = first.get('status');
  if (status === 'success') return 'success';
  return status === 'failed' || status === 'failure' ? 'failure' : undefined;
}
