/**
 * Real rules and real events, where they are at hand: every SigmaHQ rule is taken or refused for a reason listed here, and on recorded
 * attacks the engine finds what is known to be there. Folder: HINOMI_CORPORA, else ../shared/corpora beside the checkout.
 */
import { describe, expect, test } from 'vitest';
import { corpora, isPresent, normalize, rawWindows, readLines, readMatches, readSigmaHq } from '../../test/corpora.ts';
import { compileRules } from './compile.ts';
import { matchAll } from './linear.ts';
import { identityMapping } from './mapping.ts';
import { resolveRules } from './resolve.ts';

const present = isPresent('sigmahq-rules.tar.gz', 'otrf-process.ndjson.zst', 'otrf-process.matches.tsv.gz');

/** Rules of SigmaHQ that are rightly not taken: file -> what is wrong with them. */
const refused: Readonly<Record<string, string>> = {
  'proc_creation_macos_file_and_directory_discovery.yml': '"select_tree_execution|endswith" cannot name a selection',
  'win_security_adcs_certighost_cdc_chase_request.yml': 'the placeholder %known_cdcs% has no values here',
  'win_security_adcs_certighost_cert_issued_via_chase.yml': 'the placeholder %known_cdcs% has no values here',
};

describe.skipIf(!present)(`the corpora of ${corpora}${present ? '' : ' (skipped: not there)'}`, () => {
  let files = 0;
  const set = present ? readSigmaHq((all) => (files = all.length)) : resolveRules([]);
  const lines = present ? [...readLines('otrf-process.ndjson.zst')].slice(0, 300) : [];
  const events = lines.map((line) => normalize(JSON.parse(line.toString()) as Record<string, unknown>));
  const mapping = rawWindows();
  const engine = compileRules(set, mapping);

  test('every rule is taken, or refused for its listed reason', () => {
    const problems = [...set.problems, ...engine.problems].filter(({ severity }) => severity === 'error');
    for (const { where, message } of problems)
      expect(message).toContain(refused[where.file.split('/').at(-1) ?? ''] ?? 'no reason is listed');
    expect(problems.length).toBe(3);
    expect(files).toBeGreaterThan(3700);
    expect(engine.rules.length).toBe(files - 3);
  });

  test('the engine finds what is known to be in recorded attacks', () => {
    const expected = readMatches('otrf-process.matches.tsv.gz').filter(
      (row) => Number(row.split(' ')[0]) < events.length,
    );
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
