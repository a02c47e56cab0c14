/** SigmaHQ as it is published becomes a pack, again, narrower, and back. Folder of the corpora: see corpora.ts; skipped where it is not there. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openRulesBench, type RulesBench } from '../src/commands/rules.fixture.ts';
import { corpora, isPresent } from './corpora.ts';

const archive = 'sigmahq-rules.tar.gz';
const present = isPresent(archive);

describe.skipIf(!present)(`SigmaHQ's rules of ${corpora}${present ? '' : ' (skipped: not there)'}`, () => {
  let bench: RulesBench;
  beforeAll(async () => {
    bench = await openRulesBench();
    await bench.write({ 'hinomi.yml': 'dataDir: data\n' });
  });
  afterAll(() => bench.dispose());
  const load = (...more: readonly string[]) => bench.run('import', join(corpora, archive), ...more);
  const changes = (out: string) => /^New .*$/m.exec(out)?.[0];

  test('import, the same again, narrower, and back', { timeout: 90_000 }, async () => {
    const first = await load('--yes');
    expect(first.out).toMatch(/^Pack sigmahq, version [0-9a-f]{16}, .*; nothing is installed\.$/m);
    const count = /^New (3,0\d\d|3,1\d\d), changed 0, removed 0, unchanged 0$/m.exec(first.out)?.[1];
    expect(count).toBeDefined();
    expect(first.out).toContain(`Installed ${count} rules`);

    const again = await load('--yes');
    expect(changes(again.out)).toBe(`New 0, changed 0, removed 0, unchanged ${count}`);
    expect(again.out).toContain('Nothing to change');

    const narrower = await load('--level', 'high', '--yes');
    expect(changes(narrower.out)).toMatch(/^New 0, changed 0, removed 1,3\d\d, unchanged 1,7\d\d$/);
    expect((await bench.run('rollback')).out).toContain(`is in force again (${count} rules)`);
    // The product's own rules count as nobody's pack, and none of them is hurt.
    expect(await bench.run('check')).toMatchObject({ status: 0, out: expect.stringContaining('; 0 errors') });
  });

  test('coverage fits a terminal and knows what no connector brings', async () => {
    const { out } = await bench.run('list', '--coverage');
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(out).toMatch(/^T1059\.001 +\d{2,3} {2}windows\/\w+:\d+ /m);
    expect(out).toMatch(/^Left out: 5\d\d rules for log sources that no connector here brings\.$/m);
  });
});
