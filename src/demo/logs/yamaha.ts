/** YAMAHA RTX: filters, inspected sessions, tunnels, DHCP. No host and no time in the header, as the product writes it. */
import type { DemoMember } from '../city.ts';
import type { Random } from '../random.ts';
import { tokyo } from './times.ts';

export function ordinaryYamaha(member: DemoMember, random: Random, atMs: number): string {
  const desktop = random.pick(member.desktops);
  const kind = random.next();
  if (kind < 0.35) {
    return `<133>PP[01] Rejected at IN(2000) filter: TCP 192.0.2.${random.int(1, 250)}:${random.int(1024, 65_535)} > ${member.publicIp}:${random.pick([22, 23, 445, 5060, 8080])}`;
  }
  if (kind < 0.9) {
    return `<133>[INSPECT] PP[01][out][101] TCP ${desktop.ip}:${random.int(49_152, 65_535)} > 203.0.113.${random.int(100, 250)}:443 (${tokyo(atMs).replaceAll('-', '/')})`;
  }
  if (kind < 0.97)
    return `<134>[DHCPD] LAN1(port1) Allocates ${desktop.ip}: 00:a0:de:00:01:${random.int(16, 255).toString(16)}`;
  return '<134>IP Tunnel[1] Up';
}
