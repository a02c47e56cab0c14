import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { tarOf } from '../archive/tar.fixture.ts';
import { filesBelow, packName, readPackSource, safePath } from './pack-source.ts';

const root = await mkdtemp(join(tmpdir(), 'hinomi-pack-source-'));
afterAll(() => rm(root, { recursive: true, force: true }));
let number = 0;

async function archive(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const file = join(root, `${number++}`, name);
  await mkdir(dirname(file));
  await writeFile(file, name.endsWith('.tar') ? tarOf(files) : gzipSync(tarOf(files)));
  return file;
}

const release = {
  'sigma-r2026-11-01/LICENSE': 'x',
  'sigma-r2026-11-01/rules/windows/a.yml': 'a',
  'sigma-r2026-11-01/rules/linux/b.yaml': 'b',
  'sigma-r2026-11-01/rules-threat-hunting/c.yml': 'c',
  'sigma-r2026-11-01/rules-compliance/d.yml': 'd',
  'sigma-r2026-11-01/deprecated/e.yml': 'e',
  'sigma-r2026-11-01/tests/f.yml': 'f',
};

describe('a release of SigmaHQ', () => {
  test.each(['x.tar.gz', 'x.tgz', 'x.tar'])('as %s: what it is, its version, and its usual folders', async (name) => {
    const source = await readPackSource(await archive(name, release));
    expect(source).toMatchObject({ sigmaHq: true, name: 'sigmahq', version: 'r2026-11-01' });
    expect(filesBelow(source, []).map(({ path }) => path)).toEqual([
      'rules/windows/a.yml',
      'rules/linux/b.yaml',
      'rules-threat-hunting/c.yml',
    ]);
    expect(filesBelow(source, ['deprecated', './rules/linux/']).map(({ path }) => path)).toEqual([
      'rules/linux/b.yaml',
      'deprecated/e.yml',
    ]);
    expect(Buffer.from((await filesBelow(source, [])[0]?.read()) ?? []).toString()).toBe('a');
    expect(() => filesBelow(source, ['rules/windws'])).toThrow('"rules/windws" (did you mean "rules/windows"?)');
  });

  test('a checkout is read as it lies, links and hidden folders apart', async () => {
    const folder = join(root, 'sigma');
    for (const [name, text] of Object.entries({ ...release, 'sigma-r2026-11-01/.git/rules/g.yml': 'g' })) {
      const file = join(folder, name.replace('sigma-r2026-11-01/', ''));
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
    }
    await symlink('/etc/hosts', join(folder, 'rules/link.yml'));
    await writeFile(join(folder, 'version.txt'), 'Release: r2026-12-01\n');
    const source = await readPackSource(folder);
    expect(source).toMatchObject({ sigmaHq: true, name: 'sigmahq', version: 'r2026-12-01' });
    expect(filesBelow(source, []).map(({ path }) => path)).toEqual([
      'rules-threat-hunting/c.yml',
      'rules/linux/b.yaml',
      'rules/windows/a.yml',
    ]);
  });
});

test('any other source gives all its YAML, under its own name', async () => {
  const source = await readPackSource(await archive('Our Rules.tgz', { 'a.yml': '', 'x/b.yml': '', 'c.txt': '' }));
  expect(source).toMatchObject({ sigmaHq: false, name: 'our-rules', version: undefined });
  expect(filesBelow(source, []).map(({ path }) => path)).toEqual(['a.yml', 'x/b.yml']);
});

test('a file larger than a rule can be is not read', async () => {
  const source = await readPackSource(await archive('x.tgz', { 'a.yml': 'x'.repeat(1024 * 1024 + 1) }));
  expect(await source.files[0]?.read()).toBeUndefined();
});

test.each<[string, Readonly<Record<string, string>>, RegExp]>([
  ['leads upwards', { 'rules/../../a.yml': '' }, /leads outside/],
  ['is absolute', { '/etc/a.yml': '' }, /leads outside/],
  ['has a backslash', { 'rules\\..\\a.yml': '' }, /leads outside/],
  ['is there twice', { 'a.yml': '', './a.yml': '' }, /twice/],
])('an archive with a name that %s is refused', async (_what, files, message) => {
  await expect(readPackSource(await archive('x.tgz', files))).rejects.toThrow(message);
});

test('what is no archive, damaged or missing is refused in plain words', async () => {
  await writeFile(join(root, 'text'), 'rules');
  await expect(readPackSource(join(root, 'text'))).rejects.toThrow('neither a folder nor an archive');
  await writeFile(join(root, 'cut.tgz'), gzipSync(tarOf(release)).subarray(0, 60));
  await expect(readPackSource(join(root, 'cut.tgz'))).rejects.toThrow('no good gzip');
  await expect(readPackSource(join(root, 'nowhere'))).rejects.toThrow('cannot be read');
});

test.each([
  ['./a/b.yml', 'a/b.yml'],
  ['a//b', undefined],
  ['a/./b', undefined],
  ['C:/a', undefined],
  ['a\u0000b', undefined],
  ['', undefined],
])('safePath of %j is %j', (name, expected) => expect(safePath(name)).toBe(expected));

test.each([
  ['Our Rules (2)', 'our-rules-2'],
  ['..', 'pack'],
  ['a_b.c', 'a_b.c'],
])('packName of %j is %j', (text, expected) => expect(packName(text)).toBe(expected));
