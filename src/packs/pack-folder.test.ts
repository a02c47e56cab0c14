import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { installPack, listPacks, type PackManifest, readPack, rollBackPack, rulePackFolders } from './pack-folder.ts';

const root = await mkdtemp(join(tmpdir(), 'hinomi-packs-'));
afterAll(() => rm(root, { recursive: true, force: true }));
let dataDir = '';
let number = 0;
beforeEach(() => {
  dataDir = join(root, `d${number++}`);
});

const about = (version: string, day = 1): PackManifest => ({
  version,
  importedAt: `2026-11-0${day}T00:00:00.000Z`,
  source: 'x.tgz',
  selection: { level: 'medium', statuses: ['test'], folders: [] },
  rules: 1,
});
const install = (version: string, day?: number, text = version) =>
  installPack(dataDir, 'hq', about(version, day), [{ path: 'rules/deep/a.yml', text }]);
const inForce = async () => {
  const [folder] = await rulePackFolders(dataDir);
  return folder === undefined ? undefined : readFile(join(folder, 'rules/deep/a.yml'), 'utf8');
};
const entries = async () => (await readdir(join(dataDir, 'packs/hq'))).sort();

test('nothing is there before the first import; then the version is, whole and with what is known of it', async () => {
  expect(await rulePackFolders(dataDir)).toEqual([]);
  expect(await install('v1')).toMatchObject({ name: 'hq', version: 'v1', previous: null, rules: 1 });
  expect(await inForce()).toBe('v1');
  expect(await listPacks(dataDir)).toMatchObject([{ ...about('v1'), folder: join(dataDir, 'packs/hq/v1') }]);
  expect(await entries()).toEqual(['current.json', 'v1']);
});

test('a rollback brings the version before, and once more the newer one', async () => {
  await install('v1', 1);
  await expect(rollBackPack(dataDir, 'hq')).rejects.toThrow('no version before v1');
  await expect(rollBackPack(dataDir, 'other')).rejects.toThrow('there is no pack "other"');
  await install('v2', 2);
  expect((await rollBackPack(dataDir, 'hq')).to).toMatchObject({ ...about('v1', 1), previous: 'v2' });
  expect(await inForce()).toBe('v1');
  expect((await rollBackPack(dataDir, 'hq')).to).toMatchObject({ version: 'v2', previous: 'v1' });
  expect(await inForce()).toBe('v2');
});

test('three versions stay, those in force and before it in any case', async () => {
  for (const [index, version] of ['v1', 'v2', 'v3', 'v4'].entries()) await install(version, index + 1);
  expect(await entries()).toEqual(['current.json', 'v2', 'v3', 'v4']);
  await install('v2', 5);
  expect(await readPack(dataDir, 'hq')).toMatchObject({
    version: 'v2',
    previous: 'v4',
    importedAt: about('v2', 2).importedAt,
  });
  await install('v5', 5);
  expect(await entries()).toEqual(['current.json', 'v2', 'v4', 'v5']);
  expect(await inForce()).toBe('v5');
});

test('the same version again changes nothing, not even what a rollback brings', async () => {
  await install('v1', 1);
  await install('v2', 2);
  expect(await install('v2', 3)).toMatchObject({ previous: 'v1', importedAt: about('v2', 2).importedAt });
});

test('what a crash leaves behind is never in force, and goes when it is old', async () => {
  await install('v1', 1);
  const half = join(dataDir, 'packs/hq/.incoming-half');
  await mkdir(half);
  await writeFile(join(half, 'a.yml'), 'half');
  await writeFile(join(dataDir, 'packs/hq/.incoming-x.json'), '{"vers');
  await mkdir(join(dataDir, 'packs/hq/v2'));
  await writeFile(join(dataDir, 'packs/hq/v2/a.yml'), 'half');
  expect(await inForce()).toBe('v1');
  expect(await listPacks(dataDir)).toHaveLength(1);
  const old = new Date(Date.now() - 2 * 3_600_000);
  await utimes(half, old, old);
  await install('v3', 3);
  expect(await entries()).toEqual(['.incoming-x.json', 'current.json', 'v1', 'v2', 'v3']);
  await install('v2', 4);
  expect(await inForce()).toBe('v2');
  expect(await readdir(join(dataDir, 'packs/hq/v2'))).toEqual(['pack.json', 'rules']);
});

test('a failed import leaves what is in force', async () => {
  await install('v1', 1);
  const files = [
    { path: 'a.yml', text: '' },
    { path: 'a.yml/b.yml', text: '' },
  ];
  await expect(installPack(dataDir, 'hq', about('v2'), files)).rejects.toThrow();
  expect(await inForce()).toBe('v1');
  expect(await entries()).toEqual(['current.json', 'v1']);
});

test.each(['{', '{}', '{"version":"../../x"}'])('a record that says %j is told, not passed over', async (text) => {
  await install('v1', 1);
  await writeFile(join(dataDir, 'packs/hq/current.json'), text);
  await expect(rulePackFolders(dataDir)).rejects.toThrow('current.json is not what an import of rules writes');
});
