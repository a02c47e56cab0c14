/**
 * Every connector in the list against its samples, and against input that nobody would send in good faith.
 * samples/<name>.log holds one record a line, samples/<name>.json one document; <name>.expected.json beside it is an array with
 * {"events": [...]} or {"reject": "message"} for each record. HINOMI_UPDATE_GOLDEN=1 rewrites these: read what it wrote.
 */

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Connector, RecordError, type SourceContext } from '../src/connector.ts';
import type { Fields } from '../src/model/event.ts';
import { connectors } from './index.ts';

const update = process.env.HINOMI_UPDATE_GOLDEN === '1';

type Outcome = { events: readonly Fields[] } | { reject: string };

interface Sample {
  readonly name: string;
  readonly records: readonly string[];
  readonly expectedFile: URL;
}

function readSamples(connector: Connector): Sample[] {
  const folder = new URL(`./${connector.type}/samples/`, import.meta.url);
  const samples: Sample[] = [];
  for (const file of readdirSync(folder).sort()) {
    const found = /^(.+?)\.(log|json)$/.exec(file);
    if (found === null || file.endsWith('.expected.json')) continue;
    const text = readFileSync(new URL(file, folder), 'utf8');
    const records = found[2] === 'json' ? [text] : text.split(/\r?\n/).filter((line) => line.trim() !== '');
    samples.push({ name: file, records, expectedFile: new URL(`${found[1]}.expected.json`, folder) });
  }
  return samples;
}

function contextOf(connector: Connector): SourceContext {
  return { timeZone: 'Asia/Tokyo', receivedAt: '2026-11-20T09:00:00.000Z', config: connector.config.parse({}) };
}

function outcome(connector: Connector, source: SourceContext, record: string): Outcome {
  try {
    return { events: connector.parse(record, source) };
  } catch (error) {
    if (error instanceof RecordError) return { reject: error.message };
    throw error;
  }
}

/** Names that the center itself gives to an event, or that mean something to JavaScript: no record may set them. */
const reserved = new Set([
  '__proto__',
  'constructor',
  'prototype',
  'event.id',
  'event.ingested',
  'event.dataset',
  'organization.id',
]);

const isScalar = (value: unknown): boolean =>
  typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value));

/** What is wrong with an outcome, or nothing. */
function flaw(result: Outcome): string | undefined {
  if ('reject' in result) {
    return result.reject.length > 0 && result.reject.length <= 500 ? undefined : `message of ${result.reject.length}`;
  }
  if (result.events.length === 0) return 'neither an event nor a reject';
  for (const event of result.events) {
    if (Object.getPrototypeOf(event) !== Object.prototype) return 'another prototype';
    const entries = Object.entries(event);
    if (entries.length > 1_100) return `${entries.length} fields`;
    for (const [key, value] of entries) {
      if (reserved.has(key) || key.startsWith('hinomi.')) return `reserved key ${key}`;
      if (key === '' || key.length > 400) return `key of ${key.length} characters`;
      if (Array.isArray(value) ? !value.every(isScalar) : !isScalar(value)) return `${key} is not flat`;
    }
    const time = event['@timestamp'];
    if (time !== undefined && !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(String(time))) return `time ${time}`;
  }
  return undefined;
}

test('the list is complete, sorted and without doubles', () => {
  const folders = readdirSync(new URL('.', import.meta.url), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(new URL(`./${entry.name}/index.ts`, import.meta.url)))
    .map((entry) => entry.name);
  expect(connectors.map((connector) => connector.type)).toEqual(folders.sort());
});

describe.each(connectors.map((connector) => [connector.type, connector] as const))('%s', (_type, connector) => {
  const samples = readSamples(connector);
  const source = contextOf(connector);
  const records = samples.flatMap((sample) => sample.records);

  test('has a summary and at least twelve sample records, one of which is a reject', () => {
    expect(connector.summary.en).not.toBe('');
    expect(connector.summary.ja).toMatch(/[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}]/u);
    expect(records.length).toBeGreaterThanOrEqual(12);
    expect(records.some((record) => 'reject' in outcome(connector, source, record))).toBe(true);
  });

  test.each(samples.map((sample) => [sample.name, sample] as const))('%s', (_name, sample) => {
    const got = sample.records.map((record) => outcome(connector, source, record));
    if (update) writeFileSync(sample.expectedFile, `${JSON.stringify(got, null, 2)}\n`);
    const expected: unknown = JSON.parse(readFileSync(sample.expectedFile, 'utf8'));
    expect(got).toStrictEqual(expected);
    expect(got.map(flaw)).toEqual(got.map(() => undefined));
  });

  test('any text becomes flat events or a reject, the same each time', () => {
    const sampled = fc.constantFrom(...records);
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.constantFrom(
        '"',
        '\\',
        '{',
        '}',
        '[',
        ']',
        ':',
        '=',
        '|',
        '<',
        '>',
        '\u0000',
        '\u001b[31m',
        '__proto__',
        '\n',
        ' ',
      ),
    );
    const mutated = fc
      .tuple(sampled, fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(30), piece)
      .map(([record, where, cut, put]) => {
        const at = Math.floor(record.length * where);
        return record.slice(0, at) + put + record.slice(at + cut);
      });
    const spliced = fc
      .tuple(sampled, sampled, fc.double({ min: 0, max: 1, noNaN: true }))
      .map(([a, b, where]) => a.slice(0, Math.floor(a.length * where)) + b.slice(Math.floor(b.length * where)));
    const key = fc.oneof(
      fc.constantFrom(
        '__proto__',
        'constructor',
        'toString',
        'Channel',
        'EventID',
        'Event',
        'System',
        'EventData',
        'winlog',
      ),
      fc.constantFrom(
        '#text',
        '#attributes',
        'Data',
        'event_data',
        'hinomi.source_id',
        'organization',
        'event',
        'id',
        '',
      ),
      fc.string({ maxLength: 12 }),
    );
    const { document } = fc.letrec((tie) => ({
      document: fc.dictionary(key, tie('value'), { maxKeys: 8 }),
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(null, true, 0, -1, 1e300, 4624, 'Security', '10.0.0.1', ''),
        fc.string({ maxLength: 20 }),
        fc.array(tie('value'), { maxLength: 4 }),
        tie('document'),
      ),
    }));
    const shaped = document.map((value) =>
      JSON.stringify({ Channel: 'Security', EventID: 4624, winlog: value, ...(value as object) }),
    );
    fc.assert(
      fc.property(fc.oneof(mutated, spliced, shaped, fc.string({ unit: 'binary' })), (record) => {
        const result = outcome(connector, source, record);
        expect(flaw(result)).toBe(undefined);
        expect(outcome(connector, source, record)).toStrictEqual(result);
      }),
      { numRuns: 500 },
    );
  });

  test('long hostile records cost little time', () => {
    const long = 200_000;
    const hostile = [
      'a',
      ' ',
      '"',
      '\\',
      '[',
      '{"a":',
      '(',
      '=',
      ': ',
      '<1>',
      '0',
      '1.',
      '::',
      '\u0000',
      '\u001b[0m',
      '日',
    ];
    const nested = ['{"Channel":"Security","EventID":1,"x":', '{"Event":{"System":{"EventID":1},"EventData":', ''];
    const first = records.slice(0, 40);
    const inputs = [
      ...hostile.map((unit) => unit.repeat(long / unit.length)),
      ...nested.flatMap((head) => [
        `${head}${'['.repeat(10_000)}${']'.repeat(10_000)}${head === '' ? '' : '}'.repeat(head.startsWith('{"Ev') ? 2 : 1)}`,
        `${head}${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}${head === '' ? '' : '}'.repeat(head.startsWith('{"Ev') ? 2 : 1)}`,
      ]),
      ...first.flatMap((record) => {
        const half = record.slice(0, Math.floor(record.length / 2));
        return hostile.slice(0, 6).map((unit) => half + unit.repeat(20_000) + record.slice(half.length));
      }),
    ];
    for (const input of inputs) {
      const begun = performance.now();
      const result = outcome(connector, source, input);
      const tookMs = performance.now() - begun;
      expect(flaw(result)).toBe(undefined);
      if (tookMs > 400) expect.fail(`${Math.round(tookMs)} ms for ${JSON.stringify(input.slice(0, 200))}`);
    }
  });
});
