/**
 * Which connectors bring events of a log source: asked of the tables in `fields/` and of the known-good records that stand beside
 * the rules in `quiet/`, as a table names events and not connectors. Reads these two folders and nothing else.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createMapping, type Mapping } from '../detect/mapping.ts';
import { parseMapping } from '../detect/parse-mapping.ts';
import type { LogSource } from '../detect/rule.ts';
import type { Fields } from '../model/event.ts';

/** A record by the connector of that name, with the default settings of a source. May throw. */
export type ParseRecord = (connector: string, record: string) => readonly Fields[];

const SAMPLES = 20;
const anything: LogSource = { product: undefined, category: undefined, service: undefined };

/** Of the folders' tables, later ones in place of earlier ones of the same file name. The answer is empty where nobody knows. */
export async function createFeeders(
  folders: readonly string[],
  parse: ParseRecord,
): Promise<(source: LogSource) => readonly string[]> {
  const tables = new Map<string, Mapping>();
  const samples: { readonly connector: string; readonly events: readonly Fields[] }[] = [];
  for (const folder of folders) {
    for (const name of await namesIn(join(folder, 'fields'), /\.ya?ml$/)) {
      const { table } = parseMapping(await readFile(join(folder, 'fields', name), 'utf8'), name);
      if (table !== undefined) tables.set(name, createMapping([table]));
    }
    for (const name of await namesIn(join(folder, 'quiet'), /\.log$/)) {
      const connector = name.slice(0, -'.log'.length);
      const records = (await readFile(join(folder, 'quiet', name), 'utf8')).split('\n').slice(0, SAMPLES);
      samples.push({ connector, events: records.flatMap((record) => eventsOf(record, connector, parse)) });
    }
  }
  const fed = [...tables.values()].map((mapping) => ({
    mapping,
    connectors: samples
      .filter(({ events }) => events.some((event) => mapping.lens(anything, event) !== undefined))
      .map(({ connector }) => connector),
  }));
  return (source) => [...new Set(fed.flatMap(({ mapping, connectors }) => (mapping.routes(source) ? connectors : [])))];
}

function eventsOf(record: string, connector: string, parse: ParseRecord): readonly Fields[] {
  try {
    return record === '' ? [] : parse(connector, record).map((fields) => ({ ...fields, 'event.dataset': connector }));
  } catch {
    // A record that its connector refuses says nothing about the tables; "rules test" tells of it.
    return [];
  }
}

async function namesIn(folder: string, pattern: RegExp): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).filter((name) => pattern.test(name)).sort();
  } catch {
    return [];
  }
}
