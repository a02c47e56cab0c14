import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadConfig } from '../config.ts';
import type { Setting } from '../config-layers.ts';
import { config, printConfig } from './config.ts';
import type { Io } from './io.ts';

const folder = mkdtempSync(join(tmpdir(), 'hinomi-config-command-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('what is printed is a hinomi.yml that gives the same settings, with their origins', async () => {
  writeFileSync(
    join(folder, 'hinomi.yml'),
    'api:\n  publicUrl: https://soc.example.jp\nrules:\n  placeholders: { a: ["x # y", "- z\\n"] }\n',
  );
  const out: string[] = [];
  const io: Io = {
    out: (text) => out.push(text),
    err: () => expect.unreachable(),
    env: { HINOMI_LOG_LEVEL: 'warn' },
    cwd: folder,
    isTerminal: false,
    signal: new AbortController().signal,
  };
  expect(await config(['--data', '/srv/a: b'], io)).toBe(0);
  const printed = out.join('\n');
  expect(printed).toMatch(/^ {2}publicUrl: https:\/\/soc\.example\.jp +# hinomi\.yml:2$/m);
  expect(printed).toMatch(/^ {2}level: warn +# env HINOMI_LOG_LEVEL$/m);
  expect(printed).toMatch(/^dataDir: .* # option$/m);
  expect(printed).toMatch(/^ {4}burstRecords: 200000 +# default$/m);
  writeFileSync(join(folder, 'printed.yml'), printed);
  const wanted = loadConfig({ cwd: folder, env: io.env, overrides: { dataDir: '/srv/a: b' } });
  expect(loadConfig({ cwd: folder, file: 'printed.yml', env: {} })).toEqual(wanted);
});

test('secrets are masked, settings without a value are shown as such', () => {
  const setting = (path: string, secret: boolean): Setting => ({
    path,
    env: '',
    type: 'string',
    expects: '',
    default: undefined,
    example: undefined,
    meaning: '',
    secret,
  });
  const origins = new Map([['mail.password', 'env HINOMI_MAIL_PASSWORD']]);
  const settings = [setting('mail.password', true), setting('mail.host', false)];
  expect(printConfig({ config: { mail: { password: 'hunter2' } }, origins }, settings)).toBe(
    "mail:\n  password: '***'  # env HINOMI_MAIL_PASSWORD\n  # host:          # not set",
  );
});
