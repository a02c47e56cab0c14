/**
 * Changes of local users and groups (shadow's useradd, usermod, groupadd and kin), sessions of systemd-logind, and commands of
 * cron. user.name is the account that is changed: who changed it is not in these lines.
 */
import type { Fields } from '../../src/model/event.ts';
import { identity, type ReadMessage, session, when } from './facts.ts';

type Form = readonly [pattern: RegExp, action: string, names: readonly string[]];

const pairFields: ReadonlyMap<string, readonly [user: string, group: string]> = new Map([
  ['name', ['user.name', 'group.name']],
  ['UID', ['user.id', 'user.id']],
  ['GID', ['group.id', 'group.id']],
  ['home', ['linux.auth.home', 'linux.auth.home']],
  ['shell', ['linux.auth.shell', 'linux.auth.shell']],
  ['from', ['linux.auth.tty', 'linux.auth.tty']],
]);

/** `new user: name=eve, UID=1002, GID=1002, home=/home/eve, shell=/bin/bash, from=/dev/pts/1` */
function readNew(message: string): Fields | undefined {
  const found = /^(?:(failed adding)|new) (user|group):? (.*)$/s.exec(message);
  const group = found?.[2] === 'group' || message.startsWith('group added to ');
  const text = found?.[3] ?? (group ? message.slice(message.indexOf(': ') + 2) : undefined);
  if (text === undefined) return undefined;
  const fields: Fields = {
    'event.action': group ? 'group_added' : 'user_added',
    'event.outcome': found?.[1] === undefined ? 'success' : 'failure',
    ...identity,
  };
  if (found?.[1] !== undefined) {
    const quoted = /^'([^']*)'/.exec(text);
    return { ...fields, ...when(group ? 'group.name' : 'user.name', quoted?.[1]) };
  }
  for (const pair of text.split(', ')) {
    const equals = pair.indexOf('=');
    const names = pairFields.get(pair.slice(0, Math.max(equals, 0)));
    if (names !== undefined && equals < pair.length - 1) fields[names[group ? 1 : 0]] = pair.slice(equals + 1);
  }
  return fields;
}

const accountForms: readonly Form[] = [
  [/^add '([^']*)' to (?:shadow )?group '([^']*)'$/, 'group_member_added', ['user.name', 'group.name']],
  [
    /^user (\S+) added by (\S+) to group (\S+)$/,
    'group_member_added',
    ['user.name', 'linux.auth.changed_by', 'group.name'],
  ],
  [/^delete '([^']*)' from (?:shadow )?group '([^']*)'$/, 'group_member_removed', ['user.name', 'group.name']],
  [
    /^user (\S+) removed by (\S+) from group (\S+)$/,
    'group_member_removed',
    ['user.name', 'linux.auth.changed_by', 'group.name'],
  ],
  [/^delete user '([^']*)'$/, 'user_removed', ['user.name']],
  [/^removed (?:shadow )?group '([^']*)'(?: owned by '([^']*)')?$/, 'group_removed', ['group.name', 'user.name']],
  [/^group '([^']*)' removed(?: from (\S+))?$/, 'group_removed', ['group.name', 'file.path']],
  [/^change user '([^']*)' password$/, 'password_changed', ['user.name']],
  [/^lock user '([^']*)' password$/, 'user_locked', ['user.name']],
  [/^unlock user '([^']*)' password$/, 'user_unlocked', ['user.name']],
  [/^change user '([^']*)' (.*)$/s, 'user_changed', ['user.name', 'linux.auth.change']],
];

const logindForms: readonly Form[] = [
  [
    /^New session '?(\S{1,64}?)'? of user '?(.*?)'?(?: with class .*)?\.?$/s,
    'session_created',
    ['linux.auth.session_id', 'user.name'],
  ],
  [/^Session (\S{1,64}) logged out\./, 'session_logged_out', ['linux.auth.session_id']],
  [/^Removed session (\S{1,64}?)\.$/, 'session_removed', ['linux.auth.session_id']],
];

function readForm(message: string, forms: readonly Form[], common: Fields): Fields | undefined {
  for (const [pattern, action, names] of forms) {
    const found = pattern.exec(message);
    if (found === null) continue;
    const fields: Fields = { 'event.action': action, 'event.outcome': 'success', ...common };
    for (const [index, name] of names.entries()) Object.assign(fields, when(name, found[index + 1]));
    return fields;
  }
  return undefined;
}

export const readAccounts: ReadMessage = (message) => readNew(message) ?? readForm(message, accountForms, identity);

export const readLogind: ReadMessage = (message) => readForm(message, logindForms, session);

/** `(root) CMD (run-parts /etc/cron.hourly)` */
export const readCron: ReadMessage = (message) => {
  const split = message.indexOf(') CMD (');
  if (split < 0 || !message.startsWith('(') || !message.endsWith(')')) return undefined;
  return {
    'event.action': 'cron_command',
    'event.category': ['process'],
    ...when('user.name', message.slice(1, split)),
    ...when('process.command_line', message.slice(split + 7, -1).trim()),
  };
};
