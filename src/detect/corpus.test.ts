/**
 * Real rules and real events, where they are at hand: every SigmaHQ rule is taken or refused for a reason listed here, and on recorded
 * attacks the engine finds what is known to be there. Folder: HINOMI_CORPORA, else ../shared/corpora beside the checkout.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { constants, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Fields, Scalar } from '../model/event.ts';
import { compileRules } from './compile.ts';
import { matchAll } from './linear.ts';
import { createMapping, identityMapping } from './mapping.ts';
import { parseRules } from './parse.ts';
import { parseMapping } from './parse-mapping.ts';
import { resolveRules } from './resolve.ts';

const checkout = fileURLToPath(new URL('../../', import.meta.url));
const folder = process.env.HINOMI_CORPORA ?? `${checkout}../shared/corpora`;
const present = existsSync(`${folder}/sigmahq-rules.tar.gz`) && existsSync(`${folder}/otrf-process.ndjson.zst`);

/** Files of a tar archive whose names fit in 100 + 155 characters, or stand in a pax or GNU header before them. */
function* untar(archive: Buffer): Generator<{ name: string; text: () => string }> {
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
      if (kind === '0' || kind === '\0') yield { name, text: body };
      longName = undefined;
    }
    at = from + Math.ceil(size / 512) * 512;
  }
}

function flatten(record: Record<string, unknown>): Fields {
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

/** The view that the known matches were computed in: Windows' names, with Sysmon's names added to the audit log's. */
function normalize(record: Record<string, unknown>): Fields {
  record.Provider_Name ??= record.SourceName;
  if (String(record.Channel).toLowerCase() === 'security' && String(record.EventID) === '4688') {
    record.Image ??= record.NewProcessName;
    record.ParentImage ??= record.ParentProcessName;
  }
  return flatten(record);
}

/** The product's own routing, on the names that Windows uses. */
function rawWindows() {
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

/** Rules of SigmaHQ that are rightly not taken: file -> what is wrong with them. */
const refused: Readonly<Record<string, string>> = {
  'proc_creation_macos_file_and_directory_discovery.yml': '"select_tree_execution|endswith" cannot name a selection',
  'win_security_adcs_certighost_cdc_chase_request.yml': 'the placeholder %known_cdcs% has no values here',
  'win_security_adcs_certighost_cert_issued_via_chase.yml': 'the placeholder %known_cdcs% has no values here',
};

describe.skipIf(!present)(`the corpora of ${folder}${present ? '' : ' (skipped: not there)'}`, () => {
  const load = () => {
    const archive = gunzipSync(readFileSync(`${folder}/sigmahq-rules.tar.gz`));
    const files = [...untar(archive)].filter(({ name }) => /(^|\/)rules[^/]*\/.*\.yml$/.test(name));
    const set = resolveRules(files.map(({ name, text }) => parseRules(text(), name)));
    const params = { [constants.ZSTD_d_windowLogMax]: 27 };
    const packed = readFileSync(`${folder}/otrf-process.ndjson.zst`);
    const lines = zstdDecompressSync(packed, { params }).toString('utf8').trimEnd().split('\n').slice(0, 300);
    return { files, set, events: lines.map((line) => normalize(JSON.parse(line) as Record<string, unknown>)) };
  };
  const corpus = present ? load() : undefined;
  const { files, set, events } = corpus ?? { files: [], set: resolveRules([]), events: [] };
  const mapping = rawWindows();
  const engine = compileRules(set, mapping);

  test('every rule is taken, or refused for its listed reason', () => {
    const problems = [...set.problems, ...engine.problems].filter(({ severity }) => severity === 'error');
    for (const { where, message } of problems)
      expect(message).toContain(refused[where.file.split('/').at(-1) ?? ''] ?? 'no reason is listed');
    expect(problems.length).toBe(3);
    expect(files.length).toBeGreaterThan(3700);
    expect(engine.rules.length).toBe(files.length - 3);
  });

  test('the engine finds what is known to be in recorded attacks', () => {
    const known = gunzipSync(readFileSync(`${folder}/otrf-process.matches.tsv.gz`)).toString('utf8');
    const expected = known
      .split('\n')
      .map((row) => row.split('\t'))
      .filter(([line]) => line !== undefined && /^\d+$/.test(line) && Number(line) < events.length)
      .map(([line, id]) => `${line} ${id}`);
    const found = events.flatMap((event, line) => engine.match(event).map(({ id }) => `${line} ${id}`));
    expect(found.sort()).toEqual(expected.sort());
    expect(found.length).toBeGreaterThan(50);
  });

  test('compiled and linear find the same, routed and not', () => {
    const unrouted = compileRules(set, identityMapping);
    for (const event of events.filter((_, line) => line % 20 === 0)) {
      expect(engine.match(event)).toEqual(matchAll(engine.rules, event, mapping));
    }
    for (const event of events.filter((_, line) => line % 100 === 0)) {
      expect(unrouted.match(event)).toEqual(matchAll(unrouted.rules, event, identityMapping));
    }
  });
});
