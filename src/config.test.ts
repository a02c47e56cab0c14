import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ConfigError, type ConfigOptions, explainConfig, loadConfig, settings } from './config.ts';
import { describeConfig } from './config-reference.ts';

const folder = mkdtempSync(join(tmpdir(), 'hinomi-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(text: string): { file: string; cwd: string } {
  writeFileSync(join(folder, 'hinomi.yml'), text);
  return { file: 'hinomi.yml', cwd: folder };
}

function mistakesOf(options: ConfigOptions): readonly string[] {
  try {
    loadConfig(options);
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
  return [];
}

test('nothing at all gives the defaults', () => {
  const config = loadConfig({ env: {} });
  expect(config.api).toEqual({
    host: '127.0.0.1',
    port: 8080,
    trustedProxies: ['loopback'],
    secureCookies: 'auto',
  });
  expect(config.intake.maxBodyBytes).toBe(16_777_216);
  expect(config.rules).toEqual({ shipped: true, folders: [], placeholders: {} });
});

test('later layers win, and every setting knows its origin', () => {
  const { config, origins } = explainConfig({
    ...write(
      'api:\n  port: 1\n  host: 192.0.2.1\nintake:\n  quota: { recordsPerSecond: 7.5 }\nlog:\nsession:\n  hours: 1\n',
    ),
    env: { HINOMI_API_PORT: '2', HINOMI_SESSION_HOURS: '2', HINOMI_RULES_SHIPPED: 'false', HINOMI_API_PUBLIC_URL: '' },
    overrides: { session: { hours: 3, lockAfter: undefined } },
  });
  expect(config).toMatchObject({
    api: { host: '192.0.2.1', port: 2 },
    intake: { quota: { recordsPerSecond: 7.5, burstRecords: 200_000 } },
    session: { hours: 3, lockAfter: 5 },
    rules: { shipped: false },
  });
  expect(Object.fromEntries(origins)).toMatchObject({
    'api.host': 'hinomi.yml:3',
    'api.port': 'env HINOMI_API_PORT',
    'intake.quota.recordsPerSecond': 'hinomi.yml:5',
    'session.hours': 'option',
    'session.lockAfter': 'default',
    'api.publicUrl': 'default',
  });
});

test('lists and names with values can come from the environment', () => {
  const { rules } = loadConfig({
    env: { HINOMI_RULES_FOLDERS: '/a, /b', HINOMI_RULES_PLACEHOLDERS: '{"admins":["root"]}' },
  });
  expect(rules).toEqual({ shipped: true, folders: ['/a', '/b'], placeholders: { admins: ['root'] } });
});

test('hinomi.yml is read from the folder the command runs in, and only there', () => {
  write('api: { port: 5 }');
  expect(loadConfig({ cwd: folder, env: {} }).api.port).toBe(5);
  expect(loadConfig({ cwd: tmpdir(), env: {} }).api.port).toBe(8080);
  expect(loadConfig({ env: {} }).api.port).toBe(8080);
});

test.each(['', '# nothing\n', '---\n', 'api:\n  # port: 1\n', 'intake:\n  quota:\n'])(
  'an empty file or section says nothing: %j',
  (text) => {
    expect(loadConfig({ ...write(text), env: {} })).toEqual(loadConfig({ env: {} }));
  },
);

describe('mistakes', () => {
  test.each<[string, string, readonly string[]]>([
    [
      'type',
      'api:\n  port: web\n',
      ['hinomi.yml:2: api.port: expected a port from 0 (any that is free) to 65535, not "web"; write e.g. 8080'],
    ],
    [
      'bounds',
      'session:\n  lockAfter: 0\n',
      ['hinomi.yml:2: session.lockAfter: expected a whole number from 1 to 1000, not 0; write e.g. 5'],
    ],
    [
      'no value',
      'api:\n  port:\n',
      ['hinomi.yml:2: api.port: expected a port from 0 (any that is free) to 65535, not null; write e.g. 8080'],
    ],
    [
      'choice',
      'log: { level: loud }',
      [
        'hinomi.yml:1: log.level: expected one of trace, debug, info, warn, error, fatal, silent, not "loud"; write e.g. "info"',
      ],
    ],
    [
      'address',
      'api:\n  publicUrl: ftp://example.jp\n',
      [
        'hinomi.yml:2: api.publicUrl: expected an http or https address, not "ftp://example.jp"; write e.g. "https://soc.example.jp"',
      ],
    ],
    ['misspelt', 'api:\n  # x\n  prot: 1\n', ['hinomi.yml:3: api.prot: unknown setting (did you mean "port"?)']],
    ['unknown', 'pipeline:\n  zzzzzz: 1\n', ['hinomi.yml:2: pipeline.zzzzzz: unknown setting; known here: workers']],
    ['unknown section', 'retenion: {}\n', ['hinomi.yml:1: retenion: unknown setting (did you mean "retention"?)']],
    ['no section', 'api: 5\n', ['hinomi.yml:1: api: expected settings under names, e.g. "port: 8080"']],
    ['no map', '- a\n', ['hinomi.yml:1: expected settings under names, e.g. "port: 8080"']],
    [
      'inside a list',
      'rules:\n  folders:\n    - a\n    - 5\n',
      ['hinomi.yml:4: rules.folders: expected a list of folders, not ["a",5]; write e.g. ["rules"]'],
    ],
    [
      'together',
      'intake:\n  maxRecordBytes: 2000\n  maxUnpackedBytes: 1500\n',
      [
        'hinomi.yml:2: intake.maxRecordBytes: 2000 is more than intake.maxUnpackedBytes, 1500; no record can be longer than its body',
      ],
    ],
    [
      'all at once',
      'api:\n  port: a\nsession:\n  hours: b\n  x: 1\n',
      [
        'hinomi.yml:2: api.port: expected a port from 0 (any that is free) to 65535, not "a"; write e.g. 8080',
        'hinomi.yml:4: session.hours: expected a number above 0, at most 8760, not "b"; write e.g. 12',
        'hinomi.yml:5: session.x: unknown setting; known here: hours, lockAfter, lockMinutes',
      ],
    ],
  ])('%s', (_, text, expected) => {
    expect(mistakesOf({ ...write(text), env: {} })).toEqual(expected);
  });

  test.each([
    ['api:\n  port: [1\n', /^hinomi\.yml:\d: not YAML: /],
    ['api: {}\napi: {}\n', /^hinomi\.yml:2: not YAML: .*unique/],
    ['__proto__:\n  port: 1\n', /^hinomi\.yml:1: __proto__: unknown setting/],
    ['constructor: 1\n', /^hinomi\.yml:1: constructor: unknown setting/],
    ['api: *nowhere\n', /^hinomi\.yml:1: .*nowhere/],
  ])('%j', (text, expected) => {
    const mistakes = mistakesOf({ ...write(text), env: {} });
    expect(mistakes).toHaveLength(1);
    expect(mistakes[0]).toMatch(expected);
  });

  test('a file that was named has to be there', () => {
    expect(mistakesOf({ file: 'absent.yml', cwd: folder, env: {} })).toEqual([
      expect.stringMatching(/^absent\.yml: cannot be read: /),
    ]);
  });

  test('the environment and the file are told of together', () => {
    expect(
      mistakesOf({ ...write('api: { port: x }'), env: { HINOMI_INTAKE_PORT: 'y', HINOMI_RULES_SHIPPED: '1' } }),
    ).toEqual([
      expect.stringMatching(/^hinomi\.yml:1: api\.port: /),
      expect.stringMatching(/^env HINOMI_INTAKE_PORT: intake\.port: expected a port .* not "y"; write e\.g\. 8088$/),
      expect.stringMatching(/^env HINOMI_RULES_SHIPPED: rules\.shipped: expected true or false, not "1"/),
    ]);
  });

  test('variables that are misspelt are told of, those of others left alone', () => {
    const env = {
      HINOMI_API_PRT: '1',
      HINOMI_INTAKE_WHATEVER_ELSE: '1',
      HINOMI_PORT_8080_TCP: 'tcp://192.0.2.1',
      HINOMI_TRACE: '1',
      PATH: 'x',
    };
    expect(mistakesOf({ env })).toEqual([
      'env HINOMI_API_PRT: unknown setting (did you mean "HINOMI_API_PORT"?); docs/configuration.md lists all',
      'env HINOMI_INTAKE_WHATEVER_ELSE: unknown setting; docs/configuration.md lists all',
    ]);
  });
});

test('every setting is described, has a default or may be left out, and a variable of its own', () => {
  for (const setting of settings) expect(setting.meaning, setting.path).not.toBe('');
  expect(new Set(settings.map(({ env }) => env)).size).toBe(settings.length);
  expect(settings.filter((setting) => setting.default === undefined).map(({ path }) => path)).toEqual([
    'api.publicUrl',
    'store.elasticsearch.apiKey',
    'store.elasticsearch.caFile',
    'probes.port',
    'telemetry.otlpUrl',
  ]);
  expect(settings.find(({ path }) => path === 'intake.quota.recordsPerSecond')?.env).toBe(
    'HINOMI_INTAKE_QUOTA_RECORDS_PER_SECOND',
  );
});

test('docs/configuration.md is what the schema prints (HINOMI_UPDATE_DOCS=1 rewrites it)', () => {
  const page = new URL('../docs/configuration.md', import.meta.url);
  if (process.env.HINOMI_UPDATE_DOCS === '1') writeFileSync(page, describeConfig());
  expect(readFileSync(page, 'utf8')).toBe(describeConfig());
});
