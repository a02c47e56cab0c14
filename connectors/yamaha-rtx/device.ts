/**
 * The router's lines about itself: logins to its management, tunnels going up and down, IKE and DHCP.
 */
import { isIP } from 'node:net';
import type { Fields } from '../../src/model/event.ts';

const action = (name: string, category: string, outcome?: 'success' | 'failure'): Fields => ({
  'event.action': name,
  'event.category': [category],
  ...(outcome !== undefined && { 'event.outcome': outcome }),
});

const login =
  /^(?:\[(HTTPD|TELNETD|SSHD)\] )?(?:Login|'([^']{0,64})'(?: login)?) (succeeded|failed)(?: (?:for|to|from) (HTTPS?|TELNET|SSH|SFTP|CONSOLE|REMOTE|SERIAL)(?![\w.-]))?(?:: ?| (?:for|by|user|from) | |$)(.*)$/is;
const logout = /^Logout from (HTTPS?|TELNET|SSH|SFTP|CONSOLE|REMOTE|SERIAL): ?(.*)$/is;
const trailingAddress = /(?: from)? \(?([0-9a-f.:]{3,45})\)?$/i;

/**
 * `192.0.2.1`, `192.0.2.1 user`, `user from 192.0.2.1`, `user (192.0.2.1)` or `user`. The name is what somebody typed; where the
 * router adds an address after it, that address counts and not one inside the name.
 */
function readWho(text: string): Fields {
  const trimmed = text.trim();
  const tail = trailingAddress.exec(trimmed.slice(-64));
  if (tail !== null && isIP(tail[1] as string) !== 0) {
    const user = trimmed.slice(0, trimmed.length - tail[0].length).trim();
    return { ...(user !== '' && { 'user.name': user }), 'source.ip': tail[1] as string };
  }
  const blank = trimmed.indexOf(' ');
  const first = blank < 0 ? trimmed : trimmed.slice(0, blank);
  const isAddress = isIP(first) !== 0 && !first.includes('%');
  const user = isAddress ? trimmed.slice(first.length).trim() : trimmed;
  return { ...(user !== '' && { 'user.name': user }), ...(isAddress && { 'source.ip': first }) };
}

export function readLogin(message: string): Fields | undefined {
  const left = logout.exec(message);
  if (left !== null) {
    return {
      ...action('logout', 'session', 'success'),
      'network.protocol': (left[1] as string).toLowerCase(),
      ...readWho(left[2] as string),
    };
  }
  const found = login.exec(message);
  if (found === null) return undefined;
  const [, daemon, quoted, result, protocol = daemon?.slice(0, -1), who] = found;
  if (protocol === undefined) return undefined;
  const succeeded = (result as string).toLowerCase() === 'succeeded';
  return {
    ...action(succeeded ? 'login_succeeded' : 'login_failed', 'authentication', succeeded ? 'success' : 'failure'),
    'network.protocol': protocol.toLowerCase(),
    ...readWho(who as string),
    ...(quoted !== undefined && { 'user.name': quoted }),
  };
}

const tunnel =
  /^(?:\[[A-Z0-9]{1,16}\] )?((?:IP |IPv6 |PPTP |L2TP )?(?:Tunnel|TUNNEL)\[(\w{1,10})\]) (?:(\S{1,20}) )?(Up|Down)(?:[ (].*)?$/s;

export function readTunnel(message: string): Fields | undefined {
  const found = tunnel.exec(message);
  if (found === null) return undefined;
  return {
    ...action(found[4] === 'Up' ? 'tunnel_up' : 'tunnel_down', 'network'),
    'yamaha.rtx.interface': `TUNNEL[${found[2]}]`,
  };
}

const ike = /^\[IKE\] (.*)$/s;
const gateway = /\bgateway\[(\w{1,10})\]/;
const peer = /\b(to|from|with) ([0-9a-f.:]{3,45})(?=$|[\s,)])/i;
const dhcp =
  /^\[DHCPD\] (\S{1,24}(?:\(\S{1,16}\))?) (Allocates|Extends|Releases|Rejects?|Denies) ([0-9a-f.:]{3,45})(?:: (.{1,64}))?$/i;
const macAddress = /(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i;

/** The peer began what the router responds to; everything else goes from the router to the peer. */
function peerSide(text: string, word: string): 'source' | 'destination' {
  return word === 'from' || text.startsWith('respond ') ? 'source' : 'destination';
}

export function readIke(message: string): Fields | undefined {
  const found = ike.exec(message);
  if (found === null) return undefined;
  const text = (found[1] as string).slice(0, 2_000);
  const number = gateway.exec(text);
  const address = peer.exec(text);
  return {
    ...action('ike', 'network'),
    ...(number !== null && { 'yamaha.rtx.gateway': number[1] as string }),
    ...(address !== null &&
      isIP(address[2] as string) !== 0 && { [`${peerSide(text, address[1] as string)}.ip`]: address[2] as string }),
  };
}

/** `[DHCPD] LAN1(port1) Allocates 192.168.100.2: 00:a0:de:00:00:01`: the client is told by the address it got. */
export function readDhcp(message: string): Fields | undefined {
  if (!message.startsWith('[DHCPD] ')) return undefined;
  const found = dhcp.exec(message);
  if (found === null) return action('dhcp', 'network');
  const [, interfaceName, verb, address, hardware] = found;
  const mac = macAddress.exec(hardware ?? '')?.[0];
  return {
    ...action('dhcp', 'network'),
    'yamaha.rtx.dhcp': (verb as string).toLowerCase(),
    'observer.ingress.interface.name': interfaceName as string,
    ...(isIP(address as string) !== 0 && { 'client.ip': address as string }),
    ...(mac !== undefined && { 'client.mac': mac.toUpperCase().replaceAll(':', '-') }),
  };
}
