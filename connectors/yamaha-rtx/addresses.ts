/**
 * The ends of a packet as a YAMAHA router writes them: `192.0.2.1:80`, `2001:db8::1.443` (an IPv6 address has its port behind a
 * dot), a bare address, or a MAC address. What is none of these is not taken for one.
 */
import { isIP } from 'node:net';
import type { Fields } from '../../src/model/event.ts';

const mac = /^(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i;

/** Fields of one side; undefined when the text is no address. */
export function readEnd(side: 'source' | 'destination', text: string): Fields | undefined {
  if (isIP(text) !== 0 && !text.includes('%')) return { [`${side}.ip`]: text };
  // ECS writes MAC addresses in capitals with hyphens (RFC 7042).
  if (mac.test(text)) return { [`${side}.mac`]: text.toUpperCase().replaceAll(':', '-') };
  const at = Math.max(text.lastIndexOf('.'), text.lastIndexOf(':'));
  const host = text.slice(0, Math.max(at, 0));
  const port = text.slice(at + 1);
  const separator = isIP(host) === 4 ? ':' : isIP(host) === 6 && !host.includes('%') ? '.' : undefined;
  if (separator === undefined || text[at] !== separator || !/^\d{1,5}$/.test(port) || Number(port) > 65_535)
    return undefined;
  return { [`${side}.ip`]: host, [`${side}.port`]: Number(port) };
}

/** Both sides of `A > B`; undefined when one of them is no address. */
export function readEnds(from: string, to: string): Fields | undefined {
  const source = readEnd('source', from);
  const destination = readEnd('destination', to);
  return source === undefined || destination === undefined ? undefined : { ...source, ...destination };
}
