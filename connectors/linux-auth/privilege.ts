/**
 * sudo and su: who became whom, and to run what. user.name is who asked, user.effective.name who they became.
 */
import type { Fields } from '../../src/model/event.ts';
import { authentication, type ReadMessage, when } from './facts.ts';

const sudoFields: ReadonlyMap<string, string> = new Map([
  ['TTY', 'linux.auth.tty'],
  ['PWD', 'process.working_directory'],
  ['USER', 'user.effective.name'],
  ['GROUP', 'group.name'],
  ['CHROOT', 'linux.auth.chroot'],
  ['TSID', 'linux.auth.sudo_session'],
  ['ENV', 'linux.auth.environment'],
]);

/** `alice : 3 incorrect password attempts ; TTY=pts/0 ; PWD=/home ; USER=root ; COMMAND=/bin/sh` (sudo's logging.c). */
export const readSudo: ReadMessage = (message) => {
  const colon = message.indexOf(' : ');
  if (colon < 0) return undefined;
  const user = message.slice(0, colon).trim();
  const rest = message.slice(colon + 3);
  // The command comes last, and a semicolon in it is its own.
  const commandAt = rest.startsWith('COMMAND=') ? 0 : rest.indexOf(' ; COMMAND=');
  const head = commandAt < 0 ? rest : rest.slice(0, commandAt);
  const fields: Fields = {
    'event.action': 'sudo',
    'event.category': ['authentication', 'process'],
    ...when('user.name', user),
  };
  let reason = '';
  let known = commandAt >= 0;
  for (const part of head === '' ? [] : head.split(' ; ')) {
    const equals = part.indexOf('=');
    const name = sudoFields.get(part.slice(0, Math.max(equals, 0)));
    if (name === undefined || Object.hasOwn(fields, name)) reason = reason === '' ? part : `${reason} ; ${part}`;
    else {
      fields[name] = part.slice(equals + 1);
      known = true;
    }
  }
  if (!known) return undefined;
  if (commandAt >= 0) fields['process.command_line'] = rest.slice(rest.indexOf('COMMAND=', commandAt) + 8);
  fields['event.outcome'] = reason === '' ? 'success' : 'failure';
  return { ...fields, ...when('event.reason', reason) };
};

const suForms: readonly (readonly [pattern: RegExp, asker: number, target: number, tty?: number])[] = [
  [/^(?:FAILED SU )?\(to (.*)\) (\S+) on (\S+)$/s, 2, 1, 3],
  [/^(?:Successful|FAILED) su for (.*) by (\S+)$/s, 2, 1],
  [/^[+-] (\S+) ([^\s:]+)[:-](\S+)$/, 2, 3, 1],
];

/** util-linux ("(to root) alice on pts/0") and shadow ("Successful su for root by alice", "+ /dev/pts/0 alice:root"). */
export const readSu: ReadMessage = (message) => {
  for (const [pattern, asker, target, tty] of suForms) {
    const found = pattern.exec(message);
    if (found === null) continue;
    return {
      'event.action': 'su',
      'event.outcome': message.startsWith('FAILED') || message.startsWith('-') ? 'failure' : 'success',
      ...authentication,
      ...when('user.name', found[asker]),
      ...when('user.effective.name', found[target]),
      ...(tty !== undefined && when('linux.auth.tty', found[tty])),
    };
  }
  return undefined;
};
