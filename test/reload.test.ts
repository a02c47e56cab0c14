import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { openSqliteStore } from '../src/store/sqlite.ts';
import { addApiKey, freePort, root } from './center.ts';
import { probe, reloadTests, rulesFolder } from './reload.ts';

reloadTests(() => ({}));

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

it.skipIf(process.platform === 'win32')('SIGHUP does the same', { timeout: 60_000 }, async () => {
  const folder = await rulesFolder();
  folders.push(folder);
  const data = join(folder, 'data');
  await mkdir(data);
  const host = await openSqliteStore({ folder: data });
  const authorization = `Bearer ${await addApiKey(host.store, 'admin', 'all')}`;
  await host.close();
  const port = await freePort();
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', join(root, 'src/main.ts'), 'serve'], {
    env: {
      ...process.env,
      HINOMI_DATA_DIR: data,
      HINOMI_API_PORT: String(port),
      HINOMI_INTAKE_PORT: '0',
      HINOMI_RULES_SHIPPED: 'false',
      HINOMI_RULES_FOLDERS: folder,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const api = (path: string): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}/api/v1/${path}`, { headers: { authorization } });
  try {
    await expect
      .poll(
        () =>
          api('rules').then(
            ({ status }) => status,
            () => 0,
          ),
        { timeout: 30_000 },
      )
      .toBe(200);
    await writeFile(join(folder, 'late.yml'), probe('late', '/late'));
    child.kill('SIGHUP');
    await expect.poll(async () => (await api('rules/late')).status, { timeout: 15_000 }).toBe(200);
    await expect.poll(() => errors).toContain('rules were reloaded');
    const audit = (await (await api('audit?action=rules.reload')).json()) as { items: { actor: string }[] };
    expect(audit.items.map(({ actor }) => actor)).toEqual(['system']);
  } finally {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  expect(child.exitCode).toBe(0);
});
