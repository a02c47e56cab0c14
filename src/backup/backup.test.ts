/** A backup's file: pieces come out as they went in, and a file that is not whole is found out. */
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installPack, listPacks, readPack } from '../packs/pack-folder.ts';
import type { CopyPiece } from '../store/copy.ts';
import { makeAlert, makeBatch } from '../store/store.fixture.ts';
import { BACKUP_FORMAT, type BackupHead, type BackupPiece, BadBackup } from './format.ts';
import { readPacks, restorePack } from './packs.ts';
import { checkBackup, readBackup } from './read.ts';
import { writeBackup } from './write.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hinomi-backup-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const head: BackupHead = {
  ...{ hinomi: 'backup', format: BACKUP_FORMAT, id: 'b1', store: 's1', version: '0.1.0', engine: 'sqlite' },
  ...{ at: '2026-11-20T01:00:00.000Z', since: null, events: 'all' },
};

const hostile = JSON.parse('{"__proto__":"x","kind":"end","a":"\\ud800\\n\\u2028","b":["{\\"kind\\":\\"end\\"}"]}');
const batch = makeBatch('1', { events: [hostile, {}, { message: '検知' }], rejects: 2, matched: [0] });
const session = {
  id: 's',
  userId: 'u',
  kind: 'full',
  csrfToken: '',
  createdAt: head.at,
  expiresAt: head.at,
  version: 1,
} as const;
const range = { after: null, upTo: null } as const;
const pieces: readonly BackupPiece[] = [
  { kind: 'pack', name: 'p', about: { version: '1' }, files: [{ path: 'a/b.yml', text: 'title: "x"\n' }] },
  { kind: 'since', day: '2026-11-20' },
  { kind: 'docs', of: 'alert', after: null, upTo: 'a', docs: [makeAlert('a', { title: 'half \ud800\u0000' })] },
  { kind: 'docs', of: 'alert', after: 'a', upTo: null, docs: [] },
  { kind: 'marks', marks: [{ batchId: batch.batchId, alerts: 3 }] },
  { kind: 'progress', progress: { appliedMs: 5, advancedMs: undefined } },
  { kind: 'batch', batch: { ...batch, rejected: 7, matched: 1 } },
  { kind: 'batch', batch: { ...makeBatch('2'), rejected: 0, matched: 0 } },
  { kind: 'rejects', ...range, ids: batch.rejects.map(({ id }) => id) },
];

async function* stream(of: readonly BackupPiece[]): AsyncGenerator<BackupPiece> {
  yield* of;
}

async function make(name: string, of: readonly BackupPiece[] = pieces): Promise<string> {
  const path = join(folder, name);
  await writeBackup(path, head, stream(of), () => undefined);
  return path;
}

const check = (path: string, partial = false) => checkBackup(path, partial, () => undefined);
async function readAll(path: string, partial = false): Promise<BackupPiece[]> {
  const read: BackupPiece[] = [];
  for await (const piece of readBackup(path, partial, () => undefined)) read.push(piece);
  return read;
}

it('gives pieces back as they were, but for sessions, and tells how many', async () => {
  const docs: CopyPiece = { kind: 'docs', of: 'session', ...range, docs: [session] };
  const path = await make('whole', [...pieces, docs]);
  const { counts, head: found, bytes } = await check(path);
  expect(found).toEqual(head);
  expect(counts).toEqual({ alert: 1, mark: 1, batch: 2, event: 3, reject: 2, match: 1 });
  expect(await readAll(path)).toEqual(pieces);
  const { mode, size } = await stat(path);
  expect(mode & 0o777).toBe(0o600);
  expect(size).toBe(bytes);
  // One event a line, for other tools, packed or not.
  const text = zstdDecompressSync(await readFile(path)).toString();
  expect(text.split('\n').filter((line) => line.includes('"event.id"'))).toHaveLength(3);
  await writeFile(join(folder, 'plain'), text);
  expect((await check(join(folder, 'plain'))).counts).toEqual(counts);
});

it('overwrites nothing, and leaves nothing of what failed', async () => {
  const path = await make('first');
  await expect(make('first')).rejects.toThrow(/is there already/);
  expect((await check(path)).counts).toBeDefined();
  const failing = (async function* (): AsyncGenerator<BackupPiece> {
    yield* pieces;
    throw new Error('the store went away');
  })();
  await expect(writeBackup(join(folder, 'failed'), head, failing, () => undefined)).rejects.toThrow(/went away/);
  expect((await readdir(folder)).filter((name) => name.startsWith('failed'))).toEqual([]);
});

describe('a file that is not whole', () => {
  const repack = async (name: string, change: (text: string) => string): Promise<string> => {
    const text = zstdDecompressSync(await readFile(await make(`${name}-of`))).toString();
    await writeFile(join(folder, name), zstdCompressSync(change(text)));
    return join(folder, name);
  };

  it('is refused wherever it was cut, and taken as far as it goes when asked', async () => {
    const many = Array.from({ length: 40 }, (_, index): BackupPiece => {
      const events = Array.from({ length: 100 }, (_, at) => ({
        message: `${index} ${at} ${Math.sin(index * 100 + at)}`,
      }));
      return { kind: 'batch', batch: { ...makeBatch(`m${index}`, { events }), rejected: 0, matched: 0 } };
    });
    const packed = await readFile(await make('long', many));
    for (const share of [0.99, 0.6, 0.2, 0.01]) {
      const path = join(folder, `cut-${share}`);
      await writeFile(path, packed.subarray(0, Math.floor(packed.length * share)));
      await expect(check(path), String(share)).rejects.toThrow(/cut short.*--partial|is empty/);
      if (share > 0.3) {
        await check(path, true);
        const read = await readAll(path, true);
        expect(read.length).toBeGreaterThan(0);
        expect(read).toEqual(many.slice(0, read.length));
      }
    }
    await writeFile(join(folder, 'cut-line'), zstdDecompressSync(packed).subarray(0, -20));
    await expect(check(join(folder, 'cut-line'))).rejects.toThrow(/cut short/);
    // Cut between two lines, and packed again by some tool.
    const lines = await repack('cut-between', (text) => `${text.split('\n').slice(0, 5).join('\n')}\n`);
    await expect(check(lines)).rejects.toThrow(/cut short/);
    expect((await readAll(lines, true)).length).toBe(2);
  });

  it('is refused when anything in it was changed', async () => {
    const packed = await readFile(await make('flipped-of'));
    packed[packed.length >> 1] = (packed[packed.length >> 1] as number) ^ 0x55;
    await writeFile(join(folder, 'flipped'), packed);
    await expect(check(join(folder, 'flipped'))).rejects.toThrow(/damaged/);
    await expect(check(await repack('changed', (text) => text.replace('検知', '検痴')))).rejects.toThrow(/checksum/);
    const gone = await repack('gone', (text) => text.replace(/\n[^\n]*検知[^\n]*/, ''));
    await expect(check(gone)).rejects.toThrow(/checksum/);
    await expect(check(await repack('more', (text) => `${text}{}\n`))).rejects.toThrow(/cut short|checksum/);
  });

  it('is refused when it is none, or of a newer program', async () => {
    await expect(check(await repack('newer', (text) => text.replace('"format":1', '"format":2')))).rejects.toThrow(
      /newer Hinomi \(format 2, this one knows 1\)/,
    );
    for (const [name, text] of [
      ['log', 'Nov 20 10:00:00 fw1 sshd[1]: no\n'],
      ['json', '{"a":1}\n'],
      ['nothing', ''],
    ]) {
      await writeFile(join(folder, name as string), text as string);
      await expect(check(join(folder, name as string))).rejects.toThrow(BadBackup);
    }
    await expect(check(join(folder, 'not-there'))).rejects.toThrow(/ENOENT/);
    await expect(check(await repack('odd-head', (text) => text.replace('"store":"s1"', '"store":1')))).rejects.toThrow(
      BadBackup,
    );
  });
});

it('carries rule packs in force, and puts none where some version is', async () => {
  const [from, to] = [join(folder, 'from'), join(folder, 'to')];
  const selection = { level: 'medium', statuses: ['stable'], folders: [] } as const;
  const about = { version: 'r2026-11', importedAt: head.at, source: 'sigma.zip', selection, rules: 1 };
  await installPack(from, 'sigmahq', about, [{ path: 'rules/win/a.yml', text: 'title: a\n' }]);
  const [piece] = await Array.fromAsync(readPacks(from));
  if (piece === undefined) throw new Error('no pack');
  expect(piece.files.map(({ path }) => path)).toEqual(['rules/win/a.yml']);
  expect(await restorePack(to, piece)).toBe(true);
  expect(await readPack(to, 'sigmahq')).toMatchObject({ ...about, previous: null });
  const [pack] = await listPacks(to);
  expect(await readFile(join(pack?.folder ?? '', 'rules/win/a.yml'), 'utf8')).toBe('title: a\n');
  expect(await restorePack(to, piece)).toBe(false);
  for (const path of ['../x.yml', '/etc/x', 'a/../../x', 'a//b', '', 'a\\b'])
    await expect(restorePack(join(folder, 'stray'), { ...piece, files: [{ path, text: '' }] })).rejects.toThrow(
      BadBackup,
    );
  await expect(restorePack(join(folder, 'stray'), { ...piece, name: '../p' })).rejects.toThrow(BadBackup);
});
