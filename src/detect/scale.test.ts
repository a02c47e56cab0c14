/**
 * All of SigmaHQ on recorded events, and ten times as many rules whose needles begin like one another. Slow: only with
 * HINOMI_SLOW=1, and where the corpora are.
 */
import { describe, expect, test } from 'vitest';
import { cloneRule } from '../../test/cloned-rules.ts';
import { corpora, isPresent, normalize, rawWindows, readLines, readMatches, readSigmaHq } from '../../test/corpora.ts';
import type { Fields } from '../model/event.ts';
import { compileRules } from './compile.ts';
import { matchAll } from './linear.ts';
import type { RuleSet } from './rule.ts';

const wanted = process.env.HINOMI_SLOW === '1';
const present = isPresent('sigmahq-rules.tar.gz', 'otrf-windows.ndjson.zst', 'otrf-process.ndjson.zst');
const why = wanted ? '' : ' (skipped: HINOMI_SLOW is not 1)';

function* events(file: string, step = 1): Generator<{ line: number; event: Fields }> {
  let line = 0;
  for (const bytes of readLines(`${file}.ndjson.zst`)) {
    if (line % step === 0)
      yield { line, event: normalize(JSON.parse(bytes.toString('utf8')) as Record<string, unknown>) };
    line++;
  }
}

describe.skipIf(!wanted || !present)(`the corpora of ${corpora}${present ? why : ' (skipped: not there)'}`, () => {
  const set: RuleSet =
    wanted && present ? readSigmaHq() : { rules: [], correlations: [], filters: [], overlays: [], problems: [] };
  const mapping = rawWindows();

  test.each(['otrf-windows', 'otrf-process'])(
    '%s: what is known to be there, and nothing else',
    { timeout: 300_000 },
    (file) => {
      const engine = compileRules(set, mapping);
      const reversed = compileRules({ ...set, rules: set.rules.toReversed() }, mapping);
      const found: string[] = [];
      for (const { line, event } of events(file)) {
        const matches = engine.match(event);
        for (const { id } of matches) found.push(`${line} ${id}`);
        if (line % 50 === 0) expect(reversed.match(event)).toEqual(matches);
      }
      expect(found.sort()).toEqual(readMatches(`${file}.matches.tsv.gz`).sort());
    },
  );

  test('ten times the rules: indexed equals linear, and the originals match what they did', {
    timeout: 900_000,
  }, () => {
    const clones = Array.from({ length: 9 }, (_, copy) => set.rules.map((rule) => cloneRule(rule, copy + 1))).flat();
    const engine = compileRules({ ...set, rules: [...set.rules, ...clones] }, mapping);
    expect(engine.rules.length).toBeGreaterThan(37_000);
    const alone = compileRules(set, mapping);
    const originals = new Set(set.rules.map(({ id }) => id));
    let compared = 0;
    for (const { line, event } of [...events('otrf-process'), ...events('otrf-windows', 40)]) {
      const found = engine.match(event);
      expect(found.filter(({ id }) => originals.has(id))).toEqual(alone.match(event));
      if (line % 40 !== 0 || compared > 60) continue;
      compared++;
      expect(found).toEqual(matchAll(engine.rules, event, mapping));
    }
    expect(compared).toBeGreaterThan(50);
  });
});
