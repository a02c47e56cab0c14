/**
 * The corpora that detection is measured and held against: SigmaHQ's rules and recorded Windows events, read where they lie.
 * Folder: HINOMI_CORPORA, else ../shared/corpora beside the checkout. Copies nothing into the project.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { constants, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { createMapping, type Mapping } from '../src/detect/mapping.ts';
import { parseRules } from '../src/detect/parse.ts';
import { parseMapping } from '../src/detect/parse-mapping.ts';
import { resolveRules } from '../src/detect/resolve.ts';
import type { RuleSet } from '../src/detect/rule.ts';
import type { Fields, Scalar } from '../src/model/event.ts';

const checkout = fileURLToPath(new URL('../', import.meta.url));
export const corpora = process.env.HINOMI_CORPORA ?? `${checkout}../shared/corpora`;

export function isPresent(...files: readonly string[]): boolean {
  return files.every((file) => existsSync(`${corpora}/${file}`));
}

/** All of SigmaHQ, resolved. The files in an order of the caller's choice, to see that it does not matter. */
export function readSigmaHq(order: (files: { name: string; text: string }[]) => void = () => undefined): RuleSet {
  const files = [...untar(gunzipSync(readFileSync(`${corpora}/sigmahq-rules.tar.gz`)))].filter(({ name }) =>
    /(^|\/)rules[^/]*\/.*\.yml$/.test(name),
  );
  order(files);
  return resolveRules(files.map(({ name, text }) => parseRules(text, name)));
}

/** Files of a tar archive whose names fit in 100 + 155 characters, or stand in a pax or GNU header before them. */
function* untar(archive: Buffer): Generator<{ name: string; text: string }> {
  const field = (at: number, length: number) => archive.toString('utf8', at, at + length).split('\0', 1)[0] as string;
  let longName: string | undefined;
  for (let at = 0; at + 512 <= archive.length && archive[at] !== 0; ) {
    const size = Number.parseInt(field(at + 124, 12), 8);
    const kind = String.fromCharCode(archive[at + 156] as number);
    const from = at + 512;
    const body = () => archive.toString('utf8', from, from + size);
    const prefix = field(at + 345, 155);
    if (kind === 'L') longName = body().split('\0', 1)[0];
    else if (kind === 'x') longName = / path=([^\n]*)\n/.exec(body())?.[1] ?? longName;
    else {
      const name = longName ?? (prefix === '' ? field(at, 100) : `${prefix}/${field(at, 100)}`);
      if (kind === '0' || kind === '\0') yield { name, text: body() };
      longName = undefined;
    }
    at = from + Math.ceil(size / 512) * 512;
  }
}

/** Lines of a compressed NDJSON file, as bytes: hundreds of megabytes must not become one string. */
export function* readLines(file: string): Generator<Buffer> {
  const params = { [constants.ZSTD_d_windowLogMax]: 27 };
  const bytes = zstdDecompressSync(readFileSync(`${corpora}/${file}`), { params });
  for (let from = 0; from < bytes.length; ) {
    const newline = bytes.indexOf(10, from);
    const end = newline < 0 ? bytes.length : newline;
    if (end > from) yield bytes.subarray(from, end);
    from = end + 1;
  }
}

/** `line id` of each known match. */
export function readMatches(file: string): string[] {
  const rows = gunzipSync(readFileSync(`${corpora}/${file}`))
    .toString('utf8')
    .split('\n');
  return rows
    .map((row) => row.split('\t'))
    .filter(([line]) => line !== undefined && /^\d+$/.test(line))
    .map(([line, id]) => `${line} ${id}`);
}

type Json = Record<string, unknown>;

/** The view that the known matches were computed in: Windows' names, containers lifted, Sysmon's names added to the audit log's. */
export function normalize(record: Json): Fields {
  if (record.Channel === undefined && record.log_name !== undefined) {
    for (const container of ['event_data', 'user_data']) {
      const inner = record[container];
      if (typeof inner !== 'object' || inner === null) continue;
      for (const [name, value] of Object.entries(inner)) record[name] ??= value;
      delete record[container];
    }
    record.Channel = record.log_name;
    record.EventID = record.event_id;
    record.Provider_Name ??= record.source_name;
    record.Computer ??= record.computer_name;
    record.Message ??= record.message;
  }
  if (typeof record.Channel === 'string') record.Provider_Name ??= record.SourceName;
  if (String(record.Channel).toLowerCase() === 'security' && String(record.EventID) === '4688') {
    record.Image ??= record.NewProcessName;
    record.ParentImage ??= record.ParentProcessName;
  }
  return flatten(record);
}

function flatten(record: Json): Fields {
  const fields: Fields = {};
  const add = (name: string, value: unknown): void => {
    if (value === null || value === undefined) return;
    if (typeof value !== 'object') fields[name] = value as Scalar;
    else if (Array.isArray(value) && value.every((part) => typeof part !== 'object')) fields[name] = value as Scalar[];
    else for (const [key, inner] of Object.entries(value)) add(`${name}.${key}`, inner);
  };
  for (const [key, value] of Object.entries(record)) add(key, value);
  return fields;
}

/** The product's own routing of Windows events, on the names that Windows uses. */
export function rawWindows(): Mapping {
  const text = readFileSync(`${checkout}rules/fields/windows.yml`, 'utf8');
  const routing = text
    .slice(0, text.search(/^fields:/m))
    .replace(/^otherwise:.*$/m, '')
    .replaceAll('winlog.channel', 'Channel')
    .replaceAll('event.code', 'EventID')
    .replaceAll('winlog.event_data.', '');
  const { table } = parseMapping(routing, 'raw-windows');
  return createMapping(table === undefined ? [] : [table]);
}
