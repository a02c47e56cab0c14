/**
 * Which entities tie alerts together, and in which form they are compared. Says nothing of members: the same name at two members
 * is two things, and the caller keeps them apart. Left out is whatever names no one in particular; tying by it would make one
 * incident of a whole member.
 */
import { isIPv6, SocketAddress } from 'node:net';
import { addressKind } from '../correlate/address.ts';
import type { Entity } from '../model/alert.ts';

/**
 * Accounts that every machine has, or that attackers try everywhere: two alerts with "root" are not about the same person.
 * Windows' built-in identities, Unix' superuser and daemons, default and placeholder names.
 */
const genericUsers = new Set([
  ...['', '-', '?', '*', 'n/a', 'none', 'null', 'unknown', '(unknown)', 'invalid', 'invalid user'],
  ...['system', 'local system', 'localsystem', 'local service', 'localservice', 'network service', 'networkservice'],
  ...['anonymous', 'anonymous logon', 'iusr', 'defaultaccount', 'wdagutilityaccount', 'everyone'],
  ...['administrator', 'administrators', 'admin', 'guest', 'user', 'test', 'root', 'daemon', 'nobody', 'www-data'],
  ...['apache', 'nginx', 'postgres', 'mysql', 'oracle', 'sshd', 'bin', 'sys', 'sync', 'operator'],
]);
/** Desktop and font driver sessions that Windows numbers anew at each logon. */
const sessionUser = /^(?:dwm|umfd)-\d+$/;

const genericHosts = new Set(['', '-', 'localhost', 'localdomain', 'unknown', 'n/a', 'none', 'null', '(none)']);

/** SHA-256 of nothing: every empty file has it. */
const hashOfNothing = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

const nameOf = (value: string) => value.trim().toLowerCase();

function linkingUser(value: string): string | undefined {
  let name = nameOf(value);
  name = name.slice(name.lastIndexOf('\\') + 1);
  const at = name.indexOf('@');
  if (at > 0) name = name.slice(0, at);
  // A name that ends in "$" is a machine's own account, active all day.
  if (genericUsers.has(name) || name.endsWith('$') || sessionUser.test(name)) return undefined;
  return `user ${name}`;
}

function linkingAddress(value: string): string | undefined {
  const text = nameOf(value).split('%', 1)[0] as string;
  const kind = addressKind(text);
  if (kind === undefined || kind === 'nowhere') return undefined;
  if (!isIPv6(text)) return `address ${text}`;
  const { address } = new SocketAddress({ address: text, family: 'ipv6' });
  return `address ${address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address}`;
}

function linkingHost(value: string, relays: ReadonlySet<string>): string | undefined {
  const name = nameOf(value);
  if (addressKind(name) !== undefined) return linkingAddress(name);
  const label = name.split('.', 1)[0] as string;
  if (genericHosts.has(label) || relays.has(label)) return undefined;
  return `host ${label}`;
}

function linkingHash(value: string): string | undefined {
  const hash = nameOf(value);
  return /^[0-9a-f]{64}$/.test(hash) && hash !== hashOfNothing && !/^0+$/.test(hash) ? `hash ${hash}` : undefined;
}

/**
 * Forms under which alerts with these entities find each other, without repeats: users without domain, hosts by their first label,
 * addresses whether source or destination, hashes. `relays`: lower-case first labels of hosts that only pass logs on.
 */
export function linkingKeys(entities: readonly Entity[], relays: ReadonlySet<string> = new Set()): readonly string[] {
  const keys = new Set<string | undefined>();
  for (const { field, value } of entities) {
    if (field === 'host.name') keys.add(linkingHost(value, relays));
    else if (field === 'user.name') keys.add(linkingUser(value));
    else if (field === 'source.ip' || field === 'destination.ip') keys.add(linkingAddress(value));
    else if (field === 'process.hash.sha256' || field === 'file.hash.sha256') keys.add(linkingHash(value));
  }
  keys.delete(undefined);
  return [...keys] as string[];
}
