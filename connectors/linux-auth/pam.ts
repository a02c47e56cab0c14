/**
 * PAM's messages, whichever program they come through: sessions, failed authentications, changed passwords. Wordings: pam_unix
 * and its kin in Linux-PAM 1.1 to 1.7 (the uid behind the user's name came with 1.4).
 */
import type { Fields } from '../../src/model/event.ts';
import { authentication, identity, type ReadMessage, session, sourceOf, when } from './facts.ts';

const framed = /^(pam_\w{1,32})\(([^\s():]{1,64}):(\w{1,32})\): (.*)$/s;
const sessionLine = /^session (opened|closed) for user (.*)$/s;
const openedBy = / by ([^()\s]*)\(uid=(\d+)\)$/;
const withId = /\(uid=(\d+)\)$/;
const failure = /^(?:authentication failure|(\d+) more authentication failures?); (.*)$/s;
const repeated = /^PAM (\d+) more authentication failures?; (.*)$/s;
const passwordChanged = /^password changed for (.*)$/s;

const known: ReadonlyMap<string, string> = new Map([
  ['logname', 'linux.auth.logname'],
  ['uid', 'linux.auth.uid'],
  ['euid', 'linux.auth.euid'],
  ['tty', 'linux.auth.tty'],
  ['ruser', 'linux.auth.ruser'],
]);

/** `logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.1  user=root`; the user name comes last and may hold anything. */
function readFailure(text: string, count: string | undefined): Fields {
  const fields: Fields = { 'event.action': 'authentication', 'event.outcome': 'failure', ...authentication };
  const userAt = text.search(/ user=/);
  const head = userAt < 0 ? text : text.slice(0, userAt);
  for (const pair of head.split(' ')) {
    const equals = pair.indexOf('=');
    const name = known.get(pair.slice(0, Math.max(equals, 0)));
    if (name !== undefined && equals < pair.length - 1) fields[name] = pair.slice(equals + 1);
    else if (pair.startsWith('rhost=')) Object.assign(fields, sourceOf(pair.slice(6)));
  }
  if (userAt >= 0) Object.assign(fields, when('user.name', text.slice(userAt + 6)));
  if (count !== undefined) fields['linux.auth.repeated'] = Number(count.slice(0, 9));
  return fields;
}

function readSession(text: string): Fields | undefined {
  const found = sessionLine.exec(text);
  if (found === null) return undefined;
  const [, what, rest = ''] = found;
  const opener = openedBy.exec(rest);
  const user = opener === null ? rest : rest.slice(0, opener.index);
  const id = withId.exec(user);
  return {
    'event.action': what === 'opened' ? 'session_opened' : 'session_closed',
    'event.outcome': 'success',
    ...session,
    ...when('user.name', id === null ? user : user.slice(0, id.index)),
    ...when('user.id', id?.[1]),
    ...when('linux.auth.opened_by', opener?.[1]),
    ...when('linux.auth.opened_by_uid', opener?.[2]),
  };
}

/** "pam_unix(sshd:session): …", or the line in which sshd sums up PAM's failures. */
export const readPam: ReadMessage = (message) => {
  const summed = repeated.exec(message);
  if (summed !== null) return readFailure(summed[2] as string, summed[1]);
  const frame = framed.exec(message);
  if (frame === null) return undefined;
  const text = frame[4] as string;
  const failed = failure.exec(text);
  const changed = passwordChanged.exec(text);
  const fields =
    readSession(text) ??
    (failed !== null ? readFailure(failed[2] as string, failed[1]) : undefined) ??
    (changed !== null
      ? {
          'event.action': 'password_changed',
          'event.outcome': 'success',
          ...identity,
          ...when('user.name', changed[1]),
        }
      : undefined);
  return {
    ...fields,
    'linux.auth.pam.module': frame[1] as string,
    'linux.auth.pam.service': frame[2] as string,
    'linux.auth.pam.type': frame[3] as string,
  };
};
