/**
 * OpenSSH's messages about logins and about connections that ended before one. Wordings: auth.c, auth2.c, packet.c and sshd.c of
 * OpenSSH 5 to 10. Does not read debug output.
 */
import type { Fields } from '../../src/model/event.ts';
import { authentication, type ReadMessage, sourceOf, when } from './facts.ts';

// The greedy (.*) before the last " from " is the user name: one that holds " from 192.0.2.1 port 22" does not move the source.
const attempt =
  /^(Accepted|Failed|Postponed|Partial) (\S+) for (invalid user )?(.*) from (\S+) port (\d+)(?: ssh\d)?(?: \[preauth\])?(?:: (.*))?$/s;
const unknownUser = /^(?:Invalid|Illegal) user (.*) from (\S+)(?: port (\d+))?$/s;
const tooMany =
  /^(?:error: )?maximum authentication attempts exceeded for (invalid user )?(.*) from (\S+) port (\d+)(?: ssh\d)?(?: \[preauth\])?$/s;
const notAllowed = /^User (.*) from (\S+) not allowed because (.*)$/s;
const ended =
  /^(?:Connection (?:closed|reset) by|Disconnected from|Disconnecting) (?:(authenticating |invalid )?user (.*) )?(\S+) port (\d+)(?:: (.*?))?( \[preauth\])?$/s;
const received = /^(?:error: )?Received disconnect from (\S+) port (\d+):(?:\d+: ?)?(.*?)( \[preauth\])?$/s;
const strange =
  /^(?:error: )?(?:Did not receive identification string from|Bad protocol version identification .* from|Unable to negotiate with|banner exchange: Connection from|Connection from) (\S+) port (\d+)(?:: | on |$)(.*)$/s;

const login = (outcome: 'success' | 'failure'): Fields => ({
  'event.action': 'ssh_login',
  'event.outcome': outcome,
  ...authentication,
});

function readAttempt(message: string): Fields | undefined {
  const found = attempt.exec(message);
  if (found === null) return undefined;
  const [, result, method, unknown, user, host, port, key] = found;
  // Half a login (a second factor to come) is neither a success nor a failure.
  const outcome = result === 'Accepted' ? login('success') : result === 'Failed' ? login('failure') : undefined;
  return {
    ...(outcome ?? { 'event.action': 'ssh_login_partial', ...authentication }),
    ...when('user.name', user),
    ...sourceOf(host, port),
    'linux.auth.method': method as string,
    ...(unknown !== undefined && { 'linux.auth.invalid_user': true }),
    ...when('linux.auth.key', key),
  };
}

function readRefusal(message: string): Fields | undefined {
  const unknown = unknownUser.exec(message);
  if (unknown !== null) {
    return {
      'event.action': 'ssh_invalid_user',
      'event.outcome': 'failure',
      ...authentication,
      ...when('user.name', unknown[1]),
      ...sourceOf(unknown[2], unknown[3]),
      'linux.auth.invalid_user': true,
    };
  }
  const many = tooMany.exec(message);
  if (many !== null) {
    return {
      'event.action': 'ssh_max_attempts',
      'event.outcome': 'failure',
      ...authentication,
      ...when('user.name', many[2]),
      ...sourceOf(many[3], many[4]),
      ...(many[1] !== undefined && { 'linux.auth.invalid_user': true }),
    };
  }
  const forbidden = notAllowed.exec(message);
  if (forbidden === null) return undefined;
  return {
    'event.action': 'ssh_not_allowed',
    'event.outcome': 'failure',
    ...authentication,
    ...when('user.name', forbidden[1]),
    ...sourceOf(forbidden[2]),
    ...when('event.reason', forbidden[3]),
  };
}

function readEnd(message: string): Fields | undefined {
  const end = ended.exec(message);
  if (end !== null) {
    const [, standing, user, host, port, reason, preauth] = end;
    return {
      'event.action': 'ssh_disconnect',
      'event.category': ['network'],
      ...when('user.name', user),
      ...sourceOf(host, port),
      ...(standing === 'invalid ' && { 'linux.auth.invalid_user': true }),
      ...(preauth !== undefined && { 'linux.auth.preauth': true }),
      ...when('event.reason', reason),
    };
  }
  const bye = received.exec(message);
  if (bye !== null) {
    return {
      'event.action': 'ssh_disconnect',
      'event.category': ['network'],
      ...sourceOf(bye[1], bye[2]),
      ...(bye[4] !== undefined && { 'linux.auth.preauth': true }),
      ...when('event.reason', bye[3]),
    };
  }
  const odd = strange.exec(message);
  if (odd === null) return undefined;
  return { 'event.action': 'ssh_connection', 'event.category': ['network'], ...sourceOf(odd[1], odd[2]) };
}

export const readSshd: ReadMessage = (message) => readAttempt(message) ?? readRefusal(message) ?? readEnd(message);
