/**
 * YAMAHA RTX and NVR routers by syslog. The router sends <PRI> and text, without time and host; a relay may put a header in front.
 * Where there is no header the time is the time of receipt, which the center fills in. Reads no configuration and no "show log".
 *
 * event.action is one of: packet_rejected, packet_passed, inspect_session, ike, dhcp, tunnel_up, tunnel_down, login_succeeded,
 * login_failed, logout, other.
 */
import { z } from 'zod';
import {
  defineConnector,
  RecordError,
  type SourceContext,
  type SyslogHeader,
  syslogHeader,
} from '../../src/connector.ts';
import type { Fields } from '../../src/model/event.ts';
import { readDhcp, readIke, readLogin, readTunnel } from './device.ts';
import { readFilter, readInspect } from './packets.ts';

export const yamahaRtx = defineConnector({
  type: 'yamaha-rtx',
  summary: {
    en: 'YAMAHA RTX and NVR routers by syslog: filters, inspection, VPN, DHCP, logins',
    ja: 'ヤマハルーター(RTX・NVR)のsyslog:フィルター・動的フィルター・VPN・DHCP・ログイン',
  },
  config: z.object({}),
  records: 'lines',
  parse(record, source) {
    const line = record.trimEnd();
    const header = syslogHeader(line, source);
    if (header.message.trim() === '') throw new RecordError('a line without text');
    let message = header.message;
    let read = readMessage(message, source);
    if (read === undefined) {
      message = withTag(line, header);
      read = readMessage(message, source);
    }
    if (read === undefined && header.time === undefined && header.facility === undefined) {
      throw new RecordError(
        `not a YAMAHA log line: expected <PRI>, a syslog header or a known text, found ${JSON.stringify(line.slice(0, 60))}`,
      );
    }
    const fields: Fields = {};
    if (header.time !== undefined) fields['@timestamp'] = header.time;
    if (header.host !== undefined) fields['observer.name'] = header.host;
    if (header.facility !== undefined) fields['log.syslog.facility.code'] = header.facility;
    if (header.severity !== undefined) fields['log.syslog.severity.code'] = header.severity;
    Object.assign(fields, read ?? { 'event.action': 'other' });
    fields.message = message;
    fields['event.original'] = record;
    return [fields];
  },
});

function readMessage(message: string, source: SourceContext): Fields | undefined {
  return (
    readFilter(message) ??
    readInspect(message, source) ??
    readLogin(message) ??
    readTunnel(message) ??
    readIke(message) ??
    readDhcp(message)
  );
}

/** The router has no program name: what the header's reader took for one ("LAN1: link up") belongs to the text. */
function withTag(line: string, header: SyslogHeader): string {
  const textAt = line.length - header.message.length;
  const tag = `${header.app}${header.pid === undefined ? '' : `[${header.pid}]`}:`;
  const tagAt = line.lastIndexOf(tag, textAt);
  const isTag = header.app !== undefined && tagAt >= 0 && line.slice(tagAt + tag.length, textAt).trim() === '';
  return isTag ? line.slice(tagAt) : header.message;
}
