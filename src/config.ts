/**
 * The configuration: one schema of hinomi.yml and the environment. Types, checks, the printed configuration and the reference page
 * come from it. Later layers win: defaults, file, environment, options of the command. Knows nothing of what the values do.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import {
  type Layer,
  type Mistake,
  put,
  readEnvironment,
  readFileLayer,
  readOverrides,
  type Setting,
  settingAt,
  valueAt,
} from './config-layers.ts';
import { type Config, configSchema } from './config-schema.ts';

export type { Config } from './config-schema.ts';

const usualFile = 'hinomi.yml';

type DeepPartial<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { [K in keyof T]?: DeepPartial<T[K]> | undefined }
    : T;

export interface ConfigOptions {
  /** A file that must exist. Left out: hinomi.yml in `cwd`, if it is there. */
  readonly file?: string | undefined;
  /** Where the names of files begin. Left out: the process's folder, and no file but the one named. */
  readonly cwd?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What options of the command say; undefined values say nothing. */
  readonly overrides?: DeepPartial<Config>;
}

/** All that is wrong, one line each: where, what, and what to write instead. */
export class ConfigError extends Error {
  readonly mistakes: readonly string[];
  constructor(mistakes: readonly string[]) {
    super(mistakes.join('\n'));
    this.name = 'ConfigError';
    this.mistakes = mistakes;
  }
}

/** The part of JSON Schema that the schema above gives. */
interface SchemaNode {
  readonly type?: Setting['type'];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly default?: unknown;
  readonly example?: unknown;
  readonly expects?: string;
  readonly secret?: boolean;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
}

const schemaTree = z.toJSONSchema(configSchema, { io: 'input' }) as SchemaNode;

/** Environment variable of a path: api.publicUrl -> HINOMI_API_PUBLIC_URL. */
const envName = (path: readonly string[]): string =>
  `HINOMI_${path.map((part) => part.replace(/[A-Z]/g, '_$&').toUpperCase()).join('_')}`;

function listSettings(node: SchemaNode, path: readonly string[]): Setting[] {
  if (node.properties !== undefined) {
    return Object.entries(node.properties).flatMap(([name, child]) => listSettings(child, [...path, name]));
  }
  return [
    {
      path: path.join('.'),
      env: envName(path),
      type: node.type ?? 'string',
      expects: node.expects ?? expectation(node),
      default: node.default,
      example: node.example ?? node.default,
      meaning: node.description ?? '',
      secret: node.secret === true,
    },
  ];
}

function expectation(node: SchemaNode): string {
  if (node.enum !== undefined) return `one of ${node.enum.join(', ')}`;
  if (node.type === 'boolean') return 'true or false';
  if (node.type === 'string') return 'a text';
  const kind = node.type === 'integer' ? 'a whole number' : 'a number';
  const bounded = node.maximum !== undefined && node.maximum < Number.MAX_SAFE_INTEGER;
  if (node.exclusiveMinimum !== undefined) {
    return `${kind} above ${node.exclusiveMinimum}${bounded ? `, at most ${node.maximum}` : ''}`;
  }
  const from = node.minimum === undefined ? '' : ` from ${node.minimum}`;
  return bounded ? `${kind}${from} to ${node.maximum}` : `${kind}${from}`;
}

/** All settings in the order of the schema. */
export const settings: readonly Setting[] = listSettings(schemaTree, []);

/** hinomi.yml of a folder, when it is there: what commands read where no file is named. */
export function usualConfigFile(folder: string): string | undefined {
  const file = join(folder, usualFile);
  return existsSync(file) ? file : undefined;
}

export interface LoadedConfig {
  readonly config: Config;
  /** Path of a setting -> where its value comes from ("hinomi.yml:12", "env HINOMI_API_PORT", "option", "default"). */
  readonly origins: ReadonlyMap<string, string>;
}

/** As loadConfig, and says of each setting where its value comes from. Throws ConfigError. */
export function explainConfig({ file, cwd, env, overrides }: ConfigOptions): LoadedConfig {
  const read = file ?? (cwd !== undefined && usualConfigFile(cwd) !== undefined ? usualFile : undefined);
  const layers: Layer[] = [
    ...(read === undefined ? [] : [readFileLayer(read, cwd, settings)]),
    readEnvironment(env, settings),
    readOverrides(overrides ?? {}, settings),
  ];
  const mistakes: Mistake[] = layers.flatMap((layer) => [...layer.mistakes, ...checkLayer(layer)]);
  if (mistakes.length > 0) throw new ConfigError(mistakes.map(({ where, text }) => `${where}: ${text}`));
  const merged: Record<string, unknown> = {};
  const origins = new Map(settings.map(({ path }) => [path, 'default']));
  for (const layer of layers) {
    for (const { path } of settings) {
      const value = valueAt(layer.values, path.split('.'));
      if (value === undefined) continue;
      put(merged, path, value);
      origins.set(path, layer.where(path.split('.')));
    }
  }
  const config = configSchema.parse(merged);
  const crossed = checkTogether(config, origins);
  if (crossed.length > 0) throw new ConfigError(crossed);
  return { config, origins };
}

/** Throws ConfigError with all mistakes of all layers. */
export const loadConfig = (options: ConfigOptions): Config => explainConfig(options).config;

function checkTogether({ intake }: Config, origins: ReadonlyMap<string, string>): string[] {
  if (intake.maxRecordBytes <= intake.maxUnpackedBytes) return [];
  const where = [origins.get('intake.maxRecordBytes'), origins.get('intake.maxUnpackedBytes')].find(
    (origin) => origin !== 'default',
  );
  return [
    `${where}: intake.maxRecordBytes: ${intake.maxRecordBytes} is more than intake.maxUnpackedBytes, ${intake.maxUnpackedBytes}; no record can be longer than its body`,
  ];
}

function checkLayer(layer: Layer): Mistake[] {
  const checked = configSchema.safeParse(layer.values);
  if (checked.success) return [];
  const told = new Set<string>();
  return checked.error.issues.flatMap((issue): Mistake[] => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => layer.unknown([...issue.path.map(String), key]));
    }
    const path = issue.path.map(String);
    const setting = settingAt(path, settings);
    const named = setting?.path ?? path.join('.');
    if (told.has(named)) return [];
    told.add(named);
    const where = layer.where(path);
    if (setting === undefined)
      return [{ where, text: `${named === '' ? '' : `${named}: `}expected settings under names, e.g. "port: 8080"` }];
    const example =
      setting.secret || setting.example === undefined ? '' : `; write e.g. ${JSON.stringify(setting.example)}`;
    return [
      {
        where,
        text: `${named}: expected ${setting.expects}, not ${shown(valueAt(layer.values, setting.path.split('.')), setting)}${example}`,
      },
    ];
  });
}

const shown = (value: unknown, { secret }: Setting): string =>
  secret ? 'this' : (JSON.stringify(value) ?? String(value)).slice(0, 80);
