/**
 * The scan command over EVTX files of recorded attacks with all of SigmaHQ: every match that another engine (rsigma 0.26, over records
 * made flat) finds, and beyond those only what is listed here with its reason. With two threads, so that their order is seen too.
 * Folder of the corpora: HINOMI_CORPORA, else ../shared/corpora beside the checkout; skipped where it is not there.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scan } from '../src/commands/scan.ts';
import { corpora, isPresent } from './corpora.ts';

const present = isPresent('sigmahq-rules.tar.gz', 'evtx-to-mitre.tar.zst', 'evtx-to-mitre.matches.tsv.gz');

const defender = 'EVTX-to-MITRE-Attack/Antivirus/ID1116-1117-Defender threat detected.evtx';
const av =
  'the category antivirus is Defender\'s event 1116 with "Threat Name" as Signature in SigmaHQ\'s own table of log sources; the other engine was given the route, and not the field';

/** Matches that are ours alone: file, record, rule -> why they are right. None is only the other engine's. */
const argued: ReadonlyMap<string, string> = new Map([
  ...[0, 1, 2, 3, 5].map((record) => [`${defender}\t${record}\tfa0c05b6-8ad3-468d-8231-c1cbccb64fba`, av] as const),
  ...[1, 3, 5].map((record) => [`${defender}\t${record}\t78cc2dd2-7d20-4d32-93ff-057084c38b93`, av] as const),
]);

describe.skipIf(!present)(`the corpora of ${corpora}${present ? '' : ' (skipped: not there)'}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'hinomi-scan-evtx-'));
  beforeAll(() => {
    execFileSync('tar', ['-xzf', join(corpora, 'sigmahq-rules.tar.gz'), '-C', folder]);
    const params = { [constants.ZSTD_d_windowLogMax]: 27 };
    const input = zstdDecompressSync(readFileSync(join(corpora, 'evtx-to-mitre.tar.zst')), { params });
    execFileSync('tar', ['-xf', '-', '-C', folder], { input });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('281 EVTX files give what is known to be in them', async () => {
    const said: string[] = [];
    const status = await scan(
      ['--rules', 'sigmahq', '--threads', '2', '--output', 'matches.ndjson', 'EVTX-to-MITRE-Attack'],
      {
        out: (text) => void said.push(text),
        err: (text) => void said.push(text),
        env: {},
        cwd: folder,
        isTerminal: false,
        signal: new AbortController().signal,
      },
    );
    expect(status).toBe(1);
    expect(said.join('\n')).toMatch(/10,015 records of 281 files .*: 10,014 events, 1 reject\./);
    // An event forwarder's bookmark: an event without a channel, of which no log source is known.
    expect(said.join('\n')).toMatch(
      /SharpHound enumeration via SMB\.evtx, record 0: a Windows event without a channel/,
    );
    const found = readFileSync(join(folder, 'matches.ndjson'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((text) => JSON.parse(text) as { file: string; line: number; rule: string })
      .map(({ file, line, rule }) => `${file}\t${line}\t${rule}`);
    const known = gunzipSync(readFileSync(join(corpora, 'evtx-to-mitre.matches.tsv.gz')))
      .toString('utf8')
      .split('\n')
      .filter((row) => /^[^#\t]+\t\d+\t/.test(row));
    expect(known.length).toBeGreaterThan(1_800);
    expect(known.filter((row) => !found.includes(row))).toEqual([]);
    expect(found.filter((row) => !known.includes(row)).sort()).toEqual([...argued.keys()].sort());
  }, 120_000);
});
