/** What kind of network address a text is: decides whether it can stand for one thing within a member, or at all members. */
import { BlockList, isIP } from 'node:net';

const nowhere = new BlockList();
nowhere.addSubnet('0.0.0.0', 8, 'ipv4');
nowhere.addSubnet('127.0.0.0', 8, 'ipv4');
nowhere.addSubnet('169.254.0.0', 16, 'ipv4');
nowhere.addSubnet('224.0.0.0', 3, 'ipv4');
nowhere.addSubnet('::', 127, 'ipv6');
nowhere.addSubnet('fe80::', 10, 'ipv6');
nowhere.addSubnet('ff00::', 8, 'ipv6');

const insideOnly = new BlockList();
insideOnly.addSubnet('10.0.0.0', 8, 'ipv4');
insideOnly.addSubnet('172.16.0.0', 12, 'ipv4');
insideOnly.addSubnet('192.168.0.0', 16, 'ipv4');
insideOnly.addSubnet('100.64.0.0', 10, 'ipv4');
insideOnly.addSubnet('fc00::', 7, 'ipv6');

/**
 * nowhere: loopback, unspecified, link-local, multicast, broadcast; says nothing about a machine. private: one machine within a
 * member, another at the next. public: the same everywhere. undefined: not an address.
 */
export function addressKind(text: string): 'nowhere' | 'private' | 'public' | undefined {
  const version = isIP(text);
  if (version === 0) return undefined;
  const family = version === 4 ? 'ipv4' : 'ipv6';
  if (nowhere.check(text, family)) return 'nowhere';
  return insideOnly.check(text, family) ? 'private' : 'public';
}
