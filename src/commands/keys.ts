/** keys: adds, lists and revokes the keys with which sources send. A key is shown once; the store keeps a hash of its secret. */
import { connectors } from '../../connectors/index.ts';
import { createKey, parseKey } from '../access/keys.ts';
import type { Connector } from '../connector.ts';
import type { Key } from '../model/access.ts';
import { encoding, type Source, source } from '../model/member.ts';
import { CENTER_SCOPE } from '../model/scope.ts';
import { findAll } from '../store/find-all.ts';
import type { Change } from '../store/store.ts';
import { nearest, readArguments, UsageError } from './arguments.ts';
import { checked, type Data, dataOptions, withData } from './data-folder.ts';
import type { Command } from './io.ts';
import { createSubcommands } from './subcommands.ts';
import { printTable } from './table.ts';

const add: Command = async (args, io) => {
  const { options, rest } = readArguments(args, {
    usage: 'keys add MEMBER.SOURCE [--type CONNECTOR] [--encoding ENCODING] [--label TEXT] [--data DIR]',
    about: 'Makes a key for a source, and the source itself when it is new. The key is shown once.',
    arguments: { min: 1, max: 1 },
    options: {
      type: {
        type: 'text',
        value: 'CONNECTOR',
        help: `for a new source: ${connectors.map(({ type }) => type).join(', ')}`,
      },
      encoding: {
        type: 'text',
        value: 'ENCODING',
        default: 'utf-8',
        help: `for a new source: ${encoding.options.join(', ')}`,
      },
      label: {
        type: 'text',
        default: 'made on the command line',
        help: 'what the key is for, e.g. the machine it is kept on',
      },
      ...dataOptions,
    },
  });
  return withData(io, options, async (data) => {
    const known = await data.store.get('source', CENTER_SCOPE, rest[0] as string);
    if (known !== undefined && options.type !== undefined && options.type !== known.type) {
      throw new UsageError(
        `source ${known.id} is read by ${known.type}, not ${options.type}; leave --type out, or name another source`,
      );
    }
    const owner = known ?? (await newSource(data, rest[0] as string, options));
    const key = createKey();
    const doc: Key = {
      id: key.id,
      kind: 'ingest',
      label: options.label.slice(0, 120),
      secretHash: key.secretHash,
      sourceId: owner.id,
      memberId: owner.memberId,
      role: null,
      members: null,
      revokedAt: null,
      createdAt: new Date().toISOString(),
      version: 1,
    };
    const { kind, label, sourceId, memberId, role, members } = doc;
    const created: Change[] = known === undefined ? [{ kind: 'source', doc: owner }] : [];
    if (known === undefined) {
      const { id, type, encoding: read, timeZone, config } = owner;
      await data.save(
        created,
        {
          action: 'source.create',
          target: { kind: 'source', id },
          memberId,
          before: null,
          after: { id, type, encoding: read, timeZone, config },
        },
        `source ${id} was added by someone else just now; run the command again`,
      );
    }
    await data.save(
      [{ kind: 'key', doc }],
      {
        action: 'key.create',
        target: { kind: 'key', id: key.id },
        memberId,
        before: null,
        after: { kind, label, sourceId, memberId, role, members },
      },
      'the key could not be saved; run the command again',
    );
    const records = connectors.find(({ type }) => type === owner.type)?.records ?? 'lines';
    io.out(howToSend(key.text, owner, records, data.config.intake, known === undefined));
    return 0;
  });
};

/** Throws UsageError where the member or the connector is unknown. */
async function newSource(
  { store }: Data,
  id: string,
  options: { readonly type: string | undefined; readonly encoding: string },
): Promise<Source> {
  const [memberId = '', name = ''] = id.split(/\.(.*)/s, 2);
  if (name === '') throw new UsageError(`"${id}" is no source; write MEMBER.SOURCE, e.g. kita-hospital.vpn`);
  const owner = await store.get('member', CENTER_SCOPE, memberId);
  if (owner === undefined) {
    const ids = (await findAll(store, 'member')).map((one) => one.id);
    const meant = nearest(memberId, ids);
    throw new UsageError(
      `there is no member "${memberId}"${meant === undefined ? '' : ` (did you mean "${meant}"?)`}; add it with hinomi members add`,
    );
  }
  const connector = connectorOf(id, options.type);
  const config = connector.config.safeParse({});
  if (!config.success) {
    throw new UsageError(
      `sources of type ${connector.type} need settings (${config.error.issues.map(({ path }) => path.join('.')).join(', ')}); add it in the console`,
    );
  }
  return checked(source, {
    id,
    memberId,
    name,
    type: connector.type,
    encoding: options.encoding,
    timeZone: owner.timeZone,
    config: config.data,
    createdAt: new Date().toISOString(),
    version: 1,
  });
}

function connectorOf(id: string, type: string | undefined): Connector {
  const types = connectors.map((connector) => connector.type);
  if (type === undefined)
    throw new UsageError(`there is no source ${id}; to add it, say with --type what it sends: ${types.join(', ')}`);
  const connector = connectors.find((one) => one.type === type);
  if (connector !== undefined) return connector;
  const meant = nearest(type, types);
  throw new UsageError(
    `there is no connector "${type}"${meant === undefined ? '' : ` (did you mean "${meant}"?)`}; there are: ${types.join(', ')}`,
  );
}

function howToSend(
  key: string,
  { id, type }: Source,
  records: Connector['records'],
  intake: { readonly host: string; readonly port: number },
  created: boolean,
): string {
  const host = ['0.0.0.0', '::'].includes(intake.host) ? '127.0.0.1' : intake.host;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${intake.port}`;
  const json = records === 'json';
  return `${created ? `Added source ${id} (${type}).\n` : ''}Key of ${id}; it is not shown again:

  ${key}

Send a file:
  bin/hinomi send --to ${url} --key ${key}${json ? ' --format json' : ''} FILE
or with any HTTP client:
  curl -H 'Authorization: Bearer ${key}' -H 'Content-Type: ${json ? 'application/x-ndjson' : 'text/plain'}' --data-binary @FILE ${url}/ingest`;
}

const list: Command = async (args, io) => {
  const { options } = readArguments(args, {
    usage: 'keys list [--source MEMBER.SOURCE] [--data DIR]',
    about: 'Lists the keys, newest first; never their secrets.',
    options: { source: { type: 'text', value: 'MEMBER.SOURCE', help: 'keys of this source only' }, ...dataOptions },
  });
  await withData(io, options, async ({ store }) => {
    const keys = await findAll(
      store,
      'key',
      options.source === undefined ? {} : { where: { sourceId: options.source } },
    );
    const rows = keys.map(({ id, kind, sourceId, role, label, createdAt, revokedAt }) => [
      id,
      kind,
      sourceId ?? role ?? '',
      label,
      createdAt,
      revokedAt === null ? '' : `revoked ${revokedAt}`,
    ]);
    io.out(printTable(['ID', 'KIND', 'SOURCE OR ROLE', 'LABEL', 'CREATED', ''], rows));
  });
  return 0;
};

const revoke: Command = async (args, io) => {
  const { options, rest } = readArguments(args, {
    usage: 'keys revoke ID [--data DIR]',
    about: 'Revokes a key for good: within seconds the center refuses it. It stays listed.',
    arguments: { min: 1, max: 1 },
    options: dataOptions,
  });
  const given = rest[0] as string;
  const id = parseKey(given)?.id ?? given;
  await withData(io, options, async ({ store, save }) => {
    const doc = await store.get('key', CENTER_SCOPE, id);
    if (doc === undefined) throw new UsageError(`there is no key "${id}"; hinomi keys list shows all`);
    if (doc.revokedAt !== null) {
      io.out(`Key ${id} was revoked before, at ${doc.revokedAt}.`);
      return;
    }
    const revokedAt = new Date().toISOString();
    await save(
      [{ kind: 'key', doc: { ...doc, revokedAt, version: doc.version + 1 } }],
      {
        action: 'key.revoke',
        target: { kind: 'key', id },
        memberId: doc.memberId,
        before: { revokedAt: null },
        after: { revokedAt },
      },
      'the key was changed by someone else just now; run the command again',
    );
    io.out(`Revoked key ${id}.`);
  });
  return 0;
};

export const keys = createSubcommands('keys', {
  add: { usage: 'add MEMBER.SOURCE --type CONNECTOR', about: 'make a key, and the source when it is new', run: add },
  list: { usage: 'list', about: 'list the keys', run: list },
  revoke: { usage: 'revoke ID', about: 'revoke a key', run: revoke },
});
