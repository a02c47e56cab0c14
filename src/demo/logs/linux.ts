/** Linux sign-ins: ssh by key, sudo of the administrators, a mistyped password now and then. */
import type { DemoMember } from '../city.ts';
import type { Random } from '../random.ts';
import { syslogTime } from './times.ts';

export function ordinaryLinux(member: DemoMember, random: Random, atMs: number): string {
  const person = random.int(0, member.people.length - 1);
  const user = member.people[person] as string;
  const from = member.desktops[person]?.ip ?? '10.0.0.9';
  const pid = random.int(1_000, 30_000);
  const head = `${syslogTime(atMs)} web01`;
  const kind = random.next();
  if (kind < 0.35)
    return `<86>${head} sshd[${pid}]: Accepted publickey for ${user} from ${from} port ${random.int(49_152, 65_535)} ssh2: ED25519 SHA256:q0x${pid}demo`;
  if (kind < 0.38)
    return `<86>${head} sshd[${pid}]: Failed password for ${user} from ${from} port ${random.int(49_152, 65_535)} ssh2`;
  if (kind < 0.6) return `<86>${head} sshd[${pid}]: pam_unix(sshd:session): session closed for user ${user}`;
  if (kind < 0.8)
    return `<85>${head} sudo[${pid}]: ${user} : TTY=pts/0 ; PWD=/home/${user} ; USER=root ; COMMAND=/usr/bin/systemctl status nginx`;
  return `<78>${head} CRON[${pid}]: pam_unix(cron:session): session opened for user www-data(uid=33) by (uid=0)`;
}
