/**
 * Linux authentication logs (auth.log, secure) as syslog lines: sshd, sudo, su, PAM, account tools, systemd-logind, cron.
 * A line with a header and an unknown text is still an event; a line without any header is refused. Reads no journal export.
 *
 * event.action is one of: ssh_login, ssh_login_partial, ssh_invalid_user, ssh_max_attempts, ssh_not_allowed, ssh_disconnect,
 * ssh_connection, authentication, session_opened, session_closed, session_created, session_logged_out, session_removed, sudo, su,
 * password_changed, user_added, user_removed, user_changed, user_locked, user_unlocked, group_added, group_removed,
 * group_member_added, group_member_removed, cron_command; absent where the text is none of these.
 */
import { z } from 'zod';
import { defineConnector, RecordError, type SyslogHeader, syslogHeader } from '../../src/connector.ts';
import type { Fields } from '../../src/model/event.ts';
import { readAccounts, readCron, readLogind } from './accounts.ts';
import type { ReadMessage } from './facts.ts';
import { readPam } from './pam.ts';
import { readSu, readSudo } from './privilege.ts';
import { readSshd } from './sshd.ts';

const readers: ReadonlyMap<string, ReadMessage> = new Map([
  ['sshd', readSshd],
  ['sshd-session', readSshd],
  ['sshd-auth', readSshd],
  ['sudo', readSudo],
  ['su', readSu],
  ...['useradd', 'usermod', 'userdel', 'groupadd', 'groupmod', 'groupdel', 'gpasswd', 'passwd', 'chpasswd'].map(
    (program): [string, ReadMessage] => [program, readAccounts],
  ),
  ['systemd-logind', readLogind],
  ['cron', readCron],
  ['crond', readCron],
]);

export const linuxAuth = defineConnector({
  type: 'linux-auth',
  summary: {
    en: 'Linux authentication logs by syslog: sshd, sudo, su, PAM, user and group changes',
    ja: 'Linux認証ログ(syslog):sshd・sudo・su・PAM・ユーザー/グループの変更',
  },
  config: z.object({}),
  records: 'lines',
  parse(record, source) {
    const line = record.trimEnd();
    const header = completeHeader(line, syslogHeader(line, source));
    const fields: Fields = {};
    if (header.time !== undefined) fields['@timestamp'] = header.time;
    if (header.host !== undefined) fields['host.name'] = header.host;
    if (header.app !== undefined) fields['process.name'] = header.app;
    if (header.pid !== undefined && /^\d{1,10}$/.test(header.pid)) fields['process.pid'] = Number(header.pid);
    if (header.facility !== undefined) fields['log.syslog.facility.code'] = header.facility;
    if (header.severity !== undefined) fields['log.syslog.severity.code'] = header.severity;
    Object.assign(fields, readText(header.app ?? '', header.message));
    fields.message = header.message.trimStart();
    fields['event.original'] = record;
    return [fields];
  },
});

const tag = /^([^\s:[\]]{1,64})(?:\[(\d{1,10})\])?: ?/;

/** Adds what some senders leave to guess: a line without host ("Nov 20 10:00:00 sshd[7]: …"), and one with only <PRI> before its tag. */
function completeHeader(line: string, header: SyslogHeader): SyslogHeader {
  if (header.app !== undefined) return header;
  const { host, ...rest } = header;
  if (host?.endsWith(':') === true) {
    const named = tag.exec(host);
    if (named !== null) return { ...rest, app: named[1] as string, ...(named[2] !== undefined && { pid: named[2] }) };
  }
  if (header.time !== undefined || host !== undefined) return header;
  const named = header.facility === undefined ? null : tag.exec(header.message);
  if (named === null) {
    throw new RecordError(
      `no syslog header: expected "Nov 20 10:00:00 host program[pid]: …", found ${JSON.stringify(line.slice(0, 60))}`,
    );
  }
  return {
    ...header,
    app: named[1] as string,
    ...(named[2] !== undefined && { pid: named[2] }),
    message: header.message.slice(named[0].length),
  };
}

const repeated = /^message repeated (\d{1,9}) times: \[ ?(.*)\]$/s;

function readText(program: string, message: string): Fields | undefined {
  // rsyslog folds equal lines into one, and says how many they were.
  const folded = repeated.exec(message);
  const text = folded === null ? message : (folded[2] as string);
  // A path ("/usr/sbin/cron") and capitals ("CRON") are the same program.
  const name = program.slice(program.lastIndexOf('/') + 1).toLowerCase();
  const fields = readPam(text) ?? readers.get(name)?.(text);
  return folded === null ? fields : { ...fields, 'linux.auth.repeated': Number(folded[1]) };
}
