/** The plain reader on real rules, SigmaHQ's where they are at hand and our own: reads them as the library does, and faster. */
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import { corpora, isPresent, readSigmaHq } from '../../test/corpora.ts';
import { readYamlByLibrary } from './yaml-library.ts';
import { readPlainYaml } from './yaml-plain.ts';

interface File {
  readonly name: string;
  readonly text: string;
}

/** Names of the files that are not read plainly, and of those that are read differently. */
function compare(files: readonly File[]): { left: string[]; wrong: string[]; libraryMs: number } {
  const startMs = performance.now();
  const library = files.map(({ text, name }) => readYamlByLibrary(text, name));
  const libraryMs = performance.now() - startMs;
  const left: string[] = [];
  const wrong: string[] = [];
  for (const [index, { name, text }] of files.entries()) {
    const documents = readPlainYaml(text);
    if (documents === undefined) left.push(name);
    else if (!isDeepStrictEqual({ documents, problems: [] }, library[index])) wrong.push(name);
  }
  return { left, wrong, libraryMs };
}

/** The better of two times: a test may be one of many that run. */
function plainMs(files: readonly File[]): number {
  const times = [0, 1].map(() => {
    const startMs = performance.now();
    for (const { text } of files) readPlainYaml(text);
    return performance.now() - startMs;
  });
  return Math.min(...times);
}

const present = isPresent('sigmahq-rules.tar.gz');

describe.skipIf(!present)(`SigmaHQ of ${corpora}${present ? '' : ' (skipped: not there)'}`, () => {
  let files: readonly File[] = [];
  // Only the texts are wanted here: what is taken out of the list is not parsed.
  if (present) readSigmaHq((all) => (files = all.splice(0)));
  const { left, wrong, libraryMs } = compare(files);
  const share = 1 - left.length / files.length;

  test(`${(100 * share).toFixed(2)} % of ${files.length} files are read plainly, as the library reads them`, () => {
    expect(wrong).toEqual([]);
    expect(files.length).toBeGreaterThan(3700);
    expect(share).toBeGreaterThanOrEqual(0.99);
  });

  test('it is several times as fast as the library', () => {
    expect(plainMs(files)).toBeLessThan(libraryMs / 4);
  });
});

test('most of our own rules are read plainly, as the library reads them', () => {
  const folder = fileURLToPath(new URL('../../rules/', import.meta.url));
  const files = globSync('**/*.yml', { cwd: folder }).map((name) => ({
    name,
    text: readFileSync(`${folder}${name}`, 'utf8'),
  }));
  const { left, wrong } = compare(files);
  expect(files.length).toBeGreaterThan(10);
  expect(wrong).toEqual([]);
  // Some use anchors.
  expect(left.length / files.length).toBeLessThan(0.25);
});
