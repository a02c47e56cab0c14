/** Every rule of this folder: complete, its own, tested both ways, and its tests pass as "hinomi rules test" runs them. */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { createCorrelator } from '../src/correlate/correlator.ts';
import { createCity } from '../src/demo/city.ts';
import { lintRules } from '../src/detect/lint.ts';
import { formatProblem } from '../src/detect/rule.ts';
import { runTests } from '../src/rule-tests.ts';
import { engine, folder, parseRecord } from './watch.fixture.ts';

const all = [...folder.set.rules, ...folder.set.correlations];
const texts = new Map(
  await Promise.all(all.map(async ({ where }) => [where.file, await readFile(where.file, 'utf8')] as const)),
);

it('is read, resolved and compiled without a complaint', () => {
  expect([...folder.set.problems, ...engine.problems].map(formatProblem)).toEqual([]);
  expect(engine.rules).toHaveLength(folder.set.rules.length);
  expect(all.length).toBeGreaterThan(75);
});

it('gives no lint a reason', () => {
  const files = [...texts].map(([file, text]) => ({ file, text }));
  expect(lintRules(files).map(formatProblem)).toEqual([]);
});

const results = runTests({ folder, engine, parse: parseRecord, createCorrelator });
describe.each([...texts.keys()].sort())('%s', (file) => {
  const own = results.filter(({ test }) => test.where.file === file);
  it.each(own.map(({ test, failure }) => [test.name, failure] as const))('%s', (_name, failure) => {
    expect(failure).toBeUndefined();
  });

  it('is tested both ways', () => {
    expect(own.map(({ test }) => test.expect)).toEqual(expect.arrayContaining(['match', 'no match']));
  });
});

describe('every rule', () => {
  it.each(all.map((rule) => [rule.where.file, rule] as const))('%s is complete', (file, rule) => {
    expect(rule.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(rule.description.length).toBeGreaterThan(60);
    expect(rule.falsepositives.length).toBeGreaterThan(0);
    expect(rule.tags.filter((tag) => /^attack\.t\d{4}(\.\d{3})?$/.test(tag)).length).toBeGreaterThan(0);
    expect(rule.tags.filter((tag) => /^attack\.[a-z-]+$/.test(tag)).length).toBeGreaterThan(0);
    expect(rule.author).toBe('Hinomi');
    expect(texts.get(file)).toMatch(/^date: \d{4}-\d\d-\d\d$/m);
  });

  it.each(all.map((rule) => [rule.where.file, rule] as const))('%s speaks Japanese too', (_file, { own }) => {
    expect(own.titleJa).toMatch(/[\p{sc=Hira}\p{sc=Kana}\p{sc=Han}]/u);
    // Longer ones do not fit into a row of the queue.
    expect(own.titleJa?.length).toBeLessThanOrEqual(40);
    expect(own.descriptionJa).toMatch(/^(?!.*[,.] ).{40,}。$/u);
  });

  it('has an id and titles of its own', () => {
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    expect(new Set(all.map(({ title }) => title)).size).toBe(all.length);
    expect(new Set(all.map(({ own }) => own.titleJa)).size).toBe(all.length);
  });

  it('names no member: its titles are read by all of them', () => {
    const names = createCity(1).flatMap(({ id, name, domain }) => [id, name, domain]);
    const said = all.flatMap(({ title, description, own }) =>
      names.filter((name) => [title, description, own.titleJa, own.descriptionJa].join(' ').includes(name)),
    );
    expect(said).toEqual([]);
  });

  it('without consequence is one that a correlation refers to', () => {
    const referred = new Set(folder.set.correlations.flatMap(({ rules }) => rules));
    const idle = folder.set.rules.filter(({ id, level }) => level === 'informational' && !referred.has(id));
    expect(idle.map(({ where }) => where.file)).toEqual([]);
  });

  it('that alerts by itself goes on doing so beside its correlations', () => {
    const silent = folder.set.rules.filter(({ id, level }) => {
      const referring = folder.set.correlations.filter(({ rules }) => rules.includes(id));
      return level !== 'informational' && referring.length > 0 && !referring.some(({ generate }) => generate);
    });
    expect(silent.map(({ where }) => where.file)).toEqual([]);
  });

  it('that only counts is silent by itself', () => {
    const loud = folder.set.rules.filter(
      ({ id, level }) =>
        level === 'informational' &&
        folder.set.correlations.some(({ rules, generate }) => generate && rules.includes(id)),
    );
    expect(loud.map(({ name }) => name)).toEqual([]);
  });
});
