/** members: adds and lists the organizations that the center watches over. */
import { z } from 'zod';
import { type Member, member, memberKind } from '../model/member.ts';
import { CENTER_SCOPE } from '../model/scope.ts';
import { findAll } from '../store/find-all.ts';
import { readArguments } from './arguments.ts';
import { checked, dataOptions, withData } from './data-folder.ts';
import type { Command } from './io.ts';
import { createSubcommands } from './subcommands.ts';
import { printTable } from './table.ts';

/** An IANA zone that this machine's calendar data knows. */
export const knownZone = z.string().refine((zone) => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}, 'not an IANA time zone; write e.g. Asia/Tokyo');

const add: Command = async (args, io) => {
  const { options, rest } = readArguments(args, {
    usage: 'members add ID --name NAME --kind KIND [--time-zone ZONE] [--data DIR]',
    about: 'Adds a member. Its id is used in ids of sources and in addresses, and stays.',
    arguments: { min: 1, max: 1 },
    options: {
      name: { type: 'text', help: 'name as people write it' },
      kind: { type: 'text', value: 'KIND', default: 'other', help: memberKind.options.join(', ') },
      'time-zone': {
        type: 'text',
        value: 'ZONE',
        default: 'Asia/Tokyo',
        help: 'IANA zone of logs that do not say theirs',
      },
      ...dataOptions,
    },
  });
  const id = rest[0] as string;
  const doc: Member = checked(member.extend({ timeZone: knownZone }), {
    id,
    name: options.name ?? id,
    kind: options.kind,
    timeZone: options['time-zone'],
    createdAt: new Date().toISOString(),
    version: 1,
  });
  const { name, kind, timeZone } = doc;
  await withData(io, options, ({ save }) =>
    save(
      [{ kind: 'member', doc }],
      {
        action: 'member.create',
        target: { kind: 'member', id },
        memberId: id,
        before: null,
        after: { id, name, kind, timeZone },
      },
      `there is a member "${id}" already`,
    ),
  );
  io.out(`Added member ${id}. Its first source: hinomi keys add ${id}.NAME --type CONNECTOR`);
  return 0;
};

const list: Command = async (args, io) => {
  const { options } = readArguments(args, {
    usage: 'members list [--data DIR]',
    about: 'Lists the members and how many sources each has.',
    options: dataOptions,
  });
  await withData(io, options, async ({ store }) => {
    const members = await findAll(store, 'member', { order: 'oldest' });
    const sources = await store.count('source', CENTER_SCOPE, 'memberId');
    const rows = members.map(({ id, name, kind, timeZone }) => [id, name, kind, timeZone, String(sources[id] ?? 0)]);
    io.out(printTable(['ID', 'NAME', 'KIND', 'TIME ZONE', 'SOURCES'], rows));
  });
  return 0;
};

export const members = createSubcommands('members', {
  add: { usage: 'add ID --name NAME --kind KIND', about: 'add a member', run: add },
  list: { usage: 'list', about: 'list the members', run: list },
});
