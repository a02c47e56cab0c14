/**
 * What the readers of messages share: the shape of what they find out, and how an address is put in its place.
 */
import { isIP } from 'node:net';
import type { Fields } from '../../src/model/event.ts';

/**
 * Reads the text behind a syslog header. Undefined when the text is no message it knows: the line then is an event with the
 * text only. User names, hosts and commands are an attacker's to choose, so a pattern takes the outermost frame of the daemon's
 * own words, never the first that looks like one.
 */
export type ReadMessage = (message: string) => Fields | undefined;

/** source.ip where the host is an address, else source.address; source.port where the port is one. */
export function sourceOf(host: string | undefined, port?: string | undefined): Fields {
  const fields: Fields = {};
  // A zone ("fe80::1%eth0") passes isIP, yet no store takes it for an address.
  if (host !== undefined && host !== '') {
    fields[isIP(host) !== 0 && !host.includes('%') ? 'source.ip' : 'source.address'] = host;
  }
  if (port !== undefined && /^\d{1,5}$/.test(port) && Number(port) <= 65_535) fields['source.port'] = Number(port);
  return fields;
}

/** A field only where there is something to say. */
export function when(name: string, value: string | undefined): Fields {
  return value === undefined || value === '' ? {} : { [name]: value };
}

export const authentication: Fields = { 'event.category': ['authentication'] };
export const session: Fields = { 'event.category': ['session'] };
export const identity: Fields = { 'event.category': ['iam'] };
