/** FortiGate syslog: traffic, SSL-VPN sign-ins and failures. */
import type { DemoMember } from '../city.ts';
import type { Random } from '../random.ts';
import { tokyo } from './times.ts';

function line(member: DemoMember, atMs: number, pri: number, fields: string): string {
  const [date, time] = tokyo(atMs).split(' ');
  return `<${pri}>date=${date} time=${time} devname="FG-${member.id}" devid="FG100F${member.publicIp.split('.')[3]?.padStart(4, '0')}" eventtime=${atMs}000000 tz="+0900" ${fields}`;
}

export const vpnFailure = (member: DemoMember, atMs: number, address: string, user: string): string =>
  line(
    member,
    atMs,
    185,
    `logid="0101039426" type="event" subtype="vpn" level="alert" vd="root" logdesc="SSL VPN login fail" action="ssl-login-fail" tunneltype="ssl-web" tunnelid=0 remip=${address} user="${user}" group="N/A" dst_host="N/A" reason="sslvpn_login_permission_denied" msg="SSL user failed to logged in"`,
  );

export const vpnUp = (member: DemoMember, atMs: number, address: string, user: string, tunnelIp: string): string =>
  line(
    member,
    atMs,
    134,
    `logid="0101039947" type="event" subtype="vpn" level="information" vd="root" logdesc="SSL VPN tunnel up" action="tunnel-up" tunneltype="ssl-tunnel" tunnelid=${1_000_000 + (atMs % 900_000)} remip=${address} tunnelip=${tunnelIp} user="${user}" group="vpn-users" dst_host="N/A" reason="tunnel established" msg="SSL tunnel established"`,
  );

const services = ['HTTPS', 'HTTPS', 'HTTPS', 'DNS', 'DNS', 'HTTP', 'NTP', 'SMTPS'] as const;
const ports = { HTTPS: 443, DNS: 53, HTTP: 80, NTP: 123, SMTPS: 465 } as const;

export function ordinaryFortigate(member: DemoMember, random: Random, atMs: number): string {
  const desktop = random.pick(member.desktops);
  if (random.chance(0.02)) {
    const person = random.pick(member.people);
    const home = `192.0.2.${random.int(10, 250)}`;
    return random.chance(0.2)
      ? vpnFailure(member, atMs, home, person)
      : vpnUp(member, atMs, home, person, `10.212.134.${random.int(2, 200)}`);
  }
  const service = random.pick(services);
  const denied = random.chance(0.08);
  return line(
    member,
    atMs,
    189,
    `logid="${denied ? '0000000013' : '0000000020'}" type="traffic" subtype="forward" level="notice" vd="root" srcip=${desktop.ip} srcport=${random.int(49152, 65535)} srcintf="port2" srcintfrole="lan" dstip=203.0.113.${random.int(100, 250)} dstport=${ports[service]} dstintf="wan1" dstintfrole="wan" policyid=${denied ? 0 : random.int(1, 9)} proto=${service === 'DNS' || service === 'NTP' ? 17 : 6} action="${denied ? 'deny' : 'accept'}" service="${service}" duration=${random.int(1, 240)} sentbyte=${random.int(200, 40_000)} rcvdbyte=${denied ? 0 : random.int(200, 900_000)} srccountry="Reserved" dstcountry="Japan"`,
  );
}
