/**
 * SigmaHQ's regression data: each rule fires on the event that was recorded for it, read as a scan reads it, from EVTX and from JSON.
 * Folder: HINOMI_CORPORA, else ../shared/corpora beside the checkout; skipped where it is not there.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { windowsEvent } from '../../connectors/windows-event/index.ts';
import { corpora, isPresent } from '../../test/corpora.ts';
import { readTar } from '../archive/tar.ts';
import { compileRules } from '../detect/compile.ts';
import type { Engine } from '../detect/engine.ts';
import { createMapping, identityMapping } from '../detect/mapping.ts';
import { parseRules } from '../detect/parse.ts';
import { parseMapping } from '../detect/parse-mapping.ts';
import { resolveRules } from '../detect/resolve.ts';
import type { RuleSet } from '../detect/rule.ts';
import { createExaminer } from './examiner.ts';
import { readRecords } from './records.ts';

const present = isPresent('sigmahq-rules.tar.gz', 'sigmahq-regression.tar.gz');

interface Case {
  /** Of the folder: `rules/windows/…`. */
  readonly path: string;
  readonly rule: string;
  readonly least: number;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

function* filesOf(archive: string): Generator<{ name: string; read(): Uint8Array }> {
  yield* readTar(gunzipSync(readFileSync(`${corpora}/${archive}`)));
}

function readCases(): readonly Case[] {
  const folders = new Map<string, Map<string, Uint8Array>>();
  for (const { name, read } of filesOf('sigmahq-regression.tar.gz')) {
    const [, path, file] = /regression_data\/(.*)\/([^/]+)$/.exec(name) ?? [];
    if (path === undefined || file === undefined) continue;
    const files = folders.get(path) ?? new Map<string, Uint8Array>();
    folders.set(path, files.set(file, read()));
  }
  return [...folders].map(([path, files]) => {
    const info = Buffer.from(files.get('info.yml') ?? []).toString();
    const rule = /rule_metadata:\s+- id: (\S+)/.exec(info)?.[1] ?? '';
    return { path, rule, least: Number(/^ +match_count: (\d+)/m.exec(info)?.[1] ?? 1), files };
  });
}

function readRules(wanted: ReadonlySet<string>): RuleSet {
  const sets: RuleSet[] = [];
  for (const { name, read } of filesOf('sigmahq-rules.tar.gz')) {
    const text = Buffer.from(read()).toString();
    if (wanted.has(/^id: (\S+)/m.exec(text)?.[1] ?? '')) sets.push(parseRules(text, name));
  }
  return resolveRules(sets);
}

describe.skipIf(!present)(`SigmaHQ's regression data in ${corpora}${present ? '' : ' (skipped: not there)'}`, () => {
  const cases = present ? readCases() : [];
  const set = present ? readRules(new Set(cases.map(({ rule }) => rule))) : resolveRules([]);
  const { table } = parseMapping(readFileSync(new URL('../../rules/fields/windows.yml', import.meta.url), 'utf8'), 'w');
  const engine = compileRules(set, createMapping(table === undefined ? [] : [table]));

  test('there are 107 folders, 106 of them Windows events, and every rule is in force', () => {
    expect(cases).toHaveLength(107);
    expect(cases.filter(({ files }) => [...files.keys()].some((name) => name.endsWith('.evtx')))).toHaveLength(106);
    expect(engine.rules.map(({ id }) => id)).toEqual(cases.map(({ rule }) => rule).sort());
  });

  test.each(['evtx', 'json'])('each rule fires as often as its folder says, or more: %s', async (ending) => {
    const short: string[] = [];
    let read = 0;
    for (const { rule, least, files } of cases) {
      const bytes = files.get(`${rule}.${ending}`);
      if (bytes === undefined) continue;
      read++;
      const fired = await countMatches(Buffer.from(bytes), engine, rule);
      if (fired < least) short.push(`${rule}: ${fired} of ${least}`);
    }
    expect(read).toBe(106);
    expect(short).toEqual([]);
  });

  test('the one folder of another product: no connector reads it, and its rule fires on the line as it is', () => {
    const others = cases.filter(({ rule, files }) => files.has(`${rule}.raw`));
    expect(others.map(({ path }) => path)).toEqual(['rules/cisco/aaa/cisco_cli_dot1x_disabled']);
    const unrouted = compileRules(set, identityMapping);
    for (const { rule, files } of others) {
      const message = Buffer.from(files.get(`${rule}.raw`) ?? []).toString();
      expect(unrouted.match({ message }).map(({ id }) => id)).toContain(rule);
    }
  });
});

async function countMatches(bytes: Buffer, engine: Engine, rule: string): Promise<number> {
  const examine = createExaminer({
    connector: windowsEvent,
    context: { timeZone: 'UTC', receivedAt: '2026-01-01T00:00:00.000Z', config: {} },
    match: engine.match,
    maxRecordBytes: 1_048_576,
  });
  async function* chunks(): AsyncGenerator<Buffer, undefined> {
    yield bytes;
  }
  let fired = 0;
  for await (const { records, encoding } of readRecords(chunks(), { records: 'json', encoding: 'utf-8' })) {
    for (const record of records) {
      const examined = record instanceof Uint8Array ? examine(record, encoding) : record.reason;
      expect(examined).toBeTypeOf('object');
      if (typeof examined === 'object') fired += examined.hits.filter((hit) => hit.rule.id === rule).length;
    }
  }
  return fired;
}
