/**
 * The scan command over recorded attacks with all of SigmaHQ finds exactly what is known to be there, within seconds.
 * Folder of the corpora: HINOMI_CORPORA, else ../shared/corpora beside the checkout; skipped where it is not there.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scan } from '../src/commands/scan.ts';

const corpora = process.env.HINOMI_CORPORA ?? fileURLToPath(new URL('../../shared/corpora', import.meta.url));
const needed = ['sigmahq-rules.tar.gz', 'otrf-process.ndjson.zst', 'otrf-process.matches.tsv.gz'];
const present = needed.every((name) => existsSync(join(corpora, name)));

describe.skipIf(!present)(`the corpora of ${corpora}${present ? '' : ' (skipped: not there)'}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'hinomi-scan-corpus-'));
  beforeAll(() => {
    execFileSync('tar', ['-xzf', join(corpora, 'sigmahq-rules.tar.gz'), '-C', folder]);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('scan finds what is known, rule by rule and record by record, in under 10 s of CPU time', async () => {
    const output = join(folder, 'matches.ndjson');
    const said: string[] = [];
    const before = process.cpuUsage();
    const status = await scan(
      ['--rules', join(folder, 'sigmahq'), '--output', output, join(corpora, 'otrf-process.ndjson.zst')],
      {
        out: (text) => void said.push(text),
        err: (text) => void said.push(text),
        env: {},
        cwd: folder,
        isTerminal: false,
        signal: new AbortController().signal,
      },
    );
    const { user, system } = process.cpuUsage(before);
    expect(status).toBe(1);
    expect(said.join('\n')).toContain('1,504 records of 1 file');
    const found = readFileSync(output, 'utf8')
      .trimEnd()
      .split('\n')
      .map((text) => JSON.parse(text) as { line: number; rule: string })
      .map(({ line, rule }) => `${line}\t${rule}`);
    const known = gunzipSync(readFileSync(join(corpora, 'otrf-process.matches.tsv.gz')))
      .toString('utf8')
      .split('\n')
      .filter((row) => /^\d/.test(row));
    expect(found.length).toBeGreaterThan(500);
    expect(found.toSorted()).toEqual(known.toSorted());
    expect((user + system) / 1e6).toBeLessThan(10);
  }, 60_000);
});
