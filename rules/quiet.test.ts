/** Ordinary life raises nothing: known-good records of each product (quiet/), and the demo's city without its story. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { connectors } from '../connectors/index.ts';
import { createCity } from '../src/demo/city.ts';
import { secondOf } from '../src/demo/timeline.ts';
import { createWatch, type LogRecord, rulesFolder } from './watch.fixture.ts';

const quiet = join(rulesFolder, 'quiet');
const datasets = readdirSync(quiet).map((name) => name.replace(/\.log$/, ''));

it('there are known-good records of every product', () => {
  expect(datasets.sort()).toEqual(connectors.map(({ type }) => type).sort());
});

describe('known-good records raise nothing', () => {
  const read = (dataset: string): readonly LogRecord[] =>
    readFileSync(join(quiet, `${dataset}.log`), 'utf8')
      .trimEnd()
      .split('\n')
      .map((record) => ({ member: 'kita-hospital', dataset, record, receivedAt: '2026-11-20T09:00:00.000Z' }));

  it.each(datasets)('%s', (dataset) => {
    const records = read(dataset);
    expect(records.length).toBeGreaterThanOrEqual(40);
    const watch = createWatch();
    watch.add(records);
    expect(watch.raised()).toEqual([]);
  });
});

describe('ten ordinary minutes of the city raise nothing', () => {
  it.each([1, 2, 3])('seed %i', (seed) => {
    const city = createCity(seed);
    const types = new Map(
      city.flatMap(({ id, sources }) =>
        sources.map(({ name, type }) => [`${id}.${name}`, { member: id, dataset: type }]),
      ),
    );
    const startMs = Date.UTC(2026, 10, 24, 1);
    const watch = createWatch();
    let count = 0;
    for (let second = 0; second < 600; second++) {
      const receivedAt = new Date(startMs + (second + 1) * 1000).toISOString();
      for (const [sourceId, records] of secondOf({ city, seed, story: [] }, second, (cityMs) => startMs + cityMs)) {
        const source = types.get(sourceId) as { member: string; dataset: string };
        count += records.length;
        watch.add(records.map((record) => ({ ...source, record, receivedAt })));
      }
    }
    expect(count).toBeGreaterThan(10_000);
    expect(watch.raised()).toEqual([]);
  });
});
