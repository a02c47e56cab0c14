/**
 * Where settings can be written: hinomi.yml, the environment, options of a command. Each becomes a tree of raw values that can say
 * of each value where it stands. Checks the form of its own place only; the values are checked against the schema in config.ts.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { isMap, isScalar, LineCounter, parseDocument } from 'yaml';
import { didYouMean } from './detect/suggestion.ts';

/** A single value of the configuration, as the schema describes it. */
export interface Setting {
  /** "api.port" */
  readonly path: string;
  /** "HINOMI_API_PORT" */
  readonly env: string;
  readonly type: 'string' | 'number' | 'integer' | 'boolean' | 'array' | 'object';
  /** What a value has to be, in words. */
  readonly expects: string;
  /** Undefined for a setting that may be left out altogether. */
  readonly default: unknown;
  readonly example: unknown;
  readonly meaning: string;
  /** Never shown, neither printed nor in messages. */
  readonly secret: boolean;
}

export interface Mistake {
  readonly where: string;
  readonly text: string;
}

export interface Layer {
  readonly values: unknown;
  /** What is wrong with the place itself: unreadable, not YAML, unknown variables. */
  readonly mistakes: readonly Mistake[];
  /** Where the value of a path stands, or what would hold it: "hinomi.yml:12", "env HINOMI_API_PORT". */
  where(path: readonly string[]): string;
  unknown(path: readonly string[]): Mistake;
}

/** The file as a layer; relative names begin at `folder`. A file that cannot be read, or is no YAML, is a mistake and has no values. */
export function readFileLayer(file: string, folder: string | undefined, settings: readonly Setting[]): Layer {
  const broken = (mistakes: Mistake[]): Layer => ({
    values: {},
    mistakes,
    where: () => file,
    unknown: () => ({ where: file, text: '' }),
  });
  let text: string;
  try {
    text = readFileSync(resolve(folder ?? '.', file), 'utf8');
  } catch (error) {
    return broken([{ where: file, text: `cannot be read: ${(error as Error).message}` }]);
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const lineAt = (offset: number | undefined): string =>
    `${file}:${offset === undefined ? 1 : lines.linePos(offset).line}`;
  if (document.errors.length > 0) {
    return broken(document.errors.map(({ pos, message }) => ({ where: lineAt(pos[0]), text: `not YAML: ${message}` })));
  }
  /** Line of the key at the path, or of the nearest key above it. */
  const where = (path: readonly string[]): string => {
    let node: unknown = document.contents;
    let offset: number | undefined;
    for (const part of path) {
      if (!isMap(node)) {
        const inner = (node as { items?: unknown[] } | null)?.items?.[Number(part)] as { range?: number[] } | undefined;
        offset = inner?.range?.[0] ?? offset;
        node = inner;
        continue;
      }
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === part);
      if (pair === undefined) break;
      offset = (pair.key as { range?: readonly number[] }).range?.[0] ?? offset;
      node = pair.value;
    }
    return lineAt(offset);
  };
  let values: unknown;
  try {
    values = withoutEmptySections(document.toJS({ maxAliasCount: 100 }), settings);
  } catch (error) {
    return broken([{ where: lineAt(0), text: `not usable YAML: ${(error as Error).message}` }]);
  }
  return {
    values,
    mistakes: [],
    where,
    unknown(path) {
      const name = path.at(-1) as string;
      const known = namesIn(path.slice(0, -1), settings);
      const near = didYouMean(name, known);
      return {
        where: where(path),
        text: `${path.join('.')}: unknown setting${near === '' ? `; known here: ${known.join(', ')}` : near}`,
      };
    },
  };
}

/** A section whose lines are all commented out is null in YAML: it says nothing. */
function withoutEmptySections(values: unknown, settings: readonly Setting[], path: readonly string[] = []): unknown {
  if (namesIn(path, settings).length === 0) return values;
  if (values === null || values === undefined) return {};
  if (typeof values !== 'object' || Array.isArray(values)) return values;
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, withoutEmptySections(value, settings, [...path, name])]),
  );
}

/** Names one level below a path; none below a setting. */
function namesIn(path: readonly string[], settings: readonly Setting[]): string[] {
  const prefix = path.map((part) => `${part}.`).join('');
  const below = settings.filter((setting) => setting.path.startsWith(prefix));
  return [...new Set(below.map((setting) => setting.path.slice(prefix.length).split('.', 1)[0] as string))];
}

/**
 * HINOMI_* variables as a layer; an empty variable says nothing. Numbers and true/false are read as such, lists are separated by
 * commas, names with values are JSON. A variable that is near to a known name, or names a section, must be a known one; any other
 * is somebody else's (Kubernetes makes some from the names of services).
 */
export function readEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  settings: readonly Setting[],
): Layer {
  const values: Record<string, unknown> = {};
  const mistakes: Mistake[] = [];
  const known = new Map(settings.map((setting) => [setting.env, setting]));
  const sections = new Set(
    settings.filter(({ path }) => path.includes('.')).map(({ env: name }) => name.split('_', 2).join('_')),
  );
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith('HINOMI_') || text === undefined || text === '') continue;
    const setting = known.get(name);
    if (setting !== undefined) {
      put(values, setting.path, readText(text, setting));
      continue;
    }
    const near = didYouMean(name, known.keys());
    if (near !== '' || sections.has(name.split('_', 2).join('_'))) {
      mistakes.push({ where: `env ${name}`, text: `unknown setting${near}; docs/configuration.md lists all` });
    }
  }
  const where = (path: readonly string[]): string => `env ${settingAt(path, settings)?.env ?? 'HINOMI_*'}`;
  return { values, mistakes, where, unknown: (path) => ({ where: where(path), text: 'unknown setting' }) };
}

/** A text that is not of the setting's type stays a text, for the schema to refuse. */
function readText(text: string, { type }: Setting): unknown {
  switch (type) {
    case 'number':
    case 'integer':
      return /^-?\d{1,16}(?:\.\d{1,9})?$/.test(text.trim()) ? Number(text) : text;
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text;
    case 'array':
      return text.split(',').map((part) => part.trim());
    case 'object':
      try {
        return JSON.parse(text);
      } catch {
        return text;
      }
    case 'string':
      return text;
  }
}

/** Options of a command as a layer; undefined values say nothing. */
export function readOverrides(overrides: object, settings: readonly Setting[]): Layer {
  const values: Record<string, unknown> = {};
  for (const { path } of settings) {
    const value = valueAt(overrides, path.split('.'));
    if (value !== undefined) put(values, path, value);
  }
  return { values, mistakes: [], where: () => 'option', unknown: () => ({ where: 'option', text: 'unknown setting' }) };
}

/** The setting that a path is, or is inside of. */
export const settingAt = (path: readonly string[], settings: readonly Setting[]): Setting | undefined =>
  settings.find((setting) => `${path.join('.')}.`.startsWith(`${setting.path}.`));

/** Value at a path of own properties. */
export function valueAt(tree: unknown, path: readonly string[]): unknown {
  let node = tree;
  for (const part of path) {
    if (typeof node !== 'object' || node === null || !Object.hasOwn(node, part)) return undefined;
    node = (node as Record<string, unknown>)[part];
  }
  return node;
}

/** `path` must be a setting's: its names are the schema's, never a stranger's. */
export function put(tree: Record<string, unknown>, path: string, value: unknown): void {
  const parts = path.split('.');
  let node = tree;
  for (const part of parts.slice(0, -1)) {
    node[part] ??= {};
    node = node[part] as Record<string, unknown>;
  }
  node[parts.at(-1) as string] = value;
}
