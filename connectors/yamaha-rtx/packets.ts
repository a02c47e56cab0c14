/**
 * The router's lines about packets: filters that rejected or passed one, and sessions of its stateful inspection.
 */
import type { SourceContext } from '../../src/connector.ts';
import { parseIsoTime, RecordError } from '../../src/connector.ts';
import type { Fields } from '../../src/model/event.ts';
import { readEnds } from './addresses.ts';

/** Sides of an interface: a packet that comes in through it has it as ingress. */
function passage(interfaceName: string, inward: boolean): Fields {
  return {
    'network.direction': inward ? 'inbound' : 'outbound',
    [`observer.${inward ? 'ingress' : 'egress'}.interface.name`]: interfaceName,
  };
}

const filter = /^(\S{1,40}) (Rejected|Passed|Dropped) at (IN|OUT)\((\S{1,40})\) (\S{1,40} )?filter: ?(.*)$/s;
const flow = /^(?:(\S{1,24}) )?(\S{1,80}) > (\S{1,80})(?: (.*))?$/s;

/** `TCP 192.0.2.1:1 > 198.51.100.5:22 (detail)`: protocol, both ends, and what the router adds. */
function readFlow(text: string): Fields {
  const found = flow.exec(text);
  const ends = found === null ? undefined : readEnds(found[2] as string, found[3] as string);
  if (found === null || ends === undefined) return { 'yamaha.rtx.packet': text };
  const [, protocol, , , detail] = found;
  return {
    ...(protocol !== undefined && { 'network.transport': protocol.toLowerCase().replace(/:$/, '') }),
    ...ends,
    ...(detail !== undefined && detail !== '' && { 'yamaha.rtx.detail': detail.replace(/^: ?/, '') }),
  };
}

/** `PP[01] Rejected at IN(2000) filter: TCP 203.0.113.66:41022 > 198.51.100.5:22`; MAC filters say "Ethernet filter" or the like. */
export function readFilter(message: string): Fields | undefined {
  const found = filter.exec(message);
  if (found === null) return undefined;
  const [, interfaceName, verdict, direction, number, kind, packet] = found;
  return {
    'event.action': verdict === 'Passed' ? 'packet_passed' : 'packet_rejected',
    'event.category': ['network'],
    'rule.id': number as string,
    ...passage(interfaceName as string, direction === 'IN'),
    ...(kind !== undefined && { 'yamaha.rtx.filter_kind': kind.trim() }),
    ...readFlow(packet as string),
  };
}

const inspect = /^\[INSPECT\] (\S{1,40}?)\[(in|out)\]\[(\w{1,20})\] (.*)$/s;
const began = /^(.*?) ?\((\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d)\)$/s;

/** `[INSPECT] PP[01][out][101] TCP 192.168.100.2:49221 > 203.0.113.80:443 (2026/11/20 10:59:24)`: the time is the session's start. */
export function readInspect(message: string, source: SourceContext): Fields | undefined {
  const found = inspect.exec(message);
  if (found === null) return undefined;
  const [, interfaceName, direction, number, rest] = found;
  const timed = began.exec(rest as string);
  return {
    'event.action': 'inspect_session',
    'event.category': ['network'],
    'rule.id': number as string,
    ...passage(interfaceName as string, direction === 'in'),
    ...(timed === null
      ? readFlow(rest as string)
      : { ...readFlow(timed[1] as string), ...startOf(timed[2] as string, source) }),
  };
}

function startOf(text: string, source: SourceContext): Fields {
  try {
    return { 'event.start': parseIsoTime(text, source.timeZone) };
  } catch (error) {
    if (error instanceof RecordError) return { 'yamaha.rtx.start': text };
    throw error;
  }
}
